"""The product page: choose the variant asked for and the quantity, and add the product itself to the basket.

Knows one page's text and what is asked; must never choose a variant nobody asked for.
"""

import itertools
import re
from collections.abc import Iterator

from agents.stand_in import turns, words
from agents.stand_in.conversation import Conversation
from agents.stand_in.page import Item, Page
from agents.stand_in.policy_moves import LOOK_AFTER_ADDING, added, clear_view, own_heading
from agents.stand_in.turns import Call, Turn

CHOOSE = "I choose"
ENOUGH = 3
# Lines beside a control that may say what it stands for.
BESIDE = 2
ASKS_FOR_CHOICE = re.compile(
    r"(select|choose|pick) (a|an|your|one|the)\b|please (select|choose|pick)|bitte .*wählen", re.IGNORECASE
)


def product(talk: Conversation, page: Page) -> Turn | None:
    """Add the product, once."""
    if added(talk):
        return _refused(talk, page)
    add = own_add(page)
    if add is None and not talk.asked.variant:
        return _cannot_add(talk, page)
    if isinstance(chosen := _choices(talk, page, add), Turn):
        return chosen
    if add is None or talk.times(turns.ADD, page) >= ENOUGH:
        return _cannot_add(talk, page)
    if add.disabled and not chosen:
        return _cannot_add(talk, page)
    calls = [*clear_view(page), *chosen, *_quantity(talk, page, add), turns.click(add.ref)]
    return turns.acting(f"{turns.ADD} on {page.key}.", calls)


def _refused(talk: Conversation, page: Page) -> Turn | None:
    """The shop's answer to the adding, if it was no."""
    if not talk.said or not talk.said[-1].startswith(turns.ADD):
        return None
    alerts = [item.name for item in page.of("alert")]
    if not (own_add(page) and any(ASKS_FOR_CHOICE.search(text) for text in alerts)):
        return None
    if talk.asked.variant:  # it was chosen, but the shop did not notice; once more from a fresh reading
        return Turn(f"{LOOK_AFTER_ADDING}: {alerts[0]}", (turns.read_page(),))
    return turns.give_up("variant_selections_required", "the shop wants a variant chosen and none was asked for")


def _cannot_add(talk: Conversation, page: Page) -> Turn:
    if any(words.SOLD_OUT.search(item.name) for item in _own_part(page)):
        return turns.give_up("product_out_of_stock", "the product is sold out")
    if talk.times(turns.LOOK, page) < ENOUGH - 1:  # a page may still be filling itself
        wait = Call("wait", {"duration": 1})
        return Turn(f"{turns.LOOK} at {page.key}.", (*clear_view(page), wait, turns.read_page()))
    return turns.give_up("offer_retrieval_failed", "nothing on the page adds the product to a basket")


def _own_part(page: Page) -> Iterator[Item]:
    """The page from the product's heading to the related products."""
    heading = own_heading(page)
    for item in page.items:
        if heading and item.position < heading.position:
            continue
        if item.role == "heading" and item is not heading and words.RELATED.search(item.name):
            return
        yield item


def own_add(page: Page) -> Item | None:
    """The control that adds this product: the first below its heading, and above any related ones."""
    adds = [item for item in _own_part(page) if item.role in ("button", "link") and words.ADD.search(item.name)]
    return next((item for item in adds if not item.disabled), adds[0] if adds else None)


def _quantity(talk: Conversation, page: Page, add: Item) -> list[Call]:
    fields = [item for item in page.of("textbox", "spinbutton", "combobox") if words.QUANTITY.search(item.name)]
    near = sorted(fields, key=lambda item: abs(item.position - add.position))
    wanted = str(talk.asked.quantity)
    return [turns.put(item.ref, wanted) for item in near[:1] if item.value != wanted]


