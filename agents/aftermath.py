"""After the click: what happened, from evidence only. Presses nothing, sends nothing, and in doubt answers "unclear".

An order is an order number on the merchant's own page. A refusal needs three things at once: the page shows an error,
or nothing at all was sent; everything that was sent has been answered, and not by a broken server; and the basket,
asked afresh, still holds exactly the item. Frictionless 3-D Secure pages post themselves back and are simply waited
for; a challenge that wants a person is unclear, with the address where it stands. A page that thanks without an order
number proves nothing by itself: the shop's other pages are asked for it, else it is unclear.
"""

import re
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Protocol

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Request

from agents.browsing.browser import Visit
from agents.browsing.fence import CommitWatch
from agents.browsing.sending import HARMLESS
from agents.browsing.settling import hear
from agents.errors import AgentError, TaskLostError, UnreadableError
from agents.looking_up import Findings, order_of, search
from agents.ports import Service
from agents.reading import Seen, confirmation, look
from agents.reading.goods import SOLD_OUT
from agents.reading.labels import folded
from agents.redaction import Redactor
from agents.terms import Confirmation, Task
from merchants.sdk import Order, Refused, Unclear

# How often the page is read while nothing is heard of it, and how soon it is noticed that something was.
POLL_SECONDS = 0.25
# An error that stays this long is the answer; so is silence, on a page that sent nothing.
ERROR_STAYS_SECONDS = 2.0
SILENCE_SECONDS = 8.0
# Frictionless authentication is over by then; a page that still stands there wants a person.
CHALLENGE_SECONDS = 20.0
SERVER_ERROR = 500
# A notice, not the terms of sale.
MAX_NOTICE = 300
_ERROR = re.compile(
    r"\b(declined|failed|failure|error|could not|couldn't|cannot|unable to|not (possible|accepted|authori[sz]ed"
    r"|available|completed)|invalid|try again|went wrong|problem"
    r"|sold out|out of stock|rejected|expired|required|must (accept|agree)|please (accept|agree|enter|select|check"
    r"|fill)|abgelehnt|fehl(er|geschlagen)|nicht moglich|ungultig|erneut|bitte"
    r"|refuse|echoue|echec|erreur|impossible|reessayer|veuillez|rechazad[oa]|fallid[oa]|no se pudo|intentalo"
    r"|rifiutat[oa]|errore|non riuscit[oa]|riprova"
    r"|geweigerd|mislukt|fout|opnieuw)\b"
)


class Committed(Protocol):
    """The commit this is the aftermath of."""

    visit: Visit
    task: Task
    service: Service
    redactor: Redactor
    confirm_seconds: float
    kept: dict[str, Any]

    def keep(self, name: str, facts: Mapping[str, Any]) -> None:
        """The page as it stands, on disk."""
        ...


