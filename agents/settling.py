"""When a page has come to rest: no document on its way, no request the page waits for, no change for a moment.

Nothing here waits a fixed time. Requests are counted as they come and go; changes are seen by an observer in the page
that answers as soon as it has been quiet. Knows requests and clocks; must never know what a page means.
"""

import time
from contextlib import suppress
from dataclasses import dataclass, field

from playwright.sync_api import CDPSession, Page, Request
from playwright.sync_api import Error as PlaywrightError

from agents.errors import PageTroubleError

# A shop's slowest step people wait for (shipping rates from a carrier) takes about this long; then we read what stands.
SETTLE_SECONDS = 5.0
# Two frames and a macrotask of a busy page: what a handler does at once is done within it.
QUIET_MILLISECONDS = 50
# How often it is looked whether an answer came; each look also lets the browser's events be heard.
LOOK_MILLISECONDS = 10
# A request open longer than this is a stream or a long poll, and no page waits for it.
STREAM_SECONDS = 4.0
# Shops in their worst hour still begin to answer within this; a person would be gone.
DOCUMENT_SECONDS = 20.0
# A page whose scripts block it for this long will not be readable either.
UNRESPONSIVE_SECONDS = 10.0
# Pictures, fonts and beacons change nothing that is read.
AWAITED = frozenset({"document", "script", "stylesheet", "xhr", "fetch"})

_QUIET = """
new Promise(quiet => {
  const start = performance.now(); let last = start;
  const observer = new MutationObserver(() => { last = performance.now() });
  observer.observe(document, {subtree: true, childList: true, attributes: true, characterData: true});
  const look = () => {
    const now = performance.now();
    const still = now - last >= %d && document.readyState !== 'loading';
    if (still || now - start >= %d) { observer.disconnect(); quiet(Math.round(last - start)) }
    else setTimeout(look, 10);
  };
  setTimeout(look, 10);
})
"""


@dataclass  # no slots: Playwright keeps its wrappers of listeners on the object that listens
class Traffic:
    """The requests of one page that are under way, with the time each began."""

    page: Page
    open: dict[Request, float] = field(default_factory=dict)
    finished: int = 0
    failed_navigation: str | None = None

    def __post_init__(self) -> None:
        self.page.on("request", self._began)
        self.page.on("requestfinished", self._ended)
        self.page.on("requestfailed", self._failed)

    def _began(self, request: Request) -> None:
        if request.resource_type in AWAITED:
            self.open[request] = time.monotonic()
            if self._navigates(request):
                self.failed_navigation = None

    def _ended(self, request: Request) -> None:
        self.finished += self.open.pop(request, None) is not None

    def _failed(self, request: Request) -> None:
        self._ended(request)
        if self._navigates(request) and "ERR_ABORTED" not in (request.failure or ""):
            self.failed_navigation = request.failure or "the connection broke off"

    def _navigates(self, request: Request) -> bool:
        with suppress(PlaywrightError):  # the request's frame is gone, so it leads nowhere
            return request.is_navigation_request() and request.frame == self.page.main_frame
        return False

    def leaving(self) -> float | None:
        """Since when (of `time.monotonic()`) the page waits for its next document; None when it does not."""
        return next((since for request, since in self.open.items() if self._navigates(request)), None)

    def waiting(self) -> bool:
        """Whether the page waits for an answer; streams do not count."""
        begun = time.monotonic() - STREAM_SECONDS
        return any(since > begun for since in self.open.values())


def settle(page: Page, session: CDPSession, traffic: Traffic, *, seconds: float = SETTLE_SECONDS) -> None:
    """Return when `page` is at rest, or after `seconds`; a document on its way is waited for longer.

    PageTroubleError when the document does not come, or the page no longer answers.
    """
    deadline = time.monotonic() + seconds
    while True:
        while since := traffic.leaving():
            if time.monotonic() > since + DOCUMENT_SECONDS:
                raise PageTroubleError(f"the next page did not come within {DOCUMENT_SECONDS:.0f} seconds")
            page.wait_for_timeout(LOOK_MILLISECONDS)
            deadline = time.monotonic() + seconds
        before = traffic.finished
        _quiet(session, deadline - time.monotonic())
        if time.monotonic() > deadline:
            return
        if traffic.waiting():
            page.wait_for_timeout(LOOK_MILLISECONDS)
        elif traffic.finished == before:
            return


def _quiet(session: CDPSession, seconds: float) -> None:
    """Wait until the page's content has been still for a moment."""
    limit = max(int(seconds * 1000), QUIET_MILLISECONDS)
    try:
        session.send(
            "Runtime.evaluate",
            {"expression": _QUIET % (QUIET_MILLISECONDS, limit), "awaitPromise": True, "silent": True},
            timeout=limit + UNRESPONSIVE_SECONDS * 1000,
        )
    except PlaywrightError as failed:
        if "Timeout" in failed.message:
            raise PageTroubleError("the page does not answer: its own scripts block it") from failed
        # The page went to another document meanwhile; the next look is at that one.
