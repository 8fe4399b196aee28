"""A page's controls as code reads it, without the words around them: enough to go a known way again.

Playwright's description of a page takes three times as long as code's own reading, which is made of every page anyway.
Whoever repeats a step needs no more than its control, and that the page has the same ones as before. Where a slip could
place an order, or a part of the page is not read, there is no glance. Knows a reading; must never know a browser.
"""

from collections.abc import Mapping
from typing import Final

from agents.guard import is_commit
from agents.reading.seen import Control as Read
from agents.reading.seen import Seen
from agents.seeing.joins import Control
from agents.seeing.lines import CONTROLS, TOGGLES
from agents.seeing.words import clean

_TAGS: Final = {"A": "link", "BUTTON": "button", "TEXTAREA": "textbox", "SELECT": "combobox"}
_INPUTS: Final = {
    "checkbox": "checkbox",
    "radio": "radio",
    "number": "spinbutton",
    "search": "searchbox",
    "range": "slider",
    "submit": "button",
    "button": "button",
    "reset": "button",
    "image": "button",
}


def glance(seen: Seen) -> Mapping[str, Control] | None:
    """The controls by their references, in the page's order; None where they are not enough to act on."""
    controls = [_control(one) for one in seen.controls]
    if seen.closed or any(not one.ref or one.role not in CONTROLS or is_commit(one.name) for one in controls):
        return None
    return {one.ref: one for one in controls}


def _control(read: Read) -> Control:
    role = _role(read)
    return Control(
        ref=read.ref,
        role=role,
        name=clean(read.name),
        checked=read.checked if role in TOGGLES else None,
        disabled=read.disabled,
    )


def _role(read: Read) -> str:
    """Its role as browsers have it; what is no control of a page's known kinds has none."""
    if read.role:
        return read.role
    return _INPUTS.get(read.type, "textbox") if read.tag == "INPUT" else _TAGS.get(read.tag, "")
