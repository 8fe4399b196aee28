"""A machine that uses the public API as anybody might, in any order, held against a model and the outside books.

Developers of two tenants, an agent worker, an operator, time and trouble at the payment provider take turns. Every
answer is compared with what the documentation says must be answered (A1 to A3, E4, E5); at the end of each run
everything comes to rest and the promises about money (M1 to M9) are judged by the sandbox's log and the shops' books.
"""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi.responses import Response
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from sqlmodel import Session

from agents import guard
from checkout.api.idempotency import Done, Idempotency, Identity
from checkout.api.requests import ConfirmCheckoutIntent
from checkout.purchase.commands import Purchases
from checkout.store.models import Intent
from tests.api.machine_agents import AgentMachine
from tests.api.machine_house import AGENT, House, house
from tests.api.machine_model import DECLINED, ENDED
from tests.faults.invariants import broken

# Rounds of a quarter of an hour until everything must have come to rest: more than any window, deadline or row of
# retries, and less than a hold.
MOST_ROUNDS = 40
ROUND_SECONDS = 900
# A step is a few requests, and a run brings everything to rest: slow by a generator's measure, on purpose.
COMMON = settings(
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
)
# What the tour meets, so that whatever else is generated, no promise is kept only because nothing happened.
MET = {
    "completed",
    "checkout_intent_expired",
    "payment_failed",
    "order_placement_failed",
    "product_out_of_stock",
    "cancelled",
    "replayed",
    "another body refused",
    "confirmed by one of four at once",
    "ordered by an agent",
    "said again",
    "taken over",
    "too late",
    "operator answered",
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


def tour() -> None:
    """Every kind of end and of repetition once, by the machine's own rules."""
    machine = WholeMachine()
    machine.keys()
    for product, token in (("sells", "tok_visa"), ("sells", DECLINED), ("price_changes", "tok_visa")):
        machine.buy(product, True, token)
    for reuse in ("new", "same", "other body"):
        machine.create("sold_out", False, reuse)
    machine.be_offered("drops_answer", True)
    machine.confirm_at_once(0, "tok_visa", same_key=False)
    machine.be_offered("limited", False)
    machine.cancel(len(machine.bought) - 1)
    # An agent that says what it did; one that orders and is never heard of again, whose order nobody can look up.
    machine.have_an_order_to_place(True)
    machine.order(0, "right", "order")
    machine.say_it_again(0)
    machine.have_an_order_to_place(False)
    machine.order(0, "right", "nothing")
    for _ in range(5):
        machine.pass_time(61)
        machine.claim(["look_up"])
        if machine._open("look_up"):
            machine.look_up(0, knows=False)
    for number in range(len(machine.bought)):
        machine.operator_answers(number)
    # One whose worker dies, is taken over by another, and speaks after everything is over.
    machine.create("agent", True, None)
    machine.work()
    machine.claim(["offer"])
    machine.pass_time(61)
    machine.claim(["offer"])
    machine.pass_time(301)
    machine.quote(0, sells=True)
    machine.forge(0, "succeed")
    machine.list_all(3)
    machine.poll(0)
    machine.teardown()


def test_any_use_of_the_api_is_answered_as_the_model_says_and_leaves_the_books_right(standing: House) -> None:
    """The bounded tier: a tour of everything, then the same generated runs every time."""
    tour()
    assert set(standing.seen) >= MET
    bounded = settings(COMMON, max_examples=10, stateful_step_count=20, derandomize=True)
    run_state_machine_as_test(WholeMachine, settings=bounded)
    print(dict(standing.seen))  # noqa: T201 (the figures people ask for)


@pytest.mark.full
@pytest.mark.timeout(7200)
def test_any_long_use_of_the_api_is_answered_as_the_model_says_and_leaves_the_books_right(standing: House) -> None:
    """The big tier: other runs every time, longer ones."""
    big = settings(COMMON, max_examples=400, stateful_step_count=60, print_blob=True)
    run_state_machine_as_test(WholeMachine, settings=big)
    print(dict(standing.seen))  # noqa: T201 (the figures people ask for)


def _find_any(self: Purchases, session: Session, _tenant: str, intent_id: str) -> Intent:
    """Mutant: whose intent it is does not matter."""
    return self.of_operator(session, intent_id)


def _once_again(self: Idempotency, _identity: Identity | None, _sent: Any, work: Callable[[Session], Done]) -> Response:
    """Mutant: what was done before is done again."""
    with self._database.transaction() as session:
        return work(session).response()


def _any_total(_: ConfirmCheckoutIntent) -> None:
    """Mutant: what the buyer agreed to is not looked at."""


def _no_differences(*_: object) -> list[str]:
    """Mutant: whatever a worker read, it is what was confirmed."""
    return []


@pytest.mark.parametrize(
    ("place", "name", "mutant"),
    [
        (Purchases, "find", _find_any),
        (Idempotency, "once", _once_again),
        (ConfirmCheckoutIntent, "agreed", _any_total),
        (guard, "differences", _no_differences),
    ],
    ids=["any tenant's", "done again", "any total", "any page"],
)
@pytest.mark.usefixtures("standing")
def test_a_service_that_breaks_a_promise_is_caught(
    monkeypatch: pytest.MonkeyPatch, place: object, name: str, mutant: object
) -> None:
    """The machine can fail: four services, each wrong in one way that a reasonable change could bring."""
    monkeypatch.setattr(place, name, mutant)
    searching = settings(
        COMMON,
        max_examples=30,
        stateful_step_count=20,
        derandomize=True,
        phases=[Phase.generate],
        report_multiple_bugs=False,
    )
    with pytest.raises((AssertionError, KeyError)):
        run_state_machine_as_test(WholeMachine, settings=searching)
