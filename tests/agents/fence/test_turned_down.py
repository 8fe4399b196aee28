"""What a page tries beside selling is turned down and told, and visits share nothing."""

import re

import pytest

from agents.browsing.browser import Browser, Visit
from agents.browsing.fence import Fence
from agents.errors import FencedError, PageTroubleError
from tests.agents.fence.places import Place, Reply, serve, until


def test_dialogs_are_dismissed_and_told(visit: Visit, shop: Place) -> None:
    """What the page said in it is told, cut to size, on one line."""
    serve(shop, "<script>alert('a\\nb'); document.title = String(confirm('sure?' + 'x'.repeat(999)))</script>")
    visit.open(shop.url)
    first, second = visit.notices()
    assert 'dialog "a b" dismissed' == first
    assert second.startswith('dialog "sure?x')
    assert len(second) < 130
    assert "false" == visit.page.title()
    assert [] == visit.notices()


def test_a_page_that_does_not_want_to_be_left_is_left(visit: Visit, shop: Place) -> None:
    """`beforeunload` is accepted and not told."""
    serve(shop, "<button id=go>x</button><script>onbeforeunload = () => 'stay'</script>", next=Reply("next"))
    visit.open(shop.url)
    visit.page.click("#go")
    visit.open(f"{shop.url}/next")
    assert [] == visit.notices()


def test_a_download_is_refused_and_told(visit: Visit, shop: Place) -> None:
    """The page stays, and no file is kept."""
    attachment = {"Content-Disposition": "attachment; filename=invoice.pdf"}
    serve(shop, '<title>Shop</title><a id=go href="/file">go</a>', file=Reply("PDF", headers=attachment))
    visit.open(shop.url)
    visit.page.click("#go")
    assert until(lambda: "download refused" in visit.notices(), meanwhile=visit.settle)
    assert "Shop" == visit.page.title()


def test_a_file_chooser_is_ignored_and_told(visit: Visit, shop: Place) -> None:
    """Nothing of this machine is offered to a page."""
    serve(shop, "<input id=go type=file>")
    visit.open(shop.url)
    visit.page.click("#go")
    assert until(lambda: "file chooser ignored" in visit.notices(), meanwhile=visit.settle)


def test_a_pop_up_of_the_shop_becomes_the_active_page(visit: Visit, shop: Place) -> None:
    """And the page that opened it is active again when it closes."""
    serve(shop, '<title>Shop</title><a id=go target=_blank href="/two">go</a>', two=Reply("<title>Two</title>"))
    visit.open(shop.url)
    opener = visit.page
    opener.click("#go")
    visit.settle()
    assert "Two" == visit.page.title()
    assert ["a pop-up of the shop became the active page"] == visit.notices()
    visit.page.evaluate("window.close()")
    assert until(lambda: visit.page == opener, meanwhile=lambda: opener.wait_for_timeout(5))
    visit.settle()
    assert "Shop" == visit.page.title()


def test_a_pop_up_that_closes_itself_gives_way_to_its_opener(visit: Visit, shop: Place) -> None:
    """Also in the middle of settling."""
    closing = "<title>Two</title><p aria-busy=true><script>setTimeout(() => window.close(), 300)</script>"
    serve(shop, '<title>Shop</title><a id=go target=_blank href="/two">go</a>', two=Reply(closing))
    visit.open(shop.url)
    opener = visit.page
    opener.click("#go")
    visit.settle()
    assert until(lambda: visit.page == opener, meanwhile=visit.settle)
    assert "Shop" == visit.page.title()


def test_pop_ups_without_end_come_to_one(visit: Visit, shop: Place) -> None:
    """Each opens the next; the visit settles all the same."""
    serve(shop, "<title>Shop</title><script>window.open('/?' + Math.random())</script>")
    visit.open(shop.url)
    assert until(lambda: any("closed" in told for told in visit.notices()), meanwhile=visit.settle)
    assert len(visit.context.pages) <= 5


