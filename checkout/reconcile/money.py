"""One purchase's money: our ledger beside what the provider says of its payments. Pure; nothing is read here.

Of a purchase that is still under way only what can never be right is a finding: a wrong currency, a payment nobody
knows, a movement whose halves differ. Amounts are judged once it has ended, because until then one side may be ahead.
"""

from collections.abc import Callable, Collection, Iterator, Sequence

from checkout.reconcile.findings import Code, Finding
from checkout.reconcile.purchases import Purchase
from payments import ledger
from payments.books import BookedPayment
from payments.ledger import Difference, Entry
from payments.money import Money

_CODES: dict[str, Callable[[Difference], Code]] = {
    "held": lambda _: Code.HOLD_DIFFERS,
    "captured": lambda _: Code.CAPTURE_DIFFERS,
    "refunded": lambda one: Code.REFUND_MISSING if _less(one.provider, one.ledger) else Code.REFUND_UNKNOWN,
}


def judge(purchase: Purchase, booked: Sequence[BookedPayment], missing: Collection[str]) -> Iterator[Finding]:
    """Everything that differs. `booked` are its payments at the provider, `missing` those that are not there."""
    for movement_id, left in ledger.unbalanced(purchase.entries).items():
        yield found(purchase, Code.LEDGER_UNBALANCED, f"movement {movement_id} leaves {left} minor units")
    for payment_id in sorted(missing):
        if any(entry.payment_id == payment_id for entry in purchase.entries):
            yield found(purchase, Code.PAYMENT_MISSING, f"the provider knows no {payment_id}", payment_id=payment_id)
    for one in booked:
        yield from _payment(purchase, one)


def kept(purchase: Purchase, booked: Sequence[BookedPayment]) -> int:
    """What the provider took for this purchase and did not give back, in minor units."""
    own = [one.payment for one in booked if one.payment.payment_id in purchase.payment_ids]
    return sum(payment.captured.amount_minor - payment.refunded.amount_minor for payment in own)


def found(purchase: Purchase, code: Code, says: str, **named: str | None) -> Finding:
    """A finding about a purchase."""
    return Finding(code=code, says=says, intent_id=purchase.intent_id, tenant=purchase.tenant, **named)


def _payment(purchase: Purchase, one: BookedPayment) -> Iterator[Finding]:
    payment, name = one.payment, one.payment.payment_id
    ours = [entry for entry in purchase.entries if entry.payment_id == name]
    if name not in purchase.payment_ids:
        if one.moved:
            paid = purchase.payment_id or "nothing"
            says = f"{name} names this purchase, which paid with {paid}: {_written(one)}"
            code = Code.HOLD_AFTER_END if purchase.ended and payment.held.amount_minor else Code.PAYMENT_UNKNOWN
            yield found(purchase, code, says, payment_id=name, theirs=_written(one))
        return
    if other := _other_currency(ours, payment.held.currency):
        says = f"our ledger is in {other}, the payment in {payment.held.currency}"
        yield found(purchase, Code.CURRENCY_DIFFERS, says, payment_id=name, ours=other, theirs=payment.held.currency)
        return
    if one.balance is not None and one.balance != payment.captured:
        says = f"captured {payment.captured}, booked {one.balance} on the balance"
        yield found(purchase, Code.BALANCE_DIFFERS, says, payment_id=name, theirs=str(one.balance))
    if not purchase.ended:
        return
    if payment.held.amount_minor:
        says = f"the purchase is {purchase.state}, and {payment.held} is still held"
        yield found(purchase, Code.HOLD_AFTER_END, says, payment_id=name, theirs=str(payment.held))
    for difference in ledger.reconcile(ours, [payment]):
        if difference.what == "held" and payment.held.amount_minor:
            continue  # said above
        says = f"{difference.what}: our ledger says {difference.ledger}, the provider {difference.provider}"
        sides = {"ours": str(difference.ledger), "theirs": str(difference.provider)}
        yield found(purchase, _CODES[difference.what](difference), says, payment_id=name, **sides)


def _other_currency(entries: Sequence[Entry], currency: str) -> str | None:
    return next((entry.amount.currency for entry in entries if entry.amount.currency != currency), None)


def _less(provider: Money | None, ours: Money | None) -> bool:
    return (provider.amount_minor if provider else 0) < (ours.amount_minor if ours else 0)


def _written(one: BookedPayment) -> str:
    payment = one.payment
    return f"held {payment.held}, captured {payment.captured}, paid back {payment.refunded}"
