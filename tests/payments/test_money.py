"""Money is integers and a currency, and refuses everything else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.money import MAX_AMOUNT_MINOR, CurrencyMismatchError, Money

half = st.integers(-(MAX_AMOUNT_MINOR // 2), MAX_AMOUNT_MINOR // 2)


@given(half, half)
def test_adding_and_taking_away_again_changes_nothing(one: int, other: int) -> None:
    """Arithmetic is exact."""
    assert Money(one, "USD") == Money(one, "USD") + Money(other, "USD") - Money(other, "USD")


@given(half, half)
def test_amounts_are_ordered_as_their_minor_units(one: int, other: int) -> None:
    """Comparison is the integers' own."""
    assert (one <= other) == (Money(one, "EUR") <= Money(other, "EUR"))
    assert (one < other) == (Money(one, "EUR") < Money(other, "EUR"))


@pytest.mark.parametrize("amount", [19.99, "1999", True, None])
def test_an_amount_that_is_no_integer_is_refused(amount: object) -> None:
    """Floats, text and booleans are mistakes."""
    with pytest.raises(TypeError, match="integer of minor units"):
        Money(amount, "USD")  # type: ignore[arg-type]


@pytest.mark.parametrize("code", ["usd", "US", "USDT", "U1D", "", "€€€"])
def test_a_currency_that_is_no_iso_code_is_refused(code: str) -> None:
    """Three capital letters, nothing else."""
    with pytest.raises(ValueError, match="ISO 4217"):
        Money(1, code)


def test_an_amount_beyond_the_wire_is_refused() -> None:
    """More than 32 bits is a mistake, not a purchase."""
    with pytest.raises(ValueError, match="at most"):
        Money(MAX_AMOUNT_MINOR + 1, "USD")


def test_currencies_do_not_mix() -> None:
    """Neither sums nor comparisons convert silently."""
    with pytest.raises(CurrencyMismatchError):
        Money(1, "USD") + Money(1, "EUR")
    with pytest.raises(CurrencyMismatchError):
        assert Money(1, "USD") < Money(1, "EUR")


@pytest.mark.parametrize(
    ("money", "shown"),
    [(Money(1999, "USD"), "$19.99"), (Money(1999, "JPY"), "¥1,999"), (Money(0, "EUR"), "€0.00")],
)
def test_people_read_major_units(money: Money, shown: str) -> None:
    """The number of decimals is the currency's."""
    assert shown == str(money)
