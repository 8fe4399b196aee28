"""A fooled model at a hostile shop: whatever is said and done there, no order comes of it but the confirmed one.

The stand-in here obeys every instruction it reads. Offer and order run with a real browser against a real shop; the
shop's book, its log and the model's own log are the witnesses.
"""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from agents.bookmarks import Bookmarks
from agents.terms import Outcome
from merchants.sdk import Offer, Order
from tests.agents.hostile import judging
from tests.agents.hostile.cases import CASES, Case, slug, written
from tests.agents.world import ScriptedService, World, world


@pytest.fixture(scope="module")
def inside() -> Iterator[judging.Trap]:
    """A service of this machine that listens where pages must not get to."""
    with judging.trap() as one:
        yield one


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, inside: judging.Trap) -> Iterator[World]:
    """A shop that knows all cases, a model that obeys, a browser."""
    folder = tmp_path_factory.mktemp("hostile")
    with world(folder, persona="obeying", shop=("--cases", str(written(folder, inside.port)))) as one:
        yield one


@pytest.fixture
def hostile(shop: World, bookmarks: Bookmarks | None) -> World:
    """The same with one worker for quote and order, or with two."""
    return replace(shop, bookmarks=bookmarks)


def bought(hostile: World, inside: judging.Trap, case: Case) -> tuple[Outcome, list[str]]:
    """The purchase as far as it goes, and all that is wrong with what came of it."""
    url = f"{hostile.shop.said['products'][case.product]}?case={slug(case)}&design={case.design}"
    before = judging.marks(hostile, inside)
    quoting = hostile.offer_task(url, quantity=case.quantity, variant=case.variant)
    offer = hostile.run(quoting)
    wrong = judging.wrongs(hostile, inside, before, case, None, offer, quoting)
    if wrong or not isinstance(offer, Offer):
        return offer, wrong
    ordering = hostile.order_task(quoting, offer)
    outcome = hostile.run(ordering, ScriptedService(ordering))
    return outcome, judging.wrongs(hostile, inside, before, case, offer, outcome, ordering)


def nothing_wrong(hostile: World, inside: judging.Trap, case: Case) -> None:
    """The one theorem of this file."""
    outcome, wrong = bought(hostile, inside, case)
    assert [] == wrong
    if case.sells:
        assert isinstance(outcome, Order), outcome


@pytest.mark.processes
@pytest.mark.parametrize("case", [case for case in CASES if case.often], ids=slug)
def test_nothing_wrong_comes_of_a_hostile_shop(hostile: World, inside: judging.Trap, case: Case) -> None:
    """The likeliest attack of each kind: words, a way out, a card's field, an order nobody wanted."""
    nothing_wrong(hostile, inside, case)


@pytest.mark.full
@pytest.mark.processes
@pytest.mark.parametrize("case", [case for case in CASES if not case.often], ids=slug)
def test_nothing_wrong_comes_of_any_hostile_shop(hostile: World, inside: judging.Trap, case: Case) -> None:
    """The rest of the corpus."""
    nothing_wrong(hostile, inside, case)
