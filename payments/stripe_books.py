"""Stripe's own books: PaymentIntents with their charges, refunds, balance transactions, through the official SDK.

Reads page after page with the SDK's auto-pagination and keeps none of it. Needs a key that may read PaymentIntents,
Charges, Refunds and Balance, and nothing else. The same code reads the payment sandbox. Knows no purchase.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Self, TypeVar

import stripe
from stripe import BalanceTransaction, Charge, ListObject, PaymentIntent, Refund, StripeClient

from payments import stripe_answers, stripe_outcomes
from payments.books import BookedPayment, BooksTooLongError, BooksUnreadableError, Movement
from payments.books_reading import READ_SECONDS, ReadingClient
from payments.money import Money
from payments.stripe_answers import Certainty
from payments.stripe_http import BoundedClient

Row = TypeVar("Row", bound=stripe.StripeObject)

# Stripe's largest page.
PAGE = 100
# 5,000 calls a list, under ten minutes at our pace; whoever moves more reads a shorter time.
MOST_ROWS = 500_000
EXPAND = ["data.latest_charge.balance_transaction"]
# The kinds of movement of the balance that are a buyer's money; payouts, fees and top-ups are the account's own.
BUYERS = frozenset({"charge", "payment", "refund", "payment_refund", "refund_failure", "payment_failure_refund"})
NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class StripeBooks:
    """`ProviderBooks` over Stripe, or over anything that speaks its wire."""

    client: StripeClient
    http_client: stripe.HTTPClient
    most_rows: int = MOST_ROWS

    @classmethod
    def connect(cls, api_key: str, base_url: str | None = None, http_client: stripe.HTTPClient | None = None) -> Self:
        """The books of this account: at Stripe, or at `base_url`; over sockets, or over the given HTTP client."""
        stripe.enable_telemetry = False
        reading = ReadingClient(http_client or BoundedClient(proxied=base_url is None, get_seconds=READ_SECONDS))
        client = StripeClient(
            api_key,
            http_client=reading,
            max_network_retries=0,  # the reading client tries again by itself, at its pace
            base_addresses={"api": base_url.rstrip("/")} if base_url else None,
        )
        return cls(client=client, http_client=reading)

    def close(self) -> None:
        """Close the connections."""
        self.http_client.close()  # type: ignore[no-untyped-call]

    def payments(self, since: datetime) -> Iterator[BookedPayment]:
        """Every payment made since, the newest first."""
        listed = self.client.v1.payment_intents.list
        for intent in self._all(lambda: listed({"created": _from(since), "limit": PAGE, "expand": EXPAND})):
            yield self._booked(intent)

    def movements(self, since: datetime) -> Iterator[Movement]:
        """Charges, refunds, and the balance's lines of buyers' money."""
        v1, created = self.client.v1, _from(since)
        for charge in self._all(lambda: v1.charges.list({"created": created, "limit": PAGE})):
            if charge.status == "succeeded":
                yield _movement(charge.id, "charge", charge.payment_intent, charge.amount, charge.currency)
        for refund in self._all(lambda: v1.refunds.list({"created": created, "limit": PAGE})):
            yield _movement(refund.id, "refund", refund.payment_intent, refund.amount, refund.currency)
        expand = ["data.source"]
        for line in self._all(
            lambda: v1.balance_transactions.list({"created": created, "limit": PAGE, "expand": expand})
        ):
            if line.type in BUYERS:
                payment = getattr(line.source, "payment_intent", None)
                yield _movement(line.id, line.type, payment, abs(line.amount), line.currency)

    def payment(self, payment_id: str) -> BookedPayment | None:
        """One payment as it is now."""
        with _told():
            try:
                intent = self.client.v1.payment_intents.retrieve(
                    payment_id, {"expand": ["latest_charge.balance_transaction"]}
                )
            except stripe.InvalidRequestError as refused:
                if refused.http_status == NOT_FOUND:
                    return None
                raise
        return self._booked(intent)

    def _booked(self, intent: PaymentIntent) -> BookedPayment:
        charge = stripe_outcomes.charge(intent)
        refunds: list[Refund] = []
        if intent.status == "succeeded" and charge is not None and charge.amount_refunded:
            listed = self.client.v1.refunds.list
            refunds = list(self._all(lambda: listed({"payment_intent": intent.id, "limit": PAGE})))
        return BookedPayment(
            payment=stripe_outcomes.payment(intent, refunds),
            created=datetime.fromtimestamp(intent.created, UTC),
            balance=_balance(charge, intent.currency),
        )

    def _all(self, ask: Callable[[], ListObject[Row]]) -> Iterator[Row]:
        """Every row of a list, page by page."""
        with _told():
            for number, row in enumerate(ask().auto_paging_iter()):
                if number >= self.most_rows:
                    raise BooksTooLongError(f"more than {self.most_rows} rows; read from a later moment")
                yield row


@contextmanager
def _told() -> Iterator[None]:
    """The SDK's errors as ours."""
    try:
        yield
    except stripe.StripeError as error:
        said = stripe_answers.failure(error)
        raise BooksUnreadableError(
            f"{said.code}: {said.message}", retryable=said.certainty is not Certainty.REFUSED
        ) from error


def _from(since: datetime) -> Any:
    return {"gte": int(since.timestamp())}


def _movement(movement_id: str, kind: str, payment: object, amount: int, currency: str) -> Movement:
    """`payment` is a name, or the payment itself where it came expanded."""
    payment_id = payment if isinstance(payment, str) else getattr(payment, "id", None)
    money = stripe_answers.money(amount, currency)
    return Movement(movement_id=movement_id, kind=kind, payment_id=payment_id, amount=money)


def _balance(charge: Charge | None, currency: str) -> Money | None:
    line = charge.balance_transaction if charge else None
    if not isinstance(line, BalanceTransaction) or line.currency != currency:
        return None
    return stripe_answers.money(line.amount, line.currency)
