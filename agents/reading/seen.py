"""What a person sees on a page, as data: blocks of text, text where it is painted, controls, and declared data.

`look` takes it all in one step of the page's own thread, so that everything read from one `Seen` was true at once.
It runs in a world of its own, where the page's scripts cannot change what the DOM's functions answer. Hidden text is
not in it: not displayed, transparent, clipped away, painted in the ground's colour, tiny, or outside everything that
can be scrolled to. Frames of the page's own origin are in it, others are not. Knows the DOM; must never know what a
word means.
"""

import json
import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from functools import cache
from importlib.resources import files
from typing import Any, Self, TypeVar
from weakref import WeakKeyDictionary

from playwright.sync_api import CDPSession, Page
from playwright.sync_api import Error as PlaywrightError

from agents.browsing.elements import worlds
from agents.errors import UnreadableError

WORLD = "reading"
# Reading takes hundredths of a second; a page that is being replaced answers when the next one comes.
READ_MILLISECONDS = 3000
# One session a page for its whole life, with its main frame's id, which is the target's and stays: a new session would
# wait for the answer to a form that was just sent.
_sessions: WeakKeyDictionary[Page, tuple[CDPSession, str]] = WeakKeyDictionary()
# Zero-width and bidi marks change nothing that a person sees; soft hyphens only where a line breaks.
INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064\u202a-\u202e\u2066-\u2069\ufeff]")
# Blocks that repeat on every page and are about the shop, not about the order.
SURROUNDINGS = frozenset({"nav", "navigation", "header", "banner", "footer", "contentinfo"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """Where something is painted, in CSS pixels of the viewport."""

    x: float
    y: float
    w: float
    h: float

    @classmethod
    def of(cls, raw: Mapping[str, Any]) -> Self:
        """From the page's answer; whatever else it holds is left out."""
        return cls(**{field.name: raw[field.name] for field in fields(cls)})


@dataclass(frozen=True, slots=True, kw_only=True)
class Chunk(Box):
    """One block of text: a cell, a paragraph, an item. `path` are its elements from the body inwards."""

    text: str
    path: tuple[int, ...]
    heading: bool
    link: bool  # all of it is a link
    button: bool
    th: bool
    zone: str
    alert: bool
    aria: str  # what a screen reader is told instead, where the page says so
    odd: bool  # written so that what is painted may differ from what is read: bidi overrides, generated digits
    unheard: bool  # all of it is hidden from screen readers


@dataclass(frozen=True, slots=True, kw_only=True)
class Run(Box):
    """A piece of text on one painted line."""

    text: str
    chunk: int
    button: bool
    odd: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """One option of a select."""

    text: str
    value: str
    selected: bool
    disabled: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Control(Box):
    """A control a person can see: `name` is what it is called, `words` what stands on it.

    `ref` is its reference in the page's own document, the same at every look; nothing in a frame.
    """

    ref: str
    tag: str
    type: str
    role: str
    name: str
    words: str
    path: tuple[int, ...]
    key: str  # name, id and autocomplete attributes
    group: str
    value: str
    checked: bool
    disabled: bool
    secret: bool
    zone: str
    href: str
    form: int
    chunk: int  # the block after it
    options: tuple[Choice, ...]
    legend: str

    @property
    def is_press(self) -> bool:
        """Whether it is pressed, rather than filled in."""
        return self.tag == "BUTTON" or self.type in ("submit", "button", "image") or self.role == "button"

    @property
    def is_typed(self) -> bool:
        """Whether it holds text or a choice of its own."""
        return self.tag in ("TEXTAREA", "SELECT") or (
            self.tag == "INPUT" and self.type not in ("radio", "checkbox", "submit", "button", "image", "reset", "file")
        )

    @property
    def content(self) -> str:
        """What it says: the selected option's text, or the value; never a secret one."""
        if self.options:
            return next((option.text for option in self.options if option.selected), "")
        return self.value if self.is_typed else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One page at one moment."""

    url: str
    title: str
    lang: str
    steps: int  # pages in the tab's history
    closed: int  # frames that can be seen and not be read: another site's, mostly
    chunks: Sequence[Chunk]
    runs: Sequence[Run]
    controls: Sequence[Control]
    declared: Sequence[Mapping[str, Any]]  # JSON-LD nodes, flattened
    items: Sequence[Mapping[str, str]]  # microdata
    metas: Mapping[str, str]

    def within(self, path: tuple[int, ...]) -> list[Chunk]:
        """The blocks inside an element, in document order."""
        return [chunk for chunk in self.chunks if chunk.path[: len(path)] == path]

    def controls_within(self, path: tuple[int, ...]) -> list[Control]:
        """The controls inside an element, in document order."""
        return [control for control in self.controls if control.path[: len(path)] == path]

    @property
    def text(self) -> str:
        """All of the page's text, a block a line."""
        return "\n".join(chunk.text for chunk in self.chunks)


Part = TypeVar("Part", Chunk, Run)


def look(page: Page | Seen) -> Seen:
    """Everything the page shows now; UnreadableError while it is being replaced by another."""
    if isinstance(page, Seen):
        return page
    try:
        return _seen(json.loads(_evaluated(page)))
    except PlaywrightError as gone:
        _sessions.pop(page, None)  # it may have ended with its page's process
        raise UnreadableError("the page is changing; read it again") from gone


def _evaluated(page: Page) -> str:
    with suppress(PlaywrightError):  # the document has just gone, perhaps; the next one is waited for
        return str(worlds(page).evaluate(_script()))
    known = _sessions.get(page)
    if known is None:
        devtools = page.context.new_cdp_session(page)
        target = devtools.send("Target.getTargetInfo", timeout=READ_MILLISECONDS)["targetInfo"]
        known = _sessions[page] = devtools, target["targetId"]
    devtools, frame = known
    where = {"frameId": frame, "worldName": WORLD}
    world = devtools.send("Page.createIsolatedWorld", where, timeout=READ_MILLISECONDS)["executionContextId"]
    asked = {"expression": _script(), "contextId": world, "returnByValue": True}
    answer = devtools.send("Runtime.evaluate", asked, timeout=READ_MILLISECONDS)
    if "exceptionDetails" in answer:
        raise UnreadableError("the page could not be read by code")
    return str(answer["result"]["value"])


@cache
def _script() -> str:
    return files("agents.reading").joinpath("page.js").read_text("utf-8")


def _seen(raw: Mapping[str, Any]) -> Seen:
    return Seen(
        url=raw["url"],
        title=plain(raw["title"]),
        lang=raw["lang"],
        steps=raw["steps"],
        closed=raw["closed"],
        chunks=[_part(Chunk, chunk) for chunk in raw["chunks"]],
        runs=[_part(Run, run) for run in raw["runs"]],
        controls=[_control(control) for control in raw["controls"]],
        declared=[node for text in raw["data"] for node in _nodes(text)],
        items=raw["items"],
        metas=raw["metas"],
    )


def plain(text: str) -> str:
    """Text without what cannot be seen in it, white space squeezed."""
    return " ".join(INVISIBLE.sub("", text).split())


def _part(kind: type[Part], raw: Mapping[str, Any]) -> Part:
    values = {field.name: raw[field.name] for field in fields(kind)}
    values["text"] = plain(values["text"])
    if "path" in values:
        values["path"] = tuple(values["path"])
    return kind(**values)


def _control(raw: Mapping[str, Any]) -> Control:
    values = {field.name: raw[field.name] for field in fields(Control)}
    values["path"] = tuple(values["path"])
    values["options"] = tuple(Choice(**{**option, "text": plain(option["text"])}) for option in values["options"])
    return Control(**{**values, "name": plain(values["name"]), "words": plain(values["words"])})


def _nodes(text: str) -> list[Mapping[str, Any]]:
    """JSON-LD as a flat list of its objects; text that is no JSON is a shop's mistake and says nothing."""
    try:
        pending = [json.loads(text)]
    except ValueError:
        return []
    nodes: list[Mapping[str, Any]] = []
    while pending:
        node = pending.pop(0)
        if isinstance(node, list):
            pending.extend(node)
        elif isinstance(node, dict):
            nodes.append(node)
            pending.extend(value for value in node.values() if isinstance(value, (dict, list)))
    return nodes
