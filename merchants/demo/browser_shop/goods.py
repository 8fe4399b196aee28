"""What the shop sells: one product per behaviour, so that a URL says what will happen.

Knows titles, prices, variants and stock; must never know a session or a page.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum


class Behaviour(StrEnum):
    """How the shop behaves when this product is looked at or bought."""

    SELLS = "sells"
    VARIANTS = "variants"  # two groups of options; one combination is sold out
    VARIANT_REQUIRED = "variant_required"  # nothing is preselected, and adding without a choice shows an error
    WINDOW_ALERT_ADD = "window_alert_add"  # the same, but what is shown is a script's alert
    SOLD_OUT = "sold_out"  # the add button is disabled
    SELLS_OUT_IN_BASKET = "sells_out_in_basket"
    SELLS_OUT_AT_COMMIT = "sells_out_at_commit"
    LIMITED = "limited"  # two in stock
    PRICE_CHANGES = "price_changes_between_offer_and_order"  # each visitor pays more than the one before
    PRICE_SWAPS = "price_swaps_after_review"  # the review's total rises once the terms are accepted, and is charged
    CHARGES_MORE = "charges_more_than_shown"  # only the order book and the confirmation say so
    DUPLICATE_SUBMIT = "duplicate_submit"  # a script posts the order three times, and the shop takes each
    HANGS = "hangs"
    BREAKS = "breaks"
    FAILS_500 = "fails_500"
    NOT_FOUND = "not_found"
    CAPTCHA = "captcha"
    BOT_WALL = "bot_wall"
    LOGIN_WALL = "login_wall"  # no guests at the checkout
    SLOW_PAGES = "slow_pages"
    DROPS_ANSWER = "drops_answer_after_order"  # the order is in the book, the connection closes
    HANGS_AFTER_ORDER = "hangs_after_order"  # the order is in the book, no answer comes
    CRASHES = "crashes_before_order"  # the connection closes, nothing is in the book
    FRICTIONLESS = "3ds_frictionless"  # the bank's page posts itself back
    CHALLENGE = "3ds_challenge"  # the bank's page wants a code
    DECLINES = "declines_card"
    PAY_ON_DELIVERY = "pay_on_delivery"  # no card is taken
    FORM_ERROR = "form_error"  # the address is refused once
    LATE_SHIPPING = "late_shipping"  # ways to ship appear once the last field of the address has lost focus
    SINGLE_SHIPPING = "single_shipping"  # one way to ship, so the shop skips the question


CARD = "card"
ON_DELIVERY = "delivery"

Choice = tuple[str, ...]  # one value for each group of options, in the groups' order


@dataclass(frozen=True, slots=True, kw_only=True)
class Product:
    """A product page. Price in minor units; `options`: group → values; no choice at all is the empty tuple."""

    behaviour: Behaviour
    title: str
    price_minor: int
    about: str
    options: Mapping[str, Sequence[str]] = field(default_factory=dict)
    sold_out: frozenset[Choice] = frozenset()
    surcharges_minor: Mapping[str, int] = field(default_factory=dict)  # value → what it costs more
    pays_with: Sequence[str] = (CARD, ON_DELIVERY)
    stock: int = 1_000  # no shop has more of anything

    @property
    def handle(self) -> str:
        """The last part of its URL."""
        return self.behaviour.replace("_", "-")

    @property
    def path(self) -> str:
        """Its page."""
        return f"/products/{self.handle}"

    def has(self, choice: Choice) -> bool:
        """Whether this is one of its variants."""
        return len(choice) == len(self.options) and all(
            value in values for value, values in zip(choice, self.options.values(), strict=True)
        )

    def available(self, choice: Choice) -> int:
        """How many of it there are."""
        return 0 if choice in self.sold_out else self.stock

    def unit_minor(self, choice: Choice) -> int:
        """What one of it costs, in minor units."""
        return self.price_minor + sum(self.surcharges_minor.get(value, 0) for value in choice)


_B = Behaviour
_APRON = {"Colour": ("Blue", "Rust", "Black"), "Size": ("S", "M", "L")}


def _one(behaviour: Behaviour, title: str, price_minor: int, about: str, **more: object) -> Product:
    return Product(behaviour=behaviour, title=title, price_minor=price_minor, about=about, **more)  # type: ignore[arg-type]  # a table's cells


PRODUCTS = (
    _one(_B.SELLS, "Brass desk lamp", 4_900, "A lamp with a joint that holds where it is put."),
    _one(
        _B.VARIANTS,
        "Canvas apron",
        3_600,
        "Waxed canvas, two pockets, a strap that does not slip.",
        options=_APRON,
        sold_out=frozenset({("Rust", "L")}),
        surcharges_minor={"L": 300},
    ),
    _one(_B.VARIANT_REQUIRED, "Linen shirt", 7_900, "Washed linen, mother-of-pearl buttons.", options=_APRON),
    _one(_B.WINDOW_ALERT_ADD, "Wool socks", 1_900, "Merino from the Harz.", options={"Size": ("36-39", "40-43")}),
    _one(_B.SOLD_OUT, "Cedar pencil box", 1_800, "Dovetailed by hand.", stock=0),
    _one(_B.SELLS_OUT_IN_BASKET, "Oak bookend", 2_900, "A pair."),
    _one(_B.SELLS_OUT_AT_COMMIT, "Sheepskin rug", 12_900, "From one animal."),
    _one(_B.LIMITED, "Hand-thrown bowl", 6_400, "Stoneware, iron glaze.", stock=2),
    _one(_B.PRICE_CHANGES, "Wool throw", 8_900, "Woven in Donegal."),
    _one(_B.PRICE_SWAPS, "Cast-iron kettle", 7_200, "Enamelled inside."),
    _one(_B.CHARGES_MORE, "Rattan basket", 4_200, "For wood or washing."),
    _one(_B.DUPLICATE_SUBMIT, "Enamel mug", 1_600, "Chips beautifully."),
    _one(_B.HANGS, "Glass carafe", 2_700, "A litre."),
    _one(_B.BREAKS, "Porcelain plate", 2_200, "For cake."),
    _one(_B.FAILS_500, "Paper lantern", 900, "Folds flat."),
    _one(_B.NOT_FOUND, "Tin whistle", 1_100, "In D."),
    _one(_B.CAPTCHA, "Robot kit", 5_900, "Two servos, no screws."),
    _one(_B.BOT_WALL, "Garden gate", 18_900, "Larch."),
    _one(_B.LOGIN_WALL, "Members' teapot", 6_900, "For members."),
    _one(_B.SLOW_PAGES, "Snail brooch", 3_100, "Silver plate."),
    _one(_B.DROPS_ANSWER, "Beech spoon", 800, "Oiled."),
    _one(_B.HANGS_AFTER_ORDER, "Wall hook", 1_300, "Forged."),
    _one(_B.CRASHES, "Copper funnel", 2_100, "Tinned."),
    _one(_B.FRICTIONLESS, "Travel alarm clock", 3_900, "Winds by hand.", pays_with=(CARD,)),
    _one(_B.CHALLENGE, "Pocket safe", 9_400, "Three digits.", pays_with=(CARD,)),
    _one(_B.DECLINES, "Walnut tray", 5_500, "Oiled.", pays_with=(CARD,)),
    _one(_B.PAY_ON_DELIVERY, "Jute doormat", 2_400, "Sheds for a week.", pays_with=(ON_DELIVERY,)),
    _one(_B.FORM_ERROR, "Brass compass", 4_700, "Points north."),
    _one(_B.LATE_SHIPPING, "Linen tea towels", 2_500, "Three of them."),
    _one(_B.SINGLE_SHIPPING, "Letter opener", 1_700, "Blunt by law."),
)
BY_HANDLE = {product.handle: product for product in PRODUCTS}
# Shown below every product with buttons of their own, as real shops do.
RELATED = (_B.SELLS, _B.PAY_ON_DELIVERY, _B.FORM_ERROR)
# What the dishonest ones add, in minor units.
RISE_MINOR = 700


def related_to(product: Product) -> list[Product]:
    """Other things to buy on this product's page."""
    return [other for other in PRODUCTS if other.behaviour in RELATED and other is not product]
