"""Ways a page can make a browser talk to a host of the page's choosing.

Each is the body of a page of the shop. `@evil@` stands for that host's origin, `@name@` for the vector's name. The
path `/<name>` is asked for at the forbidden host if the vector works.
"""

from dataclasses import dataclass, field

from tests.agents.fence.places import Page, Reply


@dataclass(frozen=True, slots=True, kw_only=True)
class Vector:
    """One way out. `click`: what to click. `helpers`: other files of the shop, path to (status, headers, body)."""

    name: str
    body: str
    click: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    helpers: dict[str, tuple[int, dict[str, str], str]] = field(default_factory=dict)

    def pages(self, evil: str, *, at: str = "/") -> dict[str, Page]:
        """The shop's files, with `evil` for the forbidden host's origin; the first page is `at`."""
        files = {at: (200, self.headers, self.body), **self.helpers}
        return {
            self._filled(path, evil): Reply(
                self._filled(body, evil), status, {name: self._filled(value, evil) for name, value in headers.items()}
            )
            for path, (status, headers, body) in files.items()
        }

    def _filled(self, text: str, evil: str) -> str:
        return text.replace("@evil@", evil).replace("@name@", self.name)


def _script(code: str) -> str:
    return f"<p>shop</p><script>{code}</script>"


JS = {"Content-Type": "text/javascript"}
CSS = {"Content-Type": "text/css"}

