"""Pressing a control with the pointer: at once where a look at it says that it can be hit, patiently where not.

Playwright waits two frames to see that a control stands still, and watches what the pointer hits; on a page where
nothing moves and nothing spends money one look tells as much. Wherever an order could be placed by a slip of the page,
Playwright's own click is made. Knows elements; must never know what is pressed, nor press twice.
"""

from typing import Final

from playwright.sync_api import ElementHandle
from playwright.sync_api import Error as PlaywrightError

# Whether the pointer would hit the control now: it is in the page itself (what covers a frame is not seen from within),
# shown, enabled, brought into view, nothing is being moved, and what is painted at its middle belongs to it. The middle
# is of its first line, as with a link over two lines.
_IN_REACH: Final = """
e => {
  const all = e.ownerDocument, view = all.defaultView;
  if (view !== view.top || e.getRootNode() !== all || e.matches(':disabled') || e.closest('[aria-disabled=true]')
    || !e.checkVisibility({visibilityProperty: true}) || all.getAnimations().some(one => one.playState === 'running')
  ) return false;
  e.scrollIntoViewIfNeeded();
  const box = [...e.getClientRects()].find(one => one.width >= 1 && one.height >= 1);
  if (!box) return false;
  const hit = all.elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
  return !!hit && (e.contains(hit) || hit.closest('label')?.control === e);
}
"""


def press(element: ElementHandle, *, timeout_milliseconds: float, spends: bool) -> None:
    """Press it once. Playwright's error when it cannot be pressed in time.

    `spends`: a control that places an order stands on the page, or may.
    """
    at_once = not spends and _in_reach(element)
    element.click(timeout=timeout_milliseconds, force=at_once)


def _in_reach(element: ElementHandle) -> bool:
    try:
        return element.evaluate(_IN_REACH) is True
    except PlaywrightError:
        return False  # the page goes on; the patient way says what is wrong
