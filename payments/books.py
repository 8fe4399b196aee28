"""The port to the provider's own books: what it says happened to every payment, read and never changed.

A gateway acts on one payment; this reads them all, to be compared with what we believe. Everything streams, so that an
account of any size is read in bounded memory. Knows payments and balances; must never know a purchase or a shop.

    BooksError               provider_books_error
    ├── BooksUnreadableError provider_books_unreadable   the provider cannot be read now (retryable says whether later)
    └── BooksTooLongError    provider_books_too_long     more rows than one reading takes: read from a later moment
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from payments.gateway import Payment
from payments.money import Money


class BooksError(Exception):
    """The provider's books could not be read to their end; nothing is known from what was read."""

    code = "provider_books_error"
    retryable = False


class BooksUnreadableError(BooksError):
    """The provider refused, or did not answer however often it was asked."""

    code = "provider_books_unreadable"

    def __init__(self, message: str, *, retryable: bool) -> None:
        super().__init__(message)
        self.retryable = retryable


class BooksTooLongError(BooksError):
    """More rows than one reading takes."""

    code = "provider_books_too_long"


@dataclass(frozen=True, slots=True, kw_only=True)
class BookedPayment:
    """A payment as the provider's books have it.

    `balance` is what its capture brought to the account's balance, before fees; None where nothing was captured, or
    where the balance is kept in another currency.
    """

    payment: Payment
    created: datetime
    balance: Money | None = None

    @property
    def moved(self) -> bool:
        """Whether it holds, took or gave back money."""
        here = self.payment
        return bool(here.held.amount_minor or here.captured.amount_minor or here.refunded.amount_minor)


@dataclass(frozen=True, slots=True, kw_only=True)
class Movement:
    """Something that moved money: a charge, a refund, a line of the balance. `payment_id` is None where it names none.

    `kind` is the provider's word.
    """

    movement_id: str
    kind: str
    payment_id: str | None
    amount: Money


class ProviderBooks(Protocol):
    """The provider's books. Every call may raise a BooksError."""

    def payments(self, since: datetime) -> Iterator[BookedPayment]:
        """Every payment made at or after `since`, the newest first."""
        ...

    def movements(self, since: datetime) -> Iterator[Movement]:
        """Every charge, refund and line of the balance that is buyers' money; of older payments too, or of none."""
        ...

    def payment(self, payment_id: str) -> BookedPayment | None:
        """One payment as it is now; None if the provider knows none of this name."""
        ...
