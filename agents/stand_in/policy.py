"""The buyer's policy: rules tried from top to bottom; the first that has an answer gives it.

It buys the way a careful person would who sees only the page's text: look, choose, add, check out as a guest, fill in,
say that it is ready. There is no shop in it, only words (`words`, `fields`). Knows one conversation at a time; must
never act itself, and never sees a value of the buyer's: it writes slots.
"""

from collections.abc import Callable

from agents.stand_in import turns, words
from agents.stand_in.conversation import Conversation
from agents.stand_in.page import Page
from agents.stand_in.policy_forms import form
from agents.stand_in.policy_moves import added, commit_control, go_on
from agents.stand_in.policy_product import product
from agents.stand_in.turns import Turn

# What did not work three times will not work.
ENOUGH = 3
# Headings from this level on are parts of a page, a review for one; what stands in them is anybody's.
SMALL_HEADING = 3


def decide(talk: Conversation) -> Turn:
    """The next turn."""
    page = talk.page
    if page is None:
        return _begin(talk)
    for rule in RULES:
        if turn := rule(talk, page):
            return turn
    if talk.times(turns.FILL, page) and any(True for _ in page.of("alert")):
        return turns.give_up("form_validation_error", "the shop does not take the form as it is filled in")
    return turns.give_up("offer_retrieval_failed", "I see no way on from this page")


def _begin(talk: Conversation) -> Turn:
    if talk.times(turns.OPEN) >= ENOUGH - 1:
        return turns.give_up("offer_retrieval_failed", "the product page does not open")
    return Turn(f"{turns.OPEN}.", (turns.navigate(talk.asked.url), turns.read_page()))


def _look_again(talk: Conversation, _: Page) -> Turn | None:
    """Something failed, so what was read is no longer what is there."""
    failed = [result for result in talk.results if result.failed]
    if not failed or failed[0].name == "quote_ready":
        return None
    if talk.failures_in_a_row >= ENOUGH:
        return turns.give_up("offer_retrieval_failed", "the page answers to nothing I do")
    while_adding = bool(talk.said) and talk.said[-1].startswith(turns.ADD)
    return Turn(f"{turns.LOOK}{', for adding failed' if while_adding else ''}.", (turns.read_page(),))


def _walls(talk: Conversation, page: Page) -> Turn | None:
    """What no buyer gets past. Only what stands out counts: anybody may write such words into a review."""
    loud = [page.title, *(item.name for item in page.items if item.role == "alert" or 0 < item.level < SMALL_HEADING)]
    asking = [item.name for item in page.items if item.is_control and item.role != "link"]
    framed = [item.frame for item in page.items if item.frame]
    if any(words.CAPTCHA.search(text) for text in (*loud, *asking, *framed)):
        return turns.give_up("captcha_blocked", "the shop asks for a captcha")
    if any(words.BOT_WALL.search(text) for text in loud):
        return turns.give_up("bot_protection_blocked", "the shop turns automated visitors away")
    alerts = [item.name for item in page.of("alert")]
    if any(words.TOO_FEW.search(text) for text in alerts):
        return turns.give_up("insufficient_stock", "the shop has too few of the product")
    if any(words.SOLD_OUT.search(text) for text in alerts) and not _sells(talk, page):
        return turns.give_up("product_out_of_stock", "the shop says that the product is sold out")
    if not added(talk) and any(words.NOT_FOUND.search(text) for text in loud):
        return turns.give_up("product_not_found", "the shop does not know the product page")
    return None


def _sells(talk: Conversation, page: Page) -> bool:
    """Whether the page still lets the product be added."""
    return not added(talk) and any(words.ADD.search(item.name) for item in page.of("button") if not item.disabled)


def _ready(talk: Conversation, page: Page) -> Turn | None:
    """Say that it is ready, where it is; twice at most on one page."""
    if not added(talk):
        return None
    times = talk.times(turns.READY, page)
    commit = commit_control(talk, page)
    if talk.asked.quote:
        before_card = talk.asked.by_card and page.phase in ("payment", "review") and _total(page)
        if times or not (commit or before_card):
            return None
        return Turn(f"{turns.READY}: the total stands on {page.key}.", (turns.quote_ready(),))
    if commit is None:
        return None
    if times >= ENOUGH - 1:
        return turns.give_up("offer_retrieval_failed", "the order is not accepted as it stands")
    return Turn(f"{turns.READY}: only {commit.name!r} is left on {page.key}.", (turns.order_ready(commit.ref),))


def _total(page: Page) -> bool:
    """Whether a total stands on the page, its amount on its own line or on the next."""
    return any(
        words.TOTAL.search(item.name) and any(words.MONEY.search(near.name) for near in page.items[index : index + 2])
        for index, item in enumerate(page.items)
    )


RULES: tuple[Callable[[Conversation, Page], Turn | None], ...] = (
    _look_again,
    _walls,
    product,
    form,
    _ready,
    go_on,
)
