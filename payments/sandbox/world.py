"""Everything the provider knows: its records, its events, its money log, the time. Knows no endpoint.

Names are given by counting, so the same requests at the same times make the same world; `namespace` keeps two
sandboxes' names apart, because a caller's database may outlive a sandbox.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from heapq import heappop, heappush
from typing import TypeVar

from payments.sandbox.charges import Charge, PaymentMethod
from payments.sandbox.clock import SandboxClock
from payments.sandbox.errors import not_found
from payments.sandbox.money_log import MoneyKind, MoneyLine, MoneyLog
from payments.sandbox.objects import BalanceTransaction, Event, Intent, Refund

# Stripe pays out after two days in most countries; nothing here depends on it.
AVAILABLE_AFTER = timedelta(days=2)
Record = PaymentMethod | Charge | Intent | Refund | BalanceTransaction | Event
R = TypeVar("R", bound=Record)
KINDS: dict[type, str] = {
    PaymentMethod: "payment_method",
    Intent: "payment_intent",
    Charge: "charge",
    Refund: "refund",
    Event: "event",
    BalanceTransaction: "balance_transaction",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """The request something happened in; a default one when the provider acts by itself."""

    request_id: str | None = None
    idempotency_key: str | None = None


@dataclass(slots=True, kw_only=True)
class World:
    """The provider's whole state."""

    clock: SandboxClock
    money: MoneyLog
    namespace: str
    records: dict[str, Record] = field(default_factory=dict)
    origin: Origin = field(default_factory=Origin)
    moment: datetime | None = None  # set while something that was due earlier is done late
    # What the provider will do by itself: (when, to which record), earliest first.
    due: list[tuple[datetime, str]] = field(default_factory=list)
    _count: int = 0

    def now(self) -> datetime:
        """The moment that what happens now is booked at."""
        return self.moment or self.clock.now()

    def new_id(self, prefix: str) -> str:
        """A name nobody had before."""
        self._count += 1
        return f"{prefix}_sbx{self.namespace}{self._count:06d}"

    def keep(self, record: R) -> R:
        """Remember a record."""
        self.records[record.id] = record
        return record

    def find(self, kind: type[R], object_id: str, *, param: str = "id", status: int = 404) -> R:
        """A record by name, or Stripe's answer that there is none."""
        record = self.records.get(object_id)
        if not isinstance(record, kind):
            raise not_found(KINDS[kind], object_id, param, status)
        return record

    def all(self, kind: type[R]) -> list[R]:
        """All records of a kind, oldest first."""
        return [record for record in self.records.values() if isinstance(record, kind)]

    def remind(self, moment: datetime, record_id: str) -> None:
        """Look at a record again at `moment`."""
        heappush(self.due, (moment, record_id))

    def next_due(self) -> tuple[datetime, Record] | None:
        """The earliest thing whose time has come; it is given out once."""
        if not self.due or self.due[0][0] > self.clock.now():
            return None
        moment, record_id = heappop(self.due)
        return moment, self.records[record_id]

    def happened(self, type_: str, what: Record) -> None:
        """Write an event, with the object as it is now."""
        self.keep(
            Event(
                id=self.new_id("evt"),
                created=self.now(),
                type=type_,
                object=what.json(),
                request_id=self.origin.request_id,
                idempotency_key=self.origin.idempotency_key,
            )
        )

    def moved(self, kind: MoneyKind, intent: Intent, amount: int) -> None:
        """Write a line to the money log."""
        self.money.append(
            MoneyLine(
                at=self.now().isoformat(),
                kind=kind,
                payment_intent=intent.id,
                amount_minor=amount,
                currency=intent.currency.upper(),
                reference=intent.metadata.get("reference"),
                idempotency_key=self.origin.idempotency_key,
            )
        )

    def book(self, type_: str, source: str, amount: int, currency: str, *, fee: int = 0) -> str:
        """Move the account's balance; the name of the transaction."""
        now = self.now()
        transaction = BalanceTransaction(
            id=self.new_id("txn"),
            created=now,
            available_on=now + AVAILABLE_AFTER,
            amount=amount,
            fee=fee,
            currency=currency,
            source=source,
            type=type_,
        )
        return self.keep(transaction).id
