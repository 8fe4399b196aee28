"""The text of a page as the policy reads it: controls, headings, alerts and plain lines, in their order.

Knows the format of a reading, one thing a line; must never know what the words on the page mean.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

HEADER = re.compile(r'^page "(?P<title>.*)" · phase (?P<phase>\w+)', re.MULTILINE)
QUOTED = r'"((?:[^"\\]|\\.)*)"'
CONTROL = re.compile(rf"^\[(?P<ref>[^\]\s]+)\] (?P<role>[a-z]+)(?: {QUOTED})?(?P<rest>.*)$")
VALUE = re.compile(rf"^ = {QUOTED}")
OPTIONS = re.compile(r"\(options: (?P<options>.*)\)")
COUNT = re.compile(r"\((\d+) options\)")
HEADING = re.compile(r"^(#{1,6}) (.*)$")
FRAME = re.compile(rf"^frame {QUOTED}:$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """One line of a page. `role` is a control's; `heading`, `alert` or `text` for the rest."""

    position: int
    role: str
    name: str
    level: int = 0  # of a heading
    ref: str = ""
    value: str = ""
    checked: bool = False
    disabled: bool = False
    required: bool = False
    options: tuple[str, ...] = ()
    folded: int = 0  # how many options there are where they are not listed
    frame: str = ""

    @property
    def is_control(self) -> bool:
        """Whether it can be acted on."""
        return bool(self.ref)


@dataclass(frozen=True, slots=True)
class Page:
    """One reading of a page."""

    title: str
    phase: str
    items: tuple[Item, ...]

    def of(self, *roles: str) -> Iterator[Item]:
        """The items of these roles, in the page's order."""
        return (item for item in self.items if item.role in roles)

    def between(self, first: int, last: int) -> Iterator[Item]:
        """The items after position `first` and before `last`."""
        return (item for item in self.items if first < item.position < last)

    @property
    def key(self) -> str:
        """What tells this page from another one in the policy's own words: the title and the first heading."""
        heading = next((item.name for item in self.of("heading")), "")
        return f"{self.title} / {heading}"


def is_page(text: str) -> bool:
    """Whether a text holds a reading."""
    return HEADER.search(text) is not None


def parse(text: str) -> Page:
    """Read the last page in a text; ValueError if there is none."""
    headers = list(HEADER.finditer(text))
    if not headers:
        raise ValueError("the text holds no page")
    header = headers[-1]
    items: list[Item] = []
    frame = ""
    for position, line in enumerate(text[header.end() :].split("\n")[1:]):
        stripped = line.strip()
        if not stripped:
            continue
        if opened := FRAME.match(stripped):
            frame = _plain(opened[1])
            continue
        if frame and not line.startswith(" "):
            frame = ""
        item = _item(position, stripped, frame)
        items.append(_labelled(item, items[-1] if items else None))
    return Page(header["title"], header["phase"], tuple(items))


def _labelled(item: Item, above: Item | None) -> Item:
    """A field without a name goes by the line above it, or by what it shows: a person reads it so too."""
    if not item.is_control or item.name:
        return item
    label = above.name if above and above.role == "text" else item.value
    return replace(item, name=label)


def _item(position: int, line: str, frame: str) -> Item:
    if found := CONTROL.match(line):
        return _control(position, found, frame)
    if found := HEADING.match(line):
        return Item(position=position, role="heading", name=found[2], level=len(found[1]), frame=frame)
    if line.startswith("! "):
        return Item(position=position, role="alert", name=line[2:], frame=frame)
    return Item(position=position, role="text", name=line, frame=frame)


def _control(position: int, found: "re.Match[str]", frame: str) -> Item:
    rest = found["rest"]
    value = VALUE.match(rest)
    words = rest[value.end() :] if value else rest
    listed = OPTIONS.search(words)
    options = tuple(_plain(option) for option in re.findall(QUOTED, listed["options"])) if listed else ()
    count = COUNT.search(words)
    flags = OPTIONS.sub("", words).split()
    return Item(
        position=position,
        role=found["role"],
        name=_plain(found[3] or ""),
        ref=found["ref"],
        value=_plain(value[1]) if value else "",
        checked="checked" in flags,
        disabled="disabled" in flags,
        required="required" in flags,
        options=options,
        folded=int(count[1]) if count else len(options),
        frame=frame,
    )


def _plain(quoted: str) -> str:
    return re.sub(r"\\(.)", r"\1", quoted)
