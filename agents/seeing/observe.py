"""Seeing a page: the lean, redacted text a model reads, the controls it may name, and masked pictures.

One observer per visit. It remembers which controls it gave references to, which of them were filled with which slot,
and which lines of header and footer were said already. Knows pages; must never decide what may be done on one, and
must never let a value past the redactor.
"""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, Literal, Protocol, cast
from urllib.parse import urlsplit

from playwright.sync_api import ElementHandle, Locator, Page
from playwright.sync_api import Error as PlaywrightError

from agents.browsing.elements import Asked, worlds
from agents.browsing.fence import Fence
from agents.errors import UnreadableError
from agents.filling.regions import CountryChanged
from agents.guard import is_commit
from agents.phases import phase_of
from agents.reading.seen import Seen, look
from agents.redaction import Redactor
from agents.seeing.about import about
from agents.seeing.covered import Covered, give_references
from agents.seeing.cut import fitted, key_of, without_said
from agents.seeing.glance import glance
from agents.seeing.joins import Control, Line
from agents.seeing.lines import About, Writer, written
from agents.seeing.origins import STALE, address_of, origin_of
from agents.seeing.picture import picture
from agents.seeing.tree import Node, parse
from agents.seeing.words import clean, folded, quoted
from agents.terms import Phase

__all__ = ["Control", "Observer", "Seeable", "Snapshot"]

# A page that cannot be described in this time is not one a model could use.
SNAPSHOT_SECONDS: Final = 10.0
# What references of code's own reading begin with, and Playwright's reference of such a control.
_GLANCED: Final = "r"
_THEIRS: Final = "e => e._ariaRef?.ref ?? ''"
_DIGITS: Final = re.compile(r"\d+")


class Seeable(Protocol):
    """What an observer needs of a visit."""

    @property
    def page(self) -> Page:
        """The active page."""
        ...

    @property
    def fence(self) -> Fence:
        """What is the merchant's, and what is not."""
        ...

    def settle(self) -> None:
        """Wait until the page is at rest."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A page as it was read. `identity` is the same for the same page, whatever was filled in."""

    text: str
    title: str
    controls: Mapping[str, Control]
    phase: Phase
    identity: str


@dataclass(frozen=True, slots=True)
class Sight:
    """A page as the browser described it, not yet put into words."""

    tree: Node
    known: About
    covered: Mapping[str, Covered]


