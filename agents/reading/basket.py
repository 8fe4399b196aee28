"""The lines of a basket or a review: what is bought and how often.

A line is found by its quantity: a number field, "Qty: 2", "2 x", or a bare number in a column. From there outwards to
the first element that also holds an amount and a title. Knows structure; must never know what was asked for.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from playwright.sync_api import Page

from agents.errors import UnreadableError
from agents.reading.amounts import amounts_in, money
from agents.reading.labels import folded, label_of
from agents.reading.rows import currencies_of, is_listed
from agents.reading.seen import Chunk, Control, Seen, look
from agents.terms import Line
from payments.money import Money

_WORD = (
    r"qty|quantity|menge|anzahl|stuck|quantite|qte|nombre|cantidad|cant|unidades|quantita|qta|pezzi"
    r"|aantal|hoeveelheid|stuks|pcs"
)
_QUANTITY = re.compile(
    rf"(?:{_WORD})\b[\s.:\u00d7x]*(\d{{1,3}})(?!\d)|^(\d{{1,3}})\s*(?:[x\u00d7\u2715]|(?:{_WORD})\b)"
    r"|^[x\u00d7\u2715]\s*(\d{1,3})$"
)
_KEY = re.compile(rf"\b({_WORD})|({_WORD})\b|qty|quantit", re.IGNORECASE)
_TIMES = re.compile(r"(?:^|\s)(\d{1,3})\s*[x\u00d7✕](?=\s|$)|(?:^|\s)[x\u00d7✕]\s*(\d{1,3})(?=\s|$)")
_BARE = re.compile(r"\d{1,3}")
ADD = re.compile(
    r"\b(add( \w+)? to|add all|into the (basket|cart)|in den warenkorb|ajouter|anadir|agregar|aggiungi|toevoegen"
    r"|in winkel\w+)\b"
)
# What stands in a line beside its title.
_FURNITURE = re.compile(
    r"(remove|update|delete|edit|change|save for later|move to .*|in stock.*|available.*|auf lager.*|en stock.*"
    r"|entfernen"
    r"|aktualisieren|supprimer|eliminar|rimuovi|verwijderen|wijzigen|price|total|unit price|item|product|sku.*|free|"
    rf"{_WORD}|(preis|prix|precio|prezzo|prijs|gesamt)( .*)?)[\s:.\u00d7x]*\d*"
)
# A line outside this size is no line of a basket; a number that nothing names must stand close to its title.
MAX_LINE_CHUNKS = 25
MAX_BARE_CHUNKS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class _Quantity:
    """A quantity, the element it stands in, and whether nothing but its place says that it is one."""

    number: int
    path: tuple[int, ...]
    bare: bool = False


def lines(page: Page | Seen) -> list[Line]:
    """What the page shows as being bought; empty where it shows nothing that has a quantity."""
    seen = look(page)
    baskets: dict[str, list[Line]] = {}
    taken: set[tuple[int, ...]] = set()
    for quantity in _quantities(seen):
        element = _line_around(seen, quantity)
        if element is None or element in taken:
            continue
        taken.add(element)
        if (line := _line(seen, element, quantity)) is not None:
            baskets.setdefault(seen.within(element)[0].zone, []).append(line)
    return _once(list(baskets.values()))


def _quantities(seen: Seen) -> Iterator[_Quantity]:
    """Every quantity on the page."""
    for control in seen.controls:
        if control.is_typed and _is_quantity_field(control) and _BARE.fullmatch(control.content.strip()):
            yield _Quantity(number=int(control.content), path=control.path)
    for chunk in seen.chunks:
        if not is_listed(chunk):
            continue
        said = folded(chunk.text)
        found = _QUANTITY.search(said) or _TIMES.search(said)
        if found:
            yield _Quantity(number=int(next(group for group in found.groups() if group)), path=chunk.path)
        elif _BARE.fullmatch(said) and not chunk.heading:
            yield _Quantity(number=int(said), path=chunk.path, bare=True)


def _is_quantity_field(control: Control) -> bool:
    return (
        control.type == "number"
        or control.role == "spinbutton"
        or bool(_KEY.search(f"{folded(control.name)} {control.key}"))
    )


def _line_around(seen: Seen, quantity: _Quantity) -> tuple[int, ...] | None:
    """The smallest element around a quantity with an amount and a title in it; None where there is no line."""
    for depth in range(len(quantity.path), 0, -1):
        element = quantity.path[:depth]
        chunks = [chunk for chunk in seen.within(element) if is_listed(chunk)]
        if len(chunks) > (MAX_BARE_CHUNKS if quantity.bare else MAX_LINE_CHUNKS):
            return None
        presses = [control for control in seen.controls_within(element) if control.is_press]
        if any(ADD.search(folded(control.name)) for control in presses):
            return None
        if any(amounts_in(chunk.text) for chunk in chunks) and _title(chunks):
            return element
    return None


def _line(seen: Seen, element: tuple[int, ...], quantity: _Quantity) -> Line | None:
    chunks = [chunk for chunk in seen.within(element) if is_listed(chunk)]
    title = _title(chunks)
    if quantity.bare and label_of(title) is not None and not any(chunk.link for chunk in chunks):
        return None  # a cost line with a number in it
    chosen = [control.content for control in seen.controls_within(element) if control.options]
    text = " · ".join([*(chunk.text for chunk in chunks), *chosen])
    return Line(title=title, quantity=quantity.number, text=text, amount=_amount(seen, chunks))


def _title(chunks: Sequence[Chunk]) -> str:
    """A heading, else a link, else the first text that is no figure and no furniture."""
    wordy = [(chunk, _bare_title(chunk.text)) for chunk in chunks]
    texts = [(chunk, text) for chunk, text in wordy if text]
    for fits in (lambda chunk: chunk.heading, lambda chunk: chunk.link, lambda _chunk: True):
        if found := next((text for chunk, text in texts if fits(chunk)), ""):
            return found
    return ""


def _bare_title(text: str) -> str:
    """A block's text without quantity and amounts; empty for furniture."""
    amounts = amounts_in(text)
    rest = text[: amounts[0].start] if amounts else text
    rest = re.sub(
        rf"^\s*\d{{1,3}}\s*[x\u00d7✕]\s+|\s+[x\u00d7✕]\s*\d{{1,3}}\s*$|[\s,(\u2013—-]*\b(?:{_WORD})\b[\s.:]*\d{{1,3}}\)?\s*$",
        "",
        rest,
        flags=re.IGNORECASE,
    )
    rest = rest.strip(" :\u2013—-|·(,")
    return rest if re.search(r"[^\W\d_]{2}", rest) and not _FURNITURE.fullmatch(folded(rest)) else ""


def _amount(seen: Seen, chunks: Sequence[Chunk]) -> Money | None:
    """The line's last amount: what the whole line costs, where unit price and line total both stand there."""
    found = [amount for chunk in chunks for amount in amounts_in(chunk.text)]
    try:
        return money(found[-1], currencies_of(seen, None)) if found else None
    except UnreadableError:
        return None


def _once(baskets: Sequence[Sequence[Line]]) -> list[Line]:
    """A basket shown twice, in a drawer and on the page, is one basket; two that differ are both given.

    Twice in the same part of the page is two lines: nothing is bought twice because it looked like a repetition.
    """
    if not baskets:
        return []
    shown = [sorted((folded(line.title), line.quantity, str(line.amount)) for line in basket) for basket in baskets]
    if all(basket == shown[0] for basket in shown):
        return list(baskets[0])
    return [line for basket in baskets for line in basket]
