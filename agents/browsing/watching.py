"""A page under watch: where it may go at top level, what is under way in it, and what became of it.

No document is asked for outside the fence, by whatever way the page got there. That guard sits below Playwright's
`route()`, which does not see redirects, on the protocol's own Fetch domain: each top-level request stops here first, a
redirect's next hop too, and goes on or not at all; the page then stays where it was. Only documents stop, so scripts
and pictures run on while nobody looks, and the cache stays on. What needs no request (`blob:`) is seen after the fact
and blanked. Knows addresses and events; must never read a page.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Frame, Page, Request, Response

from agents.browsing.elements import worlds

# A page that is being made answers its first protocol calls at once, or is already gone.
ANSWER_MILLISECONDS = 5000
# An answer the shop itself owes for longer than this is a stream or a long poll.
SHOP_SECONDS = 4.0
# Nobody waits for other people's scripts, nor for their chats and counters.
OTHERS_SECONDS = 1.5
# Pictures, fonts and beacons change nothing that is read.
ANSWERS = frozenset({"document", "xhr", "fetch"})
AWAITED = ANSWERS | {"script", "stylesheet"}
# What a page that stands asks for, to show it.
ASKED = frozenset({"xhr", "fetch"})
# Pages the browser itself puts up: before the first document, and in place of one that did not come.
ERROR_PAGE = "chrome-error://"
OWN = ("about:blank", ERROR_PAGE)
# It is made at once.
ERROR_MILLISECONDS = 500
# A page that said it leaves has begun to ask for the next document by then, on the busiest machine, or thought better
# of it. Where it leads to no page (mail, a download, an empty answer) the browser says so at once.
REQUESTED_SECONDS = 5.0


class Watched:
    """One page. `status`: of its document's answer. `finished`: how many answers came so far."""

    def __init__(
        self,
        page: Page,
        *,
        may_open: Callable[[str], bool],
        refused: Callable[[str], None],
        opens: Callable[[], None],
    ) -> None:
        """Guard `page`. Playwright's error if it is gone already.

        `refused` hears what `may_open` denies; `opens` that it began to open a window, which is a page only later.
        """
        self.page = page
        self.status: int | None = None
        self.finished = 0
        self.crashed = False
        self._may_open = may_open
        self._refused = refused
        self._awaited: dict[Request, float] = {}  # until when, of `time.monotonic()`
        self._navigation: tuple[Request, float] | None = None
        self._fresh_status: int | None = None
        self._asked = self._fresh = False
        self._stands = True  # the document that was asked for last
        self._requested: float | None = None  # when the page said that it leaves, until the document is asked for
        self._broken: str | None = None
        self._strayed: str | None = None
        self.worlds = worlds(page)
        self.session, self._main_frame = self.worlds.session, self.worlds.main_frame
        self.session.on("Fetch.requestPaused", self._paused)
        self.session.on("Page.windowOpen", lambda _: opens())
        self.session.on("Page.frameRequestedNavigation", self._leaves)
        self.session.send("Page.enable", timeout=ANSWER_MILLISECONDS)
        documents = {"urlPattern": "*", "resourceType": "Document", "requestStage": "Request"}
        self.session.send("Fetch.enable", {"patterns": [documents]}, timeout=ANSWER_MILLISECONDS)
        page.on("request", self._began)
        page.on("requestfinished", self._ended)
        page.on("requestfailed", self._failed)
        page.on("response", self._answered)
        page.on("framenavigated", self._arrived)
        page.on("crash", self._crash)

    def leaving(self) -> float | None:
        """Since when (of `time.monotonic()`) the page waits for its next document; None when it does not."""
        if self._requested and time.monotonic() - self._requested > REQUESTED_SECONDS:
            self._requested = None
        return self._navigation[1] if self._navigation else self._requested

    def waiting(self) -> bool:
        """Whether the page waits for an answer; streams do not count."""
        now = time.monotonic()
        return any(until > now for until in self._awaited.values())

    def take_answered(self) -> bool:
        """Whether the page that stands got an answer it had asked for since this was last asked."""
        said, self._asked = self._asked, False
        return said

    def take_fresh(self) -> bool:
        """Whether a document came since this was last asked."""
        said, self._fresh = self._fresh, False
        return said

    def take_broken(self) -> str | None:
        """Why the last navigation failed, once."""
        said, self._broken = self._broken, None
        return said

    def take_status(self) -> int | None:
        """The status of a document that came since this was last asked."""
        said, self._fresh_status = self._fresh_status, None
        return said

    def take_strayed(self) -> str | None:
        """What kind of address the page had become when it was blanked, once."""
        said, self._strayed = self._strayed, None
        return said

    def stop(self) -> None:
        """Give up a document that does not come; until then the page would answer nobody."""
        self._navigation = self._requested = None
        with suppress(PlaywrightError):  # gone, which stops it too
            self.session.send("Page.stopLoading", timeout=ANSWER_MILLISECONDS)

    def error_page(self) -> None:
        """Let the browser put up its page for a failed navigation: the next one would be interrupted by it."""
        with suppress(PlaywrightError):  # there is none where the navigation was only called off
            self.page.wait_for_url(f"{ERROR_PAGE}**", timeout=ERROR_MILLISECONDS, wait_until="commit")

    def _paused(self, event: dict[str, Any]) -> None:
        url, request = event["request"]["url"], {"requestId": event["requestId"]}
        allowed = event["frameId"] != self._main_frame or self._may_open(url)
        if not allowed:
            self._refused(url)
        with suppress(PlaywrightError):  # the page may have closed, or asked for something else meanwhile
            if allowed:
                self.session.send("Fetch.continueRequest", request)
            else:
                # "Aborted" leaves the page that stands; any other reason would put an error page in its place.
                self.session.send("Fetch.failRequest", {**request, "errorReason": "Aborted"})

    def _leaves(self, event: dict[str, Any]) -> None:
        """The page's own word, which comes before the browser asks for the document and before any later answer."""
        if event["frameId"] == self._main_frame and event["disposition"] == "currentTab":
            self._requested = time.monotonic()

    def _began(self, request: Request) -> None:
        now = time.monotonic()
        if self._navigates(request):
            self._navigation = request, now
            self._requested = None
            self._broken = None
            self._stands = False
        elif request.resource_type in AWAITED:
            patient = request.resource_type in ANSWERS and self._may_open(request.url)
            self._awaited[request] = now + (SHOP_SECONDS if patient else OTHERS_SECONDS)

    def _ended(self, request: Request) -> None:
        if self._navigation and self._navigation[0] == request:
            self._navigation = None
            # It may all be here before it stands in the place of the old one, which would answer meanwhile.
            self._requested = None if self._stands else time.monotonic()
            self._asked, self._fresh = False, True
            self.finished += 1
        self._asked |= request.resource_type in ASKED
        self.finished += self._awaited.pop(request, None) is not None

    def _failed(self, request: Request) -> None:
        current = self._navigation is not None and self._navigation[0] == request
        self._ended(request)
        if current:
            self._requested = None
        if current and "ERR_ABORTED" not in (request.failure or ""):
            self._broken = request.failure or "the connection broke off"

    def _answered(self, response: Response) -> None:
        if self._navigates(response.request):
            self.status = self._fresh_status = response.status

    def _arrived(self, frame: Frame) -> None:
        """A top-level page stands; one that came without a request the guard could stop is blanked."""
        if frame == self.page.main_frame:
            self._stands, self._requested = True, None
        if frame != self.page.main_frame or frame.url.startswith(OWN) or self._may_open(frame.url):
            return
        self._strayed = f"a {frame.url.partition(':')[0]}: page"
        self._refused(frame.url)
        with suppress(PlaywrightError):  # gone already, which is as good
            self.page.goto("about:blank", wait_until="commit", timeout=ANSWER_MILLISECONDS)

    def _crash(self, _: Page) -> None:
        self.crashed = True

    def _navigates(self, request: Request) -> bool:
        with suppress(PlaywrightError):  # the request's frame is gone, so it leads nowhere
            return request.is_navigation_request() and request.frame == self.page.main_frame
        return False
