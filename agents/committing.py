"""THE COMMIT: the one click that spends money. Nothing else in this product may press a control that places an order.

Before it, everything is definite: what the page says is read by code and compared with what the buyer confirmed;
evidence is on disk; the service gives a permit that lives for seconds; the page is read again and must say the same;
then there is one click, with the fence letting each changing request out once. After it, nothing is repeated and
nothing is assumed: only an order number on the merchant's page is an order, only an answered error with the item still
in the basket is a no, and everything else is unclear (`agents.aftermath` tells which). Must never click twice, never
retry after the permit, and never report a refusal once an order may stand.
"""

import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Locator

from agents import guard
from agents.aftermath import Aftermath
from agents.browsing.browser import Visit
from agents.browsing.elements import Element
from agents.errors import AgentError, TaskLostError, UnreadableError
from agents.evidence import Evidence
from agents.ports import Service
from agents.reading import Seen, address_found, confirmation, lines, look, totals
from agents.redaction import Redactor
from agents.seeing.observe import Observer
from agents.seeing.origins import origin_of
from agents.terms import Permit, Readings, Task
from merchants.sdk import Order, Refused, Unclear

# To bring the control into view and see that nothing covers it; a slower page is not ready to order.
TRIAL_SECONDS = 5.0
# The click itself; the permit must still live this long when it begins.
CLICK_SECONDS = 2.0
# A permit older than this by our own clock is not used, whatever its time says: clocks of two machines may differ.
PERMIT_SECONDS = 8.0
# How long a merchant may take to charge a card and show a confirmation.
CONFIRM_SECONDS = 45.0
# Whether the control can be seen, and whether it is disabled.
_STATE = """
e => [e.checkVisibility({visibilityProperty: true}) && [...e.getClientRects()].some(one => one.width && one.height),
  e.matches(':disabled') || !!e.closest('[aria-disabled=true]')]
"""


def readings(visit: Visit, observer: Observer, ref: str, *, task: Task) -> Readings:
    """Everything that is compared with the confirmed offer, read at one moment off the page in front.

    UnreadableError, in a sentence the model can act on, when the page does not say it all plainly or `ref` is no
    control that can place the order here.
    """
    return _read(visit, observer, ref, task)[0]


def commit(
    visit: Visit,
    observer: Observer,
    ref: str,
    *,
    task: Task,
    service: Service,
    redactor: Redactor,
    evidence: Evidence,
    first: Readings | None = None,
    clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    confirm_seconds: float = CONFIRM_SECONDS,
) -> Order | Refused | Unclear:
    """Place the order if the page says exactly what was confirmed; TaskLostError when the task is no longer ours.

    `first`: the readings of the page where they were taken this moment; those before the click are taken in any case.
    """
    return Commit(visit, observer, ref, task, service, redactor, evidence, clock, confirm_seconds).run(first)


