"""One warm browser for a module's tests, and places to send it to."""

from collections.abc import Iterator

import pytest

from agents.browsing.browser import Browser, Visit
from agents.browsing.fence import Fence
from tests.agents.fence.places import Place


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser that is started once a module."""
    with Browser.opened() as opened:
        yield opened


@pytest.fixture(scope="module")
def shop() -> Iterator[Place]:
    """The merchant's own server."""
    with Place(host="shop.localhost").listening() as place:
        yield place


@pytest.fixture(scope="module")
def elsewhere() -> Iterator[Place]:
    """A server of somebody else on this machine, which no fence lets through."""
    with Place().listening() as place:
        yield place


@pytest.fixture
def fence(shop: Place) -> Fence:
    """Around the shop."""
    return Fence(shop.url, allowed_private=[shop.pair])


@pytest.fixture
def visit(browser: Browser, fence: Fence) -> Iterator[Visit]:
    """A fresh visit."""
    with browser.visit(fence) as fresh:
        yield fresh
