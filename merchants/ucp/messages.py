"""What a merchant says went wrong, and the one failure code each saying stands for.

Merchants report the same trouble as HTTP 400, 402, 409 or 422, or as 200 with messages; with the protocol's codes,
their own, or prose. Knows words; must never know where in a purchase it was said.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from merchants.ucp.reading import first_line, mapping, objects, text

OUT_OF_STOCK = "product_out_of_stock"
INSUFFICIENT = "insufficient_stock"
_CODES = {
    "out_of_stock": OUT_OF_STOCK,
    "sold_out": OUT_OF_STOCK,
    "item_unavailable": OUT_OF_STOCK,
    "product_unavailable": OUT_OF_STOCK,
    "insufficient_stock": INSUFFICIENT,
    "insufficient_inventory": INSUFFICIENT,
    "quantity_unavailable": INSUFFICIENT,
    "not_found": "product_not_found",
    "item_not_found": "product_not_found",
    "product_not_found": "product_not_found",
    "address_undeliverable": "missing_shipping_method",
    "delivery_unavailable": "missing_shipping_method",
    "no_fulfillment_options": "missing_shipping_method",
    "missing": "form_validation_error",
    "invalid": "form_validation_error",
    "invalid_address": "form_validation_error",
    "unsupported_currency": "unsupported_currency",
    "identity_required": "unsupported_store_no_guest_checkout",
    "payment_failed": "order_placement_failed",
    "payment_declined": "order_placement_failed",
    "requires_3ds": "order_placement_failed",
}
# Prose, for merchants whose codes say only `bad_request`. More than these would be guessing.
_PROSE = (
    (re.compile(r"\b(sold out|out of stock)\b", re.IGNORECASE), OUT_OF_STOCK),
    (re.compile(r"\b(insufficient|not enough) (stock|inventory)\b", re.IGNORECASE), INSUFFICIENT),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One thing a merchant said. `kind` is error, warning or info."""

    kind: str
    code: str
    content: str
    severity: str | None = None

    @property
    def failure_code(self) -> str | None:
        """The failure code it stands for, or None when it says nothing we know."""
        if self.code in _CODES:
            return _CODES[self.code]
        return next((code for prose, code in _PROSE if prose.search(self.content)), None)

    def __str__(self) -> str:
        return self.content or self.code


def read_messages(body: Mapping[str, Any]) -> Sequence[Message]:
    """Everything `body` says, wherever it says it."""
    return tuple(_said(body))


def errors(messages: Sequence[Message]) -> Sequence[Message]:
    """Those that report trouble."""
    return tuple(message for message in messages if message.kind == "error")


def wants_buyer(messages: Sequence[Message]) -> bool:
    """Whether the trouble is one that only the buyer can end, in person."""
    return any((message.severity or "").startswith("requires_buyer") for message in errors(messages))


def _said(body: Mapping[str, Any]) -> Iterator[Message]:
    for message in objects(body.get("messages")):
        yield Message(
            kind=text(message.get("type")) or "error",
            code=(text(message.get("code")) or "").lower(),
            content=first_line(message.get("content") or message.get("message")),
            severity=text(message.get("severity")),
        )
    # Flat errors: `{code, content}`, `{code, detail}`, `{error: "…"}`, `{error: {code, message}}`.
    flat = mapping(body.get("error")) or body
    sentence = next((flat[name] for name in ("content", "detail", "message", "error") if text(flat.get(name))), None)
    code = text(flat.get("code"))
    if (code or sentence) and "status" not in flat:
        yield Message(kind="error", code=(code or "").lower(), content=first_line(sentence))
