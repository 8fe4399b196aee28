"""Regions follow countries: shops put other options, or another field, in the place of the region's.

Some at once, some after asking their server, some a second later for no reason. Knows lists before and after; must
never know a value.
"""

import time
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final

from playwright.sync_api import Error as PlaywrightError

from agents.browsing.elements import Asked

# How long after the country a list of regions may still be the old country's.
LIST_SECONDS: Final = 1.5
# How long a text field may still be replaced by a list. Most shops have a text field and nothing to wait for.
TEXT_SECONDS: Final = 0.3

_LISTS: Final = """
e => new Map([...e.ownerDocument.querySelectorAll('select')].map(list => [list, list.textContent]))
"""
_SAME_LIST: Final = "e.isConnected && lists.get(e) === e.textContent"
# A field that was taken away, or hidden behind a list, is not waited for any longer.
_SAME_FIELD: Final = "e.isConnected && e.checkVisibility({visibilityProperty: true}) && e.getClientRects().length > 0"
# The page itself says when it is another one; asked again and again, it would have less time to change.
_WHILE: Final = """
(lists, e) => new Promise(done => {
  const until = performance.now() + %d;
  const look = () => { if (%s && performance.now() < until) setTimeout(look, 5); else done(true) };
  look();
})
"""


@dataclass(frozen=True, slots=True)
class CountryChanged:
    """The lists of a page as they were before another country was chosen, and when that was."""

    lists: Asked
    at: float = field(default_factory=time.monotonic)

    @classmethod
    def before(cls, element: Asked) -> "CountryChanged":
        """Remember the lists beside a country field that is about to be filled in."""
        return cls(element.evaluate_handle(_LISTS))

    def wait_for(self, element: Asked, *, is_list: bool) -> None:
        """Wait while a region field may still be the one of the country before."""
        seconds, same = (LIST_SECONDS, _SAME_LIST) if is_list else (TEXT_SECONDS, _SAME_FIELD)
        left = self.at + seconds - time.monotonic()
        if left > 0:
            with suppress(PlaywrightError):  # the page went on, and so did its lists
                self.lists.evaluate(_WHILE % (left * 1000, same), element)
