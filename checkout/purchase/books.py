"""The ledger's rows: what an outcome implies about money, appended in the transaction that records the outcome.

What the entries are is `payments.ledger`'s; this stores them. Rows are never changed or deleted.
"""

from collections.abc import Iterable
from datetime import datetime

from sqlmodel import Session, col, select

from checkout.store.models import Intent, LedgerRow
from payments.gateway import Captured, Held, Released
from payments.ledger import Account, Entry, Kind, book
from payments.money import Money


def record(
    session: Session, intent: Intent, outcome: Held | Captured | Released, *, movement_id: str, at: datetime
) -> None:
    """Append the entries `outcome` adds to the intent's; the same outcome again adds none."""
    session.add_all(
        LedgerRow(
            movement_id=entry.movement_id,
            intent_id=intent.id,
            tenant=intent.tenant,
            at=entry.at,
            kind=entry.kind.value,
            account=entry.account.value,
            amount_minor=entry.amount.amount_minor,
            currency=entry.amount.currency,
            payment_id=entry.payment_id,
        )
        for entry in book(outcome, entries_of(session, intent.id), movement_id=movement_id, at=at)
    )


def entries_of(session: Session, intent_id: str) -> list[Entry]:
    """An intent's entries, in the order they were written."""
    rows = session.exec(select(LedgerRow).where(LedgerRow.intent_id == intent_id).order_by(col(LedgerRow.id)))
    return list(entries(rows))


def entries(rows: Iterable[LedgerRow]) -> Iterable[Entry]:
    """Rows as entries."""
    for row in rows:
        yield Entry(
            movement_id=row.movement_id,
            at=row.at,
            kind=Kind(row.kind),
            account=Account(row.account),
            amount=Money(row.amount_minor, row.currency),
            payment_id=row.payment_id,
        )