def _choices(talk: Conversation, page: Page, add: Item | None) -> list[Call] | Turn:
    """The calls that choose the variant asked for, or the turn that says why it cannot be had."""
    choosers = [item for item in _own_part(page) if add is None or item.position < add.position]
    if not talk.asked.variant:
        return _none_asked(choosers)
    calls: list[Call] = []
    missing: list[str] = []
    for label, value in talk.asked.variant.items():
        found = _offering(choosers, label, value) or _offering(list(_own_part(page)), label, value)
        if found is None:
            missing.append(value)
        elif isinstance(chosen := _chosen(talk, page, *found), Turn):
            return chosen
        else:
            calls += chosen
    if not missing:
        return calls
    if whole := _as_one(talk, choosers):
        chosen = _chosen(talk, page, *whole)
        return chosen if isinstance(chosen, Turn) else calls + chosen
    shown = " ".join(item.name for item in _own_part(page)).casefold()
    unknown = [value for value in missing if value.casefold() not in shown]
    if unknown:
        return turns.give_up("variant_selections_invalid", f"the shop offers no {', '.join(unknown)}")
    return calls


def _chosen(talk: Conversation, page: Page, item: Item, option: str) -> list[Call] | Turn:
    """Choose one value: a call for a field, a turn of its own for a link, since that opens another page."""
    if words.SOLD_OUT.search(option) or (item.disabled and not _is_chosen(item, option)):
        return turns.give_up("product_out_of_stock", f"{option} is sold out")
    if item.role != "link":
        return [] if _is_chosen(item, option) else [_choose(item, option)]
    said = f"{CHOOSE} {option} on"
    if talk.times(said):
        return []
    return turns.acting(f"{said} {page.key}.", [*clear_view(page), turns.click(item.ref)])


def _none_asked(choosers: list[Item]) -> list[Call] | Turn:
    """Nothing was asked for: what the shop has preselected is right, and an open choice is the buyer's to make."""
    boxes = [item for item in choosers if item.role in ("combobox", "listbox") and not words.QUANTITY.search(item.name)]
    open_box = any((item.folded or item.options) and words.NOTHING_CHOSEN.search(item.value) for item in boxes)
    radios = [item for item in choosers if item.role == "radio"]
    if open_box or (radios and not any(item.checked for item in radios)):
        return turns.give_up("variant_selections_required", "there are variants to choose from and none was asked for")
    return []


def _offering(choosers: list[Item], label: str, value: str) -> tuple[Item, str] | None:
    """The control that offers `value`, and how the shop writes it. A control named like the label comes first."""
    by_label = sorted(choosers, key=lambda item: label.casefold() not in item.name.casefold())
    for item in by_label:
        if item.role in ("combobox", "listbox"):
            for option in item.options:
                if same(option, value):
                    return item, option
            if item.folded > len(item.options) and label.casefold() in item.name.casefold():
                return item, value
    for role in ("radio", "button", "link"):
        for item, texts in _with_texts(choosers):
            if item.role == role and (shown := [text for text in texts if same(text, value)]):
                return item, shown[0]
    return None


def _with_texts(items: list[Item]) -> Iterator[tuple[Item, list[str]]]:
    """Controls with their names and the lines that follow: a value may stand beside a control named "Select"."""
    for index, item in enumerate(items):
        if item.is_control:
            following = itertools.takewhile(lambda near: near.role == "text", items[index + 1 : index + 1 + BESIDE])
            yield item, [item.name, *(near.name for near in following)]


def _as_one(talk: Conversation, choosers: list[Item]) -> tuple[Item, str] | None:
    """One control whose options name a whole variant, such as "Blue / M"."""
    values = [value.casefold() for value in talk.asked.variant.values()]
    for item in choosers:
        own = (item.name,) if item.role in ("radio", "link") else ()
        options = item.options if item.role in ("combobox", "listbox") else own
        for option in options:
            parts = re.split(r"[^\w]+", option.casefold())
            if all(set(re.split(r"[^\w]+", value)) <= set(parts) for value in values):
                return item, option
    return None


def _is_chosen(item: Item, option: str) -> bool:
    return item.checked or (bool(item.value) and same(item.value, option))


def _choose(item: Item, option: str) -> Call:
    if item.role == "radio":
        return turns.put(item.ref, True)
    return turns.click(item.ref) if item.role == "button" else turns.put(item.ref, option)


def same(shown: str, asked: str) -> bool:
    """Whether the shop's wording is the value asked for: alike, or alike with something said after it."""
    left, right = shown.strip().casefold(), asked.strip().casefold()
    return left == right or re.match(rf"{re.escape(right)}\s*[(+\u2013\u2014,:-]", left) is not None