@dataclass(slots=True)
class Commit:
    """One commit under way. `kept` is the evidence that goes with the outcome; `pressed`: an order may stand."""

    visit: Visit
    observer: Observer
    ref: str
    task: Task
    service: Service
    redactor: Redactor
    evidence: Evidence
    clock: Callable[[], datetime]
    confirm_seconds: float
    kept: dict[str, Any] = field(default_factory=dict)
    pressed: bool = False

    def run(self, first: Readings | None = None) -> Order | Refused | Unclear:
        """Before the click every trouble is a definite no; whatever follows it comes out of the aftermath."""
        try:
            self.service.at("comparing the page with what was confirmed")
            first = first or readings(self.visit, self.observer, self.ref, task=self.task)
            if differs := self._differences(first):
                return self._differs(first, differs)
            return self._permitted(first)
        except TaskLostError:
            raise
        except (AgentError, PlaywrightError, OSError) as trouble:
            said = str(trouble).partition("\n")[0]
            if self.pressed:
                return Unclear(message=self.redactor.text(said), evidence=self.redactor.deep(self.kept))
            return self._refuse(said, getattr(trouble, "reason", "") or getattr(trouble, "code", "page_trouble"))

    def _permitted(self, first: Readings) -> Order | Refused | Unclear:
        """Evidence, permit, the page once more, and the click."""
        # Bring the control into view now, so that the click that counts finds it there.
        self.observer.locator(self.ref).click(trial=True, timeout=TRIAL_SECONDS * 1000)
        self.keep("before-commit", {"total": str(first.totals[0]), "control": first.commit_control})
        self.service.at("asking for the permit")
        asked = time.monotonic()
        permit = self.service.permit(first, self.visit.save())
        with self.visit.fence.committing() as watch:
            again, seen = _read(self.visit, self.observer, self.ref, self.task)
            if again != first:
                return self._refuse("the page changed while the permit was asked for", "page_changed")
            control = self.observer.locator(self.ref)
            here = {frame.url.partition("?")[0] for frame in self.visit.page.frames}
            frames = frozenset(here | self.observer.card_frames)
            if self._is_over(permit, asked):
                return self._refuse("the permit ran out before the click", "permit_expired")
            # From here on nothing is a definite no unless the aftermath proves it.
            aftermath = Aftermath(self, watch, seen, frames)
            aftermath.follow()
            self.pressed = True
            aftermath.clicked = self._click(control)
            try:
                return aftermath.outcome()
            finally:
                aftermath.leave()

    def _click(self, control: Locator) -> bool:
        """The click. Whether it was reported done; an error here may come after the browser pressed it."""
        try:
            control.click(timeout=CLICK_SECONDS * 1000, no_wait_after=True)
        except PlaywrightError:
            return False
        return True

    def _is_over(self, permit: Permit, asked: float) -> bool:
        left = (permit.expires_at - self.clock()).total_seconds()
        return left < CLICK_SECONDS or time.monotonic() - asked > PERMIT_SECONDS

    def _differences(self, read: Readings) -> list[str]:
        if self.task.offer is None:
            return ["there is no confirmed offer"]
        return guard.differences(read, self.task.offer, self.task.request)

    def _differs(self, read: Readings, differs: list[str]) -> Refused:
        """What the page now says instead; a different total is the one thing a caller can act on by itself."""
        assert self.task.offer
        confirmed = self.task.offer.cost.total
        self.kept |= {
            "differences": differs,
            "confirmed_total": {"amount_minor": confirmed.amount_minor, "currency": confirmed.currency},
            "page_totals": [{"amount_minor": total.amount_minor, "currency": total.currency} for total in read.totals],
            "page_lines": [{"title": line.title, "quantity": line.quantity} for line in read.lines],
        }
        priced = any(total != confirmed for total in read.totals)
        code = "incorrect_cost_breakdown" if priced else "order_placement_failed"
        return self._refuse("; ".join(differs), "price_changed" if priced else "page_differs", code=code)

    def _refuse(self, message: str, reason: str, *, code: str = "order_placement_failed") -> Refused:
        """Nothing was clicked."""
        with suppress(OSError, PlaywrightError):  # what is on disk explains the no, and does not decide it
            self.keep("refused", {"reason": reason})
        said = self.redactor.text(message)
        return Refused(code=code, message=said, evidence=self.redactor.deep({**self.kept, "reason": reason}))

    def keep(self, name: str, facts: Mapping[str, Any]) -> None:
        """The page as code reads it and as it looks, on disk, which before the commit must succeed.

        What cannot be had of the page is left out: afterwards it may be gone.
        """
        text, png = "", b""
        with suppress(AgentError, PlaywrightError):
            text = look(self.visit.page).text
            png = self.observer.screenshot()
        url = self.redactor.text(self.visit.page.url.partition("?")[0])
        said = self.redactor.deep(dict(facts))
        self.kept[name] = self.evidence.keep(name, self.redactor.text(text), png, url=url, facts=said)


def _read(visit: Visit, observer: Observer, ref: str, task: Task) -> tuple[Readings, Seen]:
    """The readings and all that was seen with them."""
    page, offer, buyer = visit.page, task.offer, task.request.buyer
    name = _control_name(visit, observer, ref)
    seen = look(page)
    if (claimed := confirmation(seen)) and claimed.order_number:
        raise UnreadableError("the page says already that an order was placed")
    bought = lines(seen)
    text = " ".join(line.text for line in bought)
    read = Readings(
        url=page.url,
        totals=totals(seen, currency=offer.cost.total.currency if offer else None),
        lines=bought,
        address_found=address_found(seen, buyer),
        variant_found={label: value for label, value in task.request.variant.items() if guard.has_words(value, text)},
        pays_with=offer.payment_handler.name if offer and offer.payment_handler else None,
        commit_control=name,
    )
    return read, seen


def _control_name(visit: Visit, observer: Observer, ref: str) -> str:
    """The control's accessible name, if it can be pressed here; UnreadableError says why it cannot."""
    try:
        control = observer.held(ref)
        if not visit.fence.is_merchant(visit.page.url) or not visit.fence.is_merchant(origin_of(control)):
            raise UnreadableError("the control is not in the merchant's own page")
        shown, disabled = control.evaluate(_STATE)
        if not shown:
            raise UnreadableError("the control is not on the page; read the page again")
        if disabled:
            raise UnreadableError("the control is disabled; something on the page is still missing")
        role, name = control.described() if isinstance(control, Element) else _described(observer.locator(ref))
    except PlaywrightError as gone:
        raise UnreadableError("the control is gone; read the page again") from gone
    if role not in ("button", "link") or not guard.is_commit(name):
        raise UnreadableError(f"the {role} {name!r} does not place an order")
    return name


def _described(control: Locator) -> tuple[str, str]:
    """The role and the name as Playwright has them, of a control in a frame of another process."""
    described = control.aria_snapshot().splitlines()[0]
    role, _, rest = described.removeprefix("- ").partition(" ")
    return role.rstrip(":"), rest.partition('"')[2].rpartition('"')[0] or rest.strip(": ")
