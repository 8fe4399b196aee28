"""One headless browser for all these tests, and a fresh page for each."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from agents.browser import find
from tests.agents.reading.pages import Show

ARGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
]


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """A headless browser of this machine."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find().path, args=ARGS)
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """A page of its own context."""
    context = chromium.new_context(viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()


@pytest.fixture
def show(page: Page) -> Show:
    """Show a body, as English as most shops."""

    def shown(body: str, *, lang: str = "en-US", head: str = "") -> Page:
        page.set_content(
            f'<!doctype html><html lang="{lang}"><head><title>Shop</title>{head}</head><body>{body}</body></html>'
        )
        return page

    return shown
