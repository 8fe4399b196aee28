"""Our side of a comparison: purchases with their ledger, their order and what agents saw, read in batches.

Reads only, one short session a batch. Knows rows; must never judge them.
"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from sqlmodel import Session, col, select

from checkout.purchase import books
from checkout.purchase.agent_orders import witnessed_order
from checkout.purchase.states import TERMINAL, State
from checkout.store.models import AgentTask, Intent, LedgerRow, OrderRow
from checkout.store.session import Database
from payments.ledger import Entry
from payments.money import Money

# Rows of a batch are in memory at once; a purchase has some ten.
BATCH = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Ordered:
    """The order we have of a purchase. `where` is the shop's host: order numbers are a shop's own."""

    merchant: str
    where: str
    number: str
    total: Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Purchase:
    """A purchase as our books have it. `witnessed` are order numbers agents reported."""

    intent_id: str
    tenant: str
    state: State
    asks: bool
    payment_id: str | None
    entries: tuple[Entry, ...] = ()
    order: Ordered | None = None
    witnessed: tuple[str, ...] = ()

    @property
    def ended(self) -> bool:
        """Whether it can change no more."""
        return self.state in TERMINAL

    @property
    def payment_ids(self) -> frozenset[str]:
        """Every payment we know it by."""
        named = {entry.payment_id for entry in self.entries}
        return frozenset(named | ({self.payment_id} if self.payment_id else set()))


def changed_since(database: Database, since: datetime) -> Iterator[Sequence[Purchase]]:
    """Every purchase that changed at or after `since`, in batches, each read in a session of its own."""
    after = ""
    while True:
        with database.read() as session:
            query = select(Intent).where(col(Intent.updated_at) >= since, col(Intent.id) > after)
            intents = session.exec(query.order_by(col(Intent.id)).limit(BATCH)).all()
            batch = _whole(session, intents)
        if not batch:
            return
        yield batch
        after = batch[-1].intent_id


def named(database: Database, intent_ids: Sequence[str]) -> Sequence[Purchase]:
    """The purchases of these names, those there are."""
    with database.read() as session:
        return _whole(session, session.exec(select(Intent).where(col(Intent.id).in_(intent_ids))).all())


def paid_by(database: Database, payment_ids: Sequence[str]) -> Sequence[Purchase]:
    """The purchases whose ledger names one of these payments."""
    with database.read() as session:
        query = select(LedgerRow.intent_id).where(col(LedgerRow.payment_id).in_(payment_ids)).distinct()
        ids = session.exec(query).all()
        return _whole(session, session.exec(select(Intent).where(col(Intent.id).in_(ids))).all()) if ids else ()


def sharing(database: Database, ours: Purchase) -> Sequence[str]:
    """Other purchases that have the same order of the same shop."""
    if ours.order is None:
        return ()
    with database.read() as session:
        query = select(OrderRow, Intent).where(
            OrderRow.merchant_order_id == ours.order.number,
            OrderRow.merchant == ours.order.merchant,
            OrderRow.intent_id != ours.intent_id,
            Intent.id == OrderRow.intent_id,
        )
        return [intent.id for _, intent in session.exec(query) if _where(intent) == ours.order.where]


def _whole(session: Session, intents: Sequence[Intent]) -> Sequence[Purchase]:
    ids = [intent.id for intent in intents]
    ledger: dict[str, list[LedgerRow]] = defaultdict(list)
    for row in session.exec(select(LedgerRow).where(col(LedgerRow.intent_id).in_(ids)).order_by(col(LedgerRow.id))):
        ledger[row.intent_id].append(row)
    orders = {row.intent_id: row for row in session.exec(select(OrderRow).where(col(OrderRow.intent_id).in_(ids)))}
    seen: dict[str, list[str]] = defaultdict(list)
    for task in session.exec(select(AgentTask).where(col(AgentTask.intent_id).in_(ids))):
        if found := witnessed_order(task):
            seen[task.intent_id].append(found.merchant_order_id)
    return [
        Purchase(
            intent_id=intent.id,
            tenant=intent.tenant,
            state=State(intent.state),
            asks=intent.review_since is not None,
            payment_id=intent.payment_id,
            entries=tuple(books.entries(ledger[intent.id])),
            order=_ordered(orders[intent.id], intent) if intent.id in orders else None,
            witnessed=tuple(seen[intent.id]),
        )
        for intent in intents
    ]


def _ordered(row: OrderRow, intent: Intent) -> Ordered:
    total = Money(row.total_minor, row.currency)
    return Ordered(merchant=row.merchant, where=_where(intent), number=row.merchant_order_id, total=total)


def _where(intent: Intent) -> str:
    return urlsplit(str(intent.request.get("productUrl", ""))).netloc
