"""The commit fence: whatever a page does, an order leaves it once.

While it stands, a request that changes something (not GET, HEAD or OPTIONS) passes once for its method, origin, path
and operation; a repeat is cut. The operation tells apart what shops send to one address: the name of a GraphQL
operation, the id of a server action. What was sent is on record with its answer. A redirect that repeats a body at
another address is the server's own doing: it is recorded, not cut; what the browser would repeat by itself is stopped
by the proxy (`losses`). Knows requests; must never keep a body or a query.
"""

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import BrowserContext, Request, Response, Route
from playwright.sync_api import Error as PlaywrightError

from merchants.errors import UrlError
from merchants.urls import Target

HARMLESS = frozenset({"GET", "HEAD", "OPTIONS"})
# More of a body than this is not read to find an operation's name in it.
MAX_BODY_CHARACTERS = 200_000
# What shops call operations that only read, while a page waits for what became of its order.
READS = re.compile(r"([Pp]oll|[Gg]et|[Ff]etch|[Ll]oad|[Ll]ist|[Rr]ead|[Qq]uery)(?![a-z])")


@dataclass(slots=True, kw_only=True)
class SentRequest:
    """A request that left the page for this `host:port`, when by `time.monotonic()`.

    `status` None: no answer came (yet); `failed`: nor will one.
    """

    method: str
    url_without_query: str
    pair: str
    at: float
    status: int | None = None
    failed: bool = False


@dataclass(slots=True)
class CommitWatch:
    """What left the page since the fence went up, and how many repeats were cut."""

    sent: list[SentRequest] = field(default_factory=list)
    cut: int = 0

    def awaited(self, pair: str) -> float | None:
        """Since when (of `time.monotonic()`) an answer of this host is awaited; None: none is. For any thread."""
        sent = [one.at for one in tuple(self.sent) if one.pair == pair and one.status is None and not one.failed]
        return min(sent, default=None)


@contextmanager
def watching(context: BrowserContext) -> Iterator[CommitWatch]:
    """Put the fence around every page, frame and worker of `context`."""
    watch = CommitWatch()
    passed: set[tuple[str, str, str]] = set()
    open_requests: dict[Request, SentRequest] = {}

    def fence(route: Route) -> None:
        request = route.request
        key = _key(request)
        with suppress(PlaywrightError):  # the page may be gone by now, and its request with it
            if key is None:
                route.fallback()
            elif key in passed:
                watch.cut += 1
                # A page's own navigation is called off; any other reason would put an error page in the page's place.
                route.abort("aborted" if request.is_navigation_request() else "blockedbyclient")
            else:
                passed.add(key)
                open_requests[request] = _record(request, watch, time.monotonic())
                route.fallback()

    def started(request: Request) -> None:
        before = request.redirected_from
        if before and request.method not in HARMLESS:
            # It is on its way by now, since when is not said: after the one before it.
            known = open_requests.get(before)
            open_requests[request] = _record(request, watch, known.at if known else time.monotonic())

    def answered(response: Response) -> None:
        if sent := open_requests.get(response.request):
            sent.status = response.status

    def lost(request: Request) -> None:
        if sent := open_requests.get(request):
            sent.failed = True

    context.on("request", started)
    context.on("response", answered)
    context.on("requestfailed", lost)
    context.route("**/*", fence)
    try:
        yield watch
    finally:
        # A browser that crashed has no routes left to take down; where its driver did, Playwright has no loop either.
        with suppress(PlaywrightError, RuntimeError):
            context.unroute("**/*", fence)
        context.remove_listener("request", started)
        context.remove_listener("response", answered)
        context.remove_listener("requestfailed", lost)


def _record(request: Request, watch: CommitWatch, at: float) -> SentRequest:
    url = request.url
    sent = SentRequest(method=request.method, url_without_query=_address(url), pair=_pair(url), at=at)
    watch.sent.append(sent)
    return sent


def _address(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"


def _pair(url: str) -> str:
    with suppress(UrlError):  # what is no web address goes through no proxy
        return Target.read(f"{urlsplit(url).scheme}://{urlsplit(url).netloc}/").pair
    return ""


def _key(request: Request) -> tuple[str, str, str] | None:
    """What may pass once; None for what changes nothing."""
    if request.method in HARMLESS:
        return None
    body = request.post_data_buffer or b""
    text = body.decode(errors="replace") if len(body) <= MAX_BODY_CHARACTERS else ""
    kind, operation = _graphql(request.url, text)
    if kind == "query":
        return None
    operation = operation or request.headers.get("next-action", "")
    return request.method, _address(request.url), operation


def _graphql(url: str, body: str) -> tuple[str, str]:
    """A GraphQL request's kind ("query", "mutation", "" when unknown) and the operation's name.

    A persisted operation carries no text; then its name is all there is to go by.
    """
    try:
        said = json.loads(body) if body.startswith("{") else {}
    except ValueError:
        said = {}
    name = said.get("operationName") or parse_qs(urlsplit(url).query).get("operationName", [""])[0]
    text = said.get("query")
    kind = "query" if READS.match(str(name)) else ""
    if isinstance(text, str):
        kind = "query" if text.lstrip().startswith(("query", "{")) and "mutation" not in text else "mutation"
    return kind, str(name)
