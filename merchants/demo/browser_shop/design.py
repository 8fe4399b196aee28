"""How the pages look and lead: every field is a habit of real shops, each preset one shop.

Chosen for the process, or by `?design=NAME` for a visit. Knows habits; must never know a product or a price.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

# A page of the checkout and the sections on it.
Layout = Sequence[tuple[str, Sequence[str]]]

LAYOUTS: Mapping[str, Layout] = {
    "six": (
        ("address", ("contact", "address")),
        ("shipping", ("shipping",)),
        ("payment", ("payment",)),
        ("review", ("review",)),
    ),
    "three": (("details", ("contact", "address", "shipping")), ("payment", ("payment", "review"))),
    "one": (("checkout", ("contact", "address", "shipping", "payment", "review")),),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Design:
    """One shop's habits. The defaults are the ordinary six-page shop in English."""

    name: str = "ordinary"
    language: Literal["en", "de"] = "en"
    labels: Literal["plain", "starred", "odd"] = "plain"
    markup: Literal["dl", "table", "div"] = "dl"
    pages: Literal["six", "three", "one"] = "six"
    prefix: str = "shop"  # of class names
    depth: int = 0  # wrappers around everything
    to_checkout: bool = False  # adding leads to the checkout at once, not to the basket
    names: Literal["two", "one"] = "two"
    country: Literal["select", "unnamed", "listbox"] = "select"
    region: Literal["select", "text"] = "select"
    region_delay_ms: int = 150  # between the choice of a country and its regions
    variants: Literal["select", "radios", "covered"] = "select"
    shipping: Literal["radios", "rows"] = "radios"  # rows: a button "Choose" in each
    account: Literal["guest", "register"] = "guest"  # what is preselected
    card_fields: Literal["hosted", "own"] = "hosted"
    place_button: Literal["static", "renamed"] = "static"  # renamed: its name tells what is missing
    tax: Literal["added", "included"] = "added"
    cookies: Literal["banner", "wall", "none"] = "banner"
    newsletter: bool = True
    sticky: bool = True
    order_number: Literal["page", "url"] = "page"  # where the confirmation carries it

    @property
    def layout(self) -> Layout:
        """The checkout's pages."""
        return LAYOUTS[self.pages]


_ORDINARY = Design()
DESIGNS = {
    design.name: design
    for design in (
        _ORDINARY,
        replace(
            _ORDINARY,
            name="german",
            language="de",
            tax="included",
            markup="table",
            prefix="laden",
            variants="radios",
        ),
        replace(
            _ORDINARY,
            name="soup",
            labels="starred",
            markup="div",
            prefix="css-1q2w",
            depth=9,
            variants="covered",
            country="listbox",
            account="register",
            cookies="wall",
        ),
        replace(
            _ORDINARY,
            name="old",
            labels="odd",
            markup="table",
            prefix="content",
            names="one",
            region="text",
            country="unnamed",
            shipping="rows",
            place_button="renamed",
            newsletter=False,
            cookies="none",
        ),
        replace(_ORDINARY, name="three", pages="three", to_checkout=True, labels="starred", prefix="checkout-v2"),
        replace(_ORDINARY, name="one", pages="one", markup="div", prefix="opc", sticky=False, card_fields="own"),
    )
}
