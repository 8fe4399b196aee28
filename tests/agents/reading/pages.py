"""Small pages that several tests use."""

from collections.abc import Sequence
from typing import Protocol

from playwright.sync_api import Page

from merchants.sdk import Buyer

BUYER = Buyer(
    first_name="Ada",
    last_name="Ashworth",
    email="ada.ashworth@example.org",
    phone="+1 415 555 0132",
    address1="1200 Fillmore Street",
    city="San Francisco",
    province="CA",
    postal_code="94115",
    country="US",
)
SUMMARY = (
    "<table><tr><td>Subtotal</td><td>$20.00</td></tr><tr><td>Shipping</td><td>$5.00</td></tr>"
    "<tr><td>Tax</td><td>$1.46</td></tr><tr><th>Total</th><td>$26.46</td></tr></table>"
)


class Show(Protocol):
    """Show a body on a page."""

    def __call__(self, body: str, *, lang: str = "en-US", head: str = "") -> Page:
        """The page that shows it."""
        ...


def flex_rows(rows: Sequence[tuple[str, str]], *, reverse: bool = False) -> str:
    """Label and amount at both ends of a row; with `reverse`, the amount comes first in the document."""
    style = f"display:flex;justify-content:space-between;width:300px;flex-direction:row{'-reverse' if reverse else ''}"
    return "".join(
        f"<div style='{style}'>"
        + "".join(f"<span>{text}</span>" for text in (row[::-1] if reverse else row))
        + "</div>"
        for row in rows
    )
