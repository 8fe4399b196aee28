"""Pressing a control with the pointer: at once where a look at it says that it can be hit, patiently where not.

Playwright waits two frames to see that a control stands still, and watches what the pointer hits; on a page where
nothing moves and nothing spends money one look tells as much. Wherever an order could be placed by a slip of the page,
Playwright's own click is made. Knows elements; must never know what is pressed, nor press twice.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Self

from playwright.sync_api import ElementHandle, Locator, Page

from agents.browsing.elements import Asked

# Where the pointer would hit the control now; null where it would not: it is in the page itself (what covers a frame is
# not seen from within), shown, enabled, brought into view, nothing is being moved, and what is painted at its middle
# belongs to it. The middle is of its first line, as with a link over two lines.
_IN_REACH: Final = """
e => {
  const all = e.ownerDocument, view = all.defaultView;
  if (view !== view.top || e.getRootNode() !== all || e.matches(':disabled') || e.closest('[aria-disabled=true]')
    || !e.checkVisibility({visibilityProperty: true}) || all.getAnimations().some(one => one.playState === 'running')
  ) return null;
  e.scrollIntoViewIfNeeded();
  const box = [...e.getClientRects()].find(one => one.width >= 1 && one.height >= 1);
  if (!box) return null;
  const at = [box.left + box.width / 2, box.top + box.height / 2], hit = all.elementFromPoint(...at);
  return hit && (e.contains(hit) || hit.closest('label')?.control === e) ? at : null;
}
"""
# What it says at this moment, too; a page may change it after it was read.
_AIM: Final = f"e => [e.ariaLabel || e.innerText || e.value || '', ({_IN_REACH})(e)]"


@dataclass(frozen=True, slots=True)
class Aim:
    """A control at one moment: what stands on it, and where the pointer would hit it; None where it would not."""

    says: str
    at: tuple[float, float] | None

    @classmethod
    def at_once(cls, element: Asked) -> Self:
        """Look at it, bringing it into view. Playwright's error when it is gone."""
        says, at = element.evaluate(_AIM)
        return cls(str(says), (at[0], at[1]) if isinstance(at, list) else None)


def press(
    page: Page,
    aim: Aim | None,
    clickable: Callable[[], ElementHandle | Locator],
    *,
    timeout_milliseconds: float,
) -> None:
    """Press a control once. Playwright's error when it cannot be pressed in time.

    `aim`: taken this moment; None where a control that places an order stands on the page, or may. `clickable` is
    Playwright's for the control, for the patient way.
    """
    if aim and aim.at:
        page.mouse.click(*aim.at)
    else:
        clickable().click(timeout=timeout_milliseconds)