# What leads the page itself away: stopped at the top level.
TOP_LEVEL = [
    Vector(name="link", body='<a id=go href="@evil@/link">go</a>', click="#go"),
    Vector(
        name="redirect",
        body='<a id=go href="/@name@-hop">go</a>',
        click="#go",
        helpers={"/@name@-hop": (302, {"Location": "@evil@/redirect"}, "")},
    ),
    Vector(
        name="redirect-of-post",
        body='<form method=post action="/@name@-hop"><button id=go>go</button></form>',
        click="#go",
        helpers={"/@name@-hop": (307, {"Location": "@evil@/redirect-of-post"}, "")},
    ),
    Vector(
        name="second-redirect",
        body='<a id=go href="/@name@-hop">go</a>',
        click="#go",
        helpers={
            "/@name@-hop": (302, {"Location": "/@name@-second-hop"}, ""),
            "/@name@-second-hop": (303, {"Location": "@evil@/second-redirect"}, ""),
        },
    ),
    Vector(name="meta-refresh", body='<meta http-equiv=refresh content="0;url=@evil@/meta-refresh">'),
    Vector(name="refresh-header", body="shop", headers={"Refresh": "0;url=@evil@/refresh-header"}),
    Vector(
        name="form-post",
        body='<form method=post action="@evil@/form-post"><input name=a value=b><button id=go>go</button></form>',
        click="#go",
    ),
    Vector(name="form-get", body='<form action="@evil@/form-get"><button id=go>go</button></form>', click="#go"),
    Vector(name="location", body=_script("location.href = '@evil@/location'")),
    Vector(name="location-replace", body=_script("location.replace('@evil@/location-replace')")),
    Vector(
        name="top-of-a-frame",
        body='<iframe srcdoc="<script>top.location = &quot;@evil@/top-of-a-frame&quot;</script>"></iframe>',
    ),
    Vector(name="base", body='<base href="@evil@/"><a id=go href="base">go</a>', click="#go"),
]
# What opens another page.
POP_UPS = [
    Vector(
        name="window-open", body="<button id=go onclick=\"window.open('@evil@/window-open')\">go</button>", click="#go"
    ),
    Vector(name="blank-target", body='<a id=go target=_blank href="@evil@/blank-target">go</a>', click="#go"),
    Vector(
        name="no-opener",
        body='<a id=go target=_blank rel="noopener noreferrer" href="@evil@/no-opener">go</a>',
        click="#go",
    ),
    Vector(
        name="form-in-a-new-page",
        body='<form target=_blank method=post action="@evil@/form-in-a-new-page"><button id=go>go</button></form>',
        click="#go",
    ),
    Vector(
        name="pop-up-that-moves",
        body="<button id=go onclick=\"const w = window.open('about:blank'); w.location = '@evil@/pop-up-that-moves'\">"
        "go</button>",
        click="#go",
    ),
    Vector(
        name="redirected-pop-up",
        body='<a id=go target=_blank href="/@name@-hop">go</a>',
        click="#go",
        helpers={"/@name@-hop": (302, {"Location": "@evil@/redirected-pop-up"}, "")},
    ),
]
# What a page loads beside itself: stopped on the way out.
BESIDE = [
    Vector(name="img", body='<img src="@evil@/img">'),
    Vector(
        name="redirected-img",
        body='<img src="/@name@-hop">',
        helpers={"/@name@-hop": (302, {"Location": "@evil@/redirected-img"}, "")},
    ),
    Vector(name="svg-image", body='<svg><image href="@evil@/svg-image" width=9 height=9 /></svg>'),
    Vector(name="iframe", body='<iframe src="@evil@/iframe"></iframe>'),
    Vector(
        name="redirected-iframe",
        body='<iframe src="/@name@-hop"></iframe>',
        helpers={"/@name@-hop": (302, {"Location": "@evil@/redirected-iframe"}, "")},
    ),
    Vector(name="object", body='<object data="@evil@/object" type="text/html"></object>'),
    Vector(name="embed", body='<embed src="@evil@/embed" type="text/html">'),
    Vector(name="video", body='<video src="@evil@/video" preload=auto></video>'),
    Vector(
        name="track",
        body='<video crossorigin><track default src="@evil@/track"></video>'
        + _script("document.querySelector('track').track.mode = 'showing'"),
    ),
    Vector(name="script", body='<script src="@evil@/script"></script>'),
    Vector(name="module", body='<script type=module>import "@evil@/module"</script>'),
    Vector(name="stylesheet", body='<link rel=stylesheet href="@evil@/stylesheet">'),
    Vector(name="css-url", body='<style>p { background: url("@evil@/css-url") }</style><p>shop</p>'),
    Vector(name="css-import", body='<style>@import "@evil@/css-import";</style><p>shop</p>'),
    Vector(
        name="font",
        body='<style>@font-face { font-family: f; src: url("@evil@/font") } p { font-family: f }</style><p>shop</p>',
    ),
    Vector(name="fetch", body=_script("fetch('@evil@/fetch', {mode: 'no-cors'}).catch(() => 0)")),
    Vector(
        name="redirected-fetch",
        body=_script("fetch('/@name@-hop', {mode: 'no-cors'}).catch(() => 0)"),
        helpers={"/@name@-hop": (302, {"Location": "@evil@/redirected-fetch"}, "")},
    ),
    Vector(
        name="keepalive", body=_script("fetch('@evil@/keepalive', {mode: 'no-cors', keepalive: true}).catch(() => 0)")
    ),
    Vector(name="xhr", body=_script("const x = new XMLHttpRequest(); x.open('GET', '@evil@/xhr'); x.send()")),
    Vector(name="beacon", body=_script("navigator.sendBeacon('@evil@/beacon', 'x')")),
    Vector(name="ping", body='<a id=go href="#" ping="@evil@/ping">go</a>' + _script("document.links[0].click()")),
    Vector(name="event-source", body=_script("new EventSource('@evil@/event-source')")),
    Vector(name="websocket", body=_script("new WebSocket('@evil@/websocket'.replace('http', 'ws'))")),
    Vector(
        name="worker-fetch",
        body=_script("new Worker('/@name@.js')"),
        helpers={"/@name@.js": (200, JS, "fetch('@evil@/worker-fetch', {mode: 'no-cors'}).catch(() => 0)")},
    ),
    Vector(
        name="worker-socket",
        body=_script("new Worker('/@name@.js')"),
        helpers={"/@name@.js": (200, JS, "new WebSocket('@evil@/worker-socket'.replace('http', 'ws'))")},
    ),
    Vector(
        name="worker-import",
        body=_script("new Worker('/@name@.js')"),
        helpers={"/@name@.js": (200, JS, "try { importScripts('@evil@/worker-import') } catch (e) {}")},
    ),
    Vector(
        name="shared-worker",
        body=_script("new SharedWorker('/@name@.js')"),
        helpers={"/@name@.js": (200, JS, "fetch('@evil@/shared-worker', {mode: 'no-cors'}).catch(() => 0)")},
    ),
    Vector(name="prefetch", body='<link rel=prefetch href="@evil@/prefetch">'),
    Vector(name="preload", body='<link rel=preload as=image href="@evil@/preload">'),
    Vector(name="module-preload", body='<link rel=modulepreload href="@evil@/module-preload">'),
    Vector(
        name="policy-report",
        body='<img src="/nothing">',
        headers={"Content-Security-Policy-Report-Only": "img-src 'none'; report-uri @evil@/policy-report"},
    ),
]
