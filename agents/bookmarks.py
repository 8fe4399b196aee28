"""Where quotes ended, so that their orders go on there instead of going all the way again.

A bookmark is in the memory of the worker that made the quote and nowhere else: it holds the shop's cookies. An order
that comes to another worker, or too late, goes the whole way. Must never drive a browser.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from agents.seeing.observe import Snapshot
from agents.terms import SavedSession

# A shop that keeps a basket for less time than this is found out when the page is opened; most keep it for longer.
KEPT_SECONDS = 1800.0
# Some kilobytes of cookies each; the oldest goes first.
MAX_BOOKMARKS = 64


@dataclass(frozen=True, slots=True, kw_only=True)
class Bookmark:
    """A quote's last page, known by its address and its controls, with the session that leads back to it."""

    session: SavedSession = field(repr=False)
    controls: frozenset[tuple[str, str]]

    def marks(self, url: str, page: Snapshot) -> bool:
        """Whether this page, at this address, is the one it was made of."""
        return url == self.session.url and own_controls(page) == self.controls


def own_controls(page: Snapshot) -> frozenset[tuple[str, str]]:
    """Role and name of every control of a page's own; frames, the card's fields for one, may come a while later."""
    return frozenset((control.role, control.name) for control in page.controls.values() if not control.frame)


@dataclass(slots=True)
class Bookmarks:
    """The bookmarks of one worker, by purchase."""

    clock: Callable[[], float] = time.monotonic
    _kept: dict[str, tuple[float, Bookmark]] = field(default_factory=dict, repr=False)

    def keep(self, intent_id: str, bookmark: Bookmark) -> None:
        """Remember where this purchase's quote ended; an earlier quote's is forgotten."""
        self._kept.pop(intent_id, None)
        self._kept[intent_id] = self.clock(), bookmark
        self._forget_old()

    def take(self, intent_id: str) -> Bookmark | None:
        """Where this purchase's quote ended, once: what goes wrong with it would go wrong again."""
        self._forget_old()
        _, bookmark = self._kept.pop(intent_id, (0.0, None))
        return bookmark

    def _forget_old(self) -> None:
        oldest = self.clock() - KEPT_SECONDS
        young = [(intent_id, kept) for intent_id, kept in self._kept.items() if kept[0] > oldest]
        self._kept = dict(young[-MAX_BOOKMARKS:])
