"""Cards on file and charges on them, and how each looks on the wire. Every field is one of Stripe's.

Knows shapes; must never know how a record changes.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from payments.sandbox.cards import Card, Decline
from payments.sandbox.objects import Json, seconds

NO_BILLING_DETAILS: dict[str, Any] = {"address": None, "email": None, "name": None, "phone": None, "tax_id": None}


@dataclass(slots=True, kw_only=True)
class PaymentMethod:
    """A card the buyer pays with."""

    id: str
    created: datetime
    card: Card
    metadata: dict[str, str] = field(default_factory=dict)

    def json(self) -> Json:
        """As Stripe shows it."""
        return {
            "id": self.id,
            "object": "payment_method",
            "allow_redisplay": "unspecified",
            "billing_details": NO_BILLING_DETAILS,
            "card": {
                **_card(self.card),
                "display_brand": self.card.brand,
                "generated_from": None,
                "networks": {"available": [self.card.brand], "preferred": None},
                "three_d_secure_usage": {"supported": True},
            },
            "created": seconds(self.created),
            "customer": None,
            "livemode": False,
            "metadata": self.metadata,
            "type": "card",
        }


@dataclass(slots=True, kw_only=True)
class Charge:
    """One attempt to charge a card: refused, held, captured, refunded."""

    id: str
    created: datetime
    intent_id: str
    payment_method: PaymentMethod
    amount: int
    currency: str
    capture_before: datetime
    metadata: dict[str, str]
    description: str | None = None
    failure: Decline | None = None
    captured: bool = False
    amount_captured: int = 0
    amount_refunded: int = 0
    reversed: bool = False  # the hold was given back without a capture
    balance_transaction: str | None = None

    def json(self) -> Json:
        """As Stripe shows it. A hold given back counts as refunded in full, as it does there."""
        failed = self.failure is not None
        returned = self.amount if self.reversed else self.amount_refunded
        card = self.payment_method.card
        holding = not failed and not self.captured
        return {
            "id": self.id,
            "object": "charge",
            "amount": self.amount,
            "amount_captured": self.amount_captured,
            "amount_refunded": returned,
            "balance_transaction": self.balance_transaction,
            "billing_details": NO_BILLING_DETAILS,
            "captured": self.captured,
            "created": seconds(self.created),
            "currency": self.currency,
            "customer": None,
            "description": self.description,
            "disputed": False,
            "failure_balance_transaction": None,
            "failure_code": self.failure.code if self.failure else None,
            "failure_message": self.failure.message if self.failure else None,
            "fraud_details": {},
            "livemode": False,
            "metadata": self.metadata,
            "outcome": self._outcome(),
            "paid": not failed,
            "payment_intent": self.intent_id,
            "payment_method": self.payment_method.id,
            "payment_method_details": {
                "card": {
                    **_card(card),
                    "amount_authorized": None if failed else self.amount,
                    **({"capture_before": seconds(self.capture_before)} if holding else {}),
                    "network": card.brand,
                },
                "type": "card",
            },
            "refunded": self.reversed or (self.captured and self.amount_refunded >= self.amount_captured),
            "status": "failed" if failed else "succeeded",
        }

    def _outcome(self) -> Json:
        said = self.failure
        return {
            "network_status": "declined_by_network" if said else "approved_by_network",
            "reason": said.decline_code if said else None,
            "risk_level": "normal",
            "seller_message": "The bank did not return any further details." if said else "Payment complete.",
            "type": "issuer_declined" if said else "authorized",
        }


def _card(card: Card) -> Json:
    return {
        "brand": card.brand,
        "checks": {"address_line1_check": None, "address_postal_code_check": None, "cvc_check": "pass"},
        "country": "US",
        "exp_month": 12,
        "exp_year": 2034,
        "fingerprint": f"sandbox{card.last4}",
        "funding": "credit",
        "last4": card.last4,
        "wallet": None,
    }
