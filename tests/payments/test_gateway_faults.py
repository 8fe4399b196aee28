"""Every fault at every call, one by one and in pairs: money moves as if nothing had gone wrong, or nobody says it did.

A caller here does what the purchase does: it asks again, with the same key, while the outcome is Unknown. The sandbox's
money log is what happened.
"""

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

import pytest

from payments.gateway import Captured, Declined, Held, Prepared, Released, Unknown
from payments.money import Money
from payments.sandbox.faults import Fault
from tests.payments.rig import VISA, Rig, asked

T = TypeVar("T")
ASKS = 6
FAULTS = [
    Fault(kind="before"),
    Fault(kind="after"),
    Fault(kind="409"),
    Fault(kind="409", should_retry=False),
    Fault(kind="429"),
    Fault(kind="500"),
    Fault(kind="500", should_retry=True),
    Fault(kind="500", executed=True),
    Fault(kind="500", remembered=True, should_retry=False),
    Fault(kind="500", executed=True, remembered=True),
    Fault(kind="hang", seconds=3),
]
# What the money log must say in the end, and how many calls it takes when all goes well.
STORIES: dict[str, tuple[Callable[[Rig], object], list[tuple[str, int]]]] = {}


def story(*money: tuple[str, int]) -> Callable[[Callable[[Rig], object]], Callable[[Rig], object]]:
    """Register a story with the money it must move."""

    def register(tell: Callable[[Rig], object]) -> Callable[[Rig], object]:
        STORIES[tell.__name__] = (tell, list(money))
        return tell

    return register


def settled(ask: Callable[[], T | Unknown]) -> T:
    """The outcome, asked for again while it is unknown."""
    for _ in range(ASKS):
        outcome = ask()
        if not isinstance(outcome, Unknown):
            return outcome
    raise AssertionError(f"never settled: {outcome}")


def prepare(rig: Rig, token: str = VISA) -> Prepared:
    """Prepare, however often it takes."""
    prepared = settled(lambda: rig.gateway.prepare(asked(token), key="ci:prepare"))
    assert isinstance(prepared, Prepared), prepared
    return prepared


def hold(rig: Rig) -> str:
    """Hold, however often it takes."""
    prepared = prepare(rig)
    held = settled(lambda: rig.gateway.hold(prepared, key="ci:hold"))
    assert isinstance(held, Held), held
    return held.payment_id


@story(("hold", 2646), ("capture", 2000), ("release", 646))
def buy(rig: Rig) -> None:
    """Hold, and capture a part."""
    payment_id = hold(rig)
    captured = settled(lambda: rig.gateway.capture(payment_id, Money(2000, "USD"), key="ci:capture"))
    assert Captured(payment_id=payment_id, amount=Money(2000, "USD")) == captured


@story(("hold", 2646), ("release", 2646))
def give_back(rig: Rig) -> None:
    """Hold, and release."""
    payment_id = hold(rig)
    released = settled(lambda: rig.gateway.release(payment_id, key="ci:release"))
    assert Released(payment_id=payment_id, released=Money(2646, "USD")) == released


@story(("hold", 2646), ("capture", 2000), ("release", 646), ("refund", 2000))
def buy_and_return(rig: Rig) -> None:
    """Hold, capture a part, and release."""
    payment_id = hold(rig)
    settled(lambda: rig.gateway.capture(payment_id, Money(2000, "USD"), key="ci:capture"))
    released = settled(lambda: rig.gateway.release(payment_id, key="ci:release"))
    assert Money(2000, "USD") == released.refunded


@story(("decline", 2646))
def declined(rig: Rig) -> None:
    """A refused card, released all the same."""
    prepared = prepare(rig, "tok_chargeDeclinedInsufficientFunds")
    outcome = settled(lambda: rig.gateway.hold(prepared, key="ci:hold"))
    assert isinstance(outcome, Declined)
    assert "insufficient_funds" == outcome.code
    assert Released(payment_id=prepared.payment_id) == settled(
        lambda: rig.gateway.release(prepared.payment_id, key="ci:release")
    )


def calls_without_faults(name: str) -> int:
    """How many calls a story makes when all goes well."""
    rig = Rig()
    STORIES[name][0](rig)
    return len(rig.sent)


def violations(name: str, faults: Sequence[tuple[int, Fault]]) -> Iterator[str]:
    """What a story did wrong with these faults."""
    rig = Rig(faults_at=dict(faults))
    tell, money = STORIES[name]
    where = f"{name} with {[(at, fault.kind) for at, fault in faults]}"
    try:
        tell(rig)
    except AssertionError as wrong:
        yield f"{where}: {wrong}"
    if rig.money() != money:
        yield f"{where}: moved {rig.money()}"
    bodies: dict[str | None, set[tuple[str, str]]] = defaultdict(set)
    for request in rig.sent:
        if request.method == "POST":
            bodies[request.idempotency_key].add((request.path, request.body))
    for key, used_for in bodies.items():
        if key is None or not key.startswith("ci:"):
            yield f"{where}: a call left without our key: {used_for}"
        if len(used_for) > 1:
            yield f"{where}: the key {key} had several bodies"


