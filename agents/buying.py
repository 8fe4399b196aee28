"""What happens to a task: a quote, an order, or a look-up, each in a browser context of its own behind its own fence.

Quote and order are two visits. The first goes as far as the total can be known without paying; the second goes on
where the first ended, or the same way once more, and must arrive at the same figures, or it stops. The model finds the
way; what a page says is read by code, and the one click that spends money is made in `committing`. Must never report an
order as refused once it may stand.
"""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from playwright.sync_api import Error as PlaywrightError

from agents import committing, guard, looking_up, prompts, quoting, reading, route
from agents.bookmarks import Bookmark, Bookmarks, own_controls
from agents.browsing.browser import Browser, Visit
from agents.browsing.fence import KNOWN_PAYMENT_HOSTS, Fence
from agents.budget import Meter
from agents.desk import Desk
from agents.errors import AgentError, RefusedError, TaskLostError, UnreadableError
from agents.evidence import Evidence
from agents.explore import End, Explorer, give_up
from agents.model import Model
from agents.ports import Service
from agents.redaction import Redactor
from agents.repeating import repeat
from agents.route import CLICK, Step
from agents.seeing.observe import Observer
from agents.slots import Slots
from agents.terms import BuyingConfig, Kind, Outcome, SavedSession, Task
from agents.toolset import ShopToolset
from merchants.sdk import Refused, Unclear
from payments.cards import CARD_ENTRY, Card
from payments.instruments import InstrumentSource, PaymentHandler

