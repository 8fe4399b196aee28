"""Card numbers where none belongs: found in every spelling, so that they are refused before anything is kept.

Knows what a card number looks like. Must never log, return or store one; it answers only where, not what.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import phonenumbers

# Whatever people put between digits: spaces, dashes, dots, underscores, slashes; up to two, as in `4242 - 4242`.
_SEPARATOR = r"[\s\-\u2010-\u2015\u2212.,\u00b7_/+]"
_RUN = re.compile(rf"[0-9](?:{_SEPARATOR}{{0,3}}[0-9])*")
_GROUP = re.compile(r"[0-9]+")
# ISO/IEC 7812: how long an account number is, and the leading digits of travel, banking and merchandising. Order
# numbers and times that begin otherwise are let be.
_SHORTEST, _LONGEST, _LEADING = 13, 19, "23456"
# Shops' own identifiers in a URL are long and some satisfy Luhn; a 15 or 16 digit number with an issuer's prefix is no
# accident. (Visa, Mastercard old and new, American Express, and the sixes and thirty-fives of the rest.)
_ISSUED = re.compile(r"4\d{15}|5[1-5]\d{14}|2[2-7]\d{14}|3[47]\d{13}|35\d{14}|6\d{15}")
_ISSUED_LENGTHS = (15, 16)
# A UUID is an identifier even where its digits happen to add up.
_UUID = re.compile(r"(?i)(?<![0-9a-f])[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}(?![0-9a-f])")

REMOVED = "[card number removed]"


def where_card_number(document: Any) -> str | None:
    """The path of the first value (or name) in a JSON document that holds a card number, or None.

    A phone number that is one is let through, and so is a shop's identifier in a product URL.
    """
    for path, name, value in _leaves(document):
        if holds_card_number(name):
            return path.rpartition(".")[0] or "body"
        text = _text(value)
        if name == "productUrl":
            found = holds_card_number(unquote(text), issued_only=True)
        elif name == "phone":
            found = holds_card_number(text) and not _is_phone(text)
        else:
            found = holds_card_number(text)
        if found:
            return path
    return None


def holds_card_number(text: str, *, issued_only: bool = False) -> bool:
    """Whether 13 to 19 digits in `text`, however separated, satisfy Luhn and begin as a payment card does.

    Digits that touch letters are part of an identifier unless an issuer's prefix and length say otherwise.
    """
    plain = _plain(text)
    for run in _RUN.finditer(plain):
        before, after = plain[max(0, run.start() - 1) : run.start()], plain[run.end() : run.end() + 1]
        glued = before.isalpha() or after.isalpha()
        whole = "".join(_GROUP.findall(run.group()))
        if _is_card(whole, issued_only=issued_only or glued):
            return True
        # A card with its date after it, or some number before it: parts of a run need an issuer's prefix and length,
        # or every other order number would be one.
        if any(_is_card(part, issued_only=True) for part in _parts(run.group())):
            return True
    return False


def redacted(value: Any) -> Any:
    """The same JSON without card numbers: for evidence that is kept, and must not be refused."""
    if isinstance(value, dict):
        return {name: redacted(item) for name, item in value.items()}
    if isinstance(value, list):
        return [redacted(item) for item in value]
    text = _text(value)
    return REMOVED if text and holds_card_number(text) else value


def _leaves(document: Any) -> Iterator[tuple[str, str, Any]]:
    """Every value with its path and the name it stands under; iterative, since a hostile body is deep."""
    waiting: list[tuple[str, str, Any]] = [("", "", document)]
    while waiting:
        path, name, value = waiting.pop()
        if isinstance(value, dict):
            waiting.extend((f"{path}.{key}" if path else key, key, item) for key, item in value.items())
        elif isinstance(value, list):
            waiting.extend((f"{path}.{index}", name, item) for index, item in enumerate(value))
        else:
            yield path, name, value


def _parts(run: str) -> Iterator[str]:
    """Every number of an issued length made of whole groups: in `4242 4242 4242 4242 12/34` the card ends at one."""
    groups = _GROUP.findall(run)
    for first in range(len(groups)):
        number = ""
        for group in groups[first:]:
            number += group
            if len(number) in _ISSUED_LENGTHS:
                yield number
            elif len(number) > max(_ISSUED_LENGTHS):
                break


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or value is None:
        return ""
    return f"{value:.0f}" if isinstance(value, float) else str(value)


def _plain(text: str) -> str:
    """Full-width and other digits as ASCII, invisible characters gone, identifiers out of the way."""
    if text.isascii():
        return _UUID.sub(" # ", text)
    folded = unicodedata.normalize("NFKC", text)
    plain = "".join(_ascii_digit(character) for character in folded if unicodedata.category(character) != "Cf")
    return _UUID.sub(" # ", plain)


def _ascii_digit(character: str) -> str:
    return str(unicodedata.decimal(character)) if character.isdecimal() else character


def _is_card(digits: str, *, issued_only: bool) -> bool:
    if not _SHORTEST <= len(digits) <= _LONGEST or digits[0] not in _LEADING:
        return False
    if issued_only and not _ISSUED.fullmatch(digits):
        return False
    doubled = (int(digit) * (1 + place % 2) for place, digit in enumerate(reversed(digits)))
    return sum(value - 9 if value > 9 else value for value in doubled) % 10 == 0  # noqa: PLR2004 (Luhn's rule)


def _is_phone(text: str) -> bool:
    try:
        return bool(phonenumbers.is_possible_number(phonenumbers.parse(text, "US")))
    except phonenumbers.NumberParseException:
        return False
