"""A page that is to be closed is closed, whatever it does, and whatever the browser forgets."""

import threading
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from playwright.sync_api import CDPSession
from playwright.sync_api import TimeoutError as PlaywrightTimeoutError

from agents.browsing import closing
from agents.browsing.browser import Browser, Visit
from agents.browsing.closing import close
from agents.browsing.fence import Fence
from tests.agents.fence.places import Place, Reply, serve

ENDLESS = "{ for (;;) {} }"
PAGES = {
    "rests": "",
    "blocks itself": f"setTimeout(() => {ENDLESS}, 20)",
    "asks whether to stay": "onbeforeunload = event => event.preventDefault()",
    "blocks itself when it is left": f"onbeforeunload = () => {ENDLESS}",
    "blocks itself when it is unloaded": f"onunload = () => {ENDLESS}",
    "waits for its next document": "location.href = '/hangs'",
    "waits for an answer": "fetch('/hangs', {method: 'POST'})",
}


@pytest.fixture
def hangs() -> Iterator[Reply]:
    """An answer that comes when the test is over."""
    over = threading.Event()
    yield Reply("late", wait=over)
    over.set()


@pytest.fixture
def forgets(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The browser agrees to close a page and forgets it, as many times as there are entries in this list."""
    left: list[str] = []
    send = CDPSession.send

    def sent(session: CDPSession, method: str, params: Mapping[str, Any] | None = None, **options: Any) -> Any:
        if method == "Target.closeTarget" and left:
            left.pop()
            return {"success": True}
        return send(session, method, dict(params or {}), **options)

    monkeypatch.setattr(CDPSession, "send", sent)
    monkeypatch.setattr(closing, "CLOSE_SECONDS", 0.2)
    return left


@pytest.mark.parametrize("does", PAGES)
def test_a_page_is_closed_whatever_it_does(visit: Visit, shop: Place, hangs: Reply, does: str) -> None:
    """Its scripts are asked nothing, and what it waits for holds nobody up."""
    click = f'<button id=go onclick="{PAGES[does]}">go</button>'
    serve(shop, click, hangs=hangs)
    visit.open(shop.url)
    page = visit.page
    page.click("#go", no_wait_after=True)

    close(page)
    assert page.is_closed()
    close(page)  # once more is nothing


def test_a_page_that_the_browser_forgot_to_close_is_closed_the_second_time(
    visit: Visit, shop: Place, forgets: list[str]
) -> None:
    """Chromium does so with a pop-up that is just becoming another page; Playwright's own way would wait for ever."""
    serve(shop, "shop")
    visit.open(shop.url)
    forgets.append("once")

    visit.end_page()
    assert [] == forgets
    assert [] == visit.context.pages


def test_where_a_page_does_not_close_its_browser_ends(
    browser: Browser, fence: Fence, shop: Place, forgets: list[str]
) -> None:
    """Nothing stays under way in it; the next visit has a browser again."""
    serve(shop, "shop")
    with browser.visit(fence) as visit:
        visit.open(shop.url)
        forgets.extend(["again"] * 2 * closing.CLOSE_TIMES)
        with pytest.raises(PlaywrightTimeoutError):
            close(visit.page)
        visit.end_page()
        assert not browser.alive
    with browser.visit(fence) as fresh:
        fresh.open(shop.url)
