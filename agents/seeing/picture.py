"""A picture of the visible page, with everything masked that a person's data may stand in.

The masks are laid over the page by a script that no script of the page can see, in one step; whether they were still
there when the picture had been taken is asked before anybody gets it. Playwright's own masks make every document carry
its scripts twice. Knows pages; must never know what a value is for.
"""

import base64
import json
import re
from collections.abc import Sequence
from contextlib import suppress
from functools import cache
from importlib.resources import files
from typing import Final

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page

from agents.browsing.elements import worlds

PICTURE_MILLISECONDS: Final = 10_000
# What a person's data may stand in. Text fields are masked all of them: a picture is never needed to read one.
_FIELDS: Final = (
    "input:not([type=button],[type=submit],[type=reset],[type=checkbox],[type=radio],[type=image],[type=hidden]),"
    " textarea, [contenteditable]:not([contenteditable=false])"
)
# No shop's design has it.
_COLOUR: Final = "#f0f"
_UNMASK: Final = "(() => { const there = !!globalThis.masks?.isConnected; globalThis.masks?.remove(); return there })()"


def picture(page: Page, *, values: Sequence[re.Pattern[str]], refs: Sequence[str]) -> bytes:
    """PNG. `values`: what must not be seen anywhere; `refs`: controls that hold what must not be seen.

    Playwright's error when it cannot be taken, or the page did away with the masks.
    """
    here = worlds(page)
    shown = [[value.pattern, "i" if value.flags & re.IGNORECASE else ""] for value in values]
    here.evaluate(f"({_script()})({json.dumps([shown, list(refs), _FIELDS, _COLOUR])})")
    try:
        taken = here.session.send(
            "Page.captureScreenshot", {"format": "png", "optimizeForSpeed": True}, timeout=PICTURE_MILLISECONDS
        )
    except PlaywrightError:
        with suppress(PlaywrightError):  # the page is gone, and the masks with it
            here.evaluate(_UNMASK)
        raise
    if not here.evaluate(_UNMASK):
        raise PlaywrightError("the page took the masks away")
    return base64.b64decode(taken["data"])


@cache
def _script() -> str:
    return files("agents.seeing").joinpath("picture.js").read_text("utf-8")
