"""Totals are believed when their entries sum to them, by the sign rule of their version, and only then."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from merchants.sdk import Cost
from merchants.ucp.totals import Mismatch, read_cost
from merchants.ucp.versions import VERSIONS, WireVersion

AMOUNT = st.integers(min_value=0, max_value=10_000_000)
WIRE = st.sampled_from(VERSIONS)
POSITIVE = ("subtotal", "fulfillment", "tax", "fee")
DISCOUNTS = ("discount", "items_discount")


@st.composite
def honest(draw: st.DrawFn) -> tuple[WireVersion, list[dict[str, Any]], int]:
    """Totals that sum, as the version writes them, and the sum."""
    wire = draw(WIRE)
    kinds = ["subtotal", *draw(st.lists(st.sampled_from(POSITIVE), max_size=5))]
    entries: list[dict[str, Any]] = [{"type": kind, "amount": draw(AMOUNT)} for kind in kinds]
    total = sum(entry["amount"] for entry in entries)
    for kind in draw(st.lists(st.sampled_from(DISCOUNTS), max_size=2)):
        off = draw(st.integers(min_value=0, max_value=total))
        total -= off
        entries.append({"type": kind, "amount": -off if wire.discounts_negative else off})
    return wire, draw(st.permutations([*entries, {"type": "total", "amount": total}])), total


@given(honest())
def test_honest_totals_are_believed_and_their_parts_add_up(case: tuple[WireVersion, list[dict[str, Any]], int]) -> None:
    """In any order and any version: the cost's parts sum to its total, and none is negative."""
    wire, entries, total = case
    cost = read_cost(entries, "USD", wire)
    assert isinstance(cost, Cost)
    parts = [part.amount_minor if part else 0 for part in (cost.shipping, cost.tax, cost.surcharge)]
    off = cost.discount.amount_minor if cost.discount else 0
    assert total == cost.total.amount_minor == cost.subtotal.amount_minor + sum(parts) - off
    assert min(*parts, off, cost.subtotal.amount_minor) >= 0


@given(honest(), st.integers(min_value=-1_000_000, max_value=1_000_000).filter(bool))
def test_totals_that_are_off_by_anything_are_not(
    case: tuple[WireVersion, list[dict[str, Any]], int], error: int
) -> None:
    """A cent too much or too little is a mismatch."""
    wire, entries, _ = case
    bent = [{**entry, "amount": entry["amount"] + error} if entry["type"] == "total" else entry for entry in entries]
    assert isinstance(read_cost(bent, "USD", wire), Mismatch)


@given(honest())
def test_another_version_s_sign_of_a_discount_is_a_mismatch(
    case: tuple[WireVersion, list[dict[str, Any]], int],
) -> None:
    """A discount read with the wrong sign would hide twice its amount."""
    wire, entries, _ = case
    other = next(one for one in VERSIONS if one.discounts_negative != wire.discounts_negative)
    discounted = any(entry["type"] in DISCOUNTS and entry["amount"] for entry in entries)
    assert discounted == isinstance(read_cost(entries, "USD", other), Mismatch)


@pytest.mark.parametrize(
    ("totals", "currency"),
    [
        ([], "USD"),
        (None, "USD"),
        ("1000", "USD"),
        ([{"type": "subtotal", "amount": 1000}], "USD"),
        ([{"type": "total", "amount": 1000}, {"type": "total", "amount": 1000}], "USD"),
        ([{"type": "subtotal", "amount": "1000"}, {"type": "total", "amount": 1000}], "USD"),
        ([{"type": "subtotal", "amount": 10.5}, {"type": "total", "amount": 10.5}], "USD"),
        ([{"type": "subtotal", "amount": True}, {"type": "total", "amount": True}], "USD"),
        ([{"type": "subtotal", "amount": 1000}, {"type": "total", "amount": 1000}], None),
        ([{"type": "subtotal", "amount": 1000}, {"type": "total", "amount": 1000}], "dollars"),
        ([{"type": "subtotal", "amount": -1000}, {"type": "total", "amount": -1000}], "USD"),
        ([{"type": "subtotal", "amount": 10**12}, {"type": "total", "amount": 10**12}], "USD"),
        (
            [{"type": "subtotal", "amount": 1000}, {"type": "tax", "amount": -1}, {"type": "total", "amount": 999}],
            "USD",
        ),
    ],
)
def test_what_is_no_honest_breakdown_is_a_mismatch(totals: object, currency: str | None) -> None:
    """Missing, doubled, fractional, negative or absurd amounts and unknown currencies are refused, not repaired."""
    for wire in VERSIONS:
        assert isinstance(read_cost(totals, currency, wire), Mismatch)


def test_a_bare_total_is_its_own_breakdown() -> None:
    """A merchant that itemises nothing contradicts nothing; integral floats are integers."""
    cost = read_cost([{"type": "total", "amount": 1999.0}], "EUR", VERSIONS[0])
    assert isinstance(cost, Cost)
    assert (1999, 1999, None) == (cost.total.amount_minor, cost.subtotal.amount_minor, cost.tax)
