"""What of a page is worth saying: header and footer once a visit, and never more than a model should read.

Knows lines; must never know a browser.
"""

import re
from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from agents.seeing.joins import AMOUNT, Line
from agents.seeing.lines import FIELDS, TOGGLES

# A long page of a real shop in the lean form; what is beyond it is lists of goods and prose.
MAX_CHARACTERS: Final = 24_000
# How much of it goes to the page's end, where forms have their button and baskets their total.
_END_CHARACTERS: Final = 6_000

# The way on from a page that stays where it is after "add to basket" is in the header.
_WAY_ON: Final = re.compile(
    r"\b(cart|basket|bag|trolley|checkout|check out|warenkorb|einkaufswagen|kasse|panier|commande|carrito|cesta"
    r"|carrello|cassa|winkelwagen|winkelmand|afrekenen)\b",
    re.IGNORECASE,
)


def key_of(line: Line) -> str:
    """What a line of header or footer is known by; nothing for a line that is always said."""
    if not line.region or line.kind in ("alert", "frame", "note"):
        return ""
    control = line.control
    if control is None:
        return "" if AMOUNT.search(line.words) else f"{line.kind} {line.words}"
    search = line.region != "complementary" and control.role == "searchbox"
    if (control.role in FIELDS | TOGGLES and not search) or _WAY_ON.search(control.name):
        return ""
    if control.role == "button" and line.region not in ("banner", "navigation"):
        return ""  # some shops put the button of a form into a footer
    return f"{control.role} {control.name}"


def without_said(lines: Sequence[Line], said: AbstractSet[str]) -> tuple[list[Line], bool]:
    """The lines without those of header and footer that were said before, and whether there were any."""
    kept = [line for line in lines if key_of(line) not in said]
    return kept, len(kept) < len(lines)


def fitted(lines: Sequence[str], limit: int = MAX_CHARACTERS) -> list[str]:
    """As many whole lines as fit, from the beginning and from the end; what is left out in between is said."""
    if sum(len(line) + 1 for line in lines) <= limit:
        return list(lines)
    first = _first(lines, limit - _END_CHARACTERS)
    last = _first(lines[:first:-1], _END_CHARACTERS)
    cut = len(lines) - first - last
    return [*lines[:first], f"(… {cut} lines are left out here)", *lines[len(lines) - last :]]


def _first(lines: Sequence[str], limit: int) -> int:
    """How many of the first lines fit."""
    used = 0
    for count, line in enumerate(lines):
        used += len(line) + 1
        if used > limit:
            return count
    return len(lines)
