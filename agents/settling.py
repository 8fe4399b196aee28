"""When a page has come to rest: no document on its way, no request the page waits for, no change for a moment.

Nothing here waits a fixed time. Requests are counted as they come and go (`watching`); changes are seen by an observer
in the page that answers as soon as it has been quiet. Knows requests and clocks; must never know what a page means.
"""

import time

from playwright.sync_api import Error as PlaywrightError

from agents.errors import PageTroubleError
from agents.watching import Watched

# A shop's slowest step people wait for (shipping rates from a carrier) takes about this long; then we read what stands.
SETTLE_SECONDS = 5.0
# A frame: what a handler does at once, or before the next one, is begun within it; the page must have been idle, too.
IDLE_MILLISECONDS = 16
# Two frames: after a change, another may follow in the next.
QUIET_MILLISECONDS = 32
# After an answer, more often follows: frameworks render in several rounds.
ANSWERED_IDLE_MILLISECONDS, ANSWERED_QUIET_MILLISECONDS = 50, 100
# A carousel or a countdown never rests; a page that says it is busy (`aria-busy`) may forget to take it back.
CHURN_MILLISECONDS = 1500
# How often it is looked whether an answer came; each look also lets the browser's events be heard.
LOOK_MILLISECONDS = 5
# Shops in their worst hour still begin to answer within this; a person would be gone.
DOCUMENT_SECONDS = 20.0
# An order is charged before it is confirmed, and its answer is worth more than time.
COMMIT_SECONDS = 45.0
# What a busy machine takes to bring an answer over.
GRACE_MILLISECONDS = 500
# A page whose scripts block it for this long will not be readable either.
UNRESPONSIVE_SECONDS = 10.0

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
    } else setTimeout(idle, 5);
  };
  // A busy page gets to this late, so a slow machine waits longer by itself.
  const idle = () => requestIdleCallback(look, {timeout: 100});
  setTimeout(idle, 5);
})
"""


def settle(watched: Watched, *, document_seconds: float = DOCUMENT_SECONDS) -> None:
    """Return when the page is at rest, or after some seconds; a document on its way is waited for longer.

    PageTroubleError when the document does not come, or the page no longer answers; Playwright's own when it is gone.
    """
    deadline = time.monotonic() + SETTLE_SECONDS
    # A page that leaves again and again never comes to rest.
    latest = deadline + document_seconds
    answered = False
    while True:
        if since := watched.leaving():
            if time.monotonic() > min(since + document_seconds, latest):
                watched.stop()
                raise PageTroubleError(f"the next page did not come within {document_seconds:.0f} seconds")
            watched.page.wait_for_timeout(LOOK_MILLISECONDS)
            deadline = time.monotonic() + SETTLE_SECONDS
            continue
        if watched.waiting() and time.monotonic() < deadline:
            watched.page.wait_for_timeout(LOOK_MILLISECONDS)
            continue
        before = watched.finished
        answered = watched.take_answered() or answered
        _quiet(watched, answered=answered)
        if time.monotonic() > deadline:
            return
        if watched.finished == before and not watched.waiting() and not watched.leaving():
            return


def _quiet(watched: Watched, *, answered: bool) -> None:
    """Wait until the page's content has been still for a moment; a page on its way to another never is."""
    idle, quiet = IDLE_MILLISECONDS, QUIET_MILLISECONDS
    if answered:
        idle, quiet = ANSWERED_IDLE_MILLISECONDS, ANSWERED_QUIET_MILLISECONDS
    expression = _QUIET % {"idle": idle, "quiet": quiet, "limit": CHURN_MILLISECONDS}
    asked = {"expression": expression, "awaitPromise": True, "silent": True}
    deadline = time.monotonic() + UNRESPONSIVE_SECONDS
    while time.monotonic() < deadline:
        try:
            watched.session.send("Runtime.evaluate", asked, timeout=CHURN_MILLISECONDS + GRACE_MILLISECONDS)
        except PlaywrightError as failed:
            if watched.crashed or watched.page.is_closed():
                raise
            # While a new document is on its way, the old one is not let answer; who waits must look again.
            if "Timeout" in failed.message and not watched.leaving():
                continue
        return
    raise PageTroubleError("the page does not answer: its own scripts block it")
