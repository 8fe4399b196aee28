"""The end of a page, within a limit.

Chromium agrees to close a page that is just becoming another, and sometimes (one time in twenty-five, for a pop-up that
moves at once) forgets it over that; Playwright then waits for the page's end for ever. Knows targets of the protocol;
must never know what a page shows.
"""

from contextlib import suppress

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

# It takes some hundredths of a second, and half of one where the page's last script does not end.
CLOSE_SECONDS = 1.0
CLOSE_TIMES = 5


def close(page: Page) -> None:
    """Close the page, whatever it says to that; asked again where it was forgotten.

    Playwright's TimeoutError when it stays, its Error when the browser is gone.
    """
    if page.is_closed() or page.context.browser is None:
        return
    limit = CLOSE_SECONDS * 1000
    told = page.context.new_cdp_session(page).send("Target.getTargetInfo", timeout=limit)
    browser = page.context.browser.new_browser_cdp_session()
    for _ in range(CLOSE_TIMES):
        with suppress(PlaywrightError):  # it has just closed, and is no target any more
            browser.send("Target.closeTarget", {"targetId": told["targetInfo"]["targetId"]}, timeout=limit)
        with suppress(PlaywrightTimeoutError):
            if not page.is_closed():
                page.wait_for_event("close", timeout=limit)
            return
    raise PlaywrightTimeoutError("the page does not close")
