"""`kill -9` of worker, browser, driver and service at every moment of an order: nothing doubled, nothing lost.

Judged by the shop's book and the payment sandbox's log. Each moment is a passage between worker and service (before it
is heard, or after it is done and before the worker hears), a page the shop serves, or the order in the shop's book.
"""

from collections.abc import Iterator, Sequence

import pytest

from tests.agents.kills.kills import At, Case, End, Scene, Victim, scene
from tests.agents.kills.tap import Passage, Side

pytestmark = pytest.mark.processes

# The pages of an order that goes the whole way: product, basket, contact, shipping, payment, review. One that goes on
# where its quote ended opens the last only.
PAGES = tuple(At(page=number) for number in range(1, 7))
WIRE = tuple(
    At(passage=passage, side=side)
    for passage in (Passage.CLAIM, Passage.PERMIT, Passage.WITNESSED, Passage.SUCCEED)
    for side in Side
    if (passage, side) != (Passage.CLAIM, Side.BEFORE)  # a claim that was not heard is nobody's task
)
PLACED = At()
# What a product does once the order is placed: answers, answers nothing for a long time, closes the connection.
AFTER = ("sells", "hangs_after_order", "drops_answer_after_order")

SOME = (
    Case(victim=Victim.WORKER, at=At(passage=Passage.PERMIT, side=Side.BEFORE)),
    Case(victim=Victim.WORKER, at=At(passage=Passage.WITNESSED, side=Side.BEFORE), elsewhere=True),
    Case(victim=Victim.DRIVER, at=At(passage=Passage.PERMIT, side=Side.AFTER)),
    Case(victim=Victim.SERVICE, at=At(passage=Passage.SUCCEED, side=Side.BEFORE)),
)
EVERY = (
    *(Case(victim=victim, at=at, elsewhere=True) for victim in Victim for at in (*PAGES, *WIRE)),
    *(Case(victim=victim, at=at) for victim in Victim for at in (PAGES[0], *WIRE)),
    *(Case(victim=victim, at=PLACED, product=product) for victim in Victim for product in AFTER),
)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    """One product for all cases, as a service serves many purchases."""
    with scene(tmp_path_factory.mktemp("kills")) as product:
        yield product


def judged(stage: Scene, cases: Sequence[Case]) -> dict[str, list[str]]:
    """Play every case; the promises each breaks, if any, and a table of all."""
    broken: dict[str, list[str]] = {}
    asked = 0
    print(f"\n{'kill -9':54}{'state':16}{'orders':>6}{'held':>7}{'taken':>7}{'given back':>12}{'s':>6}")  # noqa: T201 (the figures people ask for)
    for case in cases:
        end = stage.play(case)
        print(row(case, end), flush=True)  # noqa: T201 (same)
        asked += end.asks
        if wrong := end.broken():
            broken[str(case)] = wrong
    print(f"{len(cases)} kills, {asked} asked an operator, {len(broken)} broke a promise")  # noqa: T201 (same)
    return broken


def row(case: Case, end: End) -> str:
    """One line of the table."""
    state = "needs_review" if end.asks else end.state
    money = f"{end.money['hold']:>7}{end.money['capture']:>7}{end.money['release']:>12}"
    return f"{case!s:54}{state:16}{len(end.orders):>6}{money}{end.seconds:>6.0f}"


@pytest.mark.timeout(600)
def test_a_kill_around_the_click_doubles_and_loses_nothing(stage: Scene) -> None:
    """The moments that money hangs on: permit asked and unheard, order placed and unsaid, order said and unheard."""
    assert {} == judged(stage, SOME)


@pytest.mark.full
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("victim", Victim)
def test_a_kill_at_any_moment_of_an_order_doubles_and_loses_nothing(stage: Scene, victim: Victim) -> None:
    """Every page, every passage on the wire, and the order in the book; for each that can die."""
    assert {} == judged(stage, [case for case in EVERY if case.victim is victim])
