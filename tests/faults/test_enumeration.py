"""Every sequence of faults and crashes in a purchase, judged by the shop's book and the sandbox's money log.

What a boundary may do is told apart only where it makes a difference: a crash before a call equals one after whatever
came before it, a lost read equals a refused one, and a commit that a crash prevented equals a crash before it.
"""

import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from checkout.purchase.saga import purchase
from merchants.demo.goods import Behaviour
from tests.faults.invariants import ALL, ALWAYS
from tests.faults.mutants import BlindRefund, BlindRetry, handler
from tests.faults.oracle import Oracle, Tally, sequences
from tests.faults.steady import steady
from tests.faults.world import World

STEALTHY = {
    "declined card": ("tok_chargeDeclined", Behaviour.SELLS),
    "declined order": ("tok_visa", Behaviour.DECLINES),
}


# Runs that never come by their prefix's way, of all: none is expected, and a few are no reason to stop a build.
MOST_UNSTABLE = 0.005


def violations(faults: int, *, most: int | None = None, together: bool = True, **world: Any) -> tuple[list[str], Tally]:
    """Run every sequence; each broken promise, with the story that broke it."""
    tally, broken = Tally(), []
    begun = time.monotonic()

    def run(oracle: Oracle) -> None:
        stage = World(oracle, **world)
        try:
            stage.run()
            if not oracle.strayed:
                broken.extend(judged(stage, ALWAYS if oracle.cut else ALL))
        finally:
            stage.database.close()

    with steady(together=together):
        for _ in sequences(faults, run, tally):
            if most is not None and len(broken) >= most:
                break
    print(f"\nat most {faults} faults: {tally}, {len(broken)} violations, {time.monotonic() - begun:.0f} s")  # noqa: T201 (the figure people ask for)
    assert tally.unstable <= tally.runs * MOST_UNSTABLE, f"too many runs cannot be repeated: {tally}"
    return broken, tally


def judged(world: World, promises: Sequence[Callable[[World], None]] = ALL) -> list[str]:
    """The promises this world breaks, in words."""
    found = []
    for holds in promises:
        try:
            holds(world)
        except AssertionError as broken:
            found.append(f"{holds.__name__}: {broken} [{world.oracle.story() or 'no fault'}]")
    return found


@pytest.mark.timeout(900)
def test_no_sequence_of_two_faults_breaks_a_promise() -> None:
    """Crashes, lost requests and lost answers, at every boundary and in every pair: nothing is charged wrongly."""
    broken, tally = violations(2)
    assert [] == broken
    assert tally.runs > 100


def test_no_single_fault_breaks_a_purchase_whose_steps_start_in_commits_of_their_own() -> None:
    """A slow machine writes a step's start before its end; a crash between the two is a crash of its own."""
    broken, _ = violations(1, together=False)
    assert [] == broken


@pytest.mark.parametrize(("pays_with", "behaviour"), STEALTHY.values(), ids=STEALTHY.keys())
def test_no_single_fault_breaks_a_purchase_that_fails_anyway(pays_with: str, behaviour: Behaviour) -> None:
    """A decline in the middle of a fault is still a decline, and nothing is held afterwards."""
    broken, _ = violations(1, pays_with=pays_with, behaviour=behaviour)
    assert [] == broken


@pytest.mark.parametrize(
    "behaviour", [Behaviour.DROPS_ANSWER, Behaviour.STALLS, Behaviour.COMPLETES_LATER, Behaviour.PRICE_CHANGES]
)
def test_no_single_fault_on_top_of_a_difficult_shop_breaks_a_promise(behaviour: Behaviour) -> None:
    """The shop loses its answer, stalls, completes the order later or raises its price, and something else fails."""
    broken, _ = violations(1, behaviour=behaviour)
    assert [] == broken


@pytest.mark.parametrize("kind", [BlindRetry, BlindRefund])
def test_a_purchase_that_guesses_is_caught(kind: type[Any]) -> None:
    """The invariants notice a purchase that places again, and one that refunds without looking, within one fault."""
    guessing: Callable[..., Any] = handler(kind)
    broken, _ = violations(1, purchase=guessing, most=1)
    assert broken


@pytest.mark.full
@pytest.mark.timeout(3600)
def test_no_sequence_of_three_faults_breaks_a_promise() -> None:
    """The exhaustive tier."""
    broken, _ = violations(3)
    assert [] == broken


def test_the_purchase_without_faults_completes() -> None:
    """The run with every choice at its first alternative is the purchase as it should be."""
    world = World(Oracle(prefix=[], faults=0, seen={}), purchase=purchase)
    world.run()
    assert "completed" == world.intent().state
    assert [] == judged(world)
    world.database.close()
