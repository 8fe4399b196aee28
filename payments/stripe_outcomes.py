"""Where a payment stands, read from what Stripe shows of it, as the port's outcomes. No call is made here.

Each function answers one question (held? captured? released?) with an outcome, Unknown, or None: not done yet.
"""

from datetime import UTC, datetime

from stripe import Charge, PaymentIntent, Refund

from payments.gateway import Captured, Declined, Held, NotCapturable, Payment, PaymentStatus, Released, Unknown
from payments.stripe_answers import money

STATUSES = {
    "requires_payment_method": PaymentStatus.PREPARED,
    "requires_confirmation": PaymentStatus.PREPARED,
    "requires_action": PaymentStatus.REQUIRES_ACTION,
    "processing": PaymentStatus.PROCESSING,
    "requires_capture": PaymentStatus.HELD,
    "succeeded": PaymentStatus.CAPTURED,
    "canceled": PaymentStatus.CANCELED,
}


def payment(intent: PaymentIntent, refunds: list[Refund]) -> Payment:
    """A payment and its refunds as the port shows them."""
    return Payment(
        payment_id=intent.id,
        status=STATUSES.get(intent.status, PaymentStatus.PROCESSING),  # a status of the future: nobody knows yet
        held=money(intent.amount_capturable, intent.currency),
        captured=money(intent.amount_received, intent.currency),
        refunded=money(amount_refunded(refunds), intent.currency),
        capture_before=capture_before(intent),
        reference=getattr(intent.metadata, "reference", None),
    )


def charge(intent: PaymentIntent) -> Charge | None:
    """The latest charge, where it was asked for with the payment."""
    return intent.latest_charge if isinstance(intent.latest_charge, Charge) else None


def capture_before(intent: PaymentIntent) -> datetime | None:
    """When the hold lapses, as the bank's answer said; None while nothing is held."""
    latest = charge(intent)
    card = latest and latest.payment_method_details and latest.payment_method_details.card
    moment = card and getattr(card, "capture_before", None)
    return datetime.fromtimestamp(moment, UTC) if moment else None


def amount_refunded(refunds: list[Refund]) -> int:
    """What Stripe has paid back or promised to. A refund without a balance transaction only gave back a hold's rest."""
    return sum(
        refund.amount
        for refund in refunds
        if refund.status in {"pending", "requires_action"}
        or (refund.status == "succeeded" and refund.balance_transaction is not None)
    )


def held(intent: PaymentIntent) -> Held | Declined | Unknown | None:
    """What became of a hold; None while the bank was not asked."""
    match intent.status:
        case "requires_capture":
            return _live_hold(intent)
        case "requires_action":
            message = "The bank asks the buyer to authenticate this payment."
            return Declined(code="authentication_required", message=message, action_url=_action_url(intent))
        case "canceled":
            return Declined(code="payment_canceled", message="The payment was cancelled before anything was held.")
        case "requires_payment_method" | "requires_confirmation":
            return _refusal(intent)
        case status:
            return Unknown(reason=f"the payment is {status}")


def captured(intent: PaymentIntent) -> Captured | NotCapturable | Unknown | None:
    """What became of a capture; None while the money is only held."""
    match intent.status:
        case "succeeded":
            return Captured(payment_id=intent.id, amount=money(intent.amount_received, intent.currency))
        case "requires_capture":
            return None
        case "canceled":
            return NotCapturable(payment_id=intent.id, reason=f"canceled: {intent.cancellation_reason or 'unsaid'}")
        case "requires_payment_method" | "requires_confirmation" | "requires_action":
            return NotCapturable(payment_id=intent.id, reason=f"nothing is held: {intent.status}")
        case status:
            return Unknown(reason=f"the payment is {status}")


def released(intent: PaymentIntent, refunds: list[Refund]) -> Released | Unknown | None:
    """Released, if nothing is held and nothing is kept; None while something is left to undo."""
    latest = charge(intent)
    match intent.status:
        case "canceled":
            was_held = latest is not None and latest.status == "succeeded"
            return Released(payment_id=intent.id, released=money(intent.amount, intent.currency) if was_held else None)
        case "succeeded":
            back = amount_refunded(refunds)
            if back >= intent.amount_received:
                rest = intent.amount - intent.amount_received
                return Released(
                    payment_id=intent.id,
                    released=money(rest, intent.currency) if rest else None,
                    refunded=money(back, intent.currency),
                )
            if any(refund.status in {"failed", "canceled"} for refund in refunds):
                return Unknown(reason="a refund failed at the bank; the buyer must be paid back another way")
            return None
        case "processing":
            return Unknown(reason="the payment is processing")
        case _:
            return None


def _live_hold(intent: PaymentIntent) -> Held | Unknown:
    until = capture_before(intent)
    if until is None:
        return Unknown(reason="held, but the charge does not say until when")
    return Held(payment_id=intent.id, amount=money(intent.amount_capturable, intent.currency), capture_before=until)


def _refusal(intent: PaymentIntent) -> Declined | None:
    """What the bank said, if it was asked at all."""
    error = intent.last_payment_error
    if error is None:
        return None
    code = error.decline_code or error.code or error.type
    return Declined(code=code, message=error.message or "The card was declined.")


def _action_url(intent: PaymentIntent) -> str | None:
    action = intent.next_action
    return action.redirect_to_url.url if action and action.redirect_to_url else None
