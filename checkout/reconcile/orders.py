"""One ended purchase's order: ours beside the merchant's own books and the money that was kept for it.

A merchant is asked through its adapter's `read_orders`, which only reads; where there is none, or the purchase was an
agent's, nobody can be asked and the order is counted as not checkable. Knows outcomes; must never know a protocol.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from checkout.durable.errors import ExecutionNotFoundError
from checkout.purchase import codec
from checkout.purchase.executions import Executions
from checkout.purchase.states import State
from checkout.purchase.terms import AGENT, ReviewAnswer, Verdict
from checkout.reconcile.findings import Code, Finding, Report
from checkout.reconcile.money import found
from checkout.reconcile.purchases import Purchase
from merchants.sdk import Merchant, Offer, Order, OrderBook, Unclear
from payments.money import Money

PLACING = frozenset({"place-order", "await-agent-order"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What a purchase's history says of its order: the offer, whether it was placed, whether a person settled it."""

    offer: Offer | None = None
    placing: bool = False
    settled: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Orders:
    """The judge of orders. `named` finds an adapter; `wait` keeps the pace at which merchants are asked."""

    durable: Executions
    named: Callable[[str], Merchant | None]
    wait: Callable[[], None]

    def judge(self, purchase: Purchase, kept_minor: int, others: Sequence[str], report: Report) -> Iterator[Finding]:
        """What differs about the order of an ended purchase. `others` have the same order."""
        story = self.story(purchase)
        report.settled_by_hand += story.settled
        standing = self._standing(purchase, story, report) if story.placing else []
        theirs = {order.merchant_order_id: order.total for order in standing or ()}
        ours = purchase.order
        numbers = {*theirs, *purchase.witnessed} | ({ours.number} if ours else set())
        for other in others:
            says = f"order {ours.number if ours else ''} is also that of {other}"
            yield found(purchase, Code.ORDER_SHARED, says, order_id=ours.number if ours else None)
        if len(numbers) > 1:
            yield found(purchase, Code.TWO_ORDERS, f"orders {', '.join(sorted(numbers))}", order_id=min(numbers))
        if ours and standing is not None and ours.number not in theirs:
            says = f"the merchant does not know {ours.number}"
            yield found(purchase, Code.ORDER_MISSING, says, order_id=ours.number, ours=ours.number)
        yield from _totals(purchase, theirs, kept_minor, story)
        stands = bool(theirs) or bool(ours and standing is None)
        if kept_minor > 0 and not (stands or ours):
            says = f"{kept_minor} minor units were taken, and the purchase is {purchase.state}"
            yield found(purchase, Code.CAPTURED_WITHOUT_ORDER, says, payment_id=purchase.payment_id)
        if theirs and ours is None and kept_minor > 0:
            says = f"the merchant has order {min(theirs)}, the purchase is {purchase.state} without one"
            yield found(purchase, Code.ORDER_UNKNOWN, says, order_id=min(theirs), theirs=min(theirs))
        if kept_minor <= 0 and stands and not story.settled:
            number = ours.number if ours else min(theirs)
            says = f"order {number} stands, the purchase is {purchase.state}, and nothing was kept"
            yield found(purchase, Code.ORDER_WITHOUT_CAPTURE, says, order_id=number)

    def _standing(self, purchase: Purchase, story: Story, report: Report) -> Sequence[Order] | None:
        """What the merchant's books say; None where nobody can be asked or nobody answered, counted with the reason."""
        if story.offer is None:
            return self._not_checkable(report, "the purchase's history is gone")
        merchant = self.named(story.offer.merchant)
        if story.offer.merchant == AGENT:
            return self._not_checkable(report, "bought by an agent; the shop has no way to be asked")
        if not isinstance(merchant, OrderBook):
            return self._not_checkable(report, f"the adapter {story.offer.merchant} reads no order book")
        self.wait()
        number = purchase.order.number if purchase.order else None
        answered = merchant.read_orders(story.offer, number, key=f"{purchase.intent_id}:reconcile")
        if answered is None:
            return self._not_checkable(report, "the merchant has no way to be asked about this order")
        if isinstance(answered, Unclear):
            report.count(report.unanswered, answered.message)
            return None
        report.orders_checked += 1
        return answered

    def story(self, purchase: Purchase) -> Story:
        """What its history says; an empty story once that is gone."""
        offer: Offer | None = None
        placing = settled = False
        try:
            operations = self.durable.operations(purchase.intent_id)
        except ExecutionNotFoundError:  # pruned; what is left is our own order
            return Story(placing=purchase.order is not None)
        for operation in operations:
            placing |= operation.name in PLACING
            outcome = _outcome(operation.payload)
            if isinstance(outcome, Offer):
                offer = outcome
            settled |= isinstance(outcome, ReviewAnswer) and outcome.verdict is Verdict.SETTLED
        return Story(offer=offer, placing=placing, settled=settled)

    @staticmethod
    def _not_checkable(report: Report, why: str) -> None:
        report.count(report.not_checkable, why)


def _totals(purchase: Purchase, theirs: dict[str, Money], kept_minor: int, story: Story) -> Iterator[Finding]:
    ours = purchase.order
    if ours is None:
        return
    merchants = theirs.get(ours.number)
    if merchants is not None and merchants != ours.total:
        says = f"order {ours.number}: ours {ours.total}, the merchant's {merchants}"
        sides = {"ours": str(ours.total), "theirs": str(merchants)}
        yield found(purchase, Code.ORDER_TOTAL_DIFFERS, says, order_id=ours.number, **sides)
    elif purchase.state is State.COMPLETED and kept_minor > 0 and not story.settled:
        kept = Money(kept_minor, ours.total.currency)
        if kept != ours.total:
            says = f"order {ours.number} cost {ours.total}, and {kept} was kept for it"
            sides = {"ours": str(ours.total), "theirs": str(kept)}
            yield found(purchase, Code.ORDER_TOTAL_DIFFERS, says, order_id=ours.number, **sides)


def _outcome(payload: str | None) -> Any:
    try:
        return codec.loads(payload or "")
    except ValueError:
        return None
