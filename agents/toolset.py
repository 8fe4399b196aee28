"""Anthropic's browser toolset over our browser: what the model may see of a shop, and the few things it may do there.

References, never pixels. Every observation is the lean, redacted snapshot; every act is checked by code first: a
control that places the order is never clicked here, and once a card is on a page nothing is clicked while the page
shows a higher total than was confirmed. Must never know a buyer's value or a card: they stay in their slots.
"""

import base64
from typing import cast
from urllib.parse import urlsplit

from anthropic.tools import (
    BetaAbstractBrowserToolset20260801,
    BetaBrowserMemberResult,
    BetaBrowserNavigateResult,
    BetaBrowserState,
    BetaScreenshotResult,
    BetaToolsetCallContext,
    ToolError,
)
from anthropic.types.beta import (
    BetaBrowserFindInput,
    BetaBrowserFormInputInput,
    BetaBrowserLeftClickInput,
    BetaBrowserMemberInput,
    BetaBrowserMemberName,
    BetaBrowserNavigateInput,
    BetaBrowserReadPageInput,
    BetaBrowserRefTarget,
    BetaBrowserScreenshotInput,
    BetaBrowserToolsetConfigsParam,
    BetaBrowserWaitInput,
)
from anthropic.types.beta.beta_browser_member_name import BETA_BROWSER_MEMBER_NAME_VALUES
from playwright.sync_api import ElementHandle
from playwright.sync_api import Error as PlaywrightError

from agents import reading
from agents.desk import Desk
from agents.errors import AgentError, FencedError, PageTroubleError, SlotRefusedError, UnreadableError
from agents.filling.control import fill
from agents.filling.pressing import Aim, press
from agents.guard import could_commit, is_commit
from agents.phases import actions_in
from agents.route import step
from agents.seeing.observe import Control, Snapshot
from agents.slots import slot_in
from agents.terms import Phase

# A control that cannot be clicked after this long is covered or gone; a person would have looked again.
CLICK_MILLISECONDS = 3000
# The model may ask for a pause; what a page needs after an act is waited for anyway.
MAX_WAIT_SECONDS = 5.0
MAX_FOUND = 20
TOGGLES = frozenset({"radio", "checkbox", "switch"})
HISTORY = frozenset({"back", "forward", "reload"})
# A toolset that dispatches by itself counts as serving every member, so the others are switched off by name.
SERVED = frozenset({"navigate", "read_page", "find", "form_input", "left_click", "screenshot", "wait"})
MEMBERS = cast(
    "BetaBrowserToolsetConfigsParam",
    {name: {"enabled": False} for name in BETA_BROWSER_MEMBER_NAME_VALUES if name not in SERVED},
)


