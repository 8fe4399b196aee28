"""A headless browser for a module's tests, a fresh page for each, and a little shop."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

from agents.browsing.browser import Browser
from tests.agents.reading.little_shop import LittleShop
from tests.agents.reading.pages import Show


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser that is started once a module."""
    with Browser.opened() as opened:
        yield opened


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A page of its own context, without a fence: these pages are written into it."""
    context = browser._browser.new_context(viewport={"width": 1280, "height": 900})
    yield context.new_page()
    context.close()


@pytest.fixture
def show(page: Page) -> Show:
    """Show a body, as English as most shops."""

    def shown(body: str, *, lang: str = "en-US", head: str = "") -> Page:
        title = "<title>Shop</title>"
        page.set_content(f'<!doctype html><html lang="{lang}"><head>{title}{head}</head><body>{body}</body></html>')
        return page

    return shown


@pytest.fixture
def shop() -> Iterator[LittleShop]:
    """A shop with one mug in its one basket."""
    with LittleShop().listening() as shop:
        yield shop
