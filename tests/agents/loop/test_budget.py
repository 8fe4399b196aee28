"""Every task ends: by turns, tokens, money or time, whichever is used up first."""

import pytest

from agents.budget import Meter
from agents.errors import BudgetSpentError
from agents.loops import END_AFTER, HINT_AFTER, Loops
from agents.terms import Budget


def test_a_turn_beyond_the_last_ends_the_task() -> None:
    """Two turns are two turns."""
    meter = Meter(Budget(turns=2), seconds=60)
    meter.turn()
    meter.turn()

    with pytest.raises(BudgetSpentError, match="2 turns"):
        meter.turn()


def test_tokens_are_counted_over_all_answers() -> None:
    """The sum counts, not the largest answer."""
    meter = Meter(Budget(input_tokens=100), seconds=60)
    meter.used(input_tokens=60, output_tokens=1, seconds=0.1)
    meter.check()
    meter.used(input_tokens=60, output_tokens=1, seconds=0.1)

    with pytest.raises(BudgetSpentError, match="input tokens"):
        meter.check()


def test_money_is_counted_by_the_configured_prices() -> None:
    """A million tokens each way cost what the settings say."""
    meter = Meter(Budget(input_tokens=10**9, usd=17, usd_per_million_input=3, usd_per_million_output=15), seconds=60)
    meter.used(input_tokens=1_000_000, output_tokens=1_000_000, seconds=1)

    assert 18 == meter.usd
    with pytest.raises(BudgetSpentError, match="US dollars"):
        meter.check()


def test_a_task_whose_time_is_over_takes_no_turn() -> None:
    """The deadline is the service's; past it nobody waits."""
    with pytest.raises(BudgetSpentError, match="seconds"):
        Meter(Budget(), seconds=0).turn()


def test_the_same_act_on_the_same_page_is_hinted_at_then_ended() -> None:
    """Twice may be right; then the model is told; then the task is over."""
    loops = Loops()
    answers = [loops.note("page-1", "left_click button Next") for _ in range(END_AFTER)]

    assert [False] * HINT_AFTER + [True] * (END_AFTER - HINT_AFTER) == [hint is not None for hint in answers]
    with pytest.raises(BudgetSpentError):
        loops.note("page-1", "left_click button Next")


def test_the_same_act_on_another_page_is_progress() -> None:
    """Every page has its own Continue button."""
    loops = Loops()

    assert [None] * 20 == [loops.note(f"page-{number}", "left_click button Continue") for number in range(20)]
