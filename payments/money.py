"""Money: integer minor units and an ISO 4217 currency. No floats, no silent conversion.

Knows arithmetic and how a currency is written; must never know what the money is for.
"""

from dataclasses import dataclass
from typing import Self

from babel.numbers import format_currency, get_currency_precision

# The wire's amount is a 32-bit integer (rye-contract §3); more is a mistake, not a purchase.
MAX_AMOUNT_MINOR = 2_147_483_647


class CurrencyMismatchError(ValueError):
    """Two amounts of different currencies were combined; convert them before, on purpose."""


@dataclass(frozen=True, slots=True, order=False)
class Money:
    """An amount in the currency's smallest unit: `Money(1999, "USD")` is 19.99 US dollars."""

    amount_minor: int
    currency: str

    def __post_init__(self) -> None:
        if isinstance(self.amount_minor, bool) or not isinstance(self.amount_minor, int):
            raise TypeError(f"an amount is an integer of minor units, not {self.amount_minor!r}")
        if abs(self.amount_minor) > MAX_AMOUNT_MINOR:
            raise ValueError(f"an amount is at most {MAX_AMOUNT_MINOR} minor units, not {self.amount_minor}")
        code = self.currency
        if len(code) != 3 or not code.isascii() or not code.isalpha() or not code.isupper():  # noqa: PLR2004 (ISO 4217)
            raise ValueError(f"a currency is three capital letters (ISO 4217), not {code!r}")

    def __add__(self, other: Self) -> "Money":
        self._same_currency(other)
        return Money(self.amount_minor + other.amount_minor, self.currency)

    def __sub__(self, other: Self) -> "Money":
        self._same_currency(other)
        return Money(self.amount_minor - other.amount_minor, self.currency)

    def __le__(self, other: Self) -> bool:
        self._same_currency(other)
        return self.amount_minor <= other.amount_minor

    def __lt__(self, other: Self) -> bool:
        self._same_currency(other)
        return self.amount_minor < other.amount_minor

    def __str__(self) -> str:
        """For people: `$19.99`, `¥1,999`, `KWD 1.999`."""
        major = self.amount_minor / 10 ** get_currency_precision(self.currency)
        return format_currency(major, self.currency, locale="en_US")

    def _same_currency(self, other: "Money") -> None:
        if self.currency != other.currency:
            raise CurrencyMismatchError(f"{self.currency} and {other.currency} do not add or compare")
