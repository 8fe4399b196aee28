"""Totals: what a merchant says a purchase costs, and whether its entries sum to it.

A total that does not sum is never paid: what the buyer would be charged is then unknown. The sign of a discount depends
on the protocol's version. Knows arithmetic and entry types; must never know a session or a price limit.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from merchants.sdk import Cost, Money
from merchants.ucp.reading import objects, text, whole
from merchants.ucp.versions import WireVersion

_DISCOUNTS = frozenset({"discount", "items_discount"})
_SHIPPING = frozenset({"fulfillment", "shipping", "delivery"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Mismatch:
    """The totals cannot be trusted; `why` is a sentence."""

    why: str


def entries(value: object) -> Sequence[Mapping[str, Any]]:
    """The entries of a `totals` array."""
    return objects(value)


def read_cost(totals: object, currency: str | None, wire: WireVersion) -> Cost | Mismatch:
    """The cost that `totals` breaks down, or why it does not."""
    amounts: dict[str, int] = {"subtotal": 0, "shipping": 0, "tax": 0, "discount": 0, "surcharge": 0}
    said: set[str] = set()
    total: int | None = None
    for entry in entries(totals):
        kind, amount = text(entry.get("type")) or "", whole(entry.get("amount"))
        if amount is None:
            return Mismatch(why=f"the amount of {kind or 'an entry'} is no integer of minor units")
        if kind == "total":
            if total is not None:
                return Mismatch(why="there is more than one total")
            total = amount
            continue
        part, signed = _place(kind, amount, wire)
        if part is None:
            return Mismatch(why=f"the sign of {kind} is wrong for version {wire.version}")
        amounts[part] += abs(signed)
        said.add(part)
    if total is None:
        return Mismatch(why="there is no total")
    if not said:  # a total and nothing else breaks nothing down, and contradicts nothing
        amounts["subtotal"] = total
    summed = sum(amounts.values()) - 2 * amounts["discount"]
    if summed != total:
        return Mismatch(why=f"the entries sum to {summed}, the total says {total}")
    return _cost(amounts, said, total, currency)


def _place(kind: str, amount: int, wire: WireVersion) -> tuple[str | None, int]:
    """Where an entry belongs and its signed contribution; no place when its sign contradicts its type."""
    if kind in _DISCOUNTS:
        signed = amount if wire.discounts_negative else -amount
        return ("discount" if signed <= 0 else None), signed
    if kind == "subtotal" or kind in _SHIPPING or kind == "tax":
        part = "shipping" if kind in _SHIPPING else kind
        return (part if amount >= 0 else None), amount
    return ("surcharge" if amount >= 0 else "discount"), amount


def _cost(amounts: Mapping[str, int], said: set[str], total: int, currency: str | None) -> Cost | Mismatch:
    try:
        money = {part: Money(amount, currency or "") for part, amount in amounts.items()}
        whole_cost = Money(total, currency or "")
    except ValueError as broken:
        return Mismatch(why=str(broken))
    if total < 0:
        return Mismatch(why="the total is negative")
    return Cost(
        subtotal=money["subtotal"],
        total=whole_cost,
        shipping=money["shipping"] if "shipping" in said else None,
        tax=money["tax"] if "tax" in said else None,
        discount=money["discount"] if "discount" in said else None,
        surcharge=money["surcharge"] if "surcharge" in said else None,
    )
