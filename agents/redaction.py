"""The last pass over everything that leaves for a model, a log or a record: values become the names of their slots.

Knows the slots' values; must never put one anywhere. What is replaced, and what is left so that pages stay readable:

- E-mail, phone, street, postal code, card number: in any case, with any separators between digits or words, and with
  any of their characters URL-encoded, JSON-escaped or as HTML entities. Never inside a longer number.
- Names, city and second address line: whole words; with fewer than five letters only as they are written (a buyer
  called Will leaves "will ship" alone), and no value at all with fewer than three.
- Province and country: never. They are words of every option list and name nobody.
- The card's security code: beside words that announce one, because three digits are also a price. Once it was typed
  into a page (`typed`), wherever it stands alone and is no amount; the control that holds it shows its slot anyway.
- The card's expiry: written as month/year; alone, neither says anything.
- What shops show of a card (`•••• 4242`, "ending in 4242") becomes the card's slot, and any other number of 13 to 19
  digits that could be a card's (Luhn) is masked, whoever's it is.
- Invisible characters (zero-width, bidi, control) are dropped, so that none can split a value.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Final

from agents.slots import Secret, Slots

Replace = Callable[["re.Match[str]"], str]

_PLAIN: Final = frozenset({"buyer.province", "buyer.country", "card.exp_month", "card.exp_year"})
_WORDS: Final = frozenset(
    {"buyer.first_name", "buyer.last_name", "buyer.full_name", "buyer.city", "buyer.address2", "card.name"}
)
_DIGITS: Final = frozenset({"buyer.phone", "card.number"})
_MIN_WORD: Final = 3
_ANY_CASE_FROM: Final = 5
_LONG_FROM: Final = 8
_MIN_PHONE: Final = 7
_NO_CHANCE: Final = 10
# What may stand between the digits of a number, and between the words of an address.
_GAP: Final = r"(?:[\s\-.·•/\\()_+,|:]|%20|%2D|&nbsp;|\\n){0,3}"
_BLANK: Final = r"(?:[\s,+_]|%20|%2C|&nbsp;|\\n)+"
_CODE_WORDS: Final = (
    r"(?:cvc2?|cvv2?|cvn|cid|security\W{0,3}code|card\W{0,3}code|verification\W{0,3}(?:code|value|number)"
)
_CODE_WORDS_MORE: Final = r"|prüf(?:nummer|ziffer|code)|sicherheitscode|cryptogramme|c[oó]digo de seguridad)"
_SIGNS: Final = "$€£¥₹₩₽₺₴₫₪฿"
_CARD_LIKE: Final = re.compile(r"(?<![\d.])\d(?:[ \-.\u00a0]?\d){12,18}(?![\d])")
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Co", "Cs"})
_KEPT: Final = frozenset("\n\t")
# Bytes and signatures, not text: a changed byte breaks them, and a picture was masked when it was taken.
_BYTES: Final = frozenset({"base64", "redacted_thinking"})


class Redactor:
    """Redacts for one task. Texts come again with every turn, so what was done is kept."""

    def __init__(self, slots: Slots) -> None:
        rules: list[tuple[re.Pattern[str], str | Replace]] = []
        for secret in sorted(slots.secrets(), key=lambda one: -len(one.value)):
            rules.extend(_rules(secret))
        self._rules = [*rules, (_CARD_LIKE, _masked)]
        self._slots = slots
        self._typed: set[str] = set()
        self._shown = list(dict.fromkeys(pattern for pattern, name in rules if isinstance(name, str)))
        self._done: dict[str, str] = {}

    def text(self, said: str) -> str:
        """`said` without any value."""
        if said not in self._done:
            words = visible(said)
            for pattern, replacement in self._rules:
                words = pattern.sub(replacement, words)
            self._done[said] = words
        return self._done[said]

    def typed(self, slot: str) -> None:
        """A slot's value is in the page from now on, and the page may say it anywhere."""
        value = next((secret.value for secret in self._slots.secrets() if secret.slot == slot), "")
        if slot == "card.cvc" and value and slot not in self._typed:
            self._typed.add(slot)
            code = r"[ \-\u00a0]{0,2}".join(_letter(digit) for digit in value)  # 7.37 is a price, 7 3 7 is none
            pattern = rf"(?<![\d{_SIGNS}])(?<!\d[.,])(?<![{_SIGNS}] ){code}(?!\d|[.,]\d|\s?[{_SIGNS}%])"
            self._rules.append((re.compile(pattern), f"{{{{{slot}}}}}"))
            self._done.clear()

    def shown(self) -> list[re.Pattern[str]]:
        """Patterns of the values as a page shows them, for masking pictures."""
        return self._shown

    def deep(self, value: Any) -> Any:
        """A JSON-like value with every string in it redacted, keys too; bytes and signatures stay."""
        if isinstance(value, str):
            return self.text(value)
        if isinstance(value, Mapping):
            left = {"data", "signature"} if value.get("type") in _BYTES else {"signature"}
            return {self.text(str(key)): part if key in left else self.deep(part) for key, part in value.items()}
        if isinstance(value, (list, tuple)):
            return [self.deep(part) for part in value]
        return value


