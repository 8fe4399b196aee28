"""When a page has come to rest: no document on its way, no request the page waits for, no change for a moment.

Nothing here waits a fixed time. Requests are counted as they come and go; changes are seen by an observer in the page
that answers as soon as it has been quiet. Knows requests and clocks; must never know what a page means.
"""

import time
from collections.abc import Callable
from contextlib import suppress

from playwright.sync_api import CDPSession, Page, Request
from playwright.sync_api import Error as PlaywrightError

from agents.errors import PageTroubleError

# A shop's slowest step people wait for (shipping rates from a carrier) takes about this long; then we read what stands.
SETTLE_SECONDS = 5.0
# Two frames and a macrotask of a busy page: what a handler does at once is begun within it.
IDLE_MILLISECONDS = 50
# After a change, more often follows: frameworks render in several rounds.
QUIET_MILLISECONDS = 100
# A carousel or a countdown never rests; a page that says it is busy (`aria-busy`) may forget to say that it no longer is.
CHURN_MILLISECONDS = 1500
# How often it is looked whether an answer came; each look also lets the browser's events be heard.
LOOK_MILLISECONDS = 10
# An answer the shop itself owes for longer than this is a stream or a long poll.
SHOP_SECONDS = 4.0
# Nobody waits for other people's scripts, nor for their chats and counters.
OTHERS_SECONDS = 1.5
# Shops in their worst hour still begin to answer within this; a person would be gone.
DOCUMENT_SECONDS = 20.0
# A page whose scripts block it for this long will not be readable either.
UNRESPONSIVE_SECONDS = 10.0
# Pictures, fonts and beacons change nothing that is read.
ANSWERS = frozenset({"document", "xhr", "fetch"})
AWAITED = ANSWERS | {"script", "stylesheet"}

_QUIET = """
new Promise(quiet => {
  const start = performance.now(); let last = start, window = %(idle)d;
  const observer = new MutationObserver(changes => {
    if (changes.some(change => change.attributeName !== 'style')) { last = performance.now(); window = %(quiet)d }
  });
  observer.observe(document, {subtree: true, childList: true, attributes: true, characterData: true});
  const look = () => {
    const now = performance.now();
    const still = now - last >= window && document.readyState !== 'loading';
    if (still && !document.querySelector('[aria-busy=true]') || now - start >= %(limit)d) {
      observer.disconnect(); quiet(true)
    } else setTimeout(look, 10);
  };
  setTimeout(look, 10);
})
"""


class Traffic:
    """The requests of one page that are under way."""

    def __init__(self, page: Page, *, ours: Callable[[str], bool]) -> None:
        """`ours`: whether an address is the shop's, or of those who take its payment."""
        self.page = page
        self.finished = 0
        self.failed_navigation: str | None = None
        self._ours = ours
        self._awaited: dict[Request, float] = {}  # until when, of `time.monotonic()`
        self._navigation: tuple[Request, float] | None = None
        page.on("request", self._began)
        page.on("requestfinished", self._ended)
        page.on("requestfailed", self._failed)

    def leaving(self) -> float | None:
        """Since when (of `time.monotonic()`) the page waits for its next document; None when it does not."""
        return self._navigation[1] if self._navigation else None

    def waiting(self) -> bool:
        """Whether the page waits for an answer; streams do not count."""
        now = time.monotonic()
        return any(until > now for until in self._awaited.values())

    def _began(self, request: Request) -> None:
        now = time.monotonic()
        if self._navigates(request):
            self._navigation = request, now
            self.failed_navigation = None
        elif request.resource_type in AWAITED:
            patient = request.resource_type in ANSWERS and self._ours(request.url)
            self._awaited[request] = now + (SHOP_SECONDS if patient else OTHERS_SECONDS)

    def _ended(self, request: Request) -> None:
        if self._navigation and self._navigation[0] == request:
            self._navigation = None
            self.finished += 1
        self.finished += self._awaited.pop(request, None) is not None

    def _failed(self, request: Request) -> None:
        current = self._navigation is not None and self._navigation[0] == request
        self._ended(request)
        if current and "ERR_ABORTED" not in (request.failure or ""):
            self.failed_navigation = request.failure or "the connection broke off"

    def _navigates(self, request: Request) -> bool:
        with suppress(PlaywrightError):  # the request's frame is gone, so it leads nowhere
            return request.is_navigation_request() and request.frame == self.page.main_frame
        return False


def settle(page: Page, session: CDPSession, traffic: Traffic) -> None:
    """Return when `page` is at rest, or after some seconds; a document on its way is waited for longer.

    PageTroubleError when the document does not come, or the page no longer answers.
    """
    deadline = time.monotonic() + SETTLE_SECONDS
    while True:
        while since := traffic.leaving():
            if time.monotonic() > since + DOCUMENT_SECONDS:
                raise PageTroubleError(f"the next page did not come within {DOCUMENT_SECONDS:.0f} seconds")
            page.wait_for_timeout(LOOK_MILLISECONDS)
            deadline = time.monotonic() + SETTLE_SECONDS
        before = traffic.finished
        _quiet(session)
        if time.monotonic() > deadline:
            return
        if traffic.waiting():
            page.wait_for_timeout(LOOK_MILLISECONDS)
        elif traffic.finished == before and not traffic.leaving():
            return


def _quiet(session: CDPSession) -> None:
    """Wait until the page's content has been still for a moment."""
    expression = _QUIET % {"idle": IDLE_MILLISECONDS, "quiet": QUIET_MILLISECONDS, "limit": CHURN_MILLISECONDS}
    try:
        session.send(
            "Runtime.evaluate",
            {"expression": expression, "awaitPromise": True, "silent": True},
            timeout=CHURN_MILLISECONDS + UNRESPONSIVE_SECONDS * 1000,
        )
    except PlaywrightError as failed:
        if "Timeout" in failed.message:
            raise PageTroubleError("the page does not answer: its own scripts block it") from failed
        # The page went to another document meanwhile; the next look is at that one.
