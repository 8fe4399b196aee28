"""Everything one task works with at a shop, and what happened to it so far. One task, one thread, one desk."""

import time
from contextlib import suppress
from dataclasses import dataclass, field

from anthropic.tools import ToolError

from agents import reading
from agents.browsing.browser import Visit
from agents.errors import AgentError, PageTroubleError, RefusedError, UnreadableError
from agents.loops import Loops
from agents.notes import Notes
from agents.obstacles import obstacle
from agents.reading import Seen
from agents.redaction import Redactor
from agents.route import Step
from agents.seeing.glance import glance
from agents.seeing.observe import Observer, Sight, Snapshot
from agents.slots import Slots
from merchants.sdk import Refused
from payments.money import Money

# A shop that fails this often in one task will not sell today.
MAX_TROUBLES = 2
# Once may be a way to ship that was not the confirmed one.
MAX_OVERCHARGES = 2
# A reading this young is still of the same moment, if nothing was done since: what a snapshot takes on a busy machine.
SAME_MOMENT_SECONDS = 0.25


@dataclass(slots=True)
class Desk:
    """One task at one shop. `ceiling` is what the buyer confirmed; None while quoting."""

    visit: Visit
    observer: Observer
    slots: Slots
    redactor: Redactor
    ceiling: Money | None = None
    notes: Notes = field(default_factory=Notes)
    loops: Loops = field(default_factory=Loops)
    card_on_page: bool = False
    # What ends the task from inside a tool call; the SDK would hand the exception itself to the model as text.
    stopped: AgentError | None = None
    seen: Snapshot | None = None
    troubles: int = 0
    overcharges: int = 0
    # What was done so far, step by step, for whoever goes the same way again.
    steps: list[Step] = field(default_factory=list)
    # As last read; asked again for each answer to the model, it would cost as much as an act.
    title: str = ""
    # Whether something on the page was filled in or chosen since it was looked at.
    touched: bool = False
    # Whether a known way is gone again, for which a glance at a page is mostly enough.
    repeating: bool = False
    _read: Seen | None = None
    _sight: Sight | None = None
    _read_at: float = 0.0

    def look(self, *, whole: bool = False) -> Snapshot:
        """The page as the model sees it; while quoting, with notes taken for the offer."""
        self._forget_old()
        read = self.reading() if self.ceiling is None else None
        self._sight = self._sight or self.observer.see()
        self.seen = self.observer.snapshot(whole=whole, sight=self._sight)
        self.title = self.seen.title
        if read:
            self.notes.take(read, self.seen)
        self.touched = False
        return self.seen

    def glance(self) -> Snapshot:
        """The page as whoever repeats a step sees it: without its words, where those are not needed."""
        with suppress(UnreadableError):  # it is being replaced; a look waits
            if glanced := self.observer.glance(self.reading()):
                self.seen = glanced
                return glanced
        return self.look()

    def leaves(self) -> None:
        """Before a click may lead away from what was filled in and chosen: note it for the offer."""
        if self.touched and self.ceiling is None:
            self.notes.before_leaving(self.reading())

    def reading(self) -> Seen:
        """The page as code reads it, for notes and for what ends a task; a commit reads for itself.

        UnreadableError while the page is being replaced.
        """
        self._forget_old()
        self._read = self._read or reading.look(self.visit.page)
        return self._read

    def _forget_old(self) -> None:
        """What was read some time ago may no longer hold, though nothing was done here."""
        if time.monotonic() - self._read_at > SAME_MOMENT_SECONDS:
            self._read = self._sight = None
            self._read_at = time.monotonic()

    def acts(self) -> None:
        """Something is about to be done on the page: what was read of it no longer holds."""
        self._read = self._sight = None
        self._read_at = time.monotonic()

    def opens(self, url: str) -> str:
        """Open a page of the shop; the rest as `settled`."""
        self.acts()
        self.visit.open(url, read=self._look_ahead, scripts=not self.repeating)
        return self._arrived()

    def settled(self) -> str:
        """After an act: let the page come to rest; what it tried meanwhile, and where it stands now, in one line.

        RefusedError where the page is a definite obstacle: a captcha, a login wall, a product that is gone.
        """
        self.acts()
        self.visit.settle(self._look_ahead, scripts=not self.repeating)
        return self._arrived()

    def _look_ahead(self) -> None:
        """Read a new page while it comes to rest: whoever looks next finds it read."""
        self.acts()
        with suppress(UnreadableError):  # it goes on to another page by itself; who reads it next will wait
            if not (self.repeating and glance(self.reading())):
                self.reading()
                self._sight = self.observer.see(seconds=SAME_MOMENT_SECONDS)

    def _arrived(self) -> str:
        """What is to be said of a page that has come to rest."""
        self._read_at = time.monotonic()  # it has not changed since it was read
        try:
            seen = self.reading()
        except UnreadableError:  # it goes on to another page by itself; who reads it next will wait
            title = self.visit.page.title()
        else:
            title = seen.title
            if found := obstacle(self.visit, seen):
                raise RefusedError(found)
        self.title = self.redactor.text(title)
        tried = "; ".join(self.visit.notices())
        return self.redactor.text(f"{tried + '; ' if tried else ''}the page is now {title!r}")

    def troubled(self, trouble: PageTroubleError) -> ToolError:
        """A page that did not load: the model may try another way, until the shop has failed too often."""
        self.troubles += 1
        if self.troubles >= MAX_TROUBLES:
            return self.stop(trouble)
        return ToolError(self.redactor.text(f"{trouble}; try it once more"))

    def overcharged(self, shown: Money) -> ToolError:
        """A total above the confirmed one, with a card on the page: perhaps the way to ship; if it stays, an end."""
        self.overcharges += 1
        said = f"the shop now asks {shown}, and {self.ceiling} was confirmed"
        if self.overcharges < MAX_OVERCHARGES:
            return ToolError(f"{said}; nothing may be clicked here. Go back and choose what was confirmed")
        figures = {"confirmed_total": str(self.ceiling), "page_total": str(shown), "reason": "price_changed"}
        return self.stop(RefusedError(Refused(code="incorrect_cost_breakdown", message=said, evidence=figures)))

    def stop(self, ended: AgentError) -> ToolError:
        """Remember what ends the task, and give the toolset an error of its own kind."""
        self.stopped = ended
        return ToolError("the task ends here")