def test_a_pop_up_that_goes_nowhere_is_closed(visit: Visit, shop: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is not waited for long."""
    monkeypatch.setattr("agents.browsing.visit.POPUP_SECONDS", 0.2)
    serve(shop, "<button id=go onclick=\"window.open('about:blank')\">go</button>")
    visit.open(shop.url)
    visit.page.click("#go")
    assert until(lambda: any("pop-up" in told for told in visit.notices()), meanwhile=visit.settle)
    assert 1 == len(visit.context.pages)


def test_a_page_that_goes_on_by_itself_is_left_all_the_same(visit: Visit, shop: Place) -> None:
    """What is opened wins over where the page was just going, where the browser lets it; the wait ends all the same."""
    restless = "<title>Shop</title><script>setInterval(() => { location.href = '/two?' + Math.random() }, 20)</script>"
    serve(shop, restless, two=Reply(restless), three=Reply("<title>Three</title>"))
    visit.page.goto(shop.url, wait_until="commit")
    visit.page.wait_for_timeout(60)
    try:
        visit.open(f"{shop.url}/three")
    except PageTroubleError as trouble:
        assert re.search("did not come|goes elsewhere by itself", str(trouble))  # noqa: PT017 (either end is right: the page races us)
    else:
        # What the old page had begun may still take the place of what was opened, and no browser says that it will.
        assert visit.page.url.endswith("/three") or "/two" in visit.page.url
        assert until(lambda: visit.page.title() in {"Three", "Shop"})


def test_an_adopted_pop_up_is_fenced_too(visit: Visit, shop: Place, elsewhere: Place) -> None:
    """It may not go where its opener could not."""
    serve(
        shop,
        '<a id=go target=_blank href="/two">go</a>',
        two=Reply(f'<title>Two</title><a id=go href="{elsewhere.url}">go</a>'),
    )
    visit.open(shop.url)
    visit.page.click("#go")
    visit.settle()
    visit.notices()
    visit.page.click("#go")
    visit.settle()
    assert "Two" == visit.page.title()
    assert [f"navigation to {elsewhere.pair} refused"] == visit.notices()
    assert 0 == elsewhere.connections


@pytest.mark.parametrize(
    "url",
    ["data:text/html,hi", "file:///etc/passwd", "javascript:alert(1)", "about:blank", "chrome://version", "x", ""],
)
def test_only_web_addresses_are_opened(visit: Visit, url: str) -> None:
    """Anything else is fenced before the browser hears of it."""
    with pytest.raises(FencedError):
        visit.open(url)


@pytest.mark.parametrize(
    "code",
    [
        "location = URL.createObjectURL(new Blob(['<title>Fake</title>'], {type: 'text/html'}))",
        "location = 'data:text/html,<title>Fake</title>'",
        "location = 'file:///etc/passwd'",
        "location = 'chrome://version'",
    ],
)
def test_a_page_cannot_become_what_is_no_web_page(visit: Visit, shop: Place, code: str) -> None:
    """The browser keeps the shop's page, or the visit says that it strayed and leaves a blank one."""
    serve(shop, f'<title>Shop</title><button id=go onclick="{code}">go</button>')
    visit.open(shop.url)
    visit.page.click("#go")
    try:
        visit.settle()
        assert "Shop" == visit.page.title()
    except FencedError:
        assert "about:blank" == visit.page.url
    assert "Fake" != visit.page.title()


def test_a_refused_page_is_not_in_the_history(visit: Visit, shop: Place, elsewhere: Place) -> None:
    """Back and forward lead to what stood there, and nowhere else."""
    serve(shop, f'<title>Shop</title><a id=go href="{elsewhere.url}">go</a>', two=Reply("<title>Two</title>"))
    visit.open(f"{shop.url}/two")
    visit.open(shop.url)
    visit.page.click("#go")
    visit.settle()
    visit.page.go_back()
    assert "Two" == visit.page.title()
    visit.page.go_forward()
    assert "Shop" == visit.page.title()
    assert 0 == elsewhere.connections


def test_opening_an_address_that_redirects_elsewhere_is_fenced(visit: Visit, shop: Place, elsewhere: Place) -> None:
    """The sentence says where it would have led."""
    serve(shop, "shop", hop=Reply("", 302, {"Location": elsewhere.url}))
    with pytest.raises(FencedError, match=elsewhere.pair):
        visit.open(f"{shop.url}/hop")
    assert 0 == elsewhere.connections


def test_visits_share_nothing_but_what_was_saved(browser: Browser, fence: Fence, shop: Place) -> None:
    """A cookie and stored words come along only with the session that was saved."""
    serve(shop, "<script>document.cookie = 'basket=7'; localStorage.setItem('k', 'v')</script>")
    with browser.visit(fence) as first:
        first.open(shop.url)
        saved = first.save()
    assert saved.url.startswith(shop.url)
    read = "() => [document.cookie, localStorage.getItem('k')]"
    serve(shop, "shop")
    with browser.visit(fence) as second:
        second.open(shop.url)
        assert ["", None] == second.page.evaluate(read)
    with browser.visit(fence, session=saved) as third:
        third.open(shop.url)
        assert ["basket=7", "v"] == third.page.evaluate(read)


def test_a_page_is_granted_nothing(visit: Visit, shop: Place) -> None:
    """Permissions are denied or never answered, and a service worker is not installed."""
    serve(shop, "shop", **{"sw.js": Reply("", headers={"Content-Type": "text/javascript"})})
    visit.open(shop.url)
    asked = "name => navigator.permissions.query({name}).then(found => found.state)"
    for name in ("geolocation", "camera", "microphone", "notifications"):
        assert "granted" != visit.page.evaluate(asked, name)
    visit.page.evaluate("() => navigator.serviceWorker?.register('/sw.js').then(() => 1, () => 0)")
    assert "GET /sw.js" not in shop.asked