def visible(text: str) -> str:
    """A text without invisible characters; line ends and tabs stay."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(letter for letter in text if letter in _KEPT or unicodedata.category(letter) not in _INVISIBLE)


def _rules(secret: Secret) -> list[tuple[re.Pattern[str], str | Replace]]:
    slot, value = secret.slot, unicodedata.normalize("NFC", " ".join(secret.value.split()))
    name = f"{{{{{slot}}}}}"
    if slot in _PLAIN:
        return []
    if slot == "card.cvc":
        code = _spelled(value)
        pattern = rf"(?P<before>{_CODE_WORDS}{_CODE_WORDS_MORE}[^\d\n]{{0,24}}){code}(?!\d)"
        return [(re.compile(pattern, re.IGNORECASE), partial(_after, name))]
    if slot == "card.expiry":
        month, year = value[:2], value[-2:]
        return [(re.compile(rf"(?<!\d)0?{int(month)}\s*[/\-]\s*(?:20)?{year}(?!\d)"), name)]
    if slot in _DIGITS:
        return [(pattern, name) for pattern in _numbers(slot, value)]
    letters = sum(letter.isalnum() for letter in value)
    if letters < _MIN_WORD:
        return []
    flags = re.NOFLAG if slot in _WORDS and letters < _ANY_CASE_FROM else re.IGNORECASE
    return [(re.compile(_edge(value[0], letters, "<") + _spelled(value) + _edge(value[-1], letters, ""), flags), name)]


def _edge(letter: str, letters: int, side: str) -> str:
    """What may not stand beside a value: more of the same number; and for short words more of the same word.

    Pages glue lines together, so a long value is one wherever it stands.
    """
    if letters >= _LONG_FROM:
        return ""
    return rf"(?{side}!\d)" if letter.isdigit() else rf"(?{side}![^\W\d_])"


def _numbers(slot: str, value: str) -> list[re.Pattern[str]]:
    digits = "".join(letter for letter in value if letter.isdigit())
    if slot == "card.number":
        last = digits[-4:]
        shown = rf"(?:(?:[•*●∙·xX#.…][ \-]?){{2,16}}|(?:ending(?: in| with)?|ende(?:t|nd) auf)\W{{0,3}}){last}(?!\d)"
        return [_digits(digits), re.compile(shown, re.IGNORECASE)]
    # A shop may leave the country code out, or write a zero in its place.
    national = [digits[cut:] for cut in (1, 2, 3)] if value.strip().startswith("+") else []
    return [_digits(form) for form in (digits, *national) if len(form) >= _MIN_PHONE]


def _digits(digits: str) -> re.Pattern[str]:
    """A number in any grouping; one too long to be part of another by chance is found inside of others too."""
    before, after = ("", "") if len(digits) >= _NO_CHANCE else (r"(?<!\d)", r"(?!\d)")
    return re.compile(rf"{before}\+?{_GAP.join(_letter(digit) for digit in digits)}{after}", re.IGNORECASE)


def _spelled(value: str) -> str:
    """A pattern for a value with each character as it is or encoded, and any blanks where it has some."""
    return _BLANK.join("".join(_letter(letter) for letter in word) for word in re.split(r"[\s,]+", value) if word)


def _letter(letter: str) -> str:
    """A character as it is, URL-encoded, JSON-escaped, or as an HTML entity."""
    code = ord(letter)
    encoded = "".join(f"%{byte:02X}" for byte in letter.encode())
    forms = [re.escape(letter), encoded, rf"\\u0*{code:04x}", rf"&\#0*{code};", rf"&\#x0*{code:x};"]
    return f"(?:{'|'.join(forms)})"


def _after(name: str, found: "re.Match[str]") -> str:
    return found["before"] + name


def _masked(found: "re.Match[str]") -> str:
    digits = [int(letter) for letter in found[0] if letter.isdigit()]
    doubled = [digit * 2 - 9 * (digit > 4) for digit in digits[-2::-2]]  # noqa: PLR2004 (Luhn: the digits of the double)
    return "[a card's number]" if (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0 else found[0]
