"""Whether an order stands, looked up in the shop by reading only: its confirmation, its status, its basket.

Nothing here changes anything at the shop: every request that could is cut. Three answers. The order is found: a page
of the same session shows its number and that it is this order. It is absent: the basket still holds exactly the item,
now and again after a while. Else nobody knows.

Why a full basket then is definite: a look-up is asked for after the worker that held the permit fell silent. Its
browser ended with it, so no page is left that could send anything. Its permit, granted before, is good for seconds, and
a click after that is refused in code. What it sent, the fence let through once; the shop has answered it, or it never
arrived, or it arrives within the settling time between the two looks. A shop takes an ordered item out of the basket.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urljoin, urlsplit

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Route

from agents.browsing.browser import Visit
from agents.errors import FencedError, PageTroubleError, UnreadableError
from agents.guard import has_words, is_commit, similar
from agents.reading import Seen, confirmation, lines, look
from agents.reading.confirmations import shown_order
from agents.reading.labels import folded
from agents.reading.orders import listed_order
from agents.terms import Confirmation, Task
from merchants.sdk import Absent, Offer, Order, Unclear

# Longer than a permit lives, and than a request takes that left the browser in its last moment.
SETTLING_SECONDS = 20.0
# The pages that could tell, and not a walk through the shop.
MAX_PAGES = 12
READS = frozenset({"GET", "HEAD", "OPTIONS"})
# Links worth following, and those that would change something although they are links.
_TELLS = re.compile(
    r"order[-_ ]?(status|history|detail|confirm|receiv|lookup|track)|(view|track|your|my)[-_ ]?orders?|basket"
    r"|\bcart\b|\bbag\b|thank-?you"
    r"|bestell(ung|status|ubersicht)|warenkorb|(ma |mes )?commandes?|panier|pedidos?|carrito|cesta|ordini|carrello"
    r"|bestelling|winkel(wagen|mand)"
)
_CHANGES = re.compile(
    r"remove|delete|clear|empty|cancel|logout|log-out|sign-?out|\badd\b|[/=]add|update|entfern|supprim|elimin|reorder"
    r"|pay\b"
)
# Where shops show the session's last order, beside the page that placed it; and their baskets.
_BESIDE = ("thank-you/", "thank-you", "confirmation", "success", "complete", "order-confirmation")
_AT_ROOT = ("/basket/", "/cart")


@dataclass(slots=True)
class Findings:
    """What the shop's pages said. `basket`: a basket was seen, and it holds exactly the item (True) or it does not."""

    order: Order | None = None
    basket: bool | None = None
    other: Confirmation | None = None  # an order that could not be told to be this one
    pages: list[str] = field(default_factory=list)

    def evidence(self) -> dict[str, object]:
        """For the outcome."""
        number = self.other.order_number if self.other else ""
        return {"pages": self.pages, "basket_holds_item": self.basket, "order_number_seen": number}


def look_up(visit: Visit, task: Task, *, settling_seconds: float = SETTLING_SECONDS) -> Order | Absent | Unclear:
    """Say whether the task's order stands at the shop; places nothing."""
    if task.session is None or task.offer is None:
        return Unclear(message="the worker that fell silent left no session to look the order up with")
    first = search(visit, task, task.session.url)
    if first.order or not first.basket:
        return first.order or Unclear(
            message="the shop shows neither the order nor a basket with the item", evidence=first.evidence()
        )
    if (task.deadline - datetime.now(UTC)).total_seconds() < 2 * settling_seconds:
        return Unclear(message="there is no time left to look twice", evidence=first.evidence())
    visit.page.wait_for_timeout(settling_seconds * 1000)
    second = search(visit, task, task.session.url)
    if second.basket and not second.order:
        return Absent(message="the item is still in the shop's basket, twice looked", evidence=second.evidence())
    return second.order or Unclear(message="the basket changed while it was watched", evidence=second.evidence())


