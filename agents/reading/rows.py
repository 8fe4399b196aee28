"""Rows of a page: an amount and the label it belongs to, from the document's structure.

From an amount's element outwards to the first element that holds a label too: that is a row, whether the page made it
of a table, of definitions, or of boxes side by side. Knows structure and labels; must never look at where things are
painted, since the second reading of a total does only that.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from urllib.parse import urlsplit

from agents.errors import UnreadableError
from agents.reading.amounts import FREE, Amount, Currencies, amounts_in, is_code, is_free, is_only_amount, money
from agents.reading.labels import Label, folded, label_of
from agents.reading.seen import SURROUNDINGS, Chunk, Seen
from payments.money import Money

# A row's own label and a line of small print under it; more is no row.
MAX_LABELS = 4
# Words that stand beside an amount without saying what it is.
NEUTRAL = re.compile(r"[\W\d_]*")
# A cost that the shop does not know yet.
UNKNOWN_YET = re.compile(
    r"\b(calculated|next step|enter (your |an )?(shipping )?address|to be (calculated|determined)|tbd|at checkout"
    r"|wird .*berechnet|nachsten schritt|an der kasse|calcule|etape suivante|se calculara|siguiente paso|calcolat[oaie]"
    r"|prossimo passaggio|berekend|volgende stap)\b"
)
PLACES = {"ca": "CAD", "au": "AUD", "nz": "NZD", "sg": "SGD", "hk": "HKD", "mx": "MXN", "jp": "JPY", "cn": "CNY"}
NORDIC = {"se": "SEK", "no": "NOK", "dk": "DKK", "is": "ISK"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One amount with its label. `path` is the row's element; `index` the amount's block; `odd`: not to be trusted."""

    label: Label
    text: str
    amount: Money
    path: tuple[int, ...]
    index: int
    odd: bool


def currencies_of(seen: Seen, expected: str | None) -> Currencies:
    """What the page declares about its currency."""
    declared = [node.get("priceCurrency") for node in seen.declared]
    declared += [item["value"] for item in seen.items if item["name"] == "priceCurrency"]
    declared += [value for name, value in seen.metas.items() if name.endswith("currency")]
    named = {code.upper() for code in declared if isinstance(code, str) and re.fullmatch(r"[A-Za-z]{3}", code)}
    place = (urlsplit(seen.url).hostname or "").rpartition(".")[2]
    return Currencies(
        named=sorted(named), expected=expected, language=seen.lang, place=PLACES.get(place) or NORDIC.get(place)
    )


def is_listed(chunk: Chunk) -> bool:
    """Whether the block may be part of what is bought: neither a button, nor about the shop, nor unheard."""
    return not chunk.button and not chunk.unheard and chunk.zone not in SURROUNDINGS


def rows_of(seen: Seen, currencies: Currencies) -> list[Row]:
    """The page's cost rows, in document order."""
    sections = _sections(seen)
    rows: list[Row] = []
    for index, chunk in enumerate(seen.chunks):
        if is_listed(chunk):
            rows.extend(_rows_in(seen, index, chunk, currencies, sections.get(index)))
    return rows


def unknown_yet(seen: Seen) -> list[str]:
    """Costs the page names without knowing them: "Shipping: calculated at next step"."""
    found = []
    for index, chunk in enumerate(seen.chunks):
        if not is_listed(chunk) or amounts_in(chunk.text) or not UNKNOWN_YET.search(folded(chunk.text)):
            continue
        label, _, _ = _label_around(seen, index)
        own = label_of(UNKNOWN_YET.split(folded(chunk.text))[0])
        if (own or label) in (Label.SHIPPING, Label.TAX):
            found.append(f"{(own or label)} ({chunk.text})")
    return found


def _rows_in(seen: Seen, index: int, chunk: Chunk, currencies: Currencies, section: Label | None) -> Iterator[Row]:
    """The rows whose amount stands in this block."""
    amounts = amounts_in(chunk.text, bare=is_only_amount(chunk.text, bare=True))
    free = is_free(chunk.text) and not amounts
    if not amounts and not free:
        return
    around, text, path = _label_around(seen, index)
    if free:
        label = label_of(FREE.sub("", chunk.text)) or around or section
        if label in (Label.SHIPPING, Label.SURCHARGE, Label.TAX) and label:
            nothing = Money(0, _currency_of_page(seen, currencies))
            yield Row(label=label, text=text, amount=nothing, path=path, index=index, odd=chunk.odd)
        return
    for position, amount in enumerate(amounts):
        said = _said_of(chunk.text, amounts, position)
        own = label_of(said)
        label = own if said and own else (around if not re.search(r"[^\W\d_]{2}", said) else None)
        if not own and section and label is not Label.TOTAL:
            label = _in_section(section, label)
        if label is None:
            continue
        yield Row(
            label=label,
            text=said or text,
            amount=money(amount, currencies),
            path=path if not own else chunk.path,
            index=index,
            odd=chunk.odd or _contradicted(chunk, currencies),
        )


def _in_section(section: Label, label: Label | None) -> Label | None:
    """Under a heading "Tax" every line is tax; under the others a line that says what it is stays that."""
    return section if section is Label.TAX or label is None else label