@pytest.mark.parametrize("name", STORIES)
def test_one_fault_anywhere_changes_no_movement_of_money(name: str) -> None:
    """Every fault at every call of every story, reads and repeats included."""
    wrong = [
        said
        for at in range(calls_without_faults(name) + 3)
        for fault in FAULTS
        for said in violations(name, [(at, fault)])
    ]
    assert [] == wrong


@pytest.mark.full
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", STORIES)
def test_two_faults_anywhere_change_no_movement_of_money(name: str) -> None:
    """Every pair of faults: a definite failure after an unknown attempt is where one fault is not enough."""
    places = range(calls_without_faults(name) + 3)
    wrong = [
        said
        for first, second in itertools.combinations(places, 2)
        for one, other in itertools.product(FAULTS, repeat=2)
        for said in violations(name, [(first, one), (second, other)])
    ]
    assert [] == wrong


@pytest.mark.parametrize("kind", ["before", "after"])
def test_a_provider_out_of_reach_leaves_the_outcome_unknown(kind: str) -> None:
    """While nothing can be read back, nothing is concluded: neither held nor declined nor released."""
    rig = Rig()
    prepared = rig.prepared()
    rig.sandbox.faults.add(Fault.model_validate({"kind": kind, "times": 50}))
    assert isinstance(rig.gateway.hold(prepared, key="ci:hold"), Unknown)
    assert isinstance(rig.gateway.capture(prepared.payment_id, Money(1, "USD"), key="ci:capture"), Unknown)
    assert isinstance(rig.gateway.release(prepared.payment_id, key="ci:release"), Unknown)
    assert isinstance(rig.gateway.read(prepared.payment_id), Unknown)


def test_a_refusal_after_an_unknown_attempt_is_read_back_not_believed() -> None:
    """A hold whose answer was lost, and whose repeat is refused, is still a hold."""
    rig = Rig()
    prepared = rig.prepared()
    rig.sandbox.faults.add(Fault(kind="after", method="POST"))
    rig.sandbox.faults.add(Fault(kind="before", method="GET"))
    assert isinstance(rig.gateway.hold(prepared, key="ci:hold"), Unknown)
    rig.clock.advance(hours=25)  # the key is forgotten, so the repeat is refused: the payment is held already
    assert isinstance(rig.gateway.hold(prepared, key="ci:hold"), Held)
    assert [("hold", 2646)] == rig.money()


def test_a_lost_capture_is_never_answered_by_a_second_amount() -> None:
    """What was really taken is the answer, even where something else is asked for afterwards."""
    rig = Rig()
    held = rig.held()
    rig.sandbox.faults.add(Fault(kind="after", method="POST"))
    rig.sandbox.faults.add(Fault(kind="before", method="GET"))
    assert isinstance(rig.gateway.capture(held.payment_id, Money(2000, "USD"), key="ci:capture"), Unknown)
    captured = rig.gateway.capture(held.payment_id, Money(1500, "USD"), key="ci:capture")
    assert Captured(payment_id=held.payment_id, amount=Money(2000, "USD")) == captured


def test_no_call_is_started_that_could_outlive_its_owner() -> None:
    """Once the time for a gateway call is used up, it ends as unknown instead of sending more."""
    rig = Rig()
    prepared = rig.prepared()
    moments = iter([0.0, 0.0, 8.0, 9.0, 9.0, 9.0])
    slow = type(rig.gateway)(client=rig.gateway.client, http_client=rig.client, now=lambda: next(moments, 13.0))
    rig.sandbox.faults.add(Fault(kind="before", method="POST"))
    before = len(rig.sent)
    assert isinstance(slow.hold(prepared, key="ci:hold"), Unknown)
    assert ["POST", "GET"] == [request.method for request in rig.sent[before:]]


@pytest.mark.parametrize("kind", ["before", "409", "429", "500"])
def test_a_call_that_was_not_executed_is_sent_once_more_at_once(kind: str) -> None:
    """Nobody has to ask twice for one lost call: it is read back as not done, and sent again with the same key."""
    rig = Rig()
    prepared = rig.prepared()
    rig.sandbox.faults.add(Fault.model_validate({"kind": kind, "method": "POST"}))
    assert isinstance(rig.gateway.hold(prepared, key="ci:hold"), Held)
    assert ["ci:hold:confirm"] * 2 == [request.idempotency_key for request in rig.sent if "confirm" in request.path]


def test_a_definite_failure_after_an_unknown_attempt_is_unknown() -> None:
    """The lost attempt may still arrive, so the refusal of the second concludes nothing; a first-hand one does."""
    rig = Rig()
    prepared = Prepared(payment_id=rig.prepared().payment_id, payment_method_id="pm_unheard_of")
    rig.sandbox.faults.add(Fault(kind="before", method="POST"))
    assert isinstance(rig.gateway.hold(prepared, key="ci:hold"), Unknown)
    assert isinstance(rig.gateway.hold(prepared, key="ci:hold"), Declined)