def search(visit: Visit, task: Task, start: str, *, known: Sequence[Seen] = ()) -> Findings:
    """Read the pages that could tell, until one shows the order: those the known ones link to, `start`, its like."""
    assert task.offer
    found = Findings()
    with reading_only(visit):
        queue = [*(link for seen in known for link in _links(visit, seen)), start]
        guesses = [*(urljoin(start, name) for name in _BESIDE), *(urljoin(start, path) for path in _AT_ROOT)]
        queue = list({_bare(url): url for url in queue}.values())
        queued = {_bare(url) for url in queue}
        while queue and len(found.pages) < MAX_PAGES and not found.order:
            url = queue.pop(0)
            if (seen := _opened(visit, url, found)) is not None:
                _take(seen, task, task.offer, found)
                for link in _links(visit, seen):
                    if _bare(link) not in queued:
                        queued.add(_bare(link))
                        queue.append(link)
            if not queue:
                queue = [guess for guess in guesses if _bare(guess) not in queued]
                queued.update(map(_bare, queue))
    return found


@contextmanager
def reading_only(visit: Visit) -> Iterator[None]:
    """Cut every request that could change something."""

    def reads(route: Route) -> None:
        if route.request.method in READS:
            route.fallback()
        else:
            route.abort("blockedbyclient")

    context = visit.page.context
    context.route("**/*", reads)
    try:
        yield
    finally:
        context.unroute("**/*", reads)


def _opened(visit: Visit, url: str, found: Findings) -> Seen | None:
    """The page, if it opens and is the merchant's."""
    try:
        visit.open(url)
        seen = look(visit.page)
    except (PageTroubleError, FencedError, UnreadableError, PlaywrightError):
        return None
    if not visit.fence.is_merchant(seen.url) or _bare(seen.url) in found.pages:
        return None
    found.pages.append(_bare(seen.url))
    return seen if visit.last_status is None or visit.last_status < 400 else None  # noqa: PLR2004 (an error page)


def _take(seen: Seen, task: Task, offer: Offer, found: Findings) -> None:
    """What one page says about the order, or about the basket."""
    shown = confirmation(seen) or shown_order(seen) or listed_order(seen, offer.title)
    presses = [control for control in seen.controls if control.is_press]
    still_open = any(is_commit(press.name) for press in presses)
    if shown and shown.order_number and not still_open:
        if is_this_order(shown, seen, offer):
            found.order = order_of(shown, offer, {"found_on": _bare(seen.url), "heading": shown.heading[:200]})
        else:
            found.other = shown
        return
    if shown:
        return
    bought = lines(seen)
    changeable = still_open or any(control.is_typed or control.is_press for control in seen.controls)
    if bought and changeable:
        line = bought[0]
        exactly = len(bought) == 1 and similar(line.title, offer.title) and line.quantity == task.request.quantity
        found.basket = exactly and found.basket is not False


def is_this_order(shown: Confirmation, seen: Seen, offer: Offer) -> bool:
    """Whether a page's order is the confirmed one: it names the item, or shows exactly the total.

    A session is one task's own, so another order in it would be none of ours.
    """
    named = any(similar(line.title, offer.title) for line in lines(seen)) or has_words(offer.title, seen.text)
    return named or shown.total == offer.cost.total


def order_of(shown: Confirmation, offer: Offer, evidence: dict[str, object]) -> Order:
    """The order a page shows. Its total is what the page says, also where that is not what was confirmed."""
    said = shown.total is not None
    return Order(
        merchant_order_id=shown.order_number,
        total=shown.total or offer.cost.total,
        permalink_url=shown.url,
        evidence={**evidence, "total_on_page": said},
    )


def _links(visit: Visit, seen: Seen) -> Iterator[str]:
    for control in seen.controls:
        parts = urlsplit(control.href)
        about = folded(f"{control.name} {parts.path}")
        tells = _TELLS.search(about) and not _CHANGES.search(f"{about} {folded(parts.query)}")
        if tells and parts.scheme in ("http", "https") and visit.fence.is_merchant(control.href):
            yield control.href


def _bare(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}{parts.path}"
