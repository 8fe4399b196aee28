"""The provider's books while they are compared: rows in a temporary SQLite file of its own, so memory stays bounded.

The file is SQLite's, without a name, and gone with the connection. Knows payments as rows; must never judge them.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime
from types import TracebackType
from typing import Any, Self

from payments.books import BookedPayment, Movement
from payments.gateway import Payment, PaymentStatus
from payments.money import Money

_TABLES = """
CREATE TABLE payments (
    id TEXT PRIMARY KEY, reference TEXT, status TEXT, currency TEXT, held INTEGER, captured INTEGER, refunded INTEGER,
    created TEXT, balance INTEGER, judged INTEGER DEFAULT 0
);
CREATE INDEX by_reference ON payments (reference);
CREATE INDEX not_judged ON payments (id) WHERE judged = 0;
CREATE TABLE touched (id TEXT PRIMARY KEY);
CREATE TABLE loose (id TEXT PRIMARY KEY, kind TEXT, amount INTEGER, currency TEXT);
"""
# Names that are in memory at once.
AT_ONCE = 500
_FIELDS = "id, reference, status, currency, held, captured, refunded, created, balance"


class Spool:
    """Payments by name and by reference; names of payments that moved; money that names no payment."""

    def __init__(self) -> None:
        self._database = sqlite3.connect("", isolation_level=None)
        self._database.executescript(_TABLES)
        self._database.execute("BEGIN")  # never committed: nobody else reads it, and it is gone with this object

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._database.close()

    def put(self, booked: BookedPayment) -> None:
        """Keep a payment, in place of what was kept of it."""
        payment = booked.payment
        row = (
            *(payment.payment_id, payment.reference, payment.status.value, payment.held.currency),
            *(payment.held.amount_minor, payment.captured.amount_minor, payment.refunded.amount_minor),
            *(booked.created.isoformat(), booked.balance.amount_minor if booked.balance else None),
        )
        self._database.execute(f"INSERT OR REPLACE INTO payments ({_FIELDS}) VALUES (?,?,?,?,?,?,?,?,?)", row)  # noqa: S608 (a constant)

    def note(self, movement: Movement) -> None:
        """Keep a movement: the name of its payment, or itself if it has none."""
        if movement.payment_id is not None:
            self._database.execute("INSERT OR IGNORE INTO touched VALUES (?)", (movement.payment_id,))
            return
        row = (movement.movement_id, movement.kind, movement.amount.amount_minor, movement.amount.currency)
        self._database.execute("INSERT OR IGNORE INTO loose VALUES (?,?,?,?)", row)

    def count(self) -> int:
        """How many payments are kept."""
        return int(self._database.execute("SELECT count(*) FROM payments").fetchone()[0])

    def find(self, names: Iterable[str], reference: str) -> list[BookedPayment]:
        """The payments of these names, and those that carry this reference."""
        wanted = [*names]
        marks = ",".join("?" * len(wanted))
        query = f"SELECT {_FIELDS} FROM payments WHERE id IN ({marks}) OR reference = ?"  # noqa: S608 (marks only)
        return [_read(row) for row in self._database.execute(query, (*wanted, reference))]

    def judged(self, names: Iterable[str]) -> None:
        """These are done with."""
        self._database.executemany("UPDATE payments SET judged = 1 WHERE id = ?", [(name,) for name in names])

    def unread(self) -> Iterator[str]:
        """Names of payments that moved and are not kept, each once."""
        query = "SELECT id FROM touched WHERE id NOT IN (SELECT id FROM payments) ORDER BY id LIMIT ?"
        while names := self._database.execute(query, (AT_ONCE,)).fetchall():
            yield from (name for (name,) in names)
            self._database.executemany("DELETE FROM touched WHERE id = ?", names)

    def left(self, most: int) -> Sequence[BookedPayment]:
        """At most so many payments that were not judged."""
        query = f"SELECT {_FIELDS} FROM payments WHERE judged = 0 ORDER BY id LIMIT ?"  # noqa: S608 (a constant)
        return [_read(row) for row in self._database.execute(query, (most,))]

    def loose(self) -> Iterator[Movement]:
        """Money that names no payment."""
        for name, kind, amount, currency in self._database.execute("SELECT id, kind, amount, currency FROM loose"):
            yield Movement(movement_id=name, kind=kind, payment_id=None, amount=Money(amount, currency))


def _read(row: tuple[Any, ...]) -> BookedPayment:
    name, reference, status, currency, held, captured, refunded, created, balance = row
    return BookedPayment(
        payment=Payment(
            payment_id=name,
            status=PaymentStatus(status),
            held=Money(held, currency),
            captured=Money(captured, currency),
            refunded=Money(refunded, currency),
            reference=reference,
        ),
        created=datetime.fromisoformat(created),
        balance=None if balance is None else Money(balance, currency),
    )
