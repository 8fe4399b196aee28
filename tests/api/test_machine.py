"""A machine that uses the public API as anybody might, in any order, held against a model and the outside books.

Developers of two tenants, an agent worker, an operator, time and trouble at the payment provider take turns. Every
answer is compared with what the documentation says must be answered (A1 to A3, E4, E5); at the end of each run
everything comes to rest and the promises about money (M1 to M9) are judged by the sandbox's log and the shops' books.
"""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.api.machine_agents import AgentMachine
from tests.api.machine_house import AGENT, House, house
from tests.api.machine_model import ENDED
from tests.faults.invariants import broken

# Rounds of a quarter of an hour until everything must have come to rest: more than any window, deadline or row of
# retries, and less than a hold.
MOST_ROUNDS = 40
ROUND_SECONDS = 900
# A step is a few requests, and a run brings everything to rest: slow by a generator's measure, on purpose.
COMMON = settings(
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
# What a run must have met to be worth anything.
MET = {
    "completed",
    "checkout_intent_expired",
    "payment_failed",
    "order_placement_failed",
    "product_out_of_stock",
    "cancelled",
    "replayed",
    "confirmed by one of four at once",
    "ordered by an agent",
}


class WholeMachine(AgentMachine):
    """The machine, and how each of its runs is brought to rest and judged."""

    def teardown(self) -> None:
        """Trouble ends, the time that anything may take passes, and the books are read."""
        if not self.bought:
            return
        self.house.sandbox.faults.clear()
        for _ in range(MOST_ROUNDS):
            self._help()
            if all(self.house.intent(one.intent_id).state in ENDED for one in self.bought):
                break
            self.house.clock.advance(ROUND_SECONDS)
        for one in self.bought:
            self._read(one)
            seen = self.house.evidence(one.intent_id, one.email, may_ask=self.trouble or one.product == AGENT)
            assert [] == broken(seen, f"{one.product} paid with {one.paid_with}")
            code = (one.last.get("failureReason") or {}).get("code")
            self.house.seen[code or one.state] += 1
            if not self.trouble and (must := one.must_end()):
                assert must == (one.state, code), one.last

    def _help(self) -> None:
        """The worker looks up what is lost, and the operator answers what is asked."""
        self.house.work()
        self.claim(["look_up"])
        for task in self._open("look_up"):
            self._say(task, "succeed", self._truth(task))
        for number, one in enumerate(self.bought):
            if self.house.intent(one.intent_id).review_callback_id is not None:
                self.operator_answers(number)
        self.house.work()


@pytest.fixture
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house for a whole run: each of the machine's own runs brings new tenants into it."""
    with house(tmp_path_factory.mktemp("machine")) as stands:
        WholeMachine.house = stands
        yield stands


def test_any_use_of_the_api_is_answered_as_the_model_says_and_leaves_the_books_right(standing: House) -> None:
    """The bounded tier: the same runs every time, and they meet every end and every kind of repetition."""
    bounded = settings(COMMON, max_examples=18, stateful_step_count=20, derandomize=True)
    run_state_machine_as_test(WholeMachine, settings=bounded)
    print(dict(standing.seen))  # noqa: T201 (the figures people ask for)
    assert set(standing.seen) >= MET


@pytest.mark.full
@pytest.mark.timeout(3600)
def test_any_long_use_of_the_api_is_answered_as_the_model_says_and_leaves_the_books_right(standing: House) -> None:
    """The big tier: other runs every time, longer ones."""
    big = settings(COMMON, max_examples=400, stateful_step_count=60, print_blob=True)
    run_state_machine_as_test(WholeMachine, settings=big)
    print(dict(standing.seen))  # noqa: T201 (the figures people ask for)
    assert set(standing.seen) >= MET | {"operator answered", "taken over", "too late", "said again"}
