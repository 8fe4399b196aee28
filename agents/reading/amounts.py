"""Amounts of money in text, as shops write them.

A currency is what the amount itself says; where it says only `$`, `kr` or `¥`, it is the page's own. Knows symbols and
separators; must never know what an amount is for.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from babel.numbers import get_currency_precision, list_currencies
from price_parser import Price

from agents.errors import UnreadableError
from payments.money import MAX_AMOUNT_MINOR, Money

# Symbols that mean one currency.
SYMBOLS = {
    "€": "EUR",
    "£": "GBP",
    "₹": "INR",
    "₩": "KRW",
    "₽": "RUB",
    "₺": "TRY",
    "₪": "ILS",
    "฿": "THB",
    "₫": "VND",
    "₱": "PHP",
    "₴": "UAH",
    "₦": "NGN",
    "₸": "KZT",
    "₾": "GEL",
    "₡": "CRC",
    "₲": "PYG",
    "₵": "GHS",
    "₼": "AZN",
    "zł": "PLN",
    "kč": "CZK",
    "ft": "HUF",
    "lei": "RON",
    "лв": "BGN",
    "sfr": "CHF",
    "fr.": "CHF",
    "euro": "EUR",
    "us$": "USD",
    "ca$": "CAD",
    "c$": "CAD",
    "au$": "AUD",
    "a$": "AUD",
    "nz$": "NZD",
    "hk$": "HKD",
    "s$": "SGD",
    "nt$": "TWD",
    "r$": "BRL",
    "br$": "BRL",
    "$us": "USD",
    "$ca": "CAD",
    "£gb": "GBP",
    "mx$": "MXN",
    "cn¥": "CNY",
    "jp¥": "JPY",
}
# Symbols several currencies share; the first is nobody's default.
SHARED = {
    "$": ("USD", "CAD", "AUD", "NZD", "SGD", "HKD", "MXN", "CLP", "COP", "ARS", "TWD"),
    "¥": ("JPY", "CNY"),
    "￥": ("JPY", "CNY"),
    "kr": ("SEK", "NOK", "DKK", "ISK"),
    "kr.": ("DKK", "SEK", "NOK", "ISK"),
}
# What a shared symbol means on a page in this language, where nothing on the page names a currency.
BY_LANGUAGE = {
    "$": {
        "en-us": "USD",
        "en-ca": "CAD",
        "fr-ca": "CAD",
        "en-au": "AUD",
        "en-nz": "NZD",
        "es-mx": "MXN",
        "en-sg": "SGD",
    },
    "¥": {"ja": "JPY", "zh": "CNY"},
    "kr": {"sv": "SEK", "da": "DKK", "nb": "NOK", "no": "NOK", "nn": "NOK", "is": "ISK"},
}
FREE = re.compile(
    r"\b(free|gratis|kostenlos|kostenfrei|versandkostenfrei|gratuite?|offerte?s?|gratuit[oa]|no charge)\b",
    re.IGNORECASE,
)

_CODES = sorted(list_currencies(), key=str)
_MARK = "|".join(
    [
        *(
            re.escape(symbol)
            for symbol in sorted([*SYMBOLS, *SHARED], key=len, reverse=True)
            if not symbol[0].isalpha()
        ),
        *(
            rf"(?<![^\W\d_]){re.escape(symbol)}(?![^\W\d_])"
            for symbol in sorted([*SYMBOLS, *SHARED], key=len, reverse=True)
            if symbol[0].isalpha()
        ),
    ]
)
_CODE = rf"(?<![A-Za-z])(?:{'|'.join(_CODES)})(?![A-Za-z])"
_MINUS = "-\u2212\u2013\u2012"
_SPACE = "[ \u00a0\u202f\u2009]"
# "35€99" is how some write 35.99.
_NUMBER = (
    rf"\d+€\d{{2}}(?!\d)|\d{{1,3}}(?:(?:[.,'\u2019]|{_SPACE})\d{{2,3}})+(?:[.,]\d{{1,3}})?(?!\d)"
    r"|\d+(?:[.,]\d{1,3})?(?!\d)"
)
_AMOUNT = re.compile(
    rf"""
    (?P<open>\()? (?P<minus>[{_MINUS}]{_SPACE}?)?
    (?: (?P<code1>{_CODE}){_SPACE}? )?
    (?: (?P<mark1>(?i:{_MARK})){_SPACE}? (?P<inner>[{_MINUS}])? )?
    (?P<number>{_NUMBER}) (?P<dash>[.,]{_SPACE}?[-\u2013—]+)?
    (?: {_SPACE}?(?P<mark2>(?i:{_MARK}))(?!{_SPACE}?(?:{_NUMBER})(?!{_SPACE}?(?i:{_MARK}))) )?
    (?: {_SPACE}?(?P<code2>{_CODE}) )?
    (?P<after>{_SPACE}?%)? (?P<close>\))?
    """,
    re.VERBOSE,
)
_DECIMALS = re.compile(r"[.,]\d{2}$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """One amount in a text. `mark` is its currency as written, "" for a bare number; `start` and `end` say where."""

    number: str
    mark: str
    negative: bool
    start: int
    end: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Currencies:
    """What a page says about its currency. `named`: the codes it declares; `expected`: what the caller was told."""

    named: Sequence[str] = ()
    expected: str | None = None
    language: str = ""
    place: str | None = None  # of the shop's own domain

    def code(self, mark: str) -> str:  # noqa: PLR0911 (one source after another, the order is the rule)
        """The currency of a mark; UnreadableError where it could be several."""
        if mark in _known_codes():
            return mark
        lowered = mark.casefold()
        if lowered in SYMBOLS:
            return SYMBOLS[lowered]
        shared = SHARED.get(lowered, ())
        fitting = [
            code for code in self.named if not shared or code in shared or (lowered == "$" and code.endswith("D"))
        ]
        if len(fitting) == 1:
            return fitting[0]
        if (
            self.expected
            and (not fitting or self.expected in fitting)
            and (not shared or _may_mean(lowered, self.expected))
        ):
            return self.expected
        spoken = BY_LANGUAGE.get(lowered.rstrip("."), {})
        language = self.language.casefold().replace("_", "-")
        if found := spoken.get(language) or spoken.get(language.partition("-")[0]):
            return found
        if self.place and self.place in shared:
            return self.place
        if lowered == "$" and not fitting:
            return "USD"
        raise UnreadableError(f"the page does not say which currency {mark or 'its amounts'!r} is")


def _may_mean(symbol: str, code: str) -> bool:
    return code in SHARED[symbol] or (symbol == "$" and code.endswith("D"))


@cache
def _known_codes() -> frozenset[str]:
    return frozenset(_CODES)


def amounts_in(text: str, *, bare: bool = False) -> list[Amount]:
    """The amounts in a text, left to right; with `bare`, also numbers with two decimals and no currency."""
    found = []
    for match in _AMOUNT.finditer(text):
        mark = (
            match["code1"]
            or match["code2"]
            or match["mark1"]
            or match["mark2"]
            or ("€" if "€" in match["number"] else "")
        )
        if match["after"] or not (mark or (bare and _DECIMALS.search(match["number"]))):
            continue
        accounting = match["open"] and match["close"] and match[0].strip() == text.strip()
        negative = bool(match["minus"] or match["inner"] or accounting)
        found.append(Amount(number=match["number"], mark=mark, negative=negative, start=match.start(), end=match.end()))
    return found


def money(amount: Amount, currencies: Currencies) -> Money:
    """The amount in its currency; UnreadableError where it cannot be one."""
    code = currencies.code(amount.mark)
    precision = get_currency_precision(code)
    number = amount.number.replace("\u2019", "'")
    # With three decimals the one separator is the decimal one; elsewhere three digits after it are a group.
    separator = "." if precision == 3 and re.fullmatch(r"\d+[.]\d{3}", number) else None  # noqa: PLR2004 (dinars)
    value = Price.fromstring(number, decimal_separator=separator).amount
    minor = (value if value is not None else Decimal("NaN")) * 10**precision
    if not minor.is_finite() or minor != minor.to_integral_value() or minor > MAX_AMOUNT_MINOR:
        raise UnreadableError(f"{amount.number!r} is no amount of {code}")
    return Money(int(-minor if amount.negative else minor), code)


def is_only_amount(text: str, *, bare: bool = False) -> bool:
    """Whether the text is an amount and nothing else that means anything."""
    found = amounts_in(text, bare=bare)
    if len(found) != 1:
        return False
    rest = text[: found[0].start] + text[found[0].end :]
    return not re.search(r"[^\W_]", rest)


def is_code(text: str) -> bool:
    """Whether the text is a currency's code."""
    return text in _known_codes()


def is_free(text: str) -> bool:
    """Whether a text says that something costs nothing, in one of a few words and little else."""
    return bool(FREE.search(text)) and len(text.split()) <= 3 and not amounts_in(text)  # noqa: PLR2004 ("Free of charge")
