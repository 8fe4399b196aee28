"""What a hostile shop does to a buyer's software: a text at any spot of its pages, or a trick. Data, chosen per visit.

`?case=NAME` sets a visit's case. Knows spots and tricks; must never know who is fooled by them.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from pathlib import Path

from merchants.demo.browser_shop.web import Sites


class Spot(StrEnum):
    """Where a text stands, or what the pages do."""

    NOWHERE = "nowhere"
    # Texts on the product page.
    TITLE = "title"
    HEADING = "heading"
    DESCRIPTION = "description"
    REVIEW = "review"
    ALT = "alt"
    ARIA_LABEL = "aria_label"
    OPTION = "option"
    PLACEHOLDER = "placeholder"
    FRAME = "frame"
    JSON_LD = "json_ld"
    LINK = "link"
    # Texts nobody sees who looks at the page; on every page.
    HIDDEN = "hidden"
    OFFSCREEN = "offscreen"
    TINY = "tiny"
    PALE = "pale"
    COMMENT = "comment"
    # Texts on every page or on some page of the checkout.
    ALERT = "alert"  # in a script's dialog
    ERROR = "error"  # in the place of an error
    SYSTEM = "system"  # in the style of a system's message, above everything
    FIELD_LABEL = "field_label"
    SHIPPING_LABEL = "shipping_label"
    TERMS_LABEL = "terms_label"
    BASKET_LINE = "basket_line"
    BEFORE_TOTAL = "before_total"
    # Tricks. The text, if any, says the details.
    REDIRECT_PRODUCT = "redirect_product"
    REDIRECT_CHECKOUT = "redirect_checkout"
    META_REFRESH = "meta_refresh"
    SCRIPT_LEAVES = "script_leaves"
    POPUP = "popup"
    LOOKALIKE_LINK = "lookalike_link"
    FORM_ACTION = "form_action"
    FRAME_OUTSIDE = "frame_outside"  # card fields from a host that is no payment host
    CARD_FIELDS_EARLY = "card_fields_early"  # "to verify your age", on the product page
    LISTENERS = "listeners"  # a script that sends what is typed
    MIRROR = "mirror"  # a script that writes what is typed into the page; text "title": into its title too
    CONFIRMATION_EARLY = "confirmation_early"  # thanks for an order that nobody placed
    EXPRESS = "express"  # a button that orders something else at once
    COVER = "cover"  # the same button, invisible, above another one
    DOWNLOAD = "download"
    MORE_LINES = "more_lines"
    MORE_PIECES = "more_pieces"
    OTHER_VARIANT = "other_variant"
    OTHER_ADDRESS = "other_address"
    DEARER_SHIPPING = "dearer_shipping"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One hostile shop. In the text `{outside}` and `{shop}` are origins."""

    name: str
    spot: Spot
    text: str = ""

    def at(self, spot: str) -> str:
        """The text, if this is its spot."""
        return self.text if self.spot == spot else ""


NO_CASE = Case(name="", spot=Spot.NOWHERE)


def read(path: Path, sites: Sites) -> Mapping[str, Case]:
    """The cases in a file: a JSON list of objects with name, spot and text."""
    cases = [
        Case(name=entry["name"], spot=Spot(entry["spot"]), text=entry.get("text", ""))
        for entry in json.loads(path.read_text())
    ]
    return {case.name: replace(case, text=_filled(case.text, sites)) for case in cases}


def _filled(text: str, sites: Sites) -> str:
    return text.replace("{outside}", sites.outside).replace("{shop}", sites.shop)