@dataclass  # no slots: Playwright keeps its wrappers of listeners on the object that listens
class Aftermath:
    """What follows one click. `before` is the page as it stood; `clicked`: the browser reported the click as done."""

    commit: Committed
    watch: CommitWatch
    before: Seen
    frames: frozenset[str]  # of the page before the click and of the card's fields, without their queries
    clicked: bool = False
    began: float = field(default_factory=time.monotonic)
    going: set[Request] = field(default_factory=set)  # the page's next document, while it is awaited
    busy: set[Request] = field(default_factory=set)  # whatever changes something, while its answer is awaited
    heard: int = 0  # requests that began and ended
    error_since: float | None = None
    started_at: str = ""

    def follow(self) -> None:
        """Before the click: watch for the page's next document. While one is awaited, Chromium answers no reading."""
        page = self.commit.visit.page
        page.on("request", self._goes)
        for over in ("requestfinished", "requestfailed"):
            page.on(over, self._came)

    def _goes(self, request: Request) -> None:
        self.heard += 1
        if request.method not in HARMLESS:
            self.busy.add(request)
        with suppress(PlaywrightError):  # of a frame that is gone
            if request.is_navigation_request() and request.frame == self.commit.visit.page.main_frame:
                self.going.add(request)

    def _came(self, request: Request) -> None:
        self.heard += 1
        self.going.discard(request)
        self.busy.discard(request)

    def outcome(self) -> Order | Refused | Unclear:
        """Wait for a confirmation, then ask the shop's own pages, then say what is proven."""
        commit = self.commit
        self.started_at = self.before.url
        try:
            shown = self._wait()
        except TaskLostError:
            self._keep("after-commit", "the task was lost while waiting")
            raise
        if shown and shown.order_number:
            return self._ordered(shown)
        if self.going:
            self._give_up()
        error = self._error()
        self._keep("after-commit", "no order number yet")
        if where := self._challenge():
            commit.kept["continue_url"] = commit.redactor.text(where)
            return self._unclear("the card's bank asks for the cardholder")
        found = self._ask_the_shop()
        if found.order:
            return self._witnessed(found.order)
        if found.basket and self._all_answered() and not shown and (error or not self._sent()):
            said = error or "pressing the control did nothing, and nothing was sent"
            code = "product_out_of_stock" if SOLD_OUT.search(folded(error)) else "order_placement_failed"
            return Refused(code=code, message=said, evidence=self._evidence("not_placed"))
        if shown:
            return self._unclear("the shop thanks for the order and shows no order number")
        return self._unclear(error or "the shop did not confirm the order in time")

    def _wait(self) -> Confirmation | None:
        """Until a confirmation with a number shows, or what shows will not become one."""
        commit, page = self.commit, self.commit.visit.page
        deadline = self.began + commit.confirm_seconds
        shown: Confirmation | None = None
        while time.monotonic() < deadline:
            commit.service.at("waiting for the merchant's confirmation")
            if len(page.context.pages) > 1:
                self._settle()  # a pop-up of the shop's own becomes the page, any other is closed
            page = commit.visit.page
            if page.is_closed():
                return shown
            seen = None if self.going else self._look()
            if seen:
                shown = self._confirmation(seen) or shown
                if shown and shown.order_number:
                    return self._whole(shown)
                if self._is_settled(seen, shown):
                    return shown
            self._pause()
        return shown

    def _pause(self) -> None:
        """Until a request begins or ends, or it is time to look anyway."""
        heard, until = self.heard, time.monotonic() + POLL_SECONDS
        with suppress(PlaywrightError):
            while self.heard == heard and time.monotonic() < until:
                hear(self.commit.visit.page)

    def _whole(self, shown: Confirmation) -> Confirmation:
        """The confirmation when its page has come to rest: a total may be painted after the number."""
        self._settle()
        seen = self._look()
        again = self._confirmation(seen) if seen else None
        return again if again and again.order_number == shown.order_number else shown

    def leave(self) -> None:
        """Behind the fence nothing stays under way: it could be lost, and sent again, when nobody stops it any more."""
        if self.going or self.busy:
            self._give_up()

    def _give_up(self) -> None:
        """The answer did not come in time, so there is nothing to read: what was sent stays sent."""
        with suppress(PlaywrightError):
            self.commit.visit.end_page()

    def _settle(self) -> None:
        with suppress(AgentError, PlaywrightError):  # a page that breaks off may still be followed by another
            self.commit.visit.settle()

    def _look(self) -> Seen | None:
        try:
            return look(self.commit.visit.page)
        except (UnreadableError, PlaywrightError):
            return None

    def _confirmation(self, seen: Seen) -> Confirmation | None:
        """What the merchant's page confirms now and did not before the click."""
        if not self.commit.visit.fence.is_merchant(seen.url):
            return None
        shown = confirmation(seen)
        earlier = confirmation(self.before)
        return None if shown and earlier and shown.heading == earlier.heading else shown

    def _is_settled(self, seen: Seen, shown: Confirmation | None) -> bool:
        """Whether waiting on is useless: an error that stays, silence, thanks without a number, or a challenge."""
        now = time.monotonic()
        if shown or self._new_errors(seen):
            self.error_since = self.error_since or now
            return now - self.error_since > ERROR_STAYS_SECONDS and self._all_answered()
        self.error_since = None
        if self._lost():
            return True
        if self._challenge():
            return now - self.began > CHALLENGE_SECONDS
        return not self._sent() and seen.url == self.before.url and now - self.began > SILENCE_SECONDS

    def _new_errors(self, seen: Seen) -> list[str]:
        """Notices that were not there before the click and speak of a failure."""
        old = {chunk.text for chunk in self.before.chunks}
        fresh = [chunk for chunk in seen.chunks if chunk.text not in old and len(chunk.text) <= MAX_NOTICE]
        alerts = [chunk.text for chunk in fresh if chunk.alert]
        return alerts or [chunk.text for chunk in fresh if not chunk.button and _ERROR.search(folded(chunk.text))]

    def _error(self) -> str:
        seen = self._look()
        errors = self._new_errors(seen) if seen else []
        return str(self.commit.redactor.text("; ".join(errors[:3])))

    def _challenge(self) -> str:
        """Where the bank asks for the cardholder: a payment host at top level, or in a frame that fills its place."""
        visit = self.commit.visit
        page = visit.page
        with suppress(PlaywrightError):
            if visit.fence.is_payment(page.url):
                return page.url.partition("?")[0]
            for frame in page.frames:
                if frame == page.main_frame or frame.parent_frame is None or visit.fence.is_merchant(frame.url):
                    continue
                if self._wants_a_person(frame.url) and frame.locator("input:visible").count():
                    return page.url.partition("?")[0]
        return ""

    def _wants_a_person(self, url: str) -> bool:
        """A frame that came after the click; the card fields' own are known, also where the shop shows them again."""
        return url.startswith("http") and url.partition("?")[0] not in self.frames

    def _sent(self) -> bool:
        return bool(self.watch.sent) or self.watch.cut > 0

    def _lost(self) -> bool:
        """Whether an answer was cut off: nothing is under way any more, and something that was sent has none."""
        under_way = self.going or self.busy
        return not under_way and any(sent.status is None for sent in self.watch.sent)

    def _all_answered(self) -> bool:
        """Every changing request has its answer, and none is a server's failure, after which anything may stand."""
        return all(sent.status is not None and sent.status < SERVER_ERROR for sent in self.watch.sent)

    def _ask_the_shop(self) -> Findings:
        """The order's page or the basket, by reading only; not while something is still under way."""
        if self.going or self.busy:
            return Findings()
        try:
            known = [seen for seen in (self._look(), self.before) if seen]
            found = search(self.commit.visit, self.commit.task, self.started_at, known=known)
        except (AgentError, PlaywrightError):
            return Findings()
        self.commit.kept["looked"] = found.evidence()
        return found

    def _ordered(self, shown: Confirmation) -> Order:
        assert self.commit.task.offer
        return self._witnessed(order_of(shown, self.commit.task.offer, {"heading": shown.heading[:200]}))

    def _witnessed(self, order: Order) -> Order:
        """On record at the service at once, then on disk, then in the outcome."""
        total = {"amount_minor": order.total.amount_minor, "currency": order.total.currency}
        record = {"order_number": order.merchant_order_id, "total": total, "url": order.permalink_url or ""}
        with suppress(AgentError):  # the outcome says it again; a lost task is told when that is reported
            self.commit.service.witnessed(self.commit.redactor.deep(record))
        self._keep("after-commit", "confirmed")
        link = self.commit.redactor.text(order.permalink_url or "") or None
        return Order(
            merchant_order_id=order.merchant_order_id,
            total=order.total,
            permalink_url=link,
            evidence={**self._evidence("confirmed"), **self.commit.redactor.deep(dict(order.evidence))},
        )

    def _unclear(self, message: str) -> Unclear:
        return Unclear(message=self.commit.redactor.text(message), evidence=self._evidence("unclear"))

    def _keep(self, name: str, why: str) -> None:
        """Evidence after the click is worth having, and no reason to lose the outcome."""
        with suppress(PlaywrightError, OSError):
            self.commit.keep(name, {"why": why, "sent": self._requests()})

    def _requests(self) -> list[list[Any]]:
        return [[sent.method, sent.url_without_query, sent.status] for sent in self.watch.sent[:20]]

    def _evidence(self, reason: str) -> dict[str, Any]:
        facts = {"reason": reason, "clicked": self.clicked, "sent": self._requests(), "cut": self.watch.cut}
        said: dict[str, Any] = self.commit.redactor.deep({**self.commit.kept, **facts})
        return said
