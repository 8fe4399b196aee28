"""The provider's records, and how each looks on the wire. Every field is one of Stripe's.

Knows shapes; must never know how a record changes.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

API_VERSION = "2026-10-28.endive"
Json = dict[str, Any]


def seconds(moment: datetime | None) -> int | None:
    """Unix time, as Stripe writes it."""
    return int(moment.timestamp()) if moment else None


@dataclass(slots=True, kw_only=True)
class Intent:
    """A payment, from its creation to its end."""

    id: str
    created: datetime
    amount: int
    currency: str
    capture_method: str
    metadata: dict[str, str]
    description: str | None
    payment_method: str | None
    automatic: bool
    status: str
    amount_capturable: int = 0
    amount_received: int = 0
    canceled_at: datetime | None = None
    cancellation_reason: str | None = None
    last_payment_error: Json | None = None
    latest_charge: str | None = None
    next_action: Json | None = None
    off_session: bool = False

    def json(self) -> Json:
        """As Stripe shows it."""
        return {
            "id": self.id,
            "object": "payment_intent",
            "amount": self.amount,
            "amount_capturable": self.amount_capturable,
            "amount_details": {"tip": {}},
            "amount_received": self.amount_received,
            "application": None,
            "automatic_payment_methods": {"allow_redirects": "always", "enabled": True} if self.automatic else None,
            "canceled_at": seconds(self.canceled_at),
            "cancellation_reason": self.cancellation_reason,
            "capture_method": self.capture_method,
            "client_secret": f"{self.id}_secret_sandbox",
            "confirmation_method": "automatic",
            "created": seconds(self.created),
            "currency": self.currency,
            "customer": None,
            "description": self.description,
            "last_payment_error": self.last_payment_error,
            "latest_charge": self.latest_charge,
            "livemode": False,
            "metadata": self.metadata,
            "next_action": self.next_action,
            "payment_method": self.payment_method,
            "payment_method_options": {"card": {"request_three_d_secure": "automatic"}},
            "payment_method_types": ["card"],
            "processing": None,
            "receipt_email": None,
            "setup_future_usage": None,
            "status": self.status,
        }


@dataclass(slots=True, kw_only=True)
class Refund:
    """Money on its way back to the card."""

    id: str
    created: datetime
    intent_id: str
    charge_id: str
    amount: int
    currency: str
    status: str
    reason: str | None
    metadata: dict[str, str]
    balance_transaction: str
    failure_balance_transaction: str | None = None
    failure_reason: str | None = None

    def json(self) -> Json:
        """As Stripe shows it."""
        shown = {
            "id": self.id,
            "object": "refund",
            "amount": self.amount,
            "balance_transaction": self.balance_transaction,
            "charge": self.charge_id,
            "created": seconds(self.created),
            "currency": self.currency,
            "metadata": self.metadata,
            "payment_intent": self.intent_id,
            "reason": self.reason,
            "receipt_number": None,
            "status": self.status,
        }
        if self.failure_reason:
            shown |= {
                "failure_reason": self.failure_reason,
                "failure_balance_transaction": self.failure_balance_transaction,
            }
        return shown


@dataclass(slots=True, kw_only=True)
class BalanceTransaction:
    """A movement on the account's balance: what a capture brought, what a refund took."""

    id: str
    created: datetime
    available_on: datetime
    amount: int
    fee: int
    currency: str
    source: str
    type: str

    def json(self) -> Json:
        """As Stripe shows it."""
        fees = [{"amount": self.fee, "currency": self.currency, "description": "Processing fees", "type": "stripe_fee"}]
        return {
            "id": self.id,
            "object": "balance_transaction",
            "amount": self.amount,
            "available_on": seconds(self.available_on),
            "balance_type": "payments",
            "created": seconds(self.created),
            "currency": self.currency,
            "description": None,
            "exchange_rate": None,
            "fee": self.fee,
            "fee_details": fees if self.fee else [],
            "net": self.amount - self.fee,
            "reporting_category": self.type,
            "source": self.source,
            "status": "pending",
            "type": self.type,
        }


@dataclass(slots=True, kw_only=True)
class Event:
    """Something that happened, with the object as it was then."""

    id: str
    created: datetime
    type: str
    object: Json
    request_id: str | None
    idempotency_key: str | None

    def json(self) -> Json:
        """As Stripe shows it."""
        return {
            "id": self.id,
            "object": "event",
            "api_version": API_VERSION,
            "created": seconds(self.created),
            "data": {"object": self.object},
            "livemode": False,
            "pending_webhooks": 0,
            "request": {"id": self.request_id, "idempotency_key": self.idempotency_key},
            "type": self.type,
        }