# Kept back from a task's deadline, in seconds: to report what came of it before the service gives it up.
REPORT_SECONDS = 5.0
# How often the model may say that an order is ready before what still differs ends the task.
MAX_READY = 3
# What a task that came to nothing ends with, where nothing says it better.
FAILED = {Kind.OFFER: "offer_retrieval_failed", Kind.ORDER: "order_placement_failed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Buying:
    """One worker's means, for any number of tasks, one at a time."""

    browser: Browser
    model: Model
    instruments: InstrumentSource
    config: BuyingConfig
    bookmarks: Bookmarks = field(default_factory=Bookmarks)

    def prepare(self) -> None:
        """Have the browser ready for the next task while there is none."""
        self.browser.prepare(self.config.allowed_private)

    def run(self, task: Task, service: Service) -> Outcome:
        """Do a task. TaskLostError when it is no longer ours; everything else ends in an outcome."""
        if task.kind is Kind.LOOK_UP:
            with self._visit(task, task.session) as visit:
                return looking_up.look_up(visit, task)
        if task.kind is Kind.ORDER and (bookmark := self.bookmarks.take(task.intent_id)):
            with suppress(_NotThereError), self._visit(task, bookmark.session) as visit:
                return Purchase(self, task, service, visit).run(bookmark)
        with self._visit(task) as visit:
            return Purchase(self, task, service, visit).run()

    def _visit(self, task: Task, session: SavedSession | None = None) -> AbstractContextManager[Visit]:
        fence = Fence(
            task.request.product_url,
            allowed_private=self.config.allowed_private,
            payment_hosts=(*KNOWN_PAYMENT_HOSTS, *self.config.payment_hosts),
        )
        return self.browser.visit(fence, session=session, seconds=_seconds_left(task))


class _NotThereError(Exception):
    """A bookmark does not lead to its page any more, as it was. That session's basket is left, and nothing ordered."""


@dataclass(slots=True)
class Purchase:
    """A quote or an order under way. `committing`: from here on, what goes wrong leaves the order unclear."""

    means: Buying
    task: Task
    service: Service
    visit: Visit
    committing: bool = False
    attempts: int = 0

    def run(self, bookmark: Bookmark | None = None) -> Outcome:
        """Go to where the way is not known any more, let the model find it from there, and end as code says.

        _NotThereError when the quote's last page is not what `bookmark` leads to.
        """
        try:
            return self._explore(bookmark)
        except TaskLostError:
            raise
        except RefusedError as definite:
            return definite.refused
        except AgentError as trouble:
            if self.committing:
                return Unclear(message=str(trouble))
            return Refused(code=FAILED[self.task.kind], message=str(trouble))

    def _explore(self, bookmark: Bookmark | None) -> Outcome:
        task = self.task
        card = self._card()
        desk = self._desk(Slots(task.request.buyer, card))
        meter = Meter(self.means.config.budget, _seconds_left(task) - REPORT_SECONDS)
        way = route.from_json(task.offer.merchant_state.get("route")) if task.offer else []
        toolset = ShopToolset(desk)
        if bookmark:
            self._go_on(desk, bookmark)
            clicked = [step.name for step in way if step.member == CLICK]
        else:
            clicked = self._go_the_way(desk, toolset, way)
        explorer = Explorer(
            model=self.means.model,
            desk=desk,
            toolset=toolset,
            service=self.service,
            meter=meter,
            system=prompts.system(),
            ends=self._ends(desk),
        )
        pays = card is not None or (task.kind is Kind.OFFER and self._handler() is not None)
        first = prompts.first_message(task, desk.slots.names, by_card=pays, clicked=clicked)
        return explorer.run(first, desk.look().text)

    def _go_on(self, desk: Desk, bookmark: Bookmark) -> None:
        """Open the page the quote ended on, and see that it is that page still and asks for what was confirmed.

        Opening it may have done something, as links that put a thing into the basket do.
        """
        assert self.task.offer
        total = self.task.offer.cost.total
        self.service.at("opening the page the quote ended on")
        try:
            desk.opens(bookmark.session.url)
            there = bookmark.marks(self.visit.page.url, desk.look())
            asked, _ = reading.totals(desk.reading(), currency=total.currency)
        except TaskLostError:
            raise
        except AgentError as gone:
            raise _NotThereError from gone
        if not there or asked != total:
            raise _NotThereError

    def _go_the_way(self, desk: Desk, toolset: ShopToolset, way: Sequence[Step]) -> list[str]:
        """From the product page, as far as the way is known; the names of the controls that were clicked."""
        desk.repeating = bool(way)
        self.service.at("opening the product page")
        desk.opens(self.task.request.product_url)
        desk.notes.first(desk.reading())
        return repeat(way, desk, toolset, self.service)

    def _ends(self, desk: Desk) -> Mapping[str, End]:
        if self.task.kind is Kind.OFFER:
            return {"quote_ready": partial(self._quote_ready, desk), "give_up": partial(self._no_quote, desk)}
        return {"order_ready": partial(self._order_ready, desk), "give_up": _no_order}

    def _quote_ready(self, desk: Desk, _said: Mapping[str, Any]) -> Outcome | str:
        """The page in front, as an offer; or what it lacks."""
        page = desk.look()
        notes = desk.notes
        handler = self._handler() if notes.takes_card else None
        if notes.takes_card and handler is None and not notes.takes_later:
            return Refused(code=FAILED[Kind.OFFER], message="the shop takes cards, and no card is configured to pay it")
        try:
            offer = quoting.offer_on(desk.reading(), notes, self.task.request, pays_with=handler, steps=desk.steps)
        except UnreadableError as unready:
            return desk.redactor.text(str(unready))
        with suppress(PlaywrightError):  # the page is gone: the offer stands, and its order goes the whole way
            bookmark = Bookmark(session=self.visit.save(), controls=own_controls(page))
            self.means.bookmarks.keep(self.task.intent_id, bookmark)
        return offer

    def _no_quote(self, desk: Desk, said: Mapping[str, Any]) -> Outcome | str:
        """The model's no to a quote; where the shop cannot be paid, that is why."""
        return self._unpayable(desk) or give_up(said)

    def _unpayable(self, desk: Desk) -> Refused | None:
        """The shop takes cards only, as far as was seen, and no card is configured."""
        if desk.notes.takes_later or not desk.notes.takes_card or self._handler() is not None:
            return None
        return Refused(code=FAILED[Kind.OFFER], message="the shop takes cards, and no card is configured to pay it")

    def _order_ready(self, desk: Desk, said: Mapping[str, Any]) -> Outcome | str:
        """The commit, if the page in front says exactly what was confirmed; or what differs, for the model to mend."""
        ref = str(said.get("ref", ""))
        desk.look()
        try:
            readings = committing.readings(self.visit, desk.observer, ref, task=self.task)
        except UnreadableError as unready:
            return desk.redactor.text(str(unready))
        self.attempts += 1
        assert self.task.offer
        differs = guard.differences(readings, self.task.offer, self.task.request)
        if differs and self.attempts < MAX_READY:
            return desk.redactor.text("not yet: " + "; ".join(differs))
        self.committing = True
        return committing.commit(
            self.visit,
            desk.observer,
            ref,
            task=self.task,
            service=self.service,
            redactor=desk.redactor,
            first=readings,
            evidence=Evidence(self.means.config.evidence_folder, self.task.intent_id),
        )

    def _desk(self, slots: Slots) -> Desk:
        redactor = Redactor(slots)
        ceiling = self.task.offer.cost.total if self.task.offer else None
        return Desk(
            visit=self.visit, observer=Observer(self.visit, redactor), slots=slots, redactor=redactor, ceiling=ceiling
        )

    def _handler(self) -> PaymentHandler | None:
        """Card entry, if a card is configured."""
        return self.means.instruments.choose([CARD_ENTRY])

    def _card(self) -> Card | None:
        """The card that pays the merchant: only for an order whose offer said so, and only good for its total."""
        offer = self.task.offer
        if self.task.kind is not Kind.ORDER or offer is None or offer.payment_handler is None:
            return None
        instrument = self.means.instruments.instrument(
            offer.payment_handler, offer.cost.total, key=self.task.callback_id
        )
        if instrument is None:
            message = "no configured instrument pays what the shop takes"
            raise RefusedError(Refused(code=FAILED[Kind.ORDER], message=message))
        return Card.of(instrument)


def _seconds_left(task: Task) -> float:
    """Until the task's deadline; a browser is stopped then, whatever it hangs in."""
    return max(1.0, (task.deadline - datetime.now(UTC)).total_seconds())


def _no_order(said: Mapping[str, Any]) -> Outcome | str:
    """The model's no to an order: an offer was there once, so its general code is another."""
    ended = give_up(said)
    if isinstance(ended, Refused) and ended.code == FAILED[Kind.OFFER]:
        return replace(ended, code=FAILED[Kind.ORDER])
    return ended
