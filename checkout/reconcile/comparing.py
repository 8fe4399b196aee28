"""The comparison: the provider's books into a spool, our purchases beside them, then whatever nobody knew.

Streams throughout: a page of the provider's, a batch of ours. What differs is read once more on both sides before it is
said, because a running service moves money between two readings. Reads only.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from checkout.reconcile import money, purchases
from checkout.reconcile.findings import Code, Finding, Report
from checkout.reconcile.orders import Orders
from checkout.reconcile.purchases import BATCH, Purchase
from checkout.reconcile.spool import Spool
from checkout.store.session import Database
from payments.books import BookedPayment, ProviderBooks

# What a person who settles the money at the provider by hand makes of our ledger, which is not told. What is still held
# is a finding all the same.
BY_HAND = frozenset({Code.HOLD_DIFFERS, Code.CAPTURE_DIFFERS, Code.REFUND_MISSING, Code.REFUND_UNKNOWN})


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Everything a comparison reads. With `shared`, payments without our reference are somebody else's business."""

    database: Database
    provider: ProviderBooks
    orders: Orders
    shared: bool = False

    def run(self, since: datetime) -> Report:
        """Compare what happened since; a BooksError when the provider's books cannot be read."""
        report = Report(since=since)
        with Spool() as spool:
            self._fetch(spool, since)
            for batch in purchases.changed_since(self.database, since):
                for purchase in batch:
                    self._compare(purchase, spool, report)
            while left := spool.left(BATCH):
                self._leftovers(left, spool, report)
            for movement in spool.loose():
                if self.shared:
                    report.foreign += 1
                    continue
                says = f"{movement.kind} {movement.movement_id} of {movement.amount} belongs to no payment"
                report.add(Finding(code=Code.PAYMENT_UNKNOWN, says=says, theirs=str(movement.amount)))
            report.payments = spool.count()
        return report

    def _fetch(self, spool: Spool, since: datetime) -> None:
        """The provider's books of that time, and every older payment that moved in it."""
        for booked in self.provider.payments(since):
            spool.put(booked)
        for movement in self.provider.movements(since):
            spool.note(movement)
        for name in spool.unread():
            if moved := self.provider.payment(name):
                spool.put(moved)

    def _compare(self, purchase: Purchase, spool: Spool, report: Report) -> None:
        """One purchase; what differs is looked at again, fresh from both sides."""
        report.purchases += 1
        report.under_way += not purchase.ended
        report.asking += purchase.asks
        booked, missing = self._booked(purchase, spool)
        if any(money.judge(purchase, booked, missing)):
            purchase = next(iter(purchases.named(self.database, [purchase.intent_id])), purchase)
            booked, missing = self._read_again(purchase, booked, spool)
        spool.judged(one.payment.payment_id for one in booked)
        for finding in self._found(purchase, booked, missing, report):
            report.add(finding)

    def _found(
        self, purchase: Purchase, booked: Sequence[BookedPayment], missing: Sequence[str], report: Report
    ) -> Iterator[Finding]:
        differing = list(money.judge(purchase, booked, missing))
        if any(finding.code in BY_HAND for finding in differing) and self.orders.story(purchase).settled:
            differing = [finding for finding in differing if finding.code not in BY_HAND]
        yield from differing
        if purchase.ended:
            others = purchases.sharing(self.database, purchase)
            yield from self.orders.judge(purchase, money.kept(purchase, booked), others, report)

    def _booked(self, purchase: Purchase, spool: Spool) -> tuple[list[BookedPayment], list[str]]:
        """Its payments at the provider, those that were not listed read one by one; and those that are not there."""
        booked = spool.find(purchase.payment_ids, purchase.intent_id)
        missing = []
        for name in purchase.payment_ids - {one.payment.payment_id for one in booked}:
            if one := self.provider.payment(name):
                spool.put(one)
                booked.append(one)
            else:
                missing.append(name)
        return booked, missing

    def _read_again(
        self, purchase: Purchase, before: Sequence[BookedPayment], spool: Spool
    ) -> tuple[list[BookedPayment], list[str]]:
        booked, missing = [], []
        for name in sorted(purchase.payment_ids | {one.payment.payment_id for one in before}):
            if one := self.provider.payment(name):
                spool.put(one)
                booked.append(one)
            else:
                missing.append(name)
        return booked, missing

    def _leftovers(self, left: Sequence[BookedPayment], spool: Spool, report: Report) -> None:
        """Payments of no purchase that changed since: of older ones, or of none."""
        names = [one.payment.payment_id for one in left]
        references = [one.payment.reference for one in left if one.payment.reference]
        older = {
            ours.intent_id: ours
            for ours in (*purchases.named(self.database, references), *purchases.paid_by(self.database, names))
        }
        for purchase in older.values():
            self._compare(purchase, spool, report)
        known = {name for purchase in older.values() for name in purchase.payment_ids} | set(older)
        for one in left:
            payment = one.payment
            if payment.payment_id in known or payment.reference in known:
                continue
            if self.shared and payment.reference is None:
                report.foreign += 1
            elif one.moved:
                says = f"{payment.payment_id} names {payment.reference or 'no purchase'}, which is not here"
                theirs = f"held {payment.held}, captured {payment.captured}, paid back {payment.refunded}"
                report.add(Finding(code=Code.PAYMENT_UNKNOWN, says=says, payment_id=payment.payment_id, theirs=theirs))
        spool.judged(names)
