"""Every sequence of faults and crashes in a purchase, judged by the shop's book and the sandbox's money log.

What a boundary may do is told apart only where it makes a difference: a crash before a call equals one after whatever
came before it, a lost read equals a refused one, and a commit that a crash prevented equals a crash before it.
"""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from checkout.purchase.saga import purchase
from merchants.demo.goods import Behaviour
from tests.faults.enumerated import shared_out, violations
from tests.faults.invariants import broken
from tests.faults.mutants import BlindRefund, BlindRetry, HastyDatabase, any_token_is_good, handler
from tests.faults.oracle import COMMIT, Oracle
from tests.faults.world import CLOCK_JUMPS, DATABASE_FAILS, FREEZES, NOTHING, World

STEALTHY = {
    "declined card": ("tok_chargeDeclined", Behaviour.SELLS),
    "declined order": ("tok_visa", Behaviour.DECLINES),
}


MORE = {"freezes": FREEZES, "database": DATABASE_FAILS, "clock": CLOCK_JUMPS}


@pytest.mark.timeout(900)
def test_no_sequence_of_three_faults_breaks_a_promise() -> None:
    """Crashes, lost requests and lost answers, at every boundary, in every pair and triple: nothing goes wrong."""
    found, tally = shared_out(3)
    assert [] == found
    assert tally.runs > 1000


@pytest.mark.timeout(300)
@pytest.mark.parametrize("more", list(MORE.values()), ids=list(MORE))
def test_nothing_else_that_happens_once_breaks_a_promise(more: Mapping[str, tuple[str, ...]]) -> None:
    """A process freezes past its lease and goes on; the database refuses or does not say; the clock jumps."""
    found, tally = violations(1, more=more)
    assert [] == found
    assert tally.runs > 50


@pytest.mark.full
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("more", list(MORE.values()), ids=list(MORE))
def test_nothing_else_with_one_more_fault_breaks_a_promise(more: Mapping[str, tuple[str, ...]]) -> None:
    """Who takes over fails too, or freezes too."""
    found, _ = violations(2, more=more)
    assert [] == found


@pytest.mark.full
@pytest.mark.timeout(7200)
def test_no_sequence_of_five_faults_breaks_a_promise() -> None:
    """A quarter of an hour on two cores."""
    found, _ = shared_out(5)
    assert [] == found


def test_no_single_fault_breaks_a_purchase_whose_steps_start_in_commits_of_their_own() -> None:
    """A slow machine writes a step's start before its end; a crash between the two is a crash of its own."""
    found, _ = violations(1, together=False)
    assert [] == found


@pytest.mark.parametrize(("pays_with", "behaviour"), STEALTHY.values(), ids=STEALTHY.keys())
def test_no_single_fault_breaks_a_purchase_that_fails_anyway(pays_with: str, behaviour: Behaviour) -> None:
    """A decline in the middle of a fault is still a decline, and nothing is held afterwards."""
    found, _ = violations(1, pays_with=pays_with, behaviour=behaviour)
    assert [] == found


@pytest.mark.parametrize(
    "behaviour", [Behaviour.DROPS_ANSWER, Behaviour.STALLS, Behaviour.COMPLETES_LATER, Behaviour.PRICE_CHANGES]
)
def test_no_single_fault_on_top_of_a_difficult_shop_breaks_a_promise(behaviour: Behaviour) -> None:
    """The shop loses its answer, stalls, completes the order later or raises its price, and something else fails."""
    found, _ = violations(1, behaviour=behaviour)
    assert [] == found


@pytest.mark.parametrize("kind", [BlindRetry, BlindRefund])
def test_a_purchase_that_guesses_is_caught(kind: type[Any]) -> None:
    """The invariants notice a purchase that places again, and one that refunds without looking, within one fault."""
    guessing: Callable[..., Any] = handler(kind)
    found, _ = violations(1, purchase=guessing, most=1)
    assert found


def test_a_database_that_acknowledges_before_it_commits_is_caught() -> None:
    """Group commit that answers first: an acknowledged purchase is gone after a crash."""
    found, _ = violations(1, mortal=HastyDatabase, most=1)
    assert any("acknowledged" in one for one in found)


@pytest.mark.timeout(300)
def test_a_service_that_ignores_its_fencing_tokens_is_caught() -> None:
    """A process that froze past its lease writes over whoever took over, as soon as both have committed."""
    with any_token_is_good():
        found, _ = violations(2, usual=NOTHING, more={COMMIT: FREEZES[COMMIT]}, most=1)
    assert found


def test_the_purchase_without_faults_completes() -> None:
    """The run with every choice at its first alternative is the purchase as it should be."""
    world = World(Oracle(prefix=[], faults=0, seen={}), purchase=purchase)
    world.run()
    seen = world.evidence()
    assert "completed" == seen.state
    assert [] == broken(seen, "")
    world.database.close()
