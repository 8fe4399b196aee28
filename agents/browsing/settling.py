"""When a page has come to rest: no document on its way, no request the page waits for, no change for a moment.

Nothing here waits a fixed time. Requests are counted as they come and go (`watching`); changes are seen by an observer
in the page that answers as soon as it has been quiet. Reading a new document takes about as long as it must be quiet,
so it is read meanwhile, and once more where it changed. Knows requests and clocks; must never know what a page means.
"""

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from agents.browsing.watching import Watched
from agents.errors import PageTroubleError

# A shop's slowest step people wait for (shipping rates from a carrier) takes about this long; then we read what stands.
SETTLE_SECONDS = 5.0
# A frame: what a handler does at once, or before the next one, is begun within it; the page must have been idle, too.
IDLE_MILLISECONDS = 16
# Two frames: after a change, another may follow in the next.
QUIET_MILLISECONDS = 32
# After an answer, more often follows: frameworks render it in one frame and what that brought about in the next.
ANSWERED_IDLE_MILLISECONDS, ANSWERED_QUIET_MILLISECONDS = 34, 68
# A carousel or a countdown never rests; a page that says it is busy (`aria-busy`) may forget to take it back.
CHURN_MILLISECONDS = 1500
# An answer is heard when it comes; what else may end a wait is looked for this often.
HEAR_MILLISECONDS = 20
# What that takes many times over; it is only to save time.
PREPARE_MILLISECONDS = 250
# What a document does when it is there and its pictures may not be: scripts begin then. Pictures are not waited for.
LOADED_MILLISECONDS = 30
# Shops in their worst hour still begin to answer within this; a person would be gone.
DOCUMENT_SECONDS = 20.0
# An order is charged before it is confirmed, and its answer is worth more than time.
COMMIT_SECONDS = 45.0
# What a busy machine takes to bring an answer over.
GRACE_MILLISECONDS = 500
# A page whose scripts block it for this long will not be readable either.
UNRESPONSIVE_SECONDS = 10.0

# From now on, what changes is noticed; a document that is still coming in is waited for.
_NOTICE = f"""
new Promise(noticed => {{
  const start = performance.now();
  const enough = {{loading: {PREPARE_MILLISECONDS}, interactive: {LOADED_MILLISECONDS}, complete: 0}};
  const notice = () => {{
    if (performance.now() - start < enough[document.readyState]) {{
      setTimeout(notice, 2);
      return;
    }}
    globalThis.stillness?.observer.disconnect();
    const it = globalThis.stillness = {{last: performance.now(), stirred: false, changed: false}};
    it.observer = new MutationObserver(changes => {{
      it.changed = true;
      if (changes.some(change => change.attributeName !== 'style')) {{ it.last = performance.now(); it.stirred = true }}
    }});
    it.observer.observe(document, {{subtree: true, childList: true, attributes: true, characterData: true}});
    noticed(true);
  }};
  notice();
}})
"""
# Whether anything has changed since, told when the page has been quiet for its moment.
_QUIET = """
new Promise(quiet => {
  const it = globalThis.stillness, start = performance.now();
  if (!it) { quiet(true); return }
  const look = () => {
    const now = performance.now(), left = it.last + (it.stirred ? %(quiet)d : %(idle)d) - now;
    const still = left <= 0 && document.readyState !== 'loading';
    if (still && !document.querySelector('[aria-busy=true]') || now - start >= %(limit)d) {
      it.observer.disconnect(); quiet(it.changed)
    } else setTimeout(idle, left > 0 ? left : 5);
  };
  // A busy page gets to this late, so a slow machine waits longer by itself.
  const idle = () => requestIdleCallback(look, {timeout: 100});
  idle();
})
"""


