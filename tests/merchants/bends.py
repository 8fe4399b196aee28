"""What a merchant may change between its offer and its order: each bends a session's answer in one respect."""

from collections.abc import Callable
from typing import Any

Bend = Callable[[dict[str, Any]], None]


def raised_total(document: dict[str, Any]) -> None:
    """A cent more, honestly summed."""
    for entry in document["totals"]:
        if entry["type"] in ("subtotal", "total"):
            entry["amount"] += 1


def miscounted(document: dict[str, Any]) -> None:
    """A cent more, out of nowhere."""
    document["totals"][-1]["amount"] += 1


def another_currency(document: dict[str, Any]) -> None:
    """The same numbers in dearer money."""
    document["currency"] = "GBP"


def another_item(document: dict[str, Any]) -> None:
    """Something else for the price."""
    document["line_items"][0]["item"]["id"] = "item_limited"


def fewer(document: dict[str, Any]) -> None:
    """Less for the price."""
    document["line_items"][0]["quantity"] = 1


def no_line(document: dict[str, Any]) -> None:
    """Nothing for the price."""
    document["line_items"] = []


def an_extra(document: dict[str, Any]) -> None:
    """More than was asked for."""
    document["line_items"].append(document["line_items"][0])


def elsewhere(document: dict[str, Any]) -> None:
    """To another address."""
    document["fulfillment"]["methods"][0]["destinations"][0]["postal_code"] = "10001"


def other_shipping(document: dict[str, Any]) -> None:
    """By another way."""
    document["fulfillment"]["methods"][0]["groups"][0]["selected_option_id"] = "express"


def other_handlers(document: dict[str, Any]) -> None:
    """Paid by somebody else's wallet."""
    handler = {"id": "other", "name": "com.example.other", "available_instruments": [{"type": "wallet"}]}
    document["ucp"]["payment_handlers"] = {"com.example.other": [handler]}
    document["payment"] = {"handlers": [handler]}


def other_types(document: dict[str, Any]) -> None:
    """By the same handler, no longer by card."""
    for handler in document["ucp"].get("payment_handlers", {}).get("dev.ucp.mock_payment", []):
        handler["available_instruments"] = [{"type": "bank_transfer"}]
    for handler in document["payment"].get("handlers", []):
        handler["available_instruments"] = [{"type": "bank_transfer"}]


def incomplete(document: dict[str, Any]) -> None:
    """Something is missing after all."""
    document["status"] = "incomplete"
    document["messages"] = [{"type": "error", "code": "missing", "content": "A tax number is needed"}]


def escalated(document: dict[str, Any]) -> None:
    """In person, please."""
    document["status"] = "requires_escalation"


CHANGES: list[Bend] = [
    raised_total,
    miscounted,
    another_currency,
    another_item,
    fewer,
    no_line,
    an_extra,
    elsewhere,
    other_shipping,
    other_handlers,
    other_types,
    incomplete,
    escalated,
]
