"""A line of a page, and which lines belong together: rows, terms with definitions, labels with their amounts.

Knows lines; must never know how a page is built or shown.
"""

import re
from dataclasses import dataclass, replace
from typing import Final

# An amount's label and its parts are few and short; more are prose.
_MAX_PAIR: Final = 4
_MAX_PAIR_CHARACTERS: Final = 120

_SIGNS: Final = r"[$€£¥₹₩₽₺₴₫₪฿]"
_CODES: Final = r"(?:[A-Z]{3}|kr|zł|Kč|Ft|lei)"
AMOUNT: Final = re.compile(rf"(?:{_SIGNS}|\b{_CODES}\.?|\bFr\.)\s?\d|\d(?:[\s.,]?\d)*\s?(?:{_SIGNS}|{_CODES}\b)")
ONLY_AMOUNT: Final = re.compile(rf"-?\s?(?:{_SIGNS}|{_CODES}\.?)?\s?\d[\d\s.,']*(?:{_SIGNS}|{_CODES})?")


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """One thing to act on. `options`: at most what the snapshot lists; `frame`: its frame's title, or empty."""

    ref: str
    role: str
    name: str
    value: str = ""
    checked: bool | None = None
    disabled: bool = False
    required: bool = False
    options: tuple[str, ...] = ()
    frame: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A line to be. `kind`: text, heading, alert, control, frame, note. `region`: the repeated part it belongs to."""

    kind: str
    words: str
    control: Control | None = None
    role: str = ""  # of the element, where it decides how it is joined
    region: str = ""
    depth: int = 0
    url: str = ""


def row(inside: list[Line]) -> list[Line]:
    """A table's row: its texts on one line, and what it holds to act on after it."""
    cells = [line for line in inside if line.kind == "text"]
    pair = len(cells) == 2 and AMOUNT.search(cells[1].words)  # noqa: PLR2004 (a label and its amount)
    words = ": ".join(cell.words.rstrip(":") for cell in cells) if pair else " | ".join(cell.words for cell in cells)
    return [replace(cells[0], words=words, role="row"), *(line for line in inside if line.kind != "text")]


def merged(lines: list[Line]) -> list[Line]:
    """Texts that follow one another, as one."""
    found: list[Line] = []
    for line in lines:
        if found and line.kind == found[-1].kind == "text":
            found[-1] = replace(found[-1], words=f"{found[-1].words} {line.words}")
        else:
            found.append(line)
    return found


def joined(lines: list[Line]) -> list[Line]:
    """Running text as one line; blocks inside stay lines of their own, a label and its amount are joined."""
    paired = pairs(lines)
    if any(line.role in ("row", "listitem", "paragraph") for line in paired):
        return paired
    return merged(paired)


def pairs(lines: list[Line]) -> list[Line]:
    """Terms with their definitions, and what is only a label and amounts, on one line."""
    found: list[Line] = []
    for line in lines:
        if found and line.role == "definition" and found[-1].role == "term":
            found[-1] = replace(found[-1], words=f"{found[-1].words.rstrip(':')}: {line.words}", role="row")
        else:
            found.append(line)
    if 1 < len(found) <= _MAX_PAIR and _is_pair(found):
        between = ": " if len(found) == 2 else " | "  # noqa: PLR2004 (a label and its amount)
        return [replace(found[0], words=between.join(line.words.rstrip(":") for line in found), role="row")]
    return found


def tagged(lines: list[Line], role: str) -> list[Line]:
    """Texts with the role of the element they are all of; a wrapper adds none."""
    if role == "generic":
        return lines
    return [replace(line, role=line.role or role) if line.kind == "text" else line for line in lines]


def _is_pair(lines: list[Line]) -> bool:
    return (
        all(line.kind == "text" and line.role not in ("row", "listitem") for line in lines)
        and AMOUNT.search(lines[-1].words) is not None
        and AMOUNT.search(lines[0].words) is None
        and sum(len(line.words) for line in lines) <= _MAX_PAIR_CHARACTERS
    )
