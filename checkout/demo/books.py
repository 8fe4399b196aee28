"""The shops' own books, read from disk: what each shop says it sold, in words the demo can compare with an intent.

Knows the shape of each demo shop's book; must never ask the service.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from merchants.demo.oscar.book import orders as oscars_orders

ADDRESS = ("address1", "city", "province", "postalCode", "country")
# The same five, as each book names them.
UCP_ADDRESS = ("street_address", "address_locality", "address_region", "postal_code", "address_country")
BROWSER_ADDRESS = ("address1", "city", "region", "postal_code", "country")
OSCAR_ADDRESS = ("line1", "city", "state", "postcode", "country")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sale:
    """One order of one product, as a shop's book has it. `product` as in the shop's own list of URLs."""

    order_id: str
    product: str
    quantity: int
    variant: Mapping[str, str]
    address: Mapping[str, str]
    total_minor: int


def lines(path: Path) -> list[dict[str, Any]]:
    """The whole lines of a log that is still being written."""
    if not path.exists():
        return []
    whole, _, _ = path.read_text().rpartition("\n")
    return [json.loads(line) for line in whole.splitlines()]


def of_ucp(book: Path, email: str) -> list[Sale]:
    """What the UCP shop sold to a buyer."""
    return [
        Sale(
            order_id=order["order_id"],
            product=order["product"],
            quantity=sum(item["quantity"] for item in order["items"]),
            variant=order["variant"],
            address=_address(order["address"], UCP_ADDRESS),
            total_minor=order["total_minor"],
        )
        for order in lines(book)
        if order["email"] == email
    ]


def of_browser_shop(book: Path, email: str) -> list[Sale]:
    """What the browser shop sold to a buyer."""
    return [
        Sale(
            order_id=order["number"],
            address=_address(order["address"], BROWSER_ADDRESS),
            total_minor=order["total_minor"],
            **_bought(order["lines"]),
        )
        for order in lines(book)
        if order["email"] == email
    ]


def of_oscar(book: Path, email: str) -> list[Sale]:
    """What django-oscar sold to a buyer, from its tables."""
    return [
        Sale(
            order_id=order["order_id"],
            address=_address(order["address"], OSCAR_ADDRESS),
            total_minor=order["total_minor"],
            **_bought(order["lines"]),
        )
        for order in oscars_orders(book)
        if order["email"] == email
    ]


def _bought(sold: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Everything on the order: a second product would show in the name, a second line in the quantity."""
    return {
        "product": " + ".join(sorted({line["product"] for line in sold})),
        "quantity": sum(line["quantity"] for line in sold),
        "variant": {label: value for line in sold for label, value in line["variant"].items()},
    }


def _address(kept: Mapping[str, str], names: Sequence[str]) -> dict[str, str]:
    return {name: kept.get(own, "") for name, own in zip(ADDRESS, names, strict=True)}
