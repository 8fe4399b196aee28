"""The port to whoever holds the buyer's money: hold, capture, release, read back.

Outcomes are values, never exceptions: the saga must tell "declined" from "nobody knows" on every path, also after a
replay. `Unknown` means the call may or may not have been executed; it is settled by `read`, never by guessing.
A provider without a read-back cannot be made safe, so `read` is not optional.

Every mutating call takes the idempotency key the saga derived (execution, step, call, payment attempt).
This module knows no provider and no shop.
"""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from payments.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldRequest:
    """What to hold: the amount, the buyer's token (`tok_…` or `pm_…`) and our reference (the execution's name)."""

    amount: Money
    token: str = field(repr=False)
    reference: str
    tenant: str
    payment_attempt: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A payment exists at the provider and moves no money yet; act on `payment_id` from now on."""

    payment_id: str
    payment_method_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """The amount is reserved on the buyer's card until `capture_before` (UTC, read from the charge, never assumed)."""

    payment_id: str
    amount: Money
    capture_before: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Captured:
    """The amount was taken; the rest of the hold is released."""

    payment_id: str
    amount: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Released:
    """Nothing is held and nothing is kept: cancelled, refunded, or never held. `refunded` says what was paid back."""

    payment_id: str
    released: Money | None = None
    refunded: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Declined:
    """A definite no: nothing is held. `code` is the provider's own, `message` fit for the buyer.

    `action_url` is set when the bank asks for the buyer (3-D Secure): nothing is held until they answer there.
    """

    code: str
    message: str
    action_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NotCapturable:
    """A definite no to a capture: the hold lapsed or was cancelled. Nothing was taken."""

    payment_id: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """The provider's answer was lost or unclear and a read-back did not settle it. Never act on it; read again."""

    reason: str


class PaymentStatus(StrEnum):
    """Where a payment stands at the provider."""

    PREPARED = "prepared"  # exists, holds nothing (includes declined attempts)
    REQUIRES_ACTION = "requires_action"  # the bank waits for the buyer; holds nothing
    PROCESSING = "processing"  # the provider itself does not know yet
    HELD = "held"
    CAPTURED = "captured"
    CANCELED = "canceled"


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """A payment read back from the provider: what is held, what was taken, what was paid back, now."""

    payment_id: str
    status: PaymentStatus
    held: Money
    captured: Money
    refunded: Money
    capture_before: datetime | None = None
    reference: str | None = None


class PaymentGateway(Protocol):
    """Holds money first, takes it when the order stands, gives it back otherwise."""

    def prepare(self, request: HoldRequest, *, key: str) -> Prepared | Declined | Unknown:
        """Create a payment that moves no money yet. A bad token is `Declined`."""
        ...

    def hold(self, prepared: Prepared, *, key: str) -> Held | Declined | Unknown:
        """Reserve the amount on the card, off session. An unclear answer is settled by reading the payment back."""
        ...

    def capture(self, payment_id: str, amount: Money, *, key: str) -> Captured | NotCapturable | Unknown:
        """Take `amount` (at most what is held) and release the rest."""
        ...

    def release(self, payment_id: str, *, key: str) -> Released | Unknown:
        """Read, then cancel or refund until nothing is held and nothing is kept. Safe to repeat for ever."""
        ...

    def read(self, payment_id: str) -> Payment | Unknown:
        """Read a payment back; changes nothing."""
        ...
