"""An order in a list of the visitor's orders: a row with a number, the item and an amount.

Knows such lists; must never be asked about a page that is still to be ordered from.
"""

import re

from playwright.sync_api import Page

from agents.errors import UnreadableError
from agents.guard import has_words
from agents.reading.amounts import amounts_in, is_only_amount, money
from agents.reading.labels import folded
from agents.reading.rows import currencies_of, is_listed
from agents.reading.seen import Chunk, Seen, look
from agents.terms import Confirmation

_LIST = re.compile(
    r"\b((your|my|past|recent|previous) orders|orders|order history|(ihre|meine) bestellungen|bestell(ubersicht"
    r"|historie)|(vos|mes) commandes"
    r"|historique des commandes|(tus|mis) pedidos|historial de pedidos|(i tuoi|i miei) ordini|storico ordini|(je|mijn"
    r"|uw) bestellingen)\b"
)
# Letters and digits, at least three of them digits; no date and no amount.
_NUMBER = re.compile(
    r"#?\s?(?=(?:\D*\d){3})(?!\d{1,4}[-./]\d{1,2}[-./]\d{1,4}$)([A-Z0-9][A-Z0-9-]{2,30})", re.IGNORECASE
)
# A row with more than this is no row.
MAX_ROW_CHUNKS = 12


def listed_order(page: Page | Seen, title: str) -> Confirmation | None:
    """The one order of this item in a list of orders; None where there is no such list, or several of it."""
    seen = look(page)
    heading = next((chunk.text for chunk in seen.chunks if chunk.heading and _LIST.search(folded(chunk.text))), "")
    if not heading:
        return None
    rows = {row for chunk in seen.chunks if is_listed(chunk) and (row := _row(seen, chunk, title))}
    if len(rows) != 1:
        return None
    [path] = rows
    return _order_in(seen, path, heading)


def _row(seen: Seen, chunk: Chunk, title: str) -> tuple[int, ...] | None:
    """The smallest element around the item's name that also holds a number and an amount."""
    if not has_words(title, chunk.text):
        return None
    for depth in range(len(chunk.path), 0, -1):
        chunks = seen.within(chunk.path[:depth])
        if len(chunks) > MAX_ROW_CHUNKS:
            return None
        if any(_NUMBER.fullmatch(other.text) for other in chunks) and any(amounts_in(other.text) for other in chunks):
            return chunk.path[:depth]
    return None


def _order_in(seen: Seen, path: tuple[int, ...], heading: str) -> Confirmation | None:
    chunks = seen.within(path)
    numbers = [found[1] for chunk in chunks if (found := _NUMBER.fullmatch(chunk.text))]
    amounts = [amounts_in(chunk.text)[0] for chunk in chunks if is_only_amount(chunk.text)]
    if len(numbers) != 1:
        return None
    try:
        total = money(amounts[-1], currencies_of(seen, None)) if amounts else None
    except UnreadableError:
        total = None
    return Confirmation(order_number=numbers[0], total=total, heading=heading, url=seen.url)
