"""Choosing among the ways a shop offers: to check out, to ship, to pay. Knows radios, lists and rows of buttons.

The way to ship is the one asked for, else the cheapest; the way to pay is the one asked for; nobody opens an account.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from agents.stand_in import turns, words
from agents.stand_in.conversation import Conversation
from agents.stand_in.page import Item, Page
from agents.stand_in.turns import Call

# Lines of description between two choices of one group.
GAP = 4
PRICE = re.compile(r"(?:[$€£]|\b[A-Z]{3}\b)\s*(\d[\d.,]*)|(\d[\d.,]*)\s*(?:[$€£]|\b[A-Z]{3}\b)")
DEAR = float("inf")


@dataclass(slots=True)
class Ways:
    """What to set, and what to click where a choice is itself a button."""

    calls: list[Call] = field(default_factory=list)
    click: Call | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """One of several: its control, and everything the page says about it."""

    item: Item
    text: str


def ways(talk: Conversation, page: Page) -> Ways:
    """Every choice on the page that is not made yet, made."""
    found = Ways()
    for group in _groups(page):
        wanted = _pick(talk, page, group)
        if wanted and not wanted.item.checked:
            found.calls.append(turns.put(wanted.item.ref, True))
    for box in page.of("combobox", "listbox"):
        if wanted_option := _pick_option(talk, box):
            found.calls.append(turns.put(box.ref, wanted_option))
    rows = _rows(page)
    if rows:
        kind_ship = page.phase != "payment"
        row = _shipping(talk, rows) if kind_ship else _paying(talk, rows)
        found.click = turns.click(row.item.ref) if row else None
    return found


def _groups(page: Page) -> list[list[Choice]]:
    """Runs of radios; a line or two about each may stand between them."""
    groups: list[list[Choice]] = []
    last: Item | None = None
    radios = [item for item in page.of("radio") if not item.disabled]
    for index, radio in enumerate(radios):
        following = radios[index + 1].position if index + 1 < len(radios) else radio.position + GAP
        about = [item.name for item in page.between(radio.position, following) if item.role == "text"]
        parted = last is None or any(item.role == "heading" for item in page.between(last.position, radio.position))
        if last is None or parted or radio.position - last.position > GAP:
            groups.append([])
        groups[-1].append(Choice(radio, " ".join([radio.name, *about[:GAP]])))
        last = radio
    return groups


def _pick(talk: Conversation, page: Page, group: Sequence[Choice]) -> Choice | None:
    """The choice to make in a group of radios, told by what its members are."""
    if guests := [choice for choice in group if words.GUEST.search(choice.item.name)]:
        alone = [choice for choice in guests if not words.ACCOUNT.search(choice.item.name)]
        return (alone or guests)[0]
    if _about_paying(page, group):
        return _paying(talk, group)
    if any(words.SHIP.search(choice.item.name) or PRICE.search(choice.text) for choice in group):
        return _shipping(talk, group)
    chosen = [choice for choice in group if choice.item.checked]
    return chosen[0] if chosen else group[0]


def _about_paying(page: Page, group: Sequence[Choice]) -> bool:
    paying = sum(_pays(choice.item.name) for choice in group)
    before = list(page.between(group[0].item.position - GAP, group[0].item.position))
    under = any(re.search(r"pay|zahl", item.name, re.IGNORECASE) for item in before if item.role in ("heading", "text"))
    return paying * 2 > len(group) or (under and paying > 0)


def _pays(name: str) -> bool:
    return any(kind.search(name) for kind in (words.PAY_CARD, words.PAY_LATER, words.PAY_OTHER))


def _paying(talk: Conversation, group: Sequence[Choice]) -> Choice | None:
    wanted = words.PAY_CARD if talk.asked.by_card else words.PAY_LATER
    fitting = [
        choice for choice in group if wanted.search(choice.item.name) and not words.PAY_OTHER.search(choice.text)
    ]
    chosen = [choice for choice in fitting if choice.item.checked]
    return next(iter(chosen or fitting), None)


def _shipping(talk: Conversation, group: Sequence[Choice]) -> Choice | None:
    """The option asked for; else the cheapest, where the one already chosen wins a tie."""
    if asked := talk.asked.shipping:
        best = max(group, key=lambda choice: _alike(choice.text, asked))
        if _alike(best.text, asked) > 0:
            return best
    return min(group, key=lambda choice: (_price(choice.text), not choice.item.checked))


def _alike(text: str, asked: str) -> float:
    """How much of what is asked for stands in the text, less what else stands there."""
    wanted, shown = _bag(asked), _bag(text)
    if not wanted or not shown:
        return 0.0
    return len(wanted & shown) / len(wanted) + len(wanted & shown) / len(shown) / 10


def _bag(text: str) -> set[str]:
    return {word for word in re.findall(r"\w+", text.casefold()) if word not in ("the", "and", "to", "und")}


def _price(text: str) -> float:
    """What a way to ship costs; one that names no price is taken last."""
    if words.FREE.search(text):
        return 0.0
    found = PRICE.search(text)
    if not found:
        return DEAR
    digits = re.sub(r"[.,](?=\d{3}\b)", "", found[1] or found[2]).replace(",", ".").rstrip(".")
    try:
        return float(digits)
    except ValueError:
        return DEAR


def _pick_option(talk: Conversation, box: Item) -> str | None:
    """The option of a list of ways to ship or to pay, if it is not the chosen one."""
    choices = [Choice(box, option) for option in box.options if not words.NOTHING_CHOSEN.fullmatch(option)]
    about = box.name.casefold()
    if len(choices) < 2:  # noqa: PLR2004 (a choice is between two)
        return None
    if re.search(r"shipping|delivery|versand|liefer", about) and re.search(r"method|option|art|way|weise", about):
        best: Choice | None = max(choices, key=lambda choice: _alike(choice.text, talk.asked.shipping))
        if not talk.asked.shipping:
            best = min(choices, key=lambda choice: (_price(choice.text), choice.text != box.value))
    elif re.search(r"payment|zahlung|pay (by|with)", about):
        wanted = words.PAY_CARD if talk.asked.by_card else words.PAY_LATER
        best = next((choice for choice in choices if wanted.search(choice.text)), None)
    else:
        return None
    return best.text if best and best.text != box.value else None


def _rows(page: Page) -> list[Choice]:
    """Rows that each end in the same "select this" button, with what the page says above each button."""
    buttons = [item for item in page.of("button") if words.PICK_THIS.search(item.name) and not item.disabled]
    rows = []
    start = -1
    for button in buttons:
        about = [item.name for item in page.between(start, button.position) if item.role in ("text", "heading")]
        rows.append(Choice(button, " ".join(about[-GAP:])))
        start = button.position
    return rows
