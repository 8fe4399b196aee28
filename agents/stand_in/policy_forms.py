"""Forms: every field of a page in one turn, with the ways to ship and to pay, the boxes, and the button that leads on.

Knows fields by their labels; must never write a value of a person or a card, only its slot.
"""

from collections.abc import Iterator

from agents.stand_in import turns, words
from agents.stand_in.conversation import Conversation
from agents.stand_in.fields import is_card, slot_for
from agents.stand_in.page import Item, Page
from agents.stand_in.policy_moves import added, clear_view, commit_control, leading_on
from agents.stand_in.policy_product import own_add
from agents.stand_in.policy_ways import Ways, ways
from agents.stand_in.turns import Call, Turn

# A form may show its parts one after the other; one that comes back this often does not want what it is given.
ENOUGH = 4


def form(talk: Conversation, page: Page) -> Turn | None:
    """Fill the page in and go on; None where there is nothing to fill in."""
    if not added(talk) or own_add(page):
        return None
    if wall := _login_wall(talk, page):
        return wall
    chosen = ways(talk, page)
    texts = list(_texts(talk, page))
    boxes = list(_boxes(talk, page))
    if not (texts or boxes or chosen.calls or chosen.click):
        return None
    times = talk.times(turns.FILL, page)
    if times >= ENOUGH:
        return turns.give_up("form_validation_error", "the shop does not take the form as it is filled in")
    commit = commit_control(talk, page)
    if commit and not talk.asked.quote and not texts and not chosen.calls and boxes:
        # Only boxes are left to tick: that changes no total, so it needs no second look.
        text = f"{turns.READY}: with the boxes ticked, only {commit.name!r} is left on {page.key}."
        return Turn(text, (*clear_view(page), *boxes, turns.order_ready(commit.ref)))
    calls = [*clear_view(page), *texts, *chosen.calls, *boxes, *_onward(talk, page, chosen, commit)]
    return turns.acting(f"{turns.FILL} on {page.key}.", calls)


def _onward(talk: Conversation, page: Page, chosen: Ways, commit: Item | None) -> list[Call]:
    """The click that ends the form. In a quote by card the page that asks for the card is the last one."""
    if chosen.click:
        return [chosen.click]
    recalculate = [item for item in page.of("button") if words.RECALCULATE.search(item.name) and not item.disabled]
    last_page = talk.asked.quote and talk.asked.by_card and any(is_card(item) for item in page.items)
    if commit or last_page or page.phase == "review":
        # On a review page a control's name may change with a ticked box: it is looked at before it is clicked.
        return [turns.click(item.ref) for item in recalculate[:1] if not words.ASIDE.search(item.name)]
    last = max((item.position for item in page.items if _fillable(talk, item) or item.role == "radio"), default=-1)
    way = leading_on(talk, page, after=last)
    return [turns.click(way.ref)] if way else [turns.click(item.ref) for item in recalculate[:1]]


def _fillable(talk: Conversation, item: Item) -> bool:
    return slot_for(item, talk.asked.slots) is not None


def _login_wall(talk: Conversation, page: Page) -> Turn | None:
    """A page that wants an account, and offers no way around it."""
    passwords = [item for item in page.of("textbox") if words.PASSWORD.search(item.name)]
    if not passwords:
        return None
    if any(item.is_control and words.GUEST.search(item.name) for item in page.items):
        return None
    others = {slot_for(item, talk.asked.slots) for item in page.of("textbox", "combobox")} - {None, "buyer.email"}
    if others and not any(item.required for item in passwords):
        return None  # a contact form that would also make an account
    return turns.give_up("unsupported_store_no_guest_checkout", "the shop sells to registered buyers only")


def _texts(talk: Conversation, page: Page) -> Iterator[Call]:
    """The slots of every field that does not show its own yet."""
    guest_button = any(words.GUEST.search(item.name) for item in page.of("button", "link"))
    password = any(words.PASSWORD.search(item.name) for item in page.of("textbox"))
    if guest_button and password:
        return  # the fields here are the login's
    seen_before = talk.times(turns.FILL, page) > 0
    alerts = any(True for _ in page.of("alert"))
    for item in page.items:
        slot = slot_for(item, talk.asked.slots)
        if slot is None or _serves_something_else(page, item):
            continue
        if slot.startswith("card.") and talk.asked.quote:
            continue
        written = f"{{{{{slot}}}}}"
        open_still = words.NOTHING_CHOSEN.search(item.value) is not None and not item.frame
        if item.value == written or (seen_before and not alerts and not open_still):
            continue
        yield turns.put(item.ref, written)


def _serves_something_else(page: Page, item: Item) -> bool:
    """A field whose own button searches or subscribes."""
    following = next((near for near in page.between(item.position, item.position + 3) if near.is_control), None)
    return following is not None and following.role == "button" and words.ASIDE.search(following.name) is not None


def _boxes(talk: Conversation, page: Page) -> Iterator[Call]:
    """Terms are accepted where the order is placed, and nothing is taken that was not asked for."""
    for item in page.of("checkbox", "switch"):
        if item.disabled:
            continue
        terms = words.TERMS.search(item.name) is not None or item.required
        extra = words.EXTRA.search(item.name) is not None and not item.required
        same_address = words.SAME_ADDRESS.search(item.name) is not None
        if same_address or (terms and not extra and not talk.asked.quote):
            if not item.checked:
                yield turns.put(item.ref, True)
        elif extra and item.checked:
            yield turns.put(item.ref, False)
