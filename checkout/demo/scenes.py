"""The demo's six purchases: what each shows, how it must end, and when its service is killed."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Kill(StrEnum):
    """The moment at which the demo kills the service, as the shop's log tells it."""

    ORDER_PLACED = "the order is in the book, its answer on the way"
    ORDER_STALLED = "the shop sits on the order request"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One purchase. `product` names a behaviour of the demo shop; `ends` is the state, `code` the failure."""

    title: str
    product: str
    shows: str
    pays_with: str = "tok_visa"
    constraints: Mapping[str, int] | None = None
    ends: str = "completed"
    code: str | None = None
    kill: Kill | None = None

    @property
    def outcome(self) -> str:
        """What the table says, when all is well."""
        return self.code or self.ends


SCENES = (
    Scene(title="A purchase", product="sells", shows="offer, hold, order, capture"),
    Scene(
        title="A declined card",
        product="sells",
        pays_with="tok_chargeDeclinedInsufficientFunds",
        shows="nothing is ordered, nothing is held",
        ends="failed",
        code="payment_failed",
    ),
    Scene(
        title="A price over the limit",
        product="sells",
        constraints={"maxTotalPrice": 1000},
        shows="refused at the offer, before any money",
        ends="failed",
        code="constraint_total_price_exceeded",
    ),
    Scene(
        title="A lost answer",
        product="drops_answer",
        shows="the order is looked up, not placed again",
    ),
    Scene(
        title="kill -9 after the charge",
        product="late",
        shows="taken over; the order is found and paid for",
        kill=Kill.ORDER_PLACED,
    ),
    Scene(
        title="kill -9 before the order",
        product="stalls",
        shows="looked up, definitely absent, hold released",
        ends="failed",
        code="order_placement_failed",
        kill=Kill.ORDER_STALLED,
    ),
)
