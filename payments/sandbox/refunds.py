"""Refunds: what was captured and not yet on its way back can be refunded, and nothing else.

A refund may stay pending, and one that had succeeded may fail later; then the money is the merchant's again.
"""

from datetime import timedelta

from payments.sandbox import params
from payments.sandbox.cards import RefundFate
from payments.sandbox.charges import Charge
from payments.sandbox.errors import ParameterError, RefusedError
from payments.sandbox.money_log import MoneyKind
from payments.sandbox.objects import Intent, Refund
from payments.sandbox.world import World

# How long the sandbox's banks take over a refund that is not settled at once.
SETTLES_AFTER = timedelta(hours=1)


def create(world: World, given: params.RefundCreate) -> Refund:
    """Pay back an amount, or all that is left."""
    charge = _charge(world, given)
    intent = world.find(Intent, charge.intent_id)
    if not charge.captured:
        raise RefusedError(
            f"This PaymentIntent ({intent.id}) does not have a successful charge to refund.",
            code="charge_not_refundable",
            param="payment_intent",
        )
    left = charge.amount_captured - charge.amount_refunded
    if left == 0:
        raise RefusedError(
            f"Charge {charge.id} has already been refunded.", code="charge_already_refunded", param="charge"
        )
    amount = left if given.amount is None else given.amount
    if amount > left:
        raise RefusedError(
            f"Refund amount ({_major(amount)}) is greater than unrefunded amount on charge ({_major(left)})",
            code="refund_amount_too_large",
            param="amount",
        )
    fate = charge.payment_method.card.refund_fate
    refund_id = world.new_id("re")
    refund = world.keep(
        Refund(
            id=refund_id,
            created=world.now(),
            intent_id=intent.id,
            charge_id=charge.id,
            amount=amount,
            currency=charge.currency,
            status="pending" if fate is RefundFate.PENDING else "succeeded",
            reason=given.reason,
            metadata=dict(given.metadata),
            balance_transaction=world.book("refund", refund_id, -amount, charge.currency),
        )
    )
    if fate is not RefundFate.SUCCEEDS:
        world.remind(world.now() + SETTLES_AFTER, refund.id)
    charge.amount_refunded += amount
    world.moved(MoneyKind.REFUND, intent, amount)
    world.happened("refund.created", refund)
    world.happened("charge.refunded", charge)
    return refund


def settle(world: World, refund: Refund) -> None:
    """The bank's last word on a refund."""
    charge = world.find(Charge, refund.charge_id)
    if charge.payment_method.card.refund_fate is RefundFate.PENDING:
        refund.status = "succeeded"
        world.happened("refund.updated", refund)
        return
    refund.status = "failed"
    refund.failure_reason = "expired_or_canceled_card"
    refund.failure_balance_transaction = world.book("refund_failure", refund.id, refund.amount, refund.currency)
    charge.amount_refunded -= refund.amount
    world.moved(MoneyKind.REFUND_FAILED, world.find(Intent, refund.intent_id), refund.amount)
    world.happened("refund.failed", refund)


def _charge(world: World, given: params.RefundCreate) -> Charge:
    if given.payment_intent:
        intent = world.find(Intent, given.payment_intent, param="payment_intent", status=400)
        if intent.latest_charge is None:
            raise RefusedError(
                f"This PaymentIntent ({intent.id}) does not have a successful charge to refund.",
                code="charge_not_refundable",
                param="payment_intent",
            )
        return world.find(Charge, intent.latest_charge)
    if given.charge:
        return world.find(Charge, given.charge, param="charge", status=400)
    raise ParameterError("One of the following params should be provided: payment_intent or charge.")


def _major(amount: int) -> str:
    return f"${amount / 100:,.2f}"
