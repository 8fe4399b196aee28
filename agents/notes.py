"""What code noticed on the way through a shop: the product, its variants, the basket, the ways to ship and to pay.

The offer is made of these readings and of the last page's; the model's word is in none of them. Knows pages through
`reading`; must never act on one.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from agents import reading
from agents.errors import UnreadableError
from agents.reading import ProductReading, Seen
from agents.seeing.observe import Snapshot
from agents.terms import Line, Phase, ShippingChoice

# How shops name the ways to pay that need no card, in the languages of the other lexicons.
LATER_WORDS = (
    *("on delivery", "cash on", "invoice", "bank transfer", "wire transfer", "purchase order"),
    *("nachnahme", "rechnung", "vorkasse", "überweisung"),
    *("à la livraison", "virement", "facture"),
    *("contra reembolso", "transferencia", "contrassegno", "bonifico", "rembours", "overschrijving", "op rekening"),
)
CARD_WORDS = ("card", "karte", "carte", "tarjeta", "carta", "kaart")
CHOICES = frozenset({"radio", "option", "combobox", "button", "tab", "textbox"})


@dataclass(slots=True)
class Notes:
    """One visit's notes."""

    product: ProductReading | None = None
    product_page: str = ""
    lines: Sequence[Line] = ()
    shipping: Sequence[ShippingChoice] = ()
    takes_card: bool = False
    takes_later: bool = False

    @property
    def currency(self) -> str | None:
        """The currency the product page names."""
        return self.product.price.currency if self.product and self.product.price else None

    def first(self, seen: Seen) -> None:
        """Note the product page, on arrival and whenever something was chosen on it."""
        self.product_page = seen.url
        try:
            self.product = reading.product(seen)
        except UnreadableError:
            self.product = None  # a page that shows no product: what was meant is checked against the basket's line

    def take(self, seen: Seen, snapshot: Snapshot) -> None:
        """Note what this page shows."""
        self.before_leaving(seen)
        if snapshot.phase is Phase.BROWSE:
            self.lines = reading.lines(seen) or self.lines
        if snapshot.phase in (Phase.PAYMENT, Phase.REVIEW):
            self._ways_to_pay(snapshot)

    def before_leaving(self, seen: Seen) -> None:
        """Note what was chosen on this page, just before a click may lead away from it."""
        self.shipping = reading.shipping_choices(seen) or self.shipping
        if seen.url == self.product_page:
            self.first(seen)

    def _ways_to_pay(self, snapshot: Snapshot) -> None:
        for control in snapshot.controls.values():
            name = control.name.casefold()
            if control.role in CHOICES:
                self.takes_later |= any(word in name for word in LATER_WORDS)
                self.takes_card |= any(word in name for word in CARD_WORDS)
