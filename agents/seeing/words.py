"""A page's words made safe to be read beside our own: one line, no invisible characters, no forged structure.

What a page says may look like a line of ours (a reference, a heading, a frame). It is left readable, with a backslash
before what could be taken for structure. Knows text; must never know a page.
"""

import re
import unicodedata
from typing import Final

# A line that says more than this says something else than what is for sale; code reads the page itself, in full.
MAX_WORDS: Final = 400
_CLIPPED: Final = "…"

# Ours: a control's reference, an opening brace pair of a slot.
_REFERENCE: Final = re.compile(r"\[(?=(?:(?:f\d+)?e|t)\d+\])")
# What a line of ours can begin with.
_BEGINS: Final = re.compile(r'(?:[\[#!\\]|\((?:header|the |\d+ |…)|page "|frame "|dialog(?: "|$))', re.IGNORECASE)


def clean(text: str) -> str:
    """One line without control, format, private and tag characters (zero-width, bidi); blanks are single spaces."""
    if text.isascii() and text.isprintable():
        return " ".join(text.split())
    kept = "".join(
        " " if unicodedata.category(letter) in ("Cc", "Zl", "Zp") else letter
        for letter in unicodedata.normalize("NFC", text)
        if unicodedata.category(letter) not in ("Cf", "Co", "Cs", "Cn") and not _selects_variant(letter)
    )
    return " ".join(kept.split())


def said(text: str) -> str:
    """A page's words inside a line: clean, clipped, and neither a reference nor a slot in them."""
    words = clean(text)
    if len(words) > MAX_WORDS:
        words = words[:MAX_WORDS].rstrip() + _CLIPPED
    return _REFERENCE.sub(r"\\[", words).replace("{{", "{ {").replace("}}", "} }")


def as_line(text: str) -> str:
    """A page's words as a line of their own."""
    words = said(text)
    return f"\\{words}" if _BEGINS.match(words) else words


def quoted(text: str) -> str:
    """A page's words in quotes of ours."""
    words = clean(text)
    if len(words) > MAX_WORDS:
        words = words[:MAX_WORDS].rstrip() + _CLIPPED
    words = words.replace("{{", "{ {").replace("}}", "} }")
    return '"' + words.replace("\\", "\\\\").replace('"', '\\"') + '"'


def folded(text: str) -> str:
    """For comparing two labels: no case, no star or colon, single spaces."""
    return " ".join(re.sub(r"[*:•·()\[\]]", " ", clean(text)).casefold().split())


def _selects_variant(letter: str) -> bool:
    """Variation selectors: invisible marks, and a known way to hide text in emoji."""
    return "\ufe00" <= letter <= "\ufe0f" or "\U000e0100" <= letter <= "\U000e01ef"
