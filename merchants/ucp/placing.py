"""Placing an order at a UCP business, and finding out whether one stands.

The session is read and judged again, completed once, and after anything but a clear answer it is read before a word is
said. Never completes twice, never completes what costs more than was confirmed, and says *no order* only of a session
that can no longer bring one.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from merchants.errors import AnswerLostError, FetchError, NotSentError
from merchants.sdk import Absent, Instrument, Offer, OfferRequest, Order, Refused, Unclear
from merchants.ucp import bodies
from merchants.ucp.api import Api, Reply
from merchants.ucp.checkout import Checkout, Status
from merchants.ucp.ending import cancel, read_session
from merchants.ucp.judging import PLACING_FAILED as FAILED
from merchants.ucp.judging import changed, not_payable, not_ready, refusal
from merchants.ucp.messages import errors, read_messages
from merchants.ucp.reading import mapping, moment, objects, text
from merchants.ucp.totals import Mismatch, read_cost

# A merchant charges a card while it completes. Reading before and after it fits into what is left of thirty seconds.
COMPLETE_SECONDS = 14.0
# HTTP answers that say no and cannot mean that the request is still being worked on.
_DEFINITE = frozenset({400, 401, 402, 403, 404, 405, 410, 415, 422, 424, 429})


@dataclass(frozen=True, slots=True, kw_only=True)
class Placing:
    """One order in the making, or in question."""

    api: Api
    offer: Offer
    session_id: str
    reads_orders: bool

    def place(self, request: OfferRequest, instrument: Instrument | None) -> Order | Refused | Unclear:
        """Complete the offered session, once."""
        try:
            checkout = read_session(self.api, self.session_id)
        except FetchError as failure:  # nothing was submitted, so there is nothing to be unclear about
            return self._refuse(Refused(code=FAILED, message=f"the merchant's session cannot be read: {failure}"))
        if checkout is None:
            return self._refuse(Refused(code=FAILED, message="the merchant no longer knows the offered session"))
        if checkout.status is Status.COMPLETED:
            return self._order(checkout)
        if checkout.status is Status.IN_PROGRESS:
            return self._unclear("the session is being completed, and not by this call")
        refused = not_ready(checkout, code=FAILED) or changed(checkout, self.offer, request, self.api.business.wire)
        refused = refused or not_payable(checkout, self.offer, instrument)
        if refused:
            return self._end(checkout, refused)
        return self._complete(checkout, request, instrument)

    def find(self) -> Order | Absent | Unclear:
        """Whether an order stands; a session that could still bring one is cancelled first."""
        try:
            checkout = read_session(self.api, self.session_id)
            if checkout and checkout.status in (Status.INCOMPLETE, Status.READY, Status.REQUIRES_ESCALATION):
                checkout = cancel(self.api, checkout)
            if checkout and checkout.status is Status.COMPLETED:
                return self._order(checkout)
        except FetchError as failure:
            return self._unclear(f"the merchant's session cannot be read: {failure}")
        if checkout and checkout.status is Status.CANCELED:
            return Absent(
                message="the merchant's session is cancelled without an order", evidence=self.api.evidence.as_mapping()
            )
        if checkout is None:
            # A session may be forgotten after its order as well as without one.
            return self._unclear("the merchant does not know the session, which does not say whether an order stands")
        return self._unclear(f"the merchant's session is {checkout.status}")

    def _complete(
        self, checkout: Checkout, request: OfferRequest, instrument: Instrument | None
    ) -> Order | Refused | Unclear:
        self.api.evidence.hide(instrument.credential.values() if instrument else ())
        body = bodies.complete(instrument, request.buyer, self.api.business.wire)
        try:
            reply = self.api.change(
                "POST", "checkout-sessions", self.session_id, "complete", body=body, seconds=COMPLETE_SECONDS
            )
        except NotSentError as failure:
            return self._end(checkout, Refused(code=FAILED, message=f"the order was not sent: {failure}"))
        except AnswerLostError as failure:
            return self._after_silence(f"the merchant's answer to the order was lost: {failure}")
        if reply.status not in _DEFINITE and not 200 <= reply.status < 300:  # noqa: PLR2004 (HTTP)
            return self._after_silence(f"the merchant answered the order with {reply.status}")
        answered = Checkout.read(reply.body) if reply.ok else None
        if answered and answered.status is Status.COMPLETED:
            return self._order(answered)
        return self._after_answer(reply, answered)

    def _after_answer(self, reply: Reply, answered: Checkout | None) -> Order | Refused | Unclear:
        """A clear answer that is no order: read what it left behind, end it, and say why."""
        said = errors(answered.messages if answered else read_messages(reply.body))
        default = f"the merchant did not take the order ({reply.status})"
        try:
            checkout = read_session(self.api, self.session_id)
        except FetchError as failure:
            return self._unclear(f"the merchant refused, and its session cannot be read: {failure}")
        if checkout is None:
            return self._unclear("the merchant refused, and does not know its session")
        if checkout.status is Status.COMPLETED:
            return self._order(checkout)
        if checkout.action_url:
            default = "the bank wants the buyer in person to confirm the payment"
        elif checkout.status is Status.IN_PROGRESS:
            return self._unclear("the merchant is still working on the order")
        url = (answered.handover_url if answered else None) or checkout.handover_url
        return self._end(checkout, refusal(said, code=FAILED, default=default, url=url))

    def _after_silence(self, why: str) -> Order | Unclear:
        """Nobody knows: read once, and believe only an order that stands. Ending it is for the look-up to do."""
        try:
            checkout = read_session(self.api, self.session_id)
        except FetchError:
            return self._unclear(why)
        return self._order(checkout) if checkout and checkout.status is Status.COMPLETED else self._unclear(why)

    def _end(self, checkout: Checkout, refused: Refused) -> Order | Refused | Unclear:
        """Cancel, so that the refusal stays one. A merchant that does not confirm it leaves it unclear."""
        if checkout.status is Status.CANCELED:
            return self._refuse(refused)
        try:
            ended = cancel(self.api, checkout)
        except FetchError as failure:
            return self._unclear(f"{refused.message}; and its session could not be ended: {failure}")
        if ended and ended.status is Status.COMPLETED:
            return self._order(ended)
        if ended and ended.status is Status.CANCELED:
            return self._refuse(refused)
        return self._unclear(f"{refused.message}; and the merchant did not confirm that its session ended")

    def _order(self, checkout: Checkout) -> Order | Unclear:
        """The order as the merchant confirms it, read back where it can be."""
        if checkout.order_id is None:
            return self._unclear("the merchant completed the session and names no order")
        kept = self._read_order(checkout.order_id)
        wire = self.api.business.wire
        currency = checkout.currency or self.offer.cost.total.currency
        cost = read_cost((kept.body if kept else {}).get("totals"), currency, wire)
        if isinstance(cost, Mismatch):
            cost = read_cost(checkout.totals, currency, wire)
        body = kept.body if kept else {}
        return Order(
            merchant_order_id=checkout.order_id,
            total=self.offer.cost.total if isinstance(cost, Mismatch) else cost.total,
            permalink_url=checkout.permalink_url or text(body.get("permalink_url")),
            estimated_delivery=_delivery(body),
            evidence=self.api.evidence.as_mapping(),
        )

    def _read_order(self, order_id: str) -> Reply | None:
        if not self.reads_orders:
            return None
        try:
            reply = self.api.get("orders", order_id)
        except FetchError:
            return None  # the completed session is confirmation enough
        return reply if reply.ok and text(reply.body.get("id")) == order_id else None

    def _refuse(self, refused: Refused) -> Refused:
        return replace(refused, evidence=self.api.evidence.as_mapping())

    def _unclear(self, why: str) -> Unclear:
        return Unclear(message=why, evidence=self.api.evidence.as_mapping())


def _delivery(order: Mapping[str, Any]) -> datetime | None:
    """The latest time the merchant expects to deliver, if its order says one."""
    expectations = objects(mapping(order.get("fulfillment")).get("expectations"))
    return max((due for one in expectations if (due := moment(one.get("fulfillable_on")))), default=None)
