"""Everything one task works with at a shop, and what happened to it so far. One task, one thread, one desk."""

from dataclasses import dataclass, field

from anthropic.tools import ToolError

from agents import reading
from agents.browser import Visit
from agents.errors import AgentError, PageTroubleError, RefusedError
from agents.loops import Loops
from agents.notes import Notes
from agents.observe import Observer, Snapshot
from agents.obstacles import obstacle
from agents.redaction import Redactor
from agents.route import Step
from agents.slots import Slots
from merchants.sdk import Refused
from payments.money import Money

# A shop that fails this often in one task will not sell today.
MAX_TROUBLES = 2
# Once may be a way to ship that was not the confirmed one.
MAX_OVERCHARGES = 2


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

    def look(self, *, whole: bool = False) -> Snapshot:
        """The page as the model sees it, with notes taken."""
        self.seen = self.observer.snapshot(whole=whole)
        self.notes.take(reading.look(self.visit.page), self.seen)
        return self.seen

    def settled(self) -> str:
        """After an act: let the page come to rest; what it tried meanwhile, and where it stands now, in one line.

        RefusedError where the page is a definite obstacle: a captcha, a login wall, a product that is gone.
        """
        self.visit.settle()
        if found := obstacle(self.visit):
            raise RefusedError(found)
        tried = "; ".join(self.visit.notices())
        title = self.visit.page.title()
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
