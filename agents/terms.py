"""The words of an agent's task: what is asked, what was read off a page, what was permitted, how it ended.

Frozen values. Knows the merchants' words and money; must never know a browser, a model, or the service.
Outcomes are the merchants' own: `Offer | Refused` ends a quote, `Order | Refused | Unclear` an order,
`Order | Absent | Unclear` a look-up.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any

from merchants.sdk import Absent, Offer, OfferRequest, Order, Refused, ShippingOption, Unclear
from payments.money import Money

Outcome = Offer | Order | Refused | Unclear | Absent


class Kind(StrEnum):
    """What a task asks for."""

    OFFER = "offer"  # quote: go as far as the total is known, without paying
    ORDER = "order"  # place exactly the confirmed order, once
    LOOK_UP = "look_up"  # a worker fell silent after its permit: say whether the order stands; place nothing


class Phase(StrEnum):
    """Where in a shop a page is. It decides which actions there are and which slots may be filled."""

    BROWSE = "browse"  # product pages, basket
    CONTACT = "contact"  # who buys, where it ships
    SHIPPING = "shipping"  # how it ships
    PAYMENT = "payment"  # how it is paid
    REVIEW = "review"  # a control on the page places the order


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedSession:
    """What another worker needs to look an order up: the browser's cookies and storage, and where it stood. Secret."""

    storage: Mapping[str, Any] = field(repr=False)
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A claimed task. `token` completes it, and is secret. `offer` is the confirmed one (order and look-up)."""

    callback_id: str
    token: str = field(repr=False)
    kind: Kind
    intent_id: str
    request: OfferRequest
    offer: Offer | None
    deadline: datetime
    session: SavedSession | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Costs:
    """The cost lines as a page shows them. None: the page does not say."""

    total: Money
    subtotal: Money | None = None
    shipping: Money | None = None
    tax: Money | None = None
    discount: Money | None = None
    surcharge: Money | None = None
    tax_included: bool = False  # the tax line is part of the other lines, not added to them


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a basket or a review. `text` is all of the line's visible text: variants are looked for in it."""

    title: str
    quantity: int
    text: str
    amount: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippingChoice:
    """A way to ship, as a page offers it."""

    option: ShippingOption
    selected: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Readings:
    """What code read off the page just before the commit; the service compares it with the confirmed offer.

    `totals` are two independent readings of the total; `address_found` names the `Buyer` fields that stand on the page
    as the address. Nothing here is the model's word.
    """

    url: str
    totals: tuple[Money, Money]
    lines: Sequence[Line]
    address_found: Sequence[str]
    variant_found: Mapping[str, str] = field(default_factory=dict)
    pays_with: str | None = None  # the handler's name, or None: the merchant takes pay on delivery, transfer, invoice
    commit_control: str = ""  # the accessible name of the control that places the order


@dataclass(frozen=True, slots=True, kw_only=True)
class Permit:
    """The service's leave for one click. `expires_at` is seconds away; after it there must be no click."""

    permit_id: str
    expires_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """What the page after the commit says."""

    order_number: str
    total: Money | None
    heading: str
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What one task may use up. Time is the task's own deadline."""

    turns: int = 40  # a six-page shop takes under ten; forty is a shop that leads nowhere
    input_tokens: int = 300_000  # seven times the target for a first purchase
    usd: float = 2.0  # more than an agent's purchase may cost before a person should look
    usd_per_million_input: float = 3.0  # of the model in use; the operator sets them when another is chosen
    usd_per_million_output: float = 15.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BuyingConfig:
    """What every task of a worker shares. `allowed_private`: exact `host:port` pairs; `payment_hosts`: more of them."""

    evidence_folder: Path
    allowed_private: Sequence[str] = ()
    payment_hosts: Sequence[str] = ()
    budget: Budget = field(default_factory=Budget)
