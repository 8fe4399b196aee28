"""What must hold whatever died when: one function for each promise, judged on the outside ledgers.

The provider's money log and the shop's order book are the truth; our own rows are compared with them, never believed.
"""

from collections import Counter
from collections.abc import Callable, Sequence

from payments.ledger import Kind, unbalanced
from payments.sandbox.money_log import MoneyKind
from tests.faults.evidence import Evidence


def one_live_hold_at_most(seen: Evidence) -> None:
    """M1: at no moment are two holds of one purchase live."""
    live: set[str] = set()
    for line in seen.money:
        if line.kind is MoneyKind.HOLD:
            live.add(line.payment_intent)
        elif line.kind in (MoneyKind.CAPTURE, MoneyKind.RELEASE):
            live.discard(line.payment_intent)
        assert len(live) <= 1, f"{live} are held at once"


def nothing_captured_without_exactly_one_order(seen: Evidence) -> None:
    """M2, M4, M5: captured is what the one order cost, no more than the buyer confirmed; refunded is no more."""
    captured = seen.moved(MoneyKind.CAPTURE)
    assert len(seen.orders) <= 1, f"{len(seen.orders)} orders were placed"
    if captured:
        assert [captured] == [order["total_minor"] for order in seen.orders]
        assert seen.intent
        assert captured <= (seen.intent.offer or {})["cost"]["total"]["amount_minor"]
    assert seen.moved(MoneyKind.REFUND) <= captured


def no_order_without_a_hold_for_it(seen: Evidence) -> None:
    """M3: an order is placed only while at least its total is held."""
    for order in seen.orders:
        assert seen.moved(MoneyKind.HOLD) >= order["total_minor"]


def failed_means_nothing_happened(seen: Evidence) -> None:
    """M6: a failed purchase has no order, captured nothing, and holds nothing."""
    if seen.state == "failed":
        assert [] == list(seen.orders)
        assert 0 == seen.moved(MoneyKind.CAPTURE)
        assert seen.moved(MoneyKind.HOLD) == seen.moved(MoneyKind.RELEASE), "a failed purchase still holds money"


def completed_means_ordered_and_paid(seen: Evidence) -> None:
    """M7: a completed purchase has exactly one order, and its total was captured."""
    if seen.state == "completed":
        assert [seen.moved(MoneyKind.CAPTURE)] == [order["total_minor"] for order in seen.orders]


def it_comes_to_rest(seen: Evidence) -> None:
    """M8, M9: once the faults stop it is over; it asks an operator only if more failed than code tries."""
    if seen.asks:
        assert seen.may_ask, f"it asks: {seen.intent and seen.intent.unclear}"
    else:
        assert seen.state in ("completed", "failed"), f"it stays {seen.state}"


def the_ledger_is_the_providers(seen: Evidence) -> None:
    """M12: our double entry is balanced and says what the provider's log says; less only while an operator is asked.

    A movement whose every answer was lost is booked when somebody knows of it, and never before.
    """
    assert {} == unbalanced(seen.entries)
    for kind in (Kind.HOLD, Kind.CAPTURE, Kind.RELEASE):
        debits = (entry.amount.amount_minor for entry in seen.entries if entry.kind is kind)
        booked = sum(amount for amount in debits if amount > 0)
        told = seen.moved(MoneyKind(kind.value))
        assert told == booked or (seen.asks and told > booked), f"{kind}: the ledger says {booked}, it was {told}"


def every_mutating_call_carries_our_key(seen: Evidence) -> None:
    """M13, M14: every movement of money was asked for under a key that begins with the purchase's own."""
    for line in seen.money:
        assert seen.intent
        assert (line.idempotency_key or "").startswith(f"{seen.intent.id}:"), line


def a_finished_step_never_runs_again(seen: Evidence) -> None:
    """E1, E2, E5: no operation ends twice, and the history is numbered without gaps."""
    assert [event["EventId"] for event in seen.history] == list(range(1, len(seen.history) + 1))
    ended = Counter(
        event["Id"]
        for event in seen.history
        if event["EventType"] in ("StepSucceeded", "CallbackSucceeded")
        and not event.get("StepSucceededDetails", {}).get("RetryDetails", {}).get("NextAttemptDelaySeconds")
    )
    assert all(times == 1 for times in ended.values()), ended


def what_was_acknowledged_stands(seen: Evidence) -> None:
    """E8: a command that was answered with success is never taken back by a crash, and so never sent again."""
    assert all(times == 1 for times in seen.acknowledged.values()), "an acknowledged command was forgotten"
    if "create" in seen.acknowledged:
        assert seen.intent, "an acknowledged purchase is gone"
    if "confirm" in seen.acknowledged:
        assert seen.state not in ("retrieving_offer", "awaiting_confirmation"), "an acknowledged yes is forgotten"


def no_secret_in_the_history(seen: Evidence) -> None:
    """E10: the buyer's token and the merchant's credential are in no history."""
    for secret in seen.secrets:
        assert secret not in seen.told


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
    what_was_acknowledged_stands,
    no_secret_in_the_history,
)

# Those that hold at every moment, and so of a run too that another run goes on.
ALWAYS = (
    one_live_hold_at_most,
    no_order_without_a_hold_for_it,
    every_mutating_call_carries_our_key,
    a_finished_step_never_runs_again,
    what_was_acknowledged_stands,
    no_secret_in_the_history,
)


def broken(seen: Evidence, story: str, promises: Sequence[Callable[[Evidence], None]] = ALL) -> list[str]:
    """The promises these books break, in words."""
    found = []
    for holds in promises:
        try:
            holds(seen)
        except AssertionError as why:
            found.append(f"{holds.__name__}: {why} [{story or 'no fault'}]")
    return found
