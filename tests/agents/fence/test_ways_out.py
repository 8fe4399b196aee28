"""Whatever a page tries, the browser talks to nobody but whom the fence allows."""

from collections.abc import Iterator

import pytest

from agents.browser import Browser, Visit
from agents.fence import Fence
from tests.agents.fence.places import Place, until
from tests.agents.fence.vectors import BESIDE, POP_UPS, TOP_LEVEL, VECTORS, Vector


@pytest.fixture(scope="module")
def friend() -> Iterator[Place]:
    """A server like `elsewhere`, but allowed."""
    with Place().listening() as place:
        yield place


@pytest.fixture(scope="module")
def fenced(browser: Browser, shop: Place) -> Iterator[Visit]:
    """A visit that may go to the shop only."""
    with browser.visit(Fence(shop.url, allowed_private=[shop.pair])) as visit:
        yield visit


@pytest.fixture(scope="module")
def open_visit(browser: Browser, shop: Place, friend: Place) -> Iterator[Visit]:
    """A visit that may go to the friend too."""
    fence = Fence(shop.url, allowed_private=[shop.pair, friend.pair], payment_hosts=[friend.pair])
    with browser.visit(fence) as visit:
        yield visit


def show(visit: Visit, shop: Place, vector: Vector, evil: Place) -> None:
    """Open the vector's page, and do there what a person would do."""
    shop.pages = vector.pages(evil.url)
    visit.egress.journal.clear()
    visit.open(shop.url)
    if vector.click:
        visit.page.click(vector.click)
        visit.settle()


def ids(vectors: list[Vector]) -> list[str]:
    """Their names."""
    return [vector.name for vector in vectors]


@pytest.mark.parametrize("vector", VECTORS, ids=ids(VECTORS))
def test_each_way_out_works_where_it_is_allowed(open_visit: Visit, shop: Place, friend: Place, vector: Vector) -> None:
    """The control: without it, a server nobody reached would prove nothing."""
    show(open_visit, shop, vector, friend)
    assert until(lambda: friend.reached(f"/{vector.name}"), meanwhile=lambda: open_visit.page.wait_for_timeout(5))


@pytest.mark.parametrize("vector", TOP_LEVEL, ids=ids(TOP_LEVEL))
def test_the_page_itself_is_not_led_away(fenced: Visit, shop: Place, elsewhere: Place, vector: Vector) -> None:
    """The navigation is refused and told, the shop's page stays, and nobody was reached."""
    fenced.notices()
    show(fenced, shop, vector, elsewhere)
    told = f"navigation to {elsewhere.pair} refused"
    assert until(lambda: told in fenced.notices(), meanwhile=fenced.settle)
    assert fenced.page.url.startswith(shop.url)
    assert 0 == elsewhere.connections


@pytest.mark.parametrize("vector", POP_UPS, ids=ids(POP_UPS))
def test_no_second_page_is_opened_elsewhere(fenced: Visit, shop: Place, elsewhere: Place, vector: Vector) -> None:
    """The pop-up is closed and told, the shop's page stays active, and nobody was reached."""
    fenced.notices()
    show(fenced, shop, vector, elsewhere)
    assert until(lambda: any("pop-up" in told for told in fenced.notices()), meanwhile=fenced.settle)
    assert [fenced.page] == fenced.context.pages
    assert fenced.page.url.startswith(shop.url)
    assert 0 == elsewhere.connections


@pytest.mark.parametrize("vector", BESIDE, ids=ids(BESIDE))
def test_nothing_beside_the_page_is_loaded_from_elsewhere(
    fenced: Visit, shop: Place, elsewhere: Place, vector: Vector
) -> None:
    """The attempt ends at the proxy, which says why, and nobody was reached."""
    show(fenced, shop, vector, elsewhere)
    journal = fenced.egress.journal
    assert until(lambda: elsewhere.pair in journal, meanwhile=lambda: fenced.page.wait_for_timeout(5))
    assert until(lambda: not journal[elsewhere.pair].allowed)
    assert "not on the public Internet" in journal[elsewhere.pair].reason
    assert 0 == elsewhere.connections
