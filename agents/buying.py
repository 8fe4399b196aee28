"""What happens to a task: a quote, an order, or a look-up, each in a fresh browser behind its own fence.

Quote and order are two visits. The first goes as far as the total can be known without paying; the second goes the
same way and must arrive at the same figures, or it stops. The model finds the way; what a page says is read by code,
and the one click that spends money is made in `committing`. Must never report an order as refused once it may stand.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from agents import committing, guard, looking_up, prompts, quoting, route
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
from agents.seeing.observe import Observer
from agents.slots import Slots
from agents.terms import BuyingConfig, Kind, Outcome, Task
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

    def prepare(self) -> None:
        """Have the browser ready for the next task while there is none."""
        self.browser.prepare(self.config.allowed_private)

    def run(self, task: Task, service: Service) -> Outcome:
        """Do a task. TaskLostError when it is no longer ours; everything else ends in an outcome."""
        config = self.config
        fence = Fence(
            task.request.product_url,
            allowed_private=config.allowed_private,
            payment_hosts=(*KNOWN_PAYMENT_HOSTS, *config.payment_hosts),
        )
        with self.browser.visit(fence, session=task.session, seconds=_seconds_left(task)) as visit:
            if task.kind is Kind.LOOK_UP:
                return looking_up.look_up(visit, task)
            return Purchase(self, task, service, visit).run()


@dataclass(slots=True)
class Purchase:
    """A quote or an order under way. `committing`: from here on, what goes wrong leaves the order unclear."""

    means: Buying
    task: Task
    service: Service
    visit: Visit
    committing: bool = False
    attempts: int = 0

    def run(self) -> Outcome:
        """Open the product page, let the model find the way, and end as code says."""
        try:
            return self._explore()
        except TaskLostError:
            raise
        except RefusedError as definite:
            return definite.refused
        except AgentError as trouble:
            if self.committing:
                return Unclear(message=str(trouble))
            return Refused(code=FAILED[self.task.kind], message=str(trouble))

    def _explore(self) -> Outcome:
        task = self.task
        card = self._card()
        desk = self._desk(Slots(task.request.buyer, card))
        meter = Meter(self.means.config.budget, _seconds_left(task) - REPORT_SECONDS)
        way = route.from_json(task.offer.merchant_state.get("route")) if task.offer else []
        desk.repeating = bool(way)
        self.service.at("opening the product page")
        desk.opens(task.request.product_url)
        desk.notes.first(desk.reading())
        toolset = ShopToolset(desk)
        clicked = repeat(way, desk, toolset, self.service)
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

    def _ends(self, desk: Desk) -> Mapping[str, End]:
        if self.task.kind is Kind.OFFER:
            return {"quote_ready": partial(self._quote_ready, desk), "give_up": partial(self._no_quote, desk)}
        return {"order_ready": partial(self._order_ready, desk), "give_up": _no_order}

    def _quote_ready(self, desk: Desk, _said: Mapping[str, Any]) -> Outcome | str:
        """The page in front, as an offer; or what it lacks."""
        desk.look()
        notes = desk.notes
        handler = self._handler() if notes.takes_card else None
        if notes.takes_card and handler is None and not notes.takes_later:
            return Refused(code=FAILED[Kind.OFFER], message="the shop takes cards, and no card is configured to pay it")
        try:
            return quoting.offer_on(desk.reading(), notes, self.task.request, pays_with=handler, steps=desk.steps)
        except UnreadableError as unready:
            return desk.redactor.text(str(unready))

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