def _said_of(text: str, amounts: Sequence[Amount], position: int) -> str:
    """What a block itself says about one of its amounts: the words before it, or those after the last."""
    start = amounts[position - 1].end if position else 0
    before = text[start : amounts[position].start].strip(" :\u2013—-(|·")
    after = text[amounts[position].end :].strip() if position == len(amounts) - 1 else ""
    if label_of(f"{before} {after}") and re.search(r"[^\W\d_]{2}", before):
        return f"{before} {after}" if label_of(before) is None or _is_inner(before) else before
    return before if re.search(r"[^\W\d_]{2}", before) else after.strip(" )\u2013—-:")


def _is_inner(before: str) -> bool:
    return folded(before).startswith(("includ", "incl", "inkl", "davon", "dont", "di cui", "waarvan", "of which"))


def _label_around(seen: Seen, index: int) -> tuple[Label | None, str, tuple[int, ...]]:
    """The label that stands beside a block, its text, and the row's element."""
    chunk = seen.chunks[index]
    if chunk.aria and not amounts_in(chunk.aria) and label_of(chunk.aria):
        return label_of(chunk.aria), chunk.aria, chunk.path
    for depth in range(len(chunk.path) - 1, 0, -1):
        path = chunk.path[:depth]
        beside = [
            (place, other)
            for place, other in enumerate(seen.chunks)
            if other.path[:depth] == path and place != index and not other.unheard
        ]
        words = [(place, other) for place, other in beside if not _is_neutral(other)]
        if not words:
            continue
        candidates = _candidates(words, index)
        for text in [*candidates, " ".join(reversed(candidates))]:
            if label := label_of(text):
                return label, text, path
        return None, " ".join(reversed(candidates)), path
    return None, "", chunk.path


def _is_neutral(chunk: Chunk) -> bool:
    return bool(NEUTRAL.fullmatch(chunk.text) or is_code(chunk.text)) and not amounts_in(chunk.text)


def _candidates(words: Sequence[tuple[int, Chunk]], index: int) -> list[str]:
    """The labels before an amount, nearest first, up to the amount before it; else the one after, if it is alone."""
    before: list[str] = []
    for place, other in reversed(words):
        if place > index:
            continue
        if is_only_amount(other.text) or len(before) == MAX_LABELS:
            break
        if not amounts_in(other.text):
            before.append(other.text)
    if before:
        return before
    after = [other.text for place, other in words if place > index]
    return after if len(after) == 1 and not amounts_in(after[0]) else []


def _contradicted(chunk: Chunk, currencies: Currencies) -> bool:
    """Whether a screen reader is told another amount than the one painted."""
    told, shown = amounts_in(chunk.aria, bare=True), amounts_in(chunk.text, bare=True)
    if not told or not shown:
        return False
    try:
        return {money(amount, currencies) for amount in told}.isdisjoint(money(amount, currencies) for amount in shown)
    except UnreadableError:
        return True


def _currency_of_page(seen: Seen, currencies: Currencies) -> str:
    """The currency of the page's amounts, for "Free"."""
    for chunk in seen.chunks:
        for amount in amounts_in(chunk.text):
            return currencies.code(amount.mark)
    return currencies.code("")


def _sections(seen: Seen) -> dict[int, Label]:
    """For blocks under a heading inside a table or box ("Shipping", then the method's name): the heading's kind.

    It holds until the next heading or the end of the element that holds heading and rows.
    """
    sections: dict[int, Label] = {}
    current: tuple[Label, tuple[int, ...]] | None = None
    for index, chunk in enumerate(seen.chunks):
        alone = chunk.heading and not amounts_in(chunk.text)
        if alone and not _has_amount_beside(seen, index):
            label = label_of(chunk.text)
            fits = label in (Label.SHIPPING, Label.TAX, Label.SURCHARGE, Label.DISCOUNT)
            current = (label, _table_of(seen, chunk)) if label and fits else None
        elif current and chunk.path[: len(current[1])] == current[1]:
            sections[index] = current[0]
        else:
            current = None
    return sections


def _has_amount_beside(seen: Seen, index: int) -> bool:
    """Whether the heading is itself a row's label: "Order total", in a heading, with its amount in the next cell."""
    after = seen.chunks[index + 1 : index + 2]
    if not after or not is_only_amount(after[0].text):
        return False
    shared = _shared(seen.chunks[index].path, after[0].path)
    return len([chunk for chunk in seen.within(shared) if not _is_neutral(chunk)]) == 2  # noqa: PLR2004 (label and amount)


def _table_of(seen: Seen, heading: Chunk) -> tuple[int, ...]:
    """The smallest element that holds the heading and an amount."""
    for depth in range(len(heading.path) - 1, 0, -1):
        path = heading.path[:depth]
        if any(is_only_amount(chunk.text) for chunk in seen.within(path)):
            return path
    return heading.path


def _shared(a: tuple[int, ...], b: tuple[int, ...]) -> tuple[int, ...]:
    depth = 0
    while depth < min(len(a), len(b)) and a[depth] == b[depth]:
        depth += 1
    return a[:depth]
