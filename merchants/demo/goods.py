"""What the demo shop sells: one product per behaviour, so that a URL says what will happen.

Knows prices, stock, tax and shipping as tables; must never know a session.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

CURRENCY = "USD"


class Behaviour(StrEnum):
    """How the shop behaves when this product is bought."""

    SELLS = "sells"
    SOLD_OUT = "sold_out"  # listed, and refused when a session is opened
    LIMITED = "limited"  # two in stock
    PRICE_CHANGES = "price_changes"  # costs more as soon as a session with a finished price is read again
    SHIPPING = "shipping"  # three ways to ship, the dearest named first
    VARIANTS = "variants"  # colours and sizes; one of them sold out
    DISCOUNTED = "discounted"  # a discount of its own, whose sign depends on the protocol's version
    LATE = "late"  # places the order and takes seconds to say so
    DROPS_ANSWER = "drops_answer"  # places the order and closes the connection without a word
    STALLS = "stalls"  # reads the order request and sits on it; places nothing once the client has gone
    DECLINES = "declines"  # refuses every payment
    ESCALATES = "escalates"  # wants the buyer in person when asked to complete
    CHALLENGES = "challenges"  # answers the payment with a 3-D Secure challenge
    COMPLETES_LATER = "completes_later"  # accepts, and has the order only at a later reading
    MISCOUNTS = "miscounts"  # states a total that its entries do not sum to


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """One thing to buy; `options` tell it from its siblings."""

    item_id: str
    options: Mapping[str, str] = field(default_factory=dict)
    available: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A product page: title, unit price in minor units, variants."""

    behaviour: Behaviour
    title: str
    price_minor: int
    variants: Sequence[Variant]

    @property
    def handle(self) -> str:
        """The last part of its URL."""
        return self.behaviour.replace("_", "-")

    @property
    def product_id(self) -> str:
        """The shop's id of the product, not of a variant."""
        return f"prod_{self.behaviour}"


def _simple(behaviour: Behaviour, title: str, price_minor: int) -> Product:
    return Product(
        behaviour=behaviour, title=title, price_minor=price_minor, variants=(Variant(item_id=f"item_{behaviour}"),)
    )


PRODUCTS = (
    _simple(Behaviour.SELLS, "Brass desk lamp", 4_900),
    _simple(Behaviour.SOLD_OUT, "Cedar pencil box", 1_800),
    _simple(Behaviour.LIMITED, "Hand-thrown bowl", 6_400),
    _simple(Behaviour.PRICE_CHANGES, "Wool throw", 8_900),
    _simple(Behaviour.SHIPPING, "Cast-iron kettle", 7_200),
    Product(
        behaviour=Behaviour.VARIANTS,
        title="Canvas apron",
        price_minor=3_600,
        variants=(
            Variant(item_id="item_apron_blue_s", options={"Color": "Blue", "Size": "S"}),
            Variant(item_id="item_apron_blue_m", options={"Color": "Blue", "Size": "M"}),
            Variant(item_id="item_apron_rust_m", options={"Color": "Rust", "Size": "M"}, available=False),
        ),
    ),
    _simple(Behaviour.DISCOUNTED, "Linen tea towels", 2_400),
    _simple(Behaviour.LATE, "Walnut bookend", 5_500),
    _simple(Behaviour.DROPS_ANSWER, "Enamel mug", 1_600),
    _simple(Behaviour.STALLS, "Oak stool", 9_800),
    _simple(Behaviour.DECLINES, "Copper funnel", 2_100),
    _simple(Behaviour.ESCALATES, "Sheepskin rug", 12_900),
    _simple(Behaviour.CHALLENGES, "Travel alarm clock", 3_900),
    _simple(Behaviour.COMPLETES_LATER, "Rattan basket", 4_200),
    _simple(Behaviour.MISCOUNTS, "Glass carafe", 2_700),
)
BY_ITEM = {variant.item_id: (product, variant) for product in PRODUCTS for variant in product.variants}
BY_HANDLE = {product.handle: product for product in PRODUCTS}

# No shop has more of anything than this.
STOCK = 1_000
LIMITED_STOCK = 2
# What the discounted product and the code each take off, in minor units per unit and per session.
OWN_DISCOUNT_MINOR = 400
CODES = {"SAVE5": 500, "THANKS": 250}
PRICE_RISE_MINOR = 1_100

# Tax on goods by country or country-region, in hundred-thousandths; elsewhere none.
_TAX = {"US-CA": 7_250, "US-NY": 8_875, "US-WA": 6_500, "CA-ON": 13_000, "CA": 5_000, "GB": 20_000, "DE": 19_000}
_HUNDRED_THOUSAND = 100_000


@dataclass(frozen=True, slots=True, kw_only=True)
class ShippingRate:
    """A way to ship, its price in minor units, and how long it takes."""

    option_id: str
    title: str
    amount_minor: int
    days: int


_STANDARD = ShippingRate(option_id="standard", title="Standard shipping", amount_minor=500, days=5)
_EXPRESS = ShippingRate(option_id="express", title="Express shipping", amount_minor=1_500, days=2)
_ECONOMY = ShippingRate(option_id="economy", title="Economy shipping", amount_minor=300, days=9)
_ABROAD = ShippingRate(option_id="international", title="International shipping", amount_minor=2_500, days=12)
# Nowhere to deliver to.
_UNREACHABLE = frozenset({"AQ", "BV", "HM"})


def rates(product: Product, country: str) -> Sequence[ShippingRate]:
    """The ways to ship `product` to `country`."""
    if country in _UNREACHABLE:
        return ()
    if country != "US":
        return (_ABROAD,)
    return (_EXPRESS, _STANDARD, _ECONOMY) if product.behaviour is Behaviour.SHIPPING else (_STANDARD, _EXPRESS)


def tax_minor(goods_minor: int, country: str, region: str) -> int:
    """Tax on goods worth `goods_minor`, rounded half up to a minor unit."""
    rate = _TAX.get(f"{country}-{region}", _TAX.get(country, 0))
    return (goods_minor * rate + _HUNDRED_THOUSAND // 2) // _HUNDRED_THOUSAND


def stock(product: Product) -> int:
    """How many there are."""
    if product.behaviour is Behaviour.SOLD_OUT:
        return 0
    return LIMITED_STOCK if product.behaviour is Behaviour.LIMITED else STOCK
