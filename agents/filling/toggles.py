"""Checking and unchecking: the control itself, its label where that covers it, or the page's own way as the last.

Knows checkboxes, radios and switches; must never know slots.
"""

from collections.abc import Callable
from typing import Final

from playwright.sync_api import ElementHandle, Locator, Page
from playwright.sync_api import Error as PlaywrightError

from agents.browsing.elements import Asked
from agents.filling.filling import Filling
from agents.filling.pressing import Aim, press
from agents.seeing.lines import TOGGLES

# A control that cannot be pressed by then is covered; its label is next.
_PRESS_MILLISECONDS: Final = 500

_LABEL: Final = """
e => {
  const label = (e.labels && e.labels[0]) || e.closest('label');
  const other = label && [...label.querySelectorAll('a, button, input, select, textarea, [role], [onclick]')];
  return other && !other.some(inner => inner !== e) ? label : null;
}
"""


def toggle(filling: Filling, on: bool, *, spends: bool) -> str:  # noqa: FBT001 (the state wanted)
    """Check or uncheck, by its label where the control itself is covered or drawn by the label."""
    if filling.role not in TOGGLES and filling.facts["type"] not in ("checkbox", "radio"):
        raise filling.refused("only a checkbox, radio or switch takes true or false")
    if filling.facts["disabled"]:
        raise filling.refused("it is disabled")
    if filling.role == "radio" and not on:
        raise filling.refused("a radio is unchecked by checking another one")
    done = f"{'checked' if on else 'unchecked'} {filling.role} {filling.name!r}"
    if filling.facts["on"] == on:
        return done
    ways = (_press, _press_label, _press_in_page) if filling.facts["shown"] else (_press_label, _press_in_page)
    for way in ways:
        if way(filling, spends) and _is_on(filling.element) == on:
            return done
    raise filling.refused("it does not change when it is clicked")


def _is_on(element: Asked) -> bool:
    return bool(element.evaluate("e => e.checked ?? (e.ariaChecked === 'true' || e.ariaPressed === 'true')"))


def _press(filling: Filling, spends: bool) -> bool:  # noqa: FBT001 (as it was read)
    return _pressed(filling.element, filling.page, filling.clickable, spends)


def _press_label(filling: Filling, spends: bool) -> bool:  # noqa: FBT001 (as it was read)
    """Click its label, unless something else in there could be hit, as the link to the terms."""
    label = filling.handle().evaluate_handle(_LABEL).as_element()
    return label is not None and label.is_visible() and _pressed(label, filling.page, lambda: label, spends)


def _press_in_page(filling: Filling, _spends: bool) -> bool:  # noqa: FBT001 (as it was read)
    """For a control that is drawn by something else altogether: its own click, without a pointer."""
    filling.element.evaluate("e => e.click()")
    return True


def _pressed(
    element: Asked,
    page: Page,
    clickable: Callable[[], ElementHandle | Locator],
    spends: bool,  # noqa: FBT001 (as it was read)
) -> bool:
    try:
        press(page, None if spends else Aim.at_once(element), clickable, timeout_milliseconds=_PRESS_MILLISECONDS)
    except PlaywrightError:
        return False  # covered: its label is next
    return True
