"""What a UCP business's own books say: the orders that stand from a session, read and never changed.

Reads the session and the order resource. Must never cancel or complete: whoever compares books only looks.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from merchants.errors import FetchError
from merchants.sdk import Order, Unclear
from merchants.ucp.api import Api, MerchantBusyError
from merchants.ucp.checkout import Checkout, Status
from merchants.ucp.ending import read_session
from merchants.ucp.reading import text
from merchants.ucp.totals import Mismatch, read_cost

NOT_FOUND = 404


@dataclass(frozen=True, slots=True, kw_only=True)
class Checking:
    """One look at one session's orders."""

    api: Api
    session_id: str
    reads_orders: bool

    def orders(self, order_id: str | None) -> Sequence[Order] | Unclear | None:
        """Every order found: the session's own, and the one of this number, if they stand."""
        try:
            session = read_session(self.api, self.session_id)
            own = session.order_id if session and session.status is Status.COMPLETED else None
            numbers = [number for number in dict.fromkeys((order_id, own)) if number]
            if not self.reads_orders:
                return self._of_session(session)
            if not numbers:
                # A session may be forgotten after its order as well as without one.
                return [] if session else None
            return [order for number in numbers if (order := self._order(number, session))]
        except FetchError as failure:
            return Unclear(message=f"the merchant's books cannot be read: {failure}")

    def _of_session(self, session: Checkout | None) -> Sequence[Order] | None:
        """All there is of a business that shows no orders: what its session says."""
        if session is None:
            return None
        if session.status is not Status.COMPLETED or session.order_id is None:
            return []
        order = self._written(session.order_id, session.totals, session.currency)
        return [order] if order else None

    def _order(self, number: str, session: Checkout | None) -> Order | None:
        """The order of this number, if it stands; with the session's total where its own says none."""
        reply = self.api.get("orders", number)
        if reply.status == NOT_FOUND:
            return None
        if not reply.ok or text(reply.body.get("id")) != number:
            raise MerchantBusyError(f"the merchant answered {reply.status} when asked for order {number}")
        currency = text(reply.body.get("currency")) or (session.currency if session else None)
        order = self._written(number, reply.body.get("totals"), currency)
        if order is None and session and session.order_id == number:
            order = self._written(number, session.totals, session.currency)
        if order is None:
            raise MerchantBusyError(f"the merchant's order {number} names no total")
        return order

    def _written(self, number: str, totals: object, currency: str | None) -> Order | None:
        cost = read_cost(totals, currency, self.api.business.wire)
        return None if isinstance(cost, Mismatch) else Order(merchant_order_id=number, total=cost.total)
