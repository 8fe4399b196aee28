"""The demo shop's checkout sessions: what was asked for, what it costs, where it stands.

Pure state and arithmetic; must never know a protocol version, a socket or a file.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Self

from merchants.demo import goods
from merchants.demo.goods import Behaviour, Product, ShippingRate

# The protocol's own default.
SESSION_HOURS = 6
OPEN = frozenset({"incomplete", "ready_for_complete", "requires_escalation"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of a session."""

    line_id: str
    item_id: str
    quantity: int

    @property
    def product(self) -> Product:
        """What it is of."""
        return goods.BY_ITEM[self.item_id][0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """What a session costs, in minor units. `discount` is what is taken off, not negative."""

    subtotal: int
    discount: int
    shipping: int | None
    tax: int | None
    stated_total: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A checkout session."""

    session_id: str
    created_at: str
    lines: tuple[Line, ...]
    buyer: Mapping[str, Any] = field(default_factory=dict)
    destination: Mapping[str, Any] | None = None
    option_id: str | None = None
    codes: tuple[str, ...] = ()
    status: str = "incomplete"
    order_id: str | None = None
    read_after_ready: int = 0
    read_in_progress: int = 0

    @property
    def behaviour(self) -> Behaviour:
        """The first line's: one product per session is what this shop expects."""
        return self.lines[0].product.behaviour

    @property
    def expires_at(self) -> datetime:
        """When it ends by itself."""
        return datetime.fromisoformat(self.created_at) + timedelta(hours=SESSION_HOURS)

    @property
    def country(self) -> str:
        """Where it ships to; empty when nowhere is known yet."""
        return str((self.destination or {}).get("address_country") or "").upper()

    @property
    def rates(self) -> Sequence[ShippingRate]:
        """The ways it can ship."""
        return goods.rates(self.lines[0].product, self.country) if self.country else ()

    @property
    def rate(self) -> ShippingRate | None:
        """The way it will ship."""
        return next((rate for rate in self.rates if rate.option_id == self.option_id), None)

    @property
    def applied_codes(self) -> Sequence[str]:
        """The codes that are worth something here."""
        return tuple(dict.fromkeys(code.upper() for code in self.codes if code.upper() in goods.CODES))

    @property
    def rejected_codes(self) -> Sequence[str]:
        """The codes that are worth nothing, as they were sent."""
        return tuple(code for code in self.codes if code.upper() not in goods.CODES)

    def unit_price(self, line: Line) -> int:
        """A line's price per unit, in minor units; it rises where the behaviour says so."""
        risen = self.behaviour is Behaviour.PRICE_CHANGES and self.read_after_ready
        return line.product.price_minor + (goods.PRICE_RISE_MINOR if risen else 0)

    def amounts(self) -> Amounts:
        """What it costs as it stands."""
        subtotal = sum(self.unit_price(line) * line.quantity for line in self.lines)
        own = sum(line.quantity for line in self.lines if line.product.behaviour is Behaviour.DISCOUNTED)
        off = own * goods.OWN_DISCOUNT_MINOR + sum(goods.CODES[code] for code in self.applied_codes)
        discount = min(off, subtotal)
        region = str((self.destination or {}).get("address_region") or "").upper()
        tax = goods.tax_minor(subtotal - discount, self.country, region) if self.country else None
        shipping = self.rate.amount_minor if self.rate else None
        total = subtotal - discount + (tax or 0) + (shipping or 0)
        miscounted = self.behaviour is Behaviour.MISCOUNTS
        return Amounts(
            subtotal=subtotal,
            discount=discount,
            shipping=shipping,
            tax=tax,
            stated_total=total - 1 if miscounted else total,
        )

    def missing(self) -> Sequence[tuple[str, str, str]]:
        """What keeps it from being completed: code, path, sentence."""
        said: list[tuple[str, str, str]] = []
        if not self.country:
            said.append(("missing", "$.fulfillment.methods[0].destinations", "A shipping address is needed"))
        elif not self.rates:
            said.append(("address_undeliverable", "$.fulfillment", f"We do not ship to {self.country}"))
        elif self.rate is None:
            said.append(("missing", "$.fulfillment.methods[0].groups[0].selected_option_id", "Choose how to ship"))
        return said

    def settled(self) -> Self:
        """Itself, ready or incomplete as what is missing says."""
        return replace(self, status="incomplete" if self.missing() else "ready_for_complete")

    def as_json(self) -> dict[str, Any]:
        """For the state file."""
        return asdict(self)

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> Self:
        """From the state file."""
        return cls(
            **{
                **kept,
                "lines": tuple(Line(**line) for line in kept["lines"]),
                "codes": tuple(kept["codes"]),
            }
        )
