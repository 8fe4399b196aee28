"""The moment of the order: what is checked, what the book says, what the buyer gets to see.

The book's line is on disk before anything is answered. Knows one order at a time; must never know a page.
"""

import secrets
from dataclasses import dataclass, field
from typing import Any

from merchants.demo.books import Clock, Lines, system_clock
from merchants.demo.browser_shop import pages
from merchants.demo.browser_shop.goods import CARD, Behaviour
from merchants.demo.browser_shop.sessions import Session


@dataclass(slots=True)
class Till:
    """The order book, and orders that wait for the bank."""

    book: Lines
    currency: str
    clock: Clock = system_clock
    waiting: dict[str, tuple[Session, dict[str, Any]]] = field(default_factory=dict)

    def sold_out(self, session: Session) -> str | None:
        """The title of what cannot be sold after all."""
        for line in session.lines:
            if line.product.behaviour is Behaviour.SELLS_OUT_AT_COMMIT:
                return line.product.title
        return None

    def wants_bank(self, session: Session) -> bool:
        """Whether the card's bank has a say."""
        return session.payment == CARD and (
            session.bought(Behaviour.FRICTIONLESS) or session.bought(Behaviour.CHALLENGE)
        )

    def wait(self, session: Session) -> str:
        """Keep the order for the bank's word; its transaction's id."""
        transaction = secrets.token_hex(8)
        self.waiting[transaction] = (session, self.order(session))
        return transaction

    def released(self, transaction: str) -> tuple[Session, dict[str, Any]] | None:
        """The bank has agreed: the order is placed, once."""
        kept = self.waiting.pop(transaction, None)
        if kept:
            self.place(*kept)
        return kept

    def order(self, session: Session) -> dict[str, Any]:
        """The order as the book will say it."""
        sums, rate = session.sums(), session.rate
        charged = session.charged_minor()
        return {
            "number": f"DS-{secrets.randbelow(90_000_000) + 10_000_000}",
            "key": secrets.token_hex(8),
            "at": self.clock().isoformat(),
            "session": session.session_id,
            "lines": [
                {
                    "product": line.product.behaviour.value,
                    "title": line.product.title,
                    "variant": line.variant,
                    "quantity": line.quantity,
                    "unit_minor": line.unit_minor,
                    "amount_minor": session.owed_minor(line.amount_minor),
                }
                for line in session.lines
            ],
            "email": session.fields.get("email", ""),
            "account": session.fields.get("account", "guest"),
            "address": {name: value for name, value in session.fields.items() if name not in ("email", "account")},
            "ship_to": pages.ship_to(session),
            "shipping": {"id": rate.rate_id, "amount_minor": rate.amount_minor} if rate else None,
            "subtotal_minor": sums.subtotal,
            "tax_minor": sums.tax or 0,
            "tax_included": sums.tax_included,
            "shown_total_minor": sums.total,
            "total_minor": charged,
            "currency": self.currency,
            "paid_with": {"method": session.payment, "token": session.token, "last4": session.last4},
        }

    def place(self, session: Session, order: dict[str, Any]) -> None:
        """Write it down; from here on it is an order."""
        self.book.append(order)
        session.orders.append(order["number"])
        if not session.bought(Behaviour.DUPLICATE_SUBMIT):
            session.emptied()

    def find(self, number: str) -> dict[str, Any] | None:
        """An order by its number."""
        return next((dict(order) for order in self.book.all() if order["number"] == number), None)
