"""Test cards: tokens whose name is the outcome. Reusable, like Stripe's own test tokens. Knows no state."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

# How long a hold lives by Stripe's documentation; a Visa hold without the buyer present is the short one.
HOLD = timedelta(days=7)
HOLD_VISA_OFF_SESSION = timedelta(days=4, hours=18)


class RefundFate(StrEnum):
    """What becomes of a refund to this card."""

    SUCCEEDS = "succeeds"
    PENDING = "pending"  # pending first, succeeded later
    FAILS_LATER = "fails_later"  # succeeded first, failed later


@dataclass(frozen=True, slots=True, kw_only=True)
class Decline:
    """A bank's no, in Stripe's words."""

    code: str
    decline_code: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """A card and how its bank behaves."""

    brand: str = "visa"
    last4: str = "4242"
    decline: Decline | None = None
    needs_authentication: bool = False
    refund_fate: RefundFate = RefundFate.SUCCEEDS

    def hold_lifetime(self, *, off_session: bool) -> timedelta:
        """How long a hold on this card lives."""
        return HOLD_VISA_OFF_SESSION if off_session and self.brand == "visa" else HOLD


AUTHENTICATION_REQUIRED = Decline(
    code="authentication_required",
    decline_code="authentication_required",
    message="Your card was declined. This transaction requires authentication.",
)
_GENERIC = Decline(code="card_declined", decline_code="generic_decline", message="Your card was declined.")


def _declined(last4: str, decline: Decline) -> Card:
    return Card(last4=last4, decline=decline)


def _said(decline_code: str, message: str, code: str = "card_declined") -> Decline:
    return Decline(code=code, decline_code=decline_code, message=message)


_NO_FUNDS = _said("insufficient_funds", "Your card has insufficient funds.")
_EXPIRED = _said("expired_card", "Your card has expired.", code="expired_card")
_BAD_CVC = _said("incorrect_cvc", "Your card's security code is incorrect.", code="incorrect_cvc")
_PROCESSING = _said(
    "processing_error", "An error occurred while processing your card. Try again in a little bit.", "processing_error"
)

CARDS = {
    "visa": Card(),
    "visa_debit": Card(last4="5556"),
    "mastercard": Card(brand="mastercard", last4="4444"),
    "amex": Card(brand="amex", last4="8431"),
    "discover": Card(brand="discover", last4="9424"),
    "chargeDeclined": _declined("0002", _GENERIC),
    "chargeDeclinedInsufficientFunds": _declined("9995", _NO_FUNDS),
    "chargeDeclinedLostCard": _declined("9987", _said("lost_card", _GENERIC.message)),
    "chargeDeclinedStolenCard": _declined("9979", _said("stolen_card", _GENERIC.message)),
    "chargeDeclinedFraudulent": _declined("0019", _said("fraudulent", _GENERIC.message)),
    "chargeDeclinedExpiredCard": _declined("0069", _EXPIRED),
    "chargeDeclinedIncorrectCvc": _declined("0127", _BAD_CVC),
    "chargeDeclinedProcessingError": _declined("0119", _PROCESSING),
    "chargeCustomerFail": _declined("0341", _GENERIC),
    "authenticationRequired": Card(last4="3184", needs_authentication=True),
    "threeDSecure2Required": Card(last4="3220", needs_authentication=True),
    "pendingRefund": Card(last4="7726", refund_fate=RefundFate.PENDING),
    "refundFail": Card(last4="5126", refund_fate=RefundFate.FAILS_LATER),
}


def by_token(token: str) -> Card | None:
    """The card behind `tok_…`: also with the brand first, as in `tok_visa_chargeDeclined`."""
    return _named(token.removeprefix("tok_")) if token.startswith("tok_") else None


def by_payment_method(payment_method: str) -> Card | None:
    """The card behind a test payment method, `pm_card_…`."""
    return _named(payment_method.removeprefix("pm_card_")) if payment_method.startswith("pm_card_") else None


def _named(name: str) -> Card | None:
    return CARDS.get(name) or CARDS.get(name.removeprefix("visa_"))