@dataclass
class Observer:
    """Sees one visit's pages."""

    visit: Seeable
    redactor: Redactor
    # For the filling of regions, which follow the country.
    country_changed: CountryChanged | None = field(default=None, init=False)
    _controls: Mapping[str, Control] = field(default_factory=dict, init=False)
    # Whether a control that places an order stood on the page as last read; before any reading it may.
    spends: bool = field(default=True, init=False)
    _covered: Mapping[str, Covered] = field(default_factory=dict, init=False)
    # Addresses (without queries) of the frames a card was typed into: a payment form, and no bank's.
    card_frames: set[str] = field(default_factory=set, init=False)
    _filled: dict[tuple[str, ...], str] = field(default_factory=dict, init=False)
    _said: set[str] = field(default_factory=set, init=False)

    def see(self, *, seconds: float = SNAPSHOT_SECONDS) -> Sight:
        """The page as it is now. UnreadableError when it cannot be read in time, as while it goes to another one."""
        page = self.visit.page
        try:
            tree = parse(page.aria_snapshot(mode="ai", timeout=seconds * 1000))
            self._follow_filled()
            return Sight(tree, about(page, tree, self._slot_of), give_references(tree))
        except PlaywrightError as failed:
            raise UnreadableError("the page cannot be read just now; wait, and read it again") from failed

    def snapshot(self, *, whole: bool = False, sight: Sight | None = None) -> Snapshot:
        """The page as it is now, or as `sight` saw it. `whole`: with header and footer, though they were said before.

        UnreadableError as above.
        """
        sight = sight or self.see()
        title, writer = sight.known.title, Writer(sight.known)
        self._covered = sight.covered
        lines = writer.lines(sight.tree)
        self._controls = writer.controls
        self.spends = any(is_commit(control.name) for control in writer.controls.values())
        phase = phase_of(writer.controls.values(), title)
        shown, as_before = (lines, False) if whole else without_said(lines, self._said)
        self._said.update(key for line in lines if (key := key_of(line)))
        text = self._text(title, phase, shown, as_before=as_before)
        return Snapshot(
            text=text,
            title=self.redactor.text(clean(title)),
            controls={ref: self._redacted(control) for ref, control in writer.controls.items()},
            phase=phase,
            identity=_identity(self.visit.page.url, writer.controls.values()),
        )

    def glance(self, seen: Seen | None = None) -> Snapshot | None:
        """The page without its words, as code reads it now, or as `seen`; None where it must be looked at.

        UnreadableError while it is being replaced.
        """
        seen = seen or look(self.visit.page)
        controls = None if self.card_frames else glance(seen)
        if controls is None:
            return None
        self._controls, self._covered, self.spends = controls, {}, False
        return Snapshot(
            text="",
            title=self.redactor.text(clean(seen.title)),
            controls={ref: self._redacted(control) for ref, control in controls.items()},
            phase=phase_of(controls.values(), clean(seen.title)),
            identity=_identity(self.visit.page.url, controls.values()),
        )

    def again(self) -> Snapshot:
        """The page once more, seen as it was last: at a glance, if that is still enough."""
        glanced = any(ref.startswith(_GLANCED) for ref in self._controls)
        return (self.glance() if glanced else None) or self.snapshot()

    def control(self, ref: str) -> Control:
        """The control as last read, not redacted: for the browser layer only. UnreadableError if unknown."""
        if ref not in self._controls:
            raise UnreadableError(STALE)
        return self._controls[ref]

    def locator(self, ref: str) -> Locator:
        """The element of a reference of the last snapshot. UnreadableError when it is unknown, or gone."""
        self.element(ref)
        return self._located(ref)

    def _located(self, ref: str) -> Locator:
        page = self.visit.page
        if (at := self._covered.get(ref)) is None:
            return page.locator(f"aria-ref={self._theirs(ref)}")
        frame = page.locator(f"aria-ref={at.frame}").content_frame if at.frame else page
        role = cast("Literal['checkbox', 'radio', 'switch']", at.role)
        return frame.get_by_role(role, name=at.name or None, exact=True).nth(at.index)

    def clickable(self, ref: str) -> Locator | ElementHandle:
        """What Playwright's own click takes, of the very element that `held` holds. UnreadableError as above.

        A reference is one element's for good, and a locator by it needs no scripts in the page's own world.
        """
        self.control(ref)
        return self.element(ref) if ref in self._covered else self._located(ref)

    def held(self, ref: str) -> Asked:
        """The very element, held in the quickest way there is. UnreadableError as above."""
        self.control(ref)
        found = None
        if ref not in self._covered:
            with suppress(PlaywrightError):  # the page is gone, or is about to be
                found = worlds(self.visit.page).find(ref)
        return found or self.element(ref)

    def element(self, ref: str) -> ElementHandle:
        """The very element, which cannot become another one between two looks at it. UnreadableError as above."""
        self.control(ref)
        try:
            located = self._located(ref)
            there = located.element_handles()
            if not there:
                # Any other accessibility snapshot makes Playwright forget its references; elements keep theirs.
                self.visit.page.aria_snapshot(mode="ai", timeout=SNAPSHOT_SECONDS * 1000)
                there = located.element_handles()
        except PlaywrightError as failed:
            raise UnreadableError(STALE) from failed
        if len(there) != 1:
            raise UnreadableError(STALE)
        return there[0]

    def _theirs(self, ref: str) -> str:
        """Playwright's reference of a control; of one seen at a glance it has none before it described the page."""
        if not ref.startswith(_GLANCED):
            return ref
        self.visit.page.aria_snapshot(mode="ai", timeout=SNAPSHOT_SECONDS * 1000)
        held = worlds(self.visit.page).find(ref)
        return str(held.evaluate(_THEIRS)) if held else ""

    def _follow_filled(self) -> None:
        """What was filled in at a glance is known by Playwright's references now."""
        here = urlsplit(self.visit.page.url).path
        for place in [place for place in self._filled if place[0] == here and place[1].startswith(_GLANCED)]:
            slot = self._filled.pop(place)
            with suppress(PlaywrightError):  # the control is gone, and what was in it
                if held := worlds(self.visit.page).find(place[1]):
                    self._filled[here, str(held.evaluate(_THEIRS)), *place[2:]] = slot

    def origin(self, ref: str) -> str:
        """The origin of the frame that owns the element, told by the browser and not by the page."""
        return origin_of(self.element(ref))

    def remember(self, ref: str, slot: str, element: Asked) -> None:
        """A slot went into this element of this control: from now on it shows as the slot, and is masked."""
        control = self.control(ref)
        self.redactor.typed(slot)
        self._filled[self._place(ref, control.role, control.name)] = slot
        if slot.startswith("card."):
            self.card_frames.add(address_of(element).partition("?")[0])

    def screenshot(self) -> bytes:
        """The visible part as PNG. Masked: text fields, controls that received a slot, frames of other origins whole.

        Text that shows a value of the buyer or the card is masked too, wherever it stands. UnreadableError where no
        picture can be taken so.
        """
        filled = [ref for ref in self._controls if self._slot_of_control(ref)]
        try:
            return picture(self.visit.page, values=self.redactor.shown(), refs=filled)
        except PlaywrightError as failed:
            raise UnreadableError("no picture can be taken of this page just now") from failed

    def _text(self, title: str, phase: Phase, lines: Sequence[Line], *, as_before: bool) -> str:
        first = f"page {quoted(title)} · phase {phase}"
        last = ["(header and footer as before)"] if as_before else []
        return self.redactor.text("\n".join([first, *fitted([written(line) for line in lines]), *last]))

    def _redacted(self, control: Control) -> Control:
        redact = self.redactor.text
        return Control(
            ref=control.ref,
            role=control.role,
            name=redact(control.name),
            value=redact(control.value),
            checked=control.checked,
            disabled=control.disabled,
            required=control.required,
            options=tuple(redact(option) for option in control.options),
            frame=redact(control.frame),
        )

    def _slot_of_control(self, ref: str) -> str | None:
        control = self._controls[ref]
        return self._slot_of(ref, control.role, control.name)

    def _slot_of(self, ref: str, role: str, name: str) -> str | None:
        return self._filled.get(self._place(ref, role, name))

    def _place(self, ref: str, role: str, name: str) -> tuple[str, ...]:
        """References begin again in every document, so the page's path is part of what a control is known by."""
        return (urlsplit(self.visit.page.url).path, ref, role, folded(name))


def _identity(url: str, controls: Iterable[Control]) -> str:
    """The path without what differs between visits, and what there is to act on; no value and no count."""
    path = "/".join("*" if _DIGITS.search(part) else part for part in urlsplit(url).path.split("/"))
    there = sorted({f"{control.role} {_DIGITS.sub('*', folded(control.name))}" for control in controls})
    return hashlib.sha256("\n".join([path, *there]).encode()).hexdigest()[:16]
