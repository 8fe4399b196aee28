"""THE PURCHASE, from top to bottom: offer, confirmation, hold, order, capture; or nothing held.

A durable-execution handler: every named operation is recorded, and after a crash or a wait of days the function runs
again from the top, handed the recorded outcomes. So it is plain sequential code; it decides only on outcomes, uses no
clock and no chance, and no `finally`, `with` or bare `except` (a suspension passes through as a BaseException).

What it promises: one live hold at most; nothing captured without exactly one order; a failed purchase holds nothing;
an unknown outcome is looked up, never repeated. It must never know who runs it, what a database is, or a secret.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from aws_durable_execution_sdk_python import DurableContext
from aws_durable_execution_sdk_python.exceptions import CallbackError, CallbackExternalError, StepError

from checkout.purchase import codec, policies
from checkout.purchase.ports import Ports
from checkout.purchase.steps import Steps
from checkout.purchase.terms import AGENT, Completed, Confirmed, Failed, HandOver, TaskKind, Verdict
from merchants.sdk import Absent, Offer, Order, Refused, Unclear
from payments.gateway import Captured, Held, NotCapturable, Prepared, Released, Unknown
from payments.money import Money

# Bumped only when the sequence of operations changes: waiting purchases replay on the version they started on.
VERSION = 1


def purchase(event: Mapping[str, Any], context: DurableContext, *, ports: Ports) -> dict[str, Any]:
    """Buy one product: a `PurchaseRequest` in, `Completed` or `Failed` out, both as JSON objects."""
    return codec.to_json(Purchase(codec.from_json(event), context, ports).run())


class Purchase(Steps):
    """One purchase under way."""

    def run(self) -> Completed | Failed:
        """The whole story."""
        offer = self.fetch_offer()
        if isinstance(offer, Refused):
            return policies.refused(offer)
        if broken := policies.broken_constraint(self.request, offer):
            return broken

        confirmed = self.request.confirmed or self.await_confirmation()
        if confirmed is None:
            return policies.expired()

        held = self.hold(offer.cost.total, confirmed)
        if isinstance(held, Failed):
            return held

        order = policies.broken_constraint(self.request, offer) or self.place_order(offer, held)
        if not isinstance(order, Order):
            self.release(held.payment_id)
            return order if isinstance(order, Failed) else policies.refused(order)

        order, captured = self.capture(held, order)
        receipt = self.record("finalize", lambda: policies.receipt(self.request, offer, order, captured))
        return Completed(receipt=receipt)

    def fetch_offer(self) -> Offer | Refused:
        """Quote by code where an adapter takes the URL, else through an agent."""
        offer = self.read("fetch-offer", lambda key: self.ports.fetch_offer(self.request, key=key))
        if not isinstance(offer, HandOver):
            return policies.sound(self.request, offer)
        try:
            brought = self.ask_agent("await-agent-offer", TaskKind.OFFER, None)
            return policies.sound(self.request, policies.offer_or_refusal(brought))
        except CallbackError as gave_up:
            return policies.refusal_of(gave_up)

    def await_confirmation(self) -> Confirmed | None:
        """Wait, holding nothing, until the buyer confirms or the time to do so is over."""
        try:
            confirmed: Confirmed = self.ask_buyer("await-confirmation")
        except CallbackError:
            return None
        return confirmed

    def hold(self, amount: Money, confirmed: Confirmed) -> Held | Failed:
        """Create the payment, then hold the amount; without a hold, leave nothing behind."""
        prepare = partial(self.ports.prepare, self.request, amount, confirmed)
        prepared = self.money("authorize-payment", lambda key: prepare(key=key))
        if not isinstance(prepared, Prepared):
            return policies.unpaid(prepared)  # a payment that was never confirmed moves no money
        held = self.money("create-charge", lambda key: self.ports.hold(prepared, key=key))
        if isinstance(held, Held):
            return held
        self.release(prepared.payment_id)
        return policies.unpaid(held)

    def place_order(self, offer: Offer, held: Held) -> Order | Refused | Absent:
        """Place it once. An unknown outcome is looked up, then asked of an operator; never placed again."""
        placed = self.submit(offer, held)
        while isinstance(placed, Unclear):
            found = self.look_up("look-up-order", offer)
            if not isinstance(found, Unclear):
                return found
            answer = self.ask_operator("await-review")
            if answer.verdict is Verdict.PLACED and answer.merchant_order_id:
                return Order(merchant_order_id=answer.merchant_order_id, total=answer.total or offer.cost.total)
            if answer.verdict is Verdict.NOT_PLACED:
                return Absent(message=answer.reason)
        return placed

    def submit(self, offer: Offer, held: Held) -> Order | Refused | Unclear:
        """The one attempt, by code or by an agent; a lost process or a silent agent leaves it unclear."""
        try:
            if offer.merchant != AGENT:
                place = partial(self.ports.place_order, self.request, offer, held)
                return self.once("place-order", lambda key: place(key=key))
            brought: Order | Refused | Unclear = self.ask_agent("await-agent-order", TaskKind.ORDER, offer)
        except CallbackExternalError as gave_up:
            return policies.refusal_of(gave_up)
        except (StepError, CallbackError) as lost:
            return Unclear(message=str(lost))
        return brought

    def capture(self, held: Held, order: Order) -> tuple[Order, Captured | None]:
        """Take what the merchant charged, never more than was held; an operator settles what cannot be taken."""
        attempts = self.ports.limits.settling_attempts
        while True:
            if policies.within(order.total, held.amount):
                captured = self.money("capture-charge", self.taking(held, order.total), attempts)
                if isinstance(captured, Captured):
                    return order, captured
            answer = self.ask_operator("await-review")
            if answer.verdict is Verdict.SETTLED:
                return order, None
            order = policies.corrected(order, answer.total)

    def taking(self, held: Held, total: Money) -> Callable[[str], Captured | NotCapturable | Unknown]:
        """The call that captures `total`."""
        return lambda key: self.ports.capture(held.payment_id, total, key=key)

    def release(self, payment_id: str) -> None:
        """Compensate: end at nothing held and nothing kept, however long it takes."""
        attempts = self.ports.limits.settling_attempts
        while True:
            released = self.money("release-payment", lambda key: self.ports.release(payment_id, key=key), attempts)
            if isinstance(released, Released) or self.ask_operator("await-review").verdict is Verdict.SETTLED:
                return
