"""How the pages look and lead: every field is a habit of real shops, each preset one shop.

Chosen for the process, or by `?design=NAME` for a visit. Knows habits; must never know a product or a price.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Literal

from pydantic import TypeAdapter, ValidationError

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
    after_add: Literal["basket", "checkout", "drawer"] = "basket"  # a drawer makes the rest of the page inert
    add_button: Literal["plain", "dim"] = "plain"  # dim: without a choice, only a class says that it does nothing
    names: Literal["two", "one"] = "two"
    country: Literal["select", "unnamed", "listbox", "search"] = "select"
    region: Literal["select", "text"] = "select"
    region_delay_ms: int = 150  # between the choice of a country and its regions
    variants: Literal["select", "radios", "covered", "links"] = "select"  # links: to sibling pages, all named alike
    shipping: Literal["radios", "rows"] = "radios"  # rows: a button "Choose" in each
    account: Literal["guest", "register"] = "guest"  # what is preselected
    card_fields: Literal["hosted", "separate", "own"] = "hosted"  # separate: a frame for each field
    bank: Literal["redirect", "frame"] = "redirect"  # where 3-D Secure takes place
    place_button: Literal["static", "renamed"] = "static"  # renamed: its name tells what is missing
    tax: Literal["added", "included"] = "added"
    cookies: Literal["banner", "wall", "none"] = "banner"
    newsletter: bool = True
    sticky: bool = True
    terms: bool = True
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
            add_button="dim",
            after_add="drawer",
            bank="frame",
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
            order_number="url",
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
        replace(
            _ORDINARY,
            name="three",
            pages="three",
            after_add="checkout",
            labels="starred",
            prefix="checkout-v2",
            card_fields="separate",
            variants="links",
            country="search",
        ),
        replace(
            _ORDINARY, name="one", pages="one", markup="div", prefix="opc", sticky=False, card_fields="own", terms=False
        ),
    )
}


def named(wanted: str) -> Design | None:
    """The design `NAME` or `NAME,field:value,…`, a preset with some habits changed; None for what is none."""
    name, *changes = wanted.split(",")
    design = DESIGNS.get(name)
    changed = dict(change.partition(":")[::2] for change in changes)
    if design is None or not changed.keys() <= asdict(design).keys():
        return None
    try:
        return TypeAdapter(Design).validate_python({**asdict(design), **changed})
    except ValidationError:
        return None
