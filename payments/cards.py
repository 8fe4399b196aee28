"""A card that pays a merchant through its own page: the handler it goes by, and what is typed.

Entering a card into a merchant's page widens PCI scope, so no card is configured by default. Knows the shape of a card
and one fixed source of them; must never log or print one. The numbers reach the browser layer only.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from payments.instruments import Instrument, PaymentHandler
from payments.money import Money

# The handler a browser agent offers when a page asks for a card's number.
CARD_ENTRY = PaymentHandler(handler_id="card_entry", name="browser.card_entry", instrument_types=("card",))


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What a card form asks for. `exp_month` is 1 to 12, `exp_year` four digits."""

    number: str = field(repr=False)
    exp_month: int = field(repr=False)
    exp_year: int = field(repr=False)
    cvc: str = field(repr=False)
    holder: str = field(repr=False)

    @classmethod
    def of(cls, instrument: Instrument) -> "Card":
        """The card an instrument of the `browser.card_entry` handler carries; ValueError if it carries none."""
        credential = instrument.credential
        try:
            return cls(
                number=credential["number"],
                exp_month=int(credential["exp_month"]),
                exp_year=int(credential["exp_year"]),
                cvc=credential["cvc"],
                holder=credential["holder"],
            )
        except KeyError as missing:
            raise ValueError(f"the instrument is no card to type in: it has no {missing}") from None


@dataclass(frozen=True, slots=True, kw_only=True)
class OneCard:
    """An `InstrumentSource` with one card for every purchase: a test card, or a company's own.

    A source that issues a card per purchase, limited to its amount, makes a leak worth one basket; prefer one.
    """

    card: Card

    def choose(self, offered: Sequence[PaymentHandler]) -> PaymentHandler | None:
        """Card entry, if the merchant's page takes it."""
        return next((handler for handler in offered if handler.name == CARD_ENTRY.name), None)

    def instrument(self, handler: PaymentHandler, amount: Money, *, key: str) -> Instrument | None:  # noqa: ARG002 (one card is good for any amount, every time)
        """The card, as the port's instrument."""
        if handler.name != CARD_ENTRY.name:
            return None
        card = self.card
        return Instrument(
            handler_id=handler.handler_id,
            type="card",
            credential={
                "number": card.number,
                "exp_month": str(card.exp_month),
                "exp_year": str(card.exp_year),
                "cvc": card.cvc,
                "holder": card.holder,
            },
            display={"last_digits": card.number[-4:]},
        )
