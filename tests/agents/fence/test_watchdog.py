"""A browser that ends, by itself or because time is over, holds nobody: the next visit has another one."""

import os
import signal
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Error as PlaywrightError

from agents.browsing import watchdog
from agents.browsing.browser import Browser, Visit
from agents.browsing.fence import Fence
from agents.browsing.watchdog import Processes
from agents.errors import PageTroubleError
from tests.agents.fence.places import Place, serve, until
from tests.e2e.served import alive

pytestmark = pytest.mark.processes
# When a browser is killed, in seconds after it was asked for a context: while that is made, or its page, or later.
MOMENTS = [0.02 + 0.015 * number for number in range(8)]


def test_a_visit_ends_in_time_whatever_its_page_does(browser: Browser, fence: Fence, shop: Place) -> None:
    """Who waits for a page that blocks itself is set free when the visit's time is over."""
    serve(shop, "shop")
    with browser.visit(fence, seconds=5) as stuck:
        stuck.open(shop.url)
        with pytest.raises(PlaywrightError):
            stuck.page.evaluate("() => { for (;;) {} }")
        with pytest.raises(PageTroubleError, match="gone"):
            stuck.settle()
        with pytest.raises(PageTroubleError):
            stuck.open(shop.url)
    with browser.visit(fence) as fresh:
        fresh.open(shop.url)


@pytest.mark.parametrize("seconds", MOMENTS)
def test_a_visit_ends_in_time_even_where_its_page_is_only_being_made(
    browser: Browser, fence: Fence, shop: Place, monkeypatch: pytest.MonkeyPatch, seconds: float
) -> None:
    """Playwright waits for ever for a page whose browser died meanwhile; with its driver gone it fails."""
    monkeypatch.setattr(watchdog, "NOTICES_SECONDS", 0.5)
    serve(shop, "shop")
    with suppress(PlaywrightError), browser.visit(fence, seconds=seconds) as begun:
        while True:
            begun.page.title()
    with browser.visit(fence) as fresh:
        fresh.open(shop.url)


def test_a_crashed_browser_is_seen_and_started_again(browser: Browser, fence: Fence, shop: Place) -> None:
    """The visit under way ends in page trouble; the next one has a browser again."""
    serve(shop, "shop")
    with browser.visit(fence) as visit:
        visit.open(shop.url)
        os.kill(browser._processes.browser, signal.SIGKILL)
        assert until(lambda: not browser.alive, meanwhile=lambda: settled(visit))
        with pytest.raises(PageTroubleError, match="gone"):
            visit.settle()
    with browser.visit(fence) as fresh:
        fresh.open(shop.url)
    assert browser.alive


def test_a_browser_that_crashed_between_visits_is_started_again(browser: Browser, fence: Fence, shop: Place) -> None:
    """Nobody listened when it happened."""
    serve(shop, "shop")
    os.kill(browser._processes.browser, signal.SIGKILL)
    assert until(lambda: not browser.alive)
    with browser.visit(fence) as fresh:
        fresh.open(shop.url)


@pytest.mark.parametrize("during", [True, False], ids=["in a visit", "between visits"])
def test_a_driver_that_died_is_started_again_with_a_browser(
    browser: Browser, fence: Fence, shop: Place, *, during: bool
) -> None:
    """Nothing of what it left behind goes on."""
    serve(shop, "shop")
    browser.prepare([shop.pair])
    left = browser._processes
    assert left.driver
    with suppress(PlaywrightError), browser.visit(fence) as visit:
        visit.open(shop.url)
        if during:
            os.kill(left.driver, signal.SIGKILL)
            with pytest.raises(PageTroubleError):
                visit.open(shop.url)
    if not during:
        browser.prepare([shop.pair])
        os.kill(left.driver, signal.SIGKILL)
        assert until(lambda: not browser.alive)
    with browser.visit(fence) as fresh:
        fresh.open(shop.url)
    assert until(lambda: not alive({left.browser}))
    assert browser.alive


def test_the_driver_is_the_child_of_ours_that_the_browser_comes_from(browser: Browser, fence: Fence) -> None:
    """Whatever a wrapper puts between the two; and of a process that is none of ours there is none."""
    with browser.visit(fence):
        found = browser._processes
        assert found.driver in {int(pid) for pid in _children(os.getpid())}
        assert Processes.of(found.browser) == found
    assert Processes.of(1) == Processes(1, None)


def _children(pid: int) -> list[str]:
    return [child for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()]


def settled(visit: Visit) -> None:
    """Have a visit hear what happened, whatever it says to it."""
    with suppress(PageTroubleError):
        visit.settle()
