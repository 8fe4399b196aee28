"""The whole contract a merchant adapter implements. Authors import this module and nothing else.

An adapter matches product URLs, quotes an offer with shipping and tax, places one order, and can say afterwards whether
an order exists. The last is what makes a lost answer harmless, so it is not optional. Outcomes are values, not
exceptions: `Refused` is a definite no, `Unclear` means the order may or may not stand. Adapters keep no state between
calls: what they need later goes into `Offer.merchant_state` (JSON; no secrets; kept in the purchase's history).
Every outside call of an adapter ends within `Deadline.CALL_SECONDS`, shorter than the purchase's lease.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol, runtime_checkable

from payments.instruments import Instrument, InstrumentSource, PaymentHandler
from payments.money import Money

__all__ = ["Instrument", "InstrumentSource", "Money", "PaymentHandler"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Buyer:
    """Who buys and where it ships. Phone and country as the caller gave them; country is ISO 3166 alpha-2."""

    first_name: str
    last_name: str
    email: str
    phone: str
    address1: str
    city: str
    province: str
    postal_code: str
    country: str
    address2: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferRequest:
    """One product, a quantity of at least 1, a buyer, and the variant wanted (label → value)."""

    product_url: str
    quantity: int
    buyer: Buyer
    variant: Mapping[str, str] = field(default_factory=dict)
    promo_codes: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """`total` = subtotal + shipping + tax + surcharge - discount; all non-negative, one currency. None: not said."""

    subtotal: Money
    total: Money
    shipping: Money | None = None
    tax: Money | None = None
    discount: Money | None = None
    surcharge: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippingOption:
    """A way to ship and its price; delivery estimates in UTC when the merchant gives them."""

    option_id: str
    title: str
    cost: Money
    earliest: datetime | None = None
    latest: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Offer:
    """What the purchase will cost, and what the adapter must remember to place exactly this order."""

    merchant: str
    item_id: str
    title: str
    quantity: int
    cost: Cost
    shipping_options: Sequence[ShippingOption]
    selected_shipping_option_id: str | None
    payment_handler: PaymentHandler | None
    merchant_state: Mapping[str, Any]
    variant: Mapping[str, str] = field(default_factory=dict)
    applied_promo_codes: Sequence[str] = ()
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """An order the merchant confirmed: its own number, the total it charged, and the evidence (raw, redacted)."""

    merchant_order_id: str
    total: Money
    permalink_url: str | None = None
    estimated_delivery: datetime | None = None
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """A definite no: no order stands. `code` is an API failure code; `continue_url` hands over to a person."""

    code: str
    message: str
    continue_url: str | None = None
    retryable: bool = False
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Absent:
    """Definitely no order, now and later: the merchant's session is cancelled or can no longer complete."""

    message: str
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Unclear:
    """Nobody knows yet whether an order stands. It is looked up again, never placed again."""

    message: str
    evidence: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What a merchant can do, as data: shown by `checkout adapters`, checked by the contract suite."""

    currencies: frozenset[str] | None = None  # None: whatever the merchant answers with
    countries: frozenset[str] | None = None
    max_quantity: int = 99
    promo_codes: bool = False
    guest_checkout: bool = True


class Deadline:
    """Time limits every adapter keeps, in seconds."""

    # Shorter than the purchase's 15 s lease renewals times two, so that a call never outlives its owner unnoticed.
    CALL_SECONDS = 10.0
    # Placing an order may be slow at a merchant that charges a card meanwhile; the lease is renewed during the step.
    PLACE_ORDER_SECONDS = 30.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """Whether an adapter takes a URL, and the sentence `checkout adapters why URL` prints."""

    matches: bool
    why: str


class Merchant(Protocol):
    """A merchant flow. One instance serves many purchases at once, so it holds no purchase's state."""

    @property
    def name(self) -> str:
        """The adapter's name; an offer's `merchant` is it."""
        ...

    @property
    def capabilities(self) -> Capabilities:
        """What the merchant can do."""
        ...

    def match(self, product_url: str) -> Match:
        """Whether this adapter buys from `product_url`. May ask the merchant (discovery); must not raise."""
        ...

    def offer(self, request: OfferRequest, instruments: InstrumentSource, *, key: str) -> Offer | Refused:
        """Quote the product for this buyer, tax and shipping included, without buying.

        Transient trouble is `Refused(code="offer_retrieval_failed", retryable=True)`.
        """
        ...

    def place_order(
        self, request: OfferRequest, offer: Offer, instrument: Instrument | None, *, key: str
    ) -> Order | Refused | Unclear:
        """Place exactly this order once. Called at most once per purchase; a lost answer is `Unclear`."""
        ...

    def find_order(self, offer: Offer, *, key: str) -> Order | Absent | Unclear:
        """Say whether the order stands. Before answering `Absent`, make a late order impossible. Safe to repeat."""
        ...


@runtime_checkable
class OrderBook(Protocol):
    """What a flow may offer besides: the merchant's own books, so that `checkout reconcile` can compare them with ours.

    A flow without it is counted as not checkable, and nothing else.
    """

    def read_orders(self, offer: Offer, order_id: str | None, *, key: str) -> Sequence[Order] | Unclear | None:
        """Every order that stands from this offer, the one of number `order_id` among them if it does. Only reads.

        `Unclear`: the merchant did not answer, ask another time. None: it has no way to be asked.
        """
        ...
