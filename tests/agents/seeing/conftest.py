"""One warm browser for each module, and a page in it for each test."""

from collections.abc import Callable, Iterator, Mapping

import pytest
from playwright.sync_api import Browser, sync_playwright

from agents.browsing.finding import find
from tests.agents.seeing.sights import Sight, sight

Show = Callable[..., Sight]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """Chromium, without a window."""
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=find().path, args=["--no-sandbox", "--disable-gpu"])
        yield running
        running.close()


@pytest.fixture
def show(browser: Browser) -> Iterator[Show]:
    """Show a page of HTML in the shop; closed after the test."""
    shown: list[Sight] = []

    def _show(html: str, others: Mapping[str, str] | None = None) -> Sight:
        shown.append(sight(browser, html, others))
        return shown[-1]

    yield _show
    for one in shown:
        one.page.close()
