"""What is known of one control while it is filled in. Holds the value, and tells it nobody."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import ElementHandle, Locator, Page

from agents.browsing.elements import Asked
from agents.errors import UnreadableError
from agents.filling.words import meanings


@dataclass(frozen=True, slots=True, kw_only=True)
class Filling:
    """One filling: the element, what the page says of it, and the value with the slot it came from.

    `handle` and `clickable` are Playwright's for it, made when they are needed.
    """

    page: Page
    element: Asked
    handle: Callable[[], ElementHandle]
    clickable: Callable[[], ElementHandle | Locator]
    name: str
    role: str
    value: str = field(repr=False)
    slot: str | None
    country: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)

    @property
    def ways(self) -> list[str]:
        """How the field may write the value."""
        language = str(self.facts["language"])
        return meanings(self.slot, self.value, country=self.country, language=language)

    def refused(self, why: str) -> UnreadableError:
        """An error that names the control and never the value."""
        return UnreadableError(f"{self.role} {self.name!r}: {why}")