def settle(
    watched: Watched,
    *,
    document_seconds: float = DOCUMENT_SECONDS,
    read: Callable[[], None] | None = None,
    scripts: bool = True,
) -> None:
    """Return when the page is at rest, or after some seconds; a document on its way is waited for longer.

    `read` reads the page where it is another document than before; what it read last is the page at rest. An old one
    may be about to leave, and whoever reads it then waits. `scripts`: it needs Playwright's. PageTroubleError when the
    document does not come, or the page no longer answers; Playwright's own when it is gone.
    """
    # A page that leaves again and again never comes to rest.
    latest = time.monotonic() + SETTLE_SECONDS + document_seconds
    deadline = 0.0
    answered = fresh = False
    while True:
        if watched.leaving() or not deadline:
            _await_document(watched, document_seconds, latest)
            deadline = time.monotonic() + SETTLE_SECONDS
        if watched.take_fresh():
            fresh = True
            if read and scripts and watched.waiting():
                _prepare(watched)
        if _waits(watched, deadline):
            hear(watched.page)
            continue
        noticed = _ask(watched, _NOTICE)
        # What the page was about to do was heard with its answer; without one another document stands there already.
        if _waits(watched, deadline) or (not noticed and time.monotonic() < deadline):
            continue
        answered = watched.take_answered() or answered
        before = watched.finished
        if read and fresh:
            read()
        changed = _quiet(watched, answered=answered)
        stirred = watched.finished != before or changed is None
        if _waits(watched, deadline) or (stirred and time.monotonic() < deadline):
            continue
        if read and fresh and changed is not False:
            read()
        return


def _waits(watched: Watched, deadline: float) -> bool:
    """Whether a document is on its way, or, until the deadline, an answer."""
    return watched.leaving() is not None or (watched.waiting() and time.monotonic() < deadline)


def _await_document(watched: Watched, document_seconds: float, latest: float) -> None:
    """Wait for the next document, if one is on its way."""
    while since := watched.leaving():
        if time.monotonic() > min(since + document_seconds, latest):
            watched.stop()
            raise PageTroubleError(f"the next page did not come within {document_seconds:.0f} seconds")
        hear(watched.page)


def hear(page: Page) -> None:
    """Return when a request of the page's has been answered, or after a moment; all its events are heard meanwhile."""
    with suppress(PlaywrightTimeoutError):
        page.wait_for_event("requestfinished", timeout=HEAR_MILLISECONDS)


def _prepare(watched: Watched) -> None:
    """Have Playwright put its scripts into a new document while that waits for its own: a reading needs them."""
    with suppress(PlaywrightError):  # whoever reads it will be told, or wait
        watched.page.locator("html").wait_for(state="attached", timeout=PREPARE_MILLISECONDS)


def _quiet(watched: Watched, *, answered: bool) -> bool | None:
    """Wait until the page's content has been still for a moment; a page on its way to another never is.

    Whether it changed meanwhile; None where it was replaced and could not say.
    """
    idle, quiet = IDLE_MILLISECONDS, QUIET_MILLISECONDS
    if answered:
        idle, quiet = ANSWERED_IDLE_MILLISECONDS, ANSWERED_QUIET_MILLISECONDS
    answer = _ask(watched, _QUIET % {"idle": idle, "quiet": quiet, "limit": CHURN_MILLISECONDS})
    changed: bool | None = answer.get("result", {}).get("value")
    return changed


def _ask(watched: Watched, expression: str) -> dict[str, Any]:
    """The page's answer; an empty one where another document takes its place."""
    asked = {"expression": expression, "awaitPromise": True, "returnByValue": True, "silent": True}
    if (world := watched.worlds.main) is not None:
        asked["contextId"] = world
    deadline = time.monotonic() + UNRESPONSIVE_SECONDS
    while time.monotonic() < deadline:
        try:
            answer: dict[str, Any] = watched.session.send(
                "Runtime.evaluate", asked, timeout=CHURN_MILLISECONDS + GRACE_MILLISECONDS
            )
        except PlaywrightError as failed:
            if watched.crashed or watched.page.is_closed():
                raise
            # While a new document is on its way, the old one is not let answer; who waits must look again.
            if "Timeout" in failed.message and not watched.leaving():
                continue
            return {}
        return answer
    raise PageTroubleError("the page does not answer: its own scripts block it")
