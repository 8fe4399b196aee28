"""Regions follow countries: shops put other options, or another field, in the place of the region's.

Some at once, some after asking their server, some a second later for no reason. Knows lists before and after; must
never know a value.
"""

import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from playwright.sync_api import Error as PlaywrightError
from playwright.sync_api import Page

from agents.elements import Asked

# How long after the country a list of regions may still be the old country's.
LIST_SECONDS: Final = 1.5
# How long a text field may still be replaced by a list. Most shops have a text field and nothing to wait for.
TEXT_SECONDS: Final = 0.3
_STEP_MILLISECONDS: Final = 5

_LISTS: Final = """
e => new Map([...e.ownerDocument.querySelectorAll('select')].map(list => [list, list.textContent]))
"""
_SAME_LIST: Final = "(lists, e) => lists.get(e) === e.textContent"
# A field that was taken away, or hidden behind a list, is not waited for any longer.
_SAME_FIELD: Final = "(_, e) => e.checkVisibility({visibilityProperty: true}) && e.getClientRects().length > 0"


@dataclass(frozen=True, slots=True)
class CountryChanged:
    """The lists of a page as they were before another country was chosen, and when that was."""

    lists: Asked
    at: float = field(default_factory=time.monotonic)

    @classmethod
    def before(cls, element: Asked) -> "CountryChanged":
        """Remember the lists beside a country field that is about to be filled in."""
        return cls(element.evaluate_handle(_LISTS))

    def wait_for(self, element: Asked, page: Page, *, is_list: bool) -> None:
        """Wait while a region field may still be the one of the country before."""
        until, same = (self.at + LIST_SECONDS, _SAME_LIST) if is_list else (self.at + TEXT_SECONDS, _SAME_FIELD)
        with suppress(PlaywrightError):  # the page went on, and so did its lists
            while time.monotonic() < until and self.lists.evaluate(same, element) is True:
                page.wait_for_timeout(_STEP_MILLISECONDS)
