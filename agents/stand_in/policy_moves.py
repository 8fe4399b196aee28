"""Getting from page to page: what covers the page, what leads on, what places the order, what was done already.

Knows controls by their words; must never click what places the order.
"""

from agents.stand_in import turns, words
from agents.stand_in.conversation import Conversation
from agents.stand_in.page import Item, Page
from agents.stand_in.turns import Call, Turn

# Lines around a control in which the word "cookie" makes it part of a cookie banner.
NEAR = 6
# On one page the same way on is tried this often.
ENOUGH = 3
LOOK_AFTER_ADDING = f"{turns.LOOK}, for adding failed"


def added(talk: Conversation) -> bool:
    """Whether the product is in the basket, as far as the task's and the policy's own words tell."""
    if words.ADD.search(talk.asked.done):
        return True
    failing = any(result.failed for result in talk.results) and bool(talk.said) and talk.said[-1].startswith(turns.ADD)
    return talk.times(turns.ADD) > talk.times(LOOK_AFTER_ADDING) + failing


def own_heading(page: Page) -> Item | None:
    """The heading of what the page is about."""
    headings = list(page.of("heading"))
    return next((item for item in headings if item.level == 1), headings[0] if headings else None)


def clear_view(page: Page) -> list[Call]:
    """Clicks that close what lies over the page: refusing comes before closing, and closing before consenting."""
    controls = [item for item in page.of("button", "link") if not item.disabled]
    refusals = [item for item in controls if words.REFUSE.search(item.name)]
    closers = [item for item in controls if words.CLOSE.search(item.name) and item.role == "button"]
    consents = [item for item in controls if words.CONSENT.search(item.name) and _about_cookies(page, item)]
    about_cookies = [item for item in refusals if _about_cookies(page, item)]
    others = [item for item in refusals if item not in about_cookies]
    chosen = [*(about_cookies[:1] or consents[:1]), *(others[:1] or closers[:1])]
    # What lies on top comes first in the page's text, and covers the rest until it is closed.
    return [turns.click(item.ref) for item in sorted(chosen, key=lambda item: item.position)]


def _about_cookies(page: Page, item: Item) -> bool:
    around = page.between(item.position - NEAR, item.position + NEAR)
    return any(words.COOKIES.search(near.name) for near in around)


def commit_control(talk: Conversation, page: Page) -> Item | None:
    """The control that places the order; a product page's own "buy now" is none."""
    if not (page.phase == "review" or talk.times(turns.FILL)):
        return None
    named = [item for item in page.of("button", "link") if words.COMMIT.search(item.name)]
    return next((item for item in named if item.role == "button"), named[0] if named else None)


def leading_on(talk: Conversation, page: Page, *, after: int = -1) -> Item | None:
    """The control that leads on, best below position `after`; None if there is none."""
    scored = [(_score(talk, page, item, after), -item.position, item) for item in page.of("button", "link")]
    best = max((entry for entry in scored if entry[0] > 0), default=None, key=lambda entry: entry[:2])
    return best[2] if best else None


def _score(talk: Conversation, page: Page, item: Item, after: int) -> int:
    name = item.name
    as_guest = bool(words.GUEST.search(name))
    beside = not as_guest and (words.ASIDE.search(name) or words.ADD.search(name))
    if item.disabled or beside or words.COMMIT.search(name) or words.REFUSE.search(name):
        return 0
    points = 0
    if as_guest:
        points = 60
    elif words.CHECKOUT.search(name):
        points = 40
    elif words.LEAD_ON.search(name):
        points = 38
    elif words.PICK_THIS.search(name):
        points = 15
    elif words.BASKET.search(name) and not _is_basket(page) and not talk.times(turns.FILL):
        # With more than one the basket comes first: the quantity can be seen and mended there.
        points = 45 if talk.asked.quantity > 1 else 20
    if not points:
        return 0
    points += (item.role == "button") * 5 + (item.position > after) * 10
    tried = sum(text.startswith(turns.GO) and f"{name!r} on {page.key}" in text for text in talk.said)
    return points - 30 * tried


def _is_basket(page: Page) -> bool:
    heading = own_heading(page)
    return any(words.BASKET.search(text) for text in (page.title, heading.name if heading else ""))


def go_on(talk: Conversation, page: Page) -> Turn | None:
    """Nothing is to be filled in here: take the way on. In a basket, see to the quantity first."""
    if not added(talk):
        return None
    if turn := _basket_quantity(talk, page):
        return turn
    way = leading_on(talk, page)
    if way is None or talk.times(turns.GO, page) >= ENOUGH:
        return None
    return turns.acting(f"{turns.GO} {way.name!r} on {page.key}.", [*clear_view(page), turns.click(way.ref)])


def _basket_quantity(talk: Conversation, page: Page) -> Turn | None:
    if not _is_basket(page):
        return None
    wanted = str(talk.asked.quantity)
    # Some shops leave the number in the basket without a name; nothing else there is counted up and down.
    named = [item for item in page.of("textbox", "spinbutton", "combobox") if words.QUANTITY.search(item.name)]
    fields = named or [item for item in page.of("spinbutton") if not item.name]
    if not fields or fields[0].value in ("", wanted):
        return None
    if talk.times("I set the quantity") >= ENOUGH - 1:
        return turns.give_up("insufficient_stock", "the basket does not take the quantity")
    buttons = [item for item in page.of("button") if words.RECALCULATE.search(item.name)]
    after = [item for item in buttons if item.position > fields[0].position] or buttons
    calls = [turns.put(fields[0].ref, wanted), *(turns.click(item.ref) for item in after[:1])]
    return turns.acting(f"I set the quantity on {page.key}.", calls)
