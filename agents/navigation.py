"""The guard at a page's top level: no document is asked for outside the fence, by whatever way the page got there.

It sits below Playwright's `route()`, which does not see redirects, on the protocol's own Fetch domain: each top-level
request stops here first, a redirect's next hop too, and goes on or not at all; the page then stays where it was. Only
documents stop, so scripts and pictures run on while nobody is looking and the cache stays on.
Knows addresses; must never read a page.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from playwright.sync_api import CDPSession, Page
from playwright.sync_api import Error as PlaywrightError

# A page that is being made answers its first protocol calls at once, or is already gone.
ANSWER_MILLISECONDS = 5000
Judge = Callable[[str], bool]


def guard(page: Page, *, may_open: Judge, refused: Callable[[str], None]) -> CDPSession:
    """Let `page` open only what `may_open` allows; `refused` hears of the rest. Playwright's error if it is gone."""
    session = page.context.new_cdp_session(page)
    tree = session.send("Page.getFrameTree", timeout=ANSWER_MILLISECONDS)
    main_frame = tree["frameTree"]["frame"]["id"]

    def paused(event: dict[str, Any]) -> None:
        url, request = event["request"]["url"], {"requestId": event["requestId"]}
        allowed = event["frameId"] != main_frame or may_open(url)
        if not allowed:
            refused(url)
        with suppress(PlaywrightError):  # the page may have closed, or asked for something else meanwhile
            if allowed:
                session.send("Fetch.continueRequest", request)
            else:
                # "Aborted" leaves the page that stands; any other reason would put an error page in its place.
                session.send("Fetch.failRequest", {**request, "errorReason": "Aborted"})

    session.on("Fetch.requestPaused", paused)
    documents = {"urlPattern": "*", "resourceType": "Document", "requestStage": "Request"}
    session.send("Fetch.enable", {"patterns": [documents]}, timeout=ANSWER_MILLISECONDS)
    return session
