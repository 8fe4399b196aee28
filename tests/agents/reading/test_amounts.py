"""Amounts of money as shops write them."""

import pytest
from babel.numbers import format_currency
from hypothesis import given
from hypothesis import strategies as st

from agents.errors import UnreadableError
from agents.reading.amounts import Currencies, amounts_in, is_free, is_only_amount, money
from payments.money import Money

US = Currencies(language="en-US")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$26.46", Money(2646, "USD")),
        ("Total: $1,234.56", Money(123456, "USD")),
        ("US$26.46", Money(2646, "USD")),
        ("$26.46 USD", Money(2646, "USD")),
        ("26.46 USD", Money(2646, "USD")),
        ("CA$ 3.00", Money(300, "CAD")),
        ("£20", Money(2000, "GBP")),
        ("26,46 €", Money(2646, "EUR")),
        ("26,46\u00a0€", Money(2646, "EUR")),
        ("€ 26,-", Money(2600, "EUR")),
        ("EUR 1.234,56", Money(123456, "EUR")),
        ("1.234 €", Money(123400, "EUR")),
        ("12,5 €", Money(1250, "EUR")),
        ("35€99", Money(3599, "EUR")),
        ("CHF 1'234.50", Money(123450, "CHF")),
        ("CHF 1\u2019234.50", Money(123450, "CHF")),
        ("1\u202f234,56 €", Money(123456, "EUR")),
        ("₹1,23,456.00", Money(12345600, "INR")),
        ("1 990 Ft", Money(199000, "HUF")),
        ("KWD 1.999", Money(1999, "KWD")),
        ("JPY 1,999", Money(1999, "JPY")),
        ("-$5.00", Money(-500, "USD")),
        ("\u2212$5.00", Money(-500, "USD")),
        ("$-5.00", Money(-500, "USD")),
        ("($5.00)", Money(-500, "USD")),
    ],
)
def test_an_amount_is_read_as_it_is_meant(text: str, expected: Money) -> None:
    """Separators, symbols, codes and signs of many places."""
    assert [expected] == [money(amount, US) for amount in amounts_in(text)]


@pytest.mark.parametrize("text", ["8.25%", "Order 10023", "A 26.46", "Free", "3 left", "2 x", "21.11.2026"])
def test_a_number_without_a_currency_is_no_amount(text: str) -> None:
    """Percentages, order numbers, quantities and dates are not money."""
    assert [] == amounts_in(text)


def test_a_quantity_beside_an_amount_is_not_part_of_it() -> None:
    """The digits before a symbol belong to something else."""
    assert [Money(1000, "USD")] == [money(amount, US) for amount in amounts_in("Qty 2 $10.00")]


def test_a_surcharge_in_brackets_within_a_sentence_is_not_negative() -> None:
    """Brackets mean minus only around an amount that stands alone."""
    assert [Money(500, "USD")] == [money(amount, US) for amount in amounts_in("Standard ($5.00)")]


@pytest.mark.parametrize(
    ("currencies", "expected"),
    [
        (Currencies(named=["CAD"]), "CAD"),
        (Currencies(named=["CAD"], expected="USD"), "CAD"),
        (Currencies(expected="AUD"), "AUD"),
        (Currencies(expected="EUR", language="en-CA"), "CAD"),
        (Currencies(place="NZD"), "NZD"),
        (Currencies(named=["CAD", "USD"], expected="CAD"), "CAD"),
        (Currencies(), "USD"),
    ],
)
def test_a_dollar_is_the_pages_own(currencies: Currencies, expected: str) -> None:
    """What the page declares comes first, then what is expected, then where the shop is."""
    assert expected == currencies.code("$")


def test_a_shared_symbol_that_nothing_explains_is_not_guessed() -> None:
    """Kroner of three countries."""
    with pytest.raises(UnreadableError):
        Currencies().code("kr")


def test_a_fraction_of_the_smallest_unit_is_no_amount() -> None:
    """Half a yen does not exist."""
    with pytest.raises(UnreadableError):
        money(amounts_in("JPY 19.99")[0], US)


@given(
    minor=st.integers(min_value=0, max_value=99_999_999),
    currency=st.sampled_from(["USD", "EUR", "GBP", "CHF", "SEK", "PLN", "CAD", "BRL", "HUF", "CZK"]),
    locale=st.sampled_from(["en_US", "de_DE", "fr_FR", "es_ES", "it_IT", "nl_NL", "de_CH", "en_GB", "sv_SE", "pl_PL"]),
)
def test_what_a_locale_writes_is_read_back(minor: int, currency: str, locale: str) -> None:
    """Every amount that a formatter of these places writes comes back as it went in."""
    [amount] = amounts_in(format_currency(minor / 100, currency, locale=locale))
    assert Money(minor, currency) == money(amount, Currencies(expected=currency))


@given(st.text(max_size=60))
def test_no_text_breaks_the_reader(text: str) -> None:
    """Whatever a page says, reading it ends."""
    for amount in amounts_in(text, bare=True):
        assert 0 <= amount.start < amount.end <= len(text)


def test_an_amount_alone_and_the_word_free_are_told_from_sentences() -> None:
    """What may stand in a cost column."""
    assert is_only_amount("USD $26.46")
    assert not is_only_amount("Total $26.46")
    assert is_free("Gratis")
    assert not is_free("Free returns within 30 days")
