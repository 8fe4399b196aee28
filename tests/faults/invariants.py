"""What must hold whatever died when: one function for each promise, judged on the outside ledgers.

The sandbox's money log and the shop's order book are the truth; our own rows are compared with them, never believed.
"""

import json
from collections import Counter

from checkout.purchase import books
from payments.ledger import Kind, unbalanced
from payments.sandbox.money_log import MoneyKind
from tests.faults.world import QUICK, World


def one_live_hold_at_most(world: World) -> None:
    """M1: at no moment are two holds of one purchase live."""
    live: set[str] = set()
    for line in world.sandbox.money:
        if line.kind is MoneyKind.HOLD:
            live.add(line.payment_intent)
        elif line.kind in (MoneyKind.CAPTURE, MoneyKind.RELEASE):
            live.discard(line.payment_intent)
        assert len(live) <= 1, f"{live} are held at once"


def nothing_captured_without_exactly_one_order(world: World) -> None:
    """M2, M4: what was captured is what the one order cost, and no more than the buyer confirmed."""
    captured, orders = moved(world, MoneyKind.CAPTURE), world.shop.books.orders.all()
    assert len(orders) <= 1, f"{len(orders)} orders were placed"
    if captured:
        assert [captured] == [order["total_minor"] for order in orders]
        assert captured <= (world.intent().offer or {})["cost"]["total"]["amount_minor"]


def no_order_without_a_hold_for_it(world: World) -> None:
    """M3: an order is placed only while at least its total is held."""
    for order in world.shop.books.orders.all():
        assert moved(world, MoneyKind.HOLD) >= order["total_minor"]


def failed_means_nothing_happened(world: World) -> None:
    """M6: a failed purchase has no order, captured nothing, and holds nothing."""
    if world.intent().state == "failed":
        assert [] == list(world.shop.books.orders.all())
        assert 0 == moved(world, MoneyKind.CAPTURE)
        assert moved(world, MoneyKind.HOLD) == moved(world, MoneyKind.RELEASE), "a failed purchase still holds money"


def completed_means_ordered_and_paid(world: World) -> None:
    """M7: a completed purchase has exactly one order, and its total was captured."""
    if world.intent().state == "completed":
        orders = world.shop.books.orders.all()
        assert [moved(world, MoneyKind.CAPTURE)] == [order["total_minor"] for order in orders]


def it_comes_to_rest(world: World) -> None:
    """M8, M9: once the faults stop it is over; it asks an operator only if more failed than code tries."""
    intent = world.intent()
    if intent.review_since is not None:
        faults = sum(1 for choice in world.oracle.choices if choice.taken)
        assert faults >= min(QUICK.look_up_attempts, QUICK.money_attempts), f"it asks: {intent.unclear}"
    else:
        assert intent.state in ("completed", "failed"), f"it stays {intent.state}"


def the_ledger_is_the_providers(world: World) -> None:
    """M12: our double entry is balanced and says what the sandbox's log says; less only while an operator is asked.

    A movement whose every answer was lost is booked when somebody knows of it, and never before.
    """
    asks = world.intent().review_since is not None
    with world.database.read() as session:
        entries = books.entries_of(session, str(world.intent_id))
    assert {} == unbalanced(entries)
    for kind in (Kind.HOLD, Kind.CAPTURE, Kind.RELEASE):
        debits = (entry.amount.amount_minor for entry in entries if entry.kind is kind)
        booked = sum(amount for amount in debits if amount > 0)
        told = moved(world, MoneyKind(kind.value))
        assert told == booked or (asks and told > booked), f"{kind}: the ledger says {booked}"


def every_mutating_call_carries_our_key(world: World) -> None:
    """M13, M14: every movement of money was asked for under a key that begins with the purchase's own."""
    for line in world.sandbox.money:
        assert (line.idempotency_key or "").startswith(f"{world.intent_id}:"), line


def a_finished_step_never_runs_again(world: World) -> None:
    """E1, E2: no operation ends twice, and the history is numbered without gaps."""
    history = world.history()
    assert [event["EventId"] for event in history] == list(range(1, len(history) + 1))
    ended = Counter(
        event["Id"]
        for event in history
        if event["EventType"] in ("StepSucceeded", "CallbackSucceeded")
        and not event.get("StepSucceededDetails", {}).get("RetryDetails", {}).get("NextAttemptDelaySeconds")
    )
    assert all(times == 1 for times in ended.values()), ended


def no_secret_in_the_history(world: World) -> None:
    """E10: the buyer's token and the merchant's credential are in no history."""
    told = json.dumps(world.history(), default=str)
    assert world.pays_with not in told
    assert "success_token" not in told


ALL = (
    one_live_hold_at_most,
    nothing_captured_without_exactly_one_order,
    no_order_without_a_hold_for_it,
    failed_means_nothing_happened,
    completed_means_ordered_and_paid,
    it_comes_to_rest,
    the_ledger_is_the_providers,
    every_mutating_call_carries_our_key,
    a_finished_step_never_runs_again,
    no_secret_in_the_history,
)

# Those that hold at every moment, and so of a run too that another run goes on.
ALWAYS = (
    one_live_hold_at_most,
    no_order_without_a_hold_for_it,
    every_mutating_call_carries_our_key,
    a_finished_step_never_runs_again,
    no_secret_in_the_history,
)


def moved(world: World, kind: MoneyKind) -> int:
    """What the sandbox's log says was moved in this way, in minor units."""
    return sum(line.amount_minor for line in world.sandbox.money if line.kind is kind)
