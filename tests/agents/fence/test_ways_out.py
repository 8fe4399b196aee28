"""Whatever a page tries, the browser talks to nobody but whom the fence allows."""

from collections.abc import Iterator

import pytest

from agents.browsing.browser import Browser, Visit
from agents.browsing.egress import Reached
from agents.browsing.fence import Fence
from tests.agents.fence.places import Place, Reply, until
from tests.agents.fence.vectors import BESIDE, POP_UPS, TOP_LEVEL, Vector


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
    visit.open(shop.url)
    if vector.click:
        visit.page.click(vector.click)
        visit.settle()


def ids(vectors: list[Vector]) -> list[str]:
    """Their names."""
    return [vector.name for vector in vectors]


@pytest.mark.parametrize("vector", TOP_LEVEL + POP_UPS, ids=ids(TOP_LEVEL + POP_UPS))
def test_each_way_elsewhere_works_where_it_is_allowed(
    open_visit: Visit, shop: Place, friend: Place, vector: Vector
) -> None:
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


def host(vector: Vector, place: Place) -> str:
    """A name of the place for this vector alone, so that each is seen to have been tried."""
    return f"{vector.name}.localhost:{place.port}"


def side_by_side(shop: Place, place: Place) -> None:
    """A page of the shop with a frame for every vector."""
    frames = "".join(f'<iframe src="/frame-{vector.name}"></iframe>' for vector in BESIDE)
    shop.pages = {"/": Reply(frames)}
    for vector in BESIDE:
        shop.pages |= vector.pages(f"http://{host(vector, place)}", at=f"/frame-{vector.name}")


@pytest.fixture(scope="module")
def reached(browser: Browser, shop: Place, friend: Place) -> Place:
    """The friend, after a visit that may go to all its names."""
    side_by_side(shop, friend)
    names = [host(vector, friend) for vector in BESIDE]
    with browser.visit(Fence(shop.url, allowed_private=[shop.pair, *names])) as visit:
        visit.open(shop.url)
        until(
            lambda: all(friend.reached(f"/{vector.name}") for vector in BESIDE),
            meanwhile=lambda: visit.page.wait_for_timeout(5),
        )
    return friend


@pytest.fixture(scope="module")
def refused(browser: Browser, shop: Place, elsewhere: Place) -> dict[str, Reached]:
    """The journal of a visit that may go to the shop only."""
    side_by_side(shop, elsewhere)
    with browser.visit(Fence(shop.url, allowed_private=[shop.pair])) as visit:
        visit.open(shop.url)
        journal = visit.egress.journal
        until(
            lambda: all(host(vector, elsewhere) in journal for vector in BESIDE),
            meanwhile=lambda: visit.page.wait_for_timeout(5),
        )
    return journal


@pytest.mark.parametrize("vector", BESIDE, ids=ids(BESIDE))
def test_what_a_page_loads_beside_itself_comes_from_where_it_is_allowed(reached: Place, vector: Vector) -> None:
    """The control: each of these makes the browser ask there."""
    assert reached.reached(f"/{vector.name}")


@pytest.mark.parametrize("vector", BESIDE, ids=ids(BESIDE))
def test_nothing_beside_the_page_is_loaded_from_elsewhere(
    refused: dict[str, Reached], elsewhere: Place, vector: Vector
) -> None:
    """The attempt ends at the proxy, which says why, and nobody was reached."""
    tried = refused[host(vector, elsewhere)]
    assert (False, 0) == (tried.allowed, tried.sent_bytes)
    assert "private network" in tried.reason
    assert 0 == elsewhere.connections
