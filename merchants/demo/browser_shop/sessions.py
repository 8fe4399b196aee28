"""A visitor's state: basket, what was typed, what was chosen, and what it all costs.

Knows the rules of sums; must never know a page or a socket. Card numbers never come here: a token and four digits do.
"""

from dataclasses import dataclass, field

from merchants.demo.browser_shop import places
from merchants.demo.browser_shop.design import Design
from merchants.demo.browser_shop.goods import CARD, RISE_MINOR, Behaviour, Choice, Product
from merchants.demo.browser_shop.hostile import NO_CASE, Case
from merchants.demo.browser_shop.places import Rate


@dataclass(slots=True)
class Line:
    """One line of a basket."""

    product: Product
    choice: Choice
    quantity: int
    unit_minor: int

    @property
    def amount_minor(self) -> int:
        """What the line costs."""
        return self.unit_minor * self.quantity

    @property
    def variant(self) -> dict[str, str]:
        """Group → value."""
        return dict(zip(self.product.options, self.choice, strict=True))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sums:
    """What a basket costs, in minor units. None: not known yet. `tax_included`: the tax is part of the rest."""

    subtotal: int
    shipping: int | None
    tax: int | None
    total: int
    tax_included: bool


@dataclass(slots=True)
class Session:
    """One visitor."""

    session_id: str
    design: Design
    lines: list[Line] = field(default_factory=list)
    fields: dict[str, str] = field(default_factory=dict, repr=False)
    rate_id: str = ""
    payment: str = ""
    token: str = field(default="", repr=False)
    last4: str = ""
    said: list[str] = field(default_factory=list)  # shown once, on the next page
    seen: set[str] = field(default_factory=set)  # what happened once in this visit
    orders: list[str] = field(default_factory=list)
    case: Case = NO_CASE

    def bought(self, behaviour: Behaviour) -> bool:
        """Whether a product of this behaviour is in the basket."""
        return any(line.product.behaviour is behaviour for line in self.lines)

    def once(self, what: str) -> bool:
        """Whether this is the first time in this visit."""
        first = what not in self.seen
        self.seen.add(what)
        return first

    @property
    def pays_with(self) -> list[str]:
        """The ways to pay that every line allows."""
        return [way for way in (CARD, "delivery") if all(way in line.product.pays_with for line in self.lines)]

    @property
    def rates(self) -> list[Rate]:
        """The ways to ship to the address typed so far."""
        country = self.fields.get("country", "")
        return list(places.rates(country, single=self.bought(Behaviour.SINGLE_SHIPPING))) if country else []

    @property
    def rate(self) -> Rate | None:
        """The chosen way to ship; the only one where there is one."""
        offered = self.rates
        chosen = next((rate for rate in offered if rate.rate_id == self.rate_id), None)
        return chosen or (offered[0] if len(offered) == 1 else None)

    @property
    def _is_foreign(self) -> bool:
        """Whether the address is known to be where the tax in an inclusive price is not owed."""
        country = self.fields.get("country", "")
        return bool(country) and self.design.tax == "included" and not places.owes_home_tax(country)

    def owed_minor(self, amount_minor: int) -> int:
        """What is to be paid of a price as the product page shows it, in minor units."""
        return places.without_home_tax(amount_minor) if self._is_foreign else amount_minor

    def sums(self) -> Sums:
        """What it costs, as far as is known."""
        goods = sum(self.owed_minor(line.amount_minor) for line in self.lines)
        country, region = self.fields.get("country", ""), self.fields.get("region", "")
        rate = self.rate
        tax: int | None = None
        included = self.design.tax == "included"
        if included:
            tax = 0 if self._is_foreign else goods - places.without_home_tax(goods)
        elif country:
            tax = places.tax_on(goods, country, region)
        added = 0 if included else tax or 0
        shipping = rate.amount_minor if rate else None
        return Sums(
            subtotal=goods, shipping=shipping, tax=tax, total=goods + (shipping or 0) + added, tax_included=included
        )

    def charged_minor(self) -> int:
        """What an order is charged: the total, unless the product is a dishonest one."""
        dishonest = self.bought(Behaviour.PRICE_SWAPS) or self.bought(Behaviour.CHARGES_MORE)
        return self.sums().total + (RISE_MINOR if dishonest else 0)

    def emptied(self) -> None:
        """After an order: the next purchase starts from nothing, only the visitor stays the same."""
        self.lines.clear()
        self.fields.clear()
        self.rate_id = self.payment = self.token = self.last4 = ""
