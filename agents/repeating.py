"""Going a known way again, without a model: step by step, as long as every page is the one the quote saw.

Each step goes through the toolset, so whatever is refused to the model is refused here. Must never guess: a page or a
control that is not exactly as before ends the repetition, and the model goes on from there.
"""

from collections.abc import Sequence

from agents.desk import Desk
from agents.ports import Service
from agents.route import CLICK, Step
from agents.seeing.observe import Control
from agents.toolset import ShopToolset


def repeat(steps: Sequence[Step], desk: Desk, toolset: ShopToolset, service: Service) -> list[str]:
    """Repeat the steps as far as they lead; the names of the controls that were clicked, in order."""
    clicked: list[str] = []
    desk.repeating = True
    for number, step in enumerate(steps, 1):
        control = _found(step, desk)
        if control is None:
            break
        service.at(f"repeating step {number} of {len(steps)}")
        result = toolset.tool_result(step.call(control.ref, number))
        if desk.stopped:
            raise desk.stopped
        if result.get("is_error"):
            break
        if step.member == CLICK:
            clicked.append(step.name)
    desk.repeating = False
    # What was repeated is no loop of the model's; it may have to do some of it over.
    desk.loops.seen.clear()
    return clicked


def _found(step: Step, desk: Desk) -> Control | None:
    """The step's control on the page as last seen, at a glance, or after a look."""
    # The step before may have led on, or what was filled in changed the page: a list of regions, ways to ship.
    if desk.seen and (control := step.find(desk.seen)):
        return control
    return step.find(desk.glance()) or step.find(desk.look())
