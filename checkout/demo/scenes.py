"""The demo's eight purchases: what each shows, how it must end, and when its service is killed.

Six at a shop that speaks UCP; two at shops that only have pages, where the browser agent buys.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Kill(StrEnum):
    """The moment at which the demo kills the service, as the shop's log tells it."""

    ORDER_PLACED = "the order is in the book, its answer on the way"
    ORDER_STALLED = "the shop sits on the order request"


class Shop(StrEnum):
    """Where a scene buys; the name of the shop's process."""

    UCP = "shop"
    BROWSER = "browser_shop"
    OSCAR = "oscar"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One purchase. `product` names a product of the shop; `ends` is the state, `code` the failure.

    `booked_as`: what the shop's own book calls the product, where that is another word.
    """

    title: str
    product: str
    shows: str
    shop: Shop = Shop.UCP
    quantity: int = 1
    variant: Mapping[str, str] = field(default_factory=dict)
    booked_as: str | None = None
    pays_with: str = "tok_visa"
    constraints: Mapping[str, int] | None = None
    ends: str = "completed"
    code: str | None = None
    kill: Kill | None = None

    @property
    def by_agent(self) -> bool:
        """Whether the browser agent buys."""
        return self.shop is not Shop.UCP

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
    Scene(
        title="A shop with pages only",
        shop=Shop.BROWSER,
        product="3ds_frictionless",
        quantity=2,
        shows="an agent buys; card in hosted fields, 3-D Secure",
    ),
    Scene(
        title="django-oscar",
        shop=Shop.OSCAR,
        product="variants",
        booked_as="shirt",
        variant={"Colour": "Blue", "Size": "M"},
        shows="an agent buys at a shop nobody here wrote",
    ),
)
