"""Slots: what a field may be filled with, by name. The values are known here and in the browser layer only.

A slot is resolved for one control at a time, by the origin of the frame that owns it and the phase of the page. Must
never put a value into a message, a log or a representation.
"""

import re
from dataclasses import dataclass, field
from typing import Final

from agents.browsing.fence import Fence
from agents.errors import SlotRefusedError
from agents.terms import Phase
from merchants.sdk import Buyer
from payments.cards import Card

_SLOT: Final = re.compile(r"\{\{\s*([a-z0-9_.]+)\s*\}\}")
# A card is typed where it is paid, and nowhere before: a product page that asks for one gets none.
CARD_PHASES: Final = frozenset({Phase.PAYMENT, Phase.REVIEW})


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that must not leave, and the slot it is called by outside."""

    slot: str
    value: str = field(repr=False)


def slot_in(value: str) -> str | None:
    """The slot a value names, if the whole value is one slot: `{{buyer.email}}` is `buyer.email`."""
    found = _SLOT.fullmatch(value.strip())
    return found[1] if found else None


class Slots:
    """The slots of one task: the buyer's, and the card's when there is one."""

    def __init__(self, buyer: Buyer, card: Card | None = None) -> None:
        values = _of_buyer(buyer) | (_of_card(card) if card else {})
        self._values = {name: value for name, value in values.items() if value}

    def __repr__(self) -> str:
        return f"Slots({', '.join(self.names)})"

    @property
    def names(self) -> tuple[str, ...]:
        """Every slot there is, without braces."""
        return tuple(self._values)

    def value(self, slot: str, *, origin: str, fence: Fence, phase: Phase) -> str:
        """The value of `slot` for a control of a frame of `origin` on a page of `phase`; SlotRefusedError if not so."""
        if slot not in self._values:
            raise SlotRefusedError(f"there is no slot {slot!r}; the slots are: {', '.join(self.names)}")
        if not (fence.is_merchant(origin) or fence.is_payment(origin)):
            raise SlotRefusedError(f"{{{{{slot}}}}} may not be typed into a frame of {origin}")
        if slot.startswith("card.") and phase not in CARD_PHASES:
            raise SlotRefusedError(f"{{{{{slot}}}}} may not be typed on a {phase} page, only where it is paid")
        return self._values[slot]

    @property
    def country(self) -> str:
        """The buyer's country code, by which regions are told apart."""
        return self._values.get("buyer.country", "")

    def secrets(self) -> list[Secret]:
        """Every value with its slot, for redaction only."""
        return [Secret(name, value) for name, value in self._values.items()]


def _of_buyer(buyer: Buyer) -> dict[str, str]:
    return {
        "buyer.first_name": buyer.first_name,
        "buyer.last_name": buyer.last_name,
        "buyer.full_name": f"{buyer.first_name} {buyer.last_name}".strip(),
        "buyer.email": buyer.email,
        "buyer.phone": buyer.phone,
        "buyer.address1": buyer.address1,
        "buyer.address2": buyer.address2 or "",
        "buyer.city": buyer.city,
        "buyer.province": buyer.province,
        "buyer.postal_code": buyer.postal_code,
        "buyer.country": buyer.country,
    }


def _of_card(card: Card) -> dict[str, str]:
    return {
        "card.number": card.number,
        "card.expiry": f"{card.exp_month:02d} / {card.exp_year % 100:02d}",
        "card.exp_month": f"{card.exp_month:02d}",
        "card.exp_year": str(card.exp_year),
        "card.cvc": card.cvc,
        "card.name": card.holder,
    }