class ShopToolset(BetaAbstractBrowserToolset20260801):
    """The members a purchase needs; every other one is reported to the model as off."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(configs=MEMBERS)
        self._desk = desk

    def execute(
        self, context: BetaToolsetCallContext, name: BetaBrowserMemberName, input: BetaBrowserMemberInput
    ) -> BetaBrowserMemberResult:
        """Run one member; whatever goes wrong reaches the model as a sentence of ours, or ends the task."""
        desk = self._desk
        try:
            return super().execute(context, name, input)
        except PageTroubleError as trouble:
            raise desk.troubled(trouble) from trouble
        except (UnreadableError, FencedError, SlotRefusedError) as refused:
            raise ToolError(desk.redactor.text(str(refused))) from refused
        except AgentError as ended:
            raise desk.stop(ended) from ended
        except PlaywrightError as failed:
            # Its text quotes the page and our locators.
            raise ToolError("that did not work: the control is covered, moving or gone; read the page") from failed

    def navigate(self, context: BetaToolsetCallContext, input: BetaBrowserNavigateInput) -> BetaBrowserNavigateResult:
        """Open an address of the shop, or go back; the fence decides which addresses those are."""
        visit = self._desk.visit
        self._begin("navigate", input.url)
        if input.url in HISTORY:
            {"back": visit.page.go_back, "forward": visit.page.go_forward, "reload": visit.page.reload}[input.url]()
            self._desk.settled()
        else:
            self._desk.opens(input.url if "://" in input.url else f"https://{input.url}")
        return BetaBrowserNavigateResult(url=self._address(), status=visit.last_status, title=self._desk.title)

    def read_page(self, context: BetaToolsetCallContext, input: BetaBrowserReadPageInput) -> str:
        """The lean snapshot; `filter: all` repeats header and footer."""
        return self._desk.look(whole=input.filter == "all").text

    def find(self, context: BetaToolsetCallContext, input: BetaBrowserFindInput) -> str:
        """The snapshot's lines that share a word with the query, the best first."""
        words = set(input.query.casefold().split())
        lines = self._desk.look(whole=True).text.splitlines()
        ranked = sorted(lines, key=lambda line: -len(words & set(line.casefold().split())))
        found = [line for line in ranked[:MAX_FOUND] if words & set(line.casefold().split())]
        return "\n".join(found) or "nothing on the page matches"

    def form_input(self, context: BetaToolsetCallContext, input: BetaBrowserFormInputInput) -> str:
        """Fill one field: a literal, a choice, or a slot, whose value the browser layer alone knows."""
        desk, ref, value = self._desk, input.target.ref, input.value
        control, page = self._control(ref), self._page()
        self._begin("form_input", f"{control.name}={value}")
        meant = value if isinstance(value, (str, bool)) else f"{value:g}"
        desk.touched = True
        done = fill(desk.observer, ref, meant, slots=desk.slots, phase=page.phase)
        desk.steps.append(step(page, "form_input", control, value))
        if isinstance(meant, str) and (slot_in(meant) or "").startswith("card."):
            desk.card_on_page = True
        return desk.redactor.text(done)

    def left_click(self, context: BetaToolsetCallContext, input: BetaBrowserLeftClickInput) -> str:
        """Click a control by its reference; never one that places the order."""
        if not isinstance(input.target, BetaBrowserRefTarget):
            raise ToolError("click by reference, not by coordinate; read_page gives the references")
        desk, ref = self._desk, input.target.ref
        control, page = self._control(ref), self._page()
        self._begin("left_click", f"{control.role} {control.name}")
        if control.role in TOGGLES:
            desk.touched = True
            fill(
                desk.observer, ref, control.role == "radio" or not control.checked, slots=desk.slots, phase=Phase.BROWSE
            )
        else:
            judged = desk.observer.held(ref)
            desk.leaves()
            aim = Aim.at_once(judged)
            self._harmless(control, aim.says)
            desk.acts()
            # The very element that was judged, whatever the page has put in its place meanwhile.
            press(
                desk.visit.page,
                None if desk.card_on_page or desk.observer.spends else aim,
                lambda: judged if isinstance(judged, ElementHandle) else desk.observer.clickable(ref),
                timeout_milliseconds=CLICK_MILLISECONDS,
            )
        desk.steps.append(step(page, "left_click", control, None))
        return desk.settled()

    def screenshot(self, context: BetaToolsetCallContext, input: BetaBrowserScreenshotInput) -> BetaScreenshotResult:
        """The page as a picture, with everything that was filled in masked."""
        return BetaScreenshotResult(data=base64.b64encode(self._desk.observer.screenshot()).decode())

    def wait(self, context: BetaToolsetCallContext, input: BetaBrowserWaitInput) -> str:
        """Let a slow page come to rest."""
        self._begin("wait", "")
        self._desk.visit.page.wait_for_timeout(min(input.duration, MAX_WAIT_SECONDS) * 1000)
        return self._desk.settled()

    def _browser_state(self, context: BetaToolsetCallContext) -> BetaBrowserState:
        """The one tab there is; its address without its query, which may carry a session."""
        return BetaBrowserState(
            tabs=[{"tab_id": "shop", "title": self._desk.title, "url": self._address(), "active": True}],
            state_changes=[],
        )

    def _begin(self, member: str, detail: str) -> None:
        """What holds for every act: the page's phase allows it, and it is no loop."""
        page = self._page()
        if member not in actions_in(page.phase):
            raise ToolError(f"{member} is not to be used on a {page.phase} page")
        if hint := self._desk.loops.note(page.identity, f"{member} {detail}"):
            raise ToolError(hint)
        self._desk.acts()

    def _harmless(self, control: Control, says: str) -> None:
        """Refuse a click that would, or could, spend money. The control's words count as read and as they are now."""
        desk = self._desk
        names = (control.name, says)
        # With a card typed in, beside the control that places the order, another one may place it as well.
        spends = could_commit if desk.card_on_page and self._page().phase is Phase.REVIEW else is_commit
        if any(spends(name) for name in names if name.strip()):
            raise ToolError(
                "that control places the order, and only code may click it: "
                "in a quote say quote_ready, in an order order_ready with this reference"
            )
        if not desk.card_on_page or desk.ceiling is None:
            return
        try:
            shown = reading.totals(desk.reading(), currency=desk.ceiling.currency)
        except UnreadableError:
            return  # a payment page without a total; the page that has one is checked before the commit
        if above := [total for total in shown if total.currency != desk.ceiling.currency or total > desk.ceiling]:
            raise desk.overcharged(above[0])

    def _page(self) -> Snapshot:
        return self._desk.seen or self._desk.look()

    def _control(self, ref: str) -> Control:
        control = self._page().controls.get(ref)
        if control is None:
            raise ToolError(f"there is no {ref!r} on the page as last read; read the page and use its references")
        return control

    def _address(self) -> str:
        parts = urlsplit(self._desk.visit.page.url)
        return self._desk.redactor.text(f"{parts.scheme}://{parts.netloc}{parts.path}")
