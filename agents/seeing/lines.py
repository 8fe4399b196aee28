"""The accessibility tree as lines: what can be acted on, and what is said, one thing a line.

Wrappers, addresses, decorative pictures and labels that a control repeats are left out; rows, pairs and amounts with
their labels are joined. Pure: what only the browser can tell comes in as `About`. Must never know a browser or a slot's
value.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from agents.seeing.joins import AMOUNT, ONLY_AMOUNT, Control, Line, joined, merged, pairs, row, tagged
from agents.seeing.tree import Node
from agents.seeing.words import as_line, clean, folded, quoted, said

# Longer lists are folded to what is selected; their options are still chosen by text.
MAX_OPTIONS: Final = 8
# How far a label stands from its control, in lines.
_BESIDE: Final = 3

TOGGLES: Final = frozenset({"checkbox", "radio", "switch"})
FIELDS: Final = frozenset({"textbox", "searchbox", "combobox", "listbox", "spinbutton", "slider"})
_PRESSED: Final = frozenset(
    {"button", "link", "menuitem", "menuitemcheckbox", "menuitemradio", "tab", "treeitem", "option"}
)
CONTROLS: Final = TOGGLES | FIELDS | _PRESSED
_CELLS: Final = frozenset({"cell", "gridcell", "columnheader", "rowheader", "term", "definition"})
_BLOCKS: Final = frozenset({"paragraph", "listitem", "caption", "blockquote"})
_MARKS: Final = frozenset({"emphasis", "strong", "code", "time", "mark", "insertion", "subscript", "superscript"})
_INLINE: Final = _CELLS | _BLOCKS | _MARKS | {"deletion", "generic"}
_SAID_AT_ONCE: Final = frozenset({"alert", "status", "log"})
_REGIONS: Final = frozenset({"banner", "navigation", "contentinfo", "complementary"})
_GROUPS: Final = frozenset({"group", "radiogroup"})
DIALOGS: Final = frozenset({"dialog", "alertdialog"})
_SILENT: Final = frozenset({"img", "separator", "progressbar", "meter", "scrollbar", "marquee", "presentation", "none"})
_FLAGS: Final = ("checked", "disabled", "invalid", "expanded", "pressed", "selected")


@dataclass(frozen=True, slots=True, kw_only=True)
class About:
    """What the tree does not tell, by reference."""

    frames: Mapping[str, str] = field(default_factory=dict)  # titles
    required: frozenset[str] = frozenset()
    secret: frozenset[str] = frozenset()  # password fields
    slots: Mapping[str, str] = field(default_factory=dict)  # what was filled in
    modal: frozenset[str] = frozenset()  # dialogs that keep the rest of the page waiting
    hidden: Sequence[str] = ()  # words no person sees
    broken: Mapping[str, str] = field(default_factory=dict)  # texts that lost their line breaks, and how they should be
    title: str = ""  # of the page


class Writer:
    """Writes one snapshot. `controls` are complete after `lines`."""

    def __init__(self, about: About) -> None:
        self._about = about
        self._modal: list[Line] = []
        self.controls: dict[str, Control] = {}

    def lines(self, root: Node) -> list[Line]:
        """Every line, modal dialogs first."""
        rest = self._inside(root, "", "", 0)
        if self._modal:
            rest = [*self._modal, Line("note", "(the rest of the page is behind this dialog)"), *rest]
        return _without_repeats(rest)

    def _inside(self, node: Node, region: str, frame: str, depth: int) -> list[Line]:
        found: list[Line] = []
        for child in node.children:
            found.extend(self._of(child, region, frame, depth))
        return found

    def _of(self, node: Node, region: str, frame: str, depth: int) -> list[Line]:
        if node.role == "text":
            words = self._seen(node.name)
            # Bullets, slashes and full stops between links say nothing.
            telling = any(letter.isalnum() for letter in words)
            return [Line("text", words, region=region, depth=depth)] if telling or len(words) > 1 else []
        if node.role in _SILENT and not node.children:
            return []
        if node.role == "iframe":
            return self._frame(node, depth)
        if node.role in CONTROLS or _clickable(node):
            return self._control(node, region, frame, depth)
        if node.role in _REGIONS and not (node.role == "complementary" and AMOUNT.search(node.text())):
            region = node.role
        inside = self._inside(node, region, frame, depth)
        if not node.children and node.role in _INLINE and (words := self._seen(node.name)):
            inside = [Line("text", words, region=region, depth=depth)]
        return self._container(node, inside, region, depth)

    def _container(self, node: Node, inside: list[Line], region: str, depth: int) -> list[Line]:
        role = node.role
        if role in _SAID_AT_ONCE:
            return [replace(line, kind="alert") if line.kind == "text" else line for line in merged(inside)]
        if role == "heading":
            lines = _heading(node, inside, region, depth)
        elif role == "row" and any(line.kind == "text" for line in inside):
            lines = row(inside)
        elif role == "deletion":
            lines = [replace(line, words=f"(struck out: {line.words})") for line in merged(inside)]
        elif role in _INLINE:
            lines = tagged(joined(inside), role)
        elif role in _GROUPS and node.name and inside:
            lines = [Line("text", clean(node.name), region=region, depth=depth), *inside]
        elif role in DIALOGS and inside:
            lines = self._dialog(node, inside, depth)
        else:
            lines = pairs(inside)
        return lines

    def _dialog(self, node: Node, inside: list[Line], depth: int) -> list[Line]:
        lines = [Line("note", f"dialog {quoted(node.name)}" if node.name else "dialog", depth=depth), *inside]
        if node.ref not in self._about.modal:
            return lines
        self._modal.extend(lines)
        return []

    def _frame(self, node: Node, depth: int) -> list[Line]:
        title = clean(self._about.frames.get(node.ref, "") or node.name)
        inside = self._inside(node, "", title or "frame", depth + 1)
        return [Line("frame", f"frame {quoted(title)}:", depth=depth), *inside] if inside else []

    def _control(self, node: Node, region: str, frame: str, depth: int) -> list[Line]:
        role = node.role if node.role in CONTROLS else "clickable"
        options = [child for child in node.walk() if child.role == "option" and child is not node]
        name = clean(node.name)
        if not name and role not in FIELDS:
            name = clean(node.text())
        name = name or clean(node.placeholder)
        if not node.ref or (not name and role in ("link", "clickable", "option")):
            return self._inside(node, region, frame, depth)
        control = Control(
            ref=node.ref,
            role=role,
            name=name,
            value=self._value(node, options) if role in FIELDS else "",
            checked="checked" in node.flags if role in TOGGLES else None,
            disabled="disabled" in node.flags,
            required=node.ref in self._about.required,
            options=tuple(clean(_label(one)) for one in options) if len(options) <= MAX_OPTIONS else (),
            frame=frame,
        )
        self.controls[node.ref] = control
        words = self._words(control, node, options)
        line = Line("control", words, control, region=region, depth=depth, url=node.url)
        nested = [] if role in FIELDS else [one for one in self._inside(node, region, frame, depth) if one.control]
        return [line, *nested]

    def _value(self, node: Node, options: list[Node]) -> str:
        if options:
            return ", ".join(clean(_label(one)) for one in options if "selected" in one.flags)
        shown = clean(" ".join(child.text() for child in node.children))
        if not shown:
            return ""
        if slot := self._about.slots.get(node.ref):
            return f"{{{{{slot}}}}}"
        return "••••" if node.ref in self._about.secret else shown

    def _words(self, control: Control, node: Node, options: list[Node]) -> str:
        words = f"[{control.ref}] {control.role}" + (f" {quoted(control.name)}" if control.name else "")
        if control.value:
            own = control.ref in self._about.slots and not options
            words += f' = "{control.value}"' if own else f" = {quoted(control.value)}"
        words += "".join(f" {flag}" for flag in _FLAGS if flag in node.flags)
        words += " required" if control.required else ""
        if len(options) > MAX_OPTIONS:
            return f"{words} ({len(options)} options)"
        if options:
            listed = (quoted(_label(one)) + (" disabled" if "disabled" in one.flags else "") for one in options)
            return f"{words} (options: {', '.join(listed)})"
        return words

    def _seen(self, text: str) -> str:
        """The words a person sees."""
        for hidden in self._about.hidden:
            text = text.replace(hidden, " ")
        return clean(self._about.broken.get(text, text))


def written(line: Line) -> str:
    """A line as it is read."""
    indent = "  " * line.depth
    if line.kind in ("control", "frame", "note"):
        return indent + line.words
    if line.kind == "alert":
        return f"{indent}! {said(line.words)}"
    if line.kind == "heading":
        return f"{indent}{line.role} {said(line.words)}"
    return indent + as_line(line.words)


def _label(option: Node) -> str:
    return option.name or option.text()


def _clickable(node: Node) -> bool:
    """Something that is no control and still asks to be clicked."""
    return node.flags.get("cursor") == "pointer" and not any(inner.role in CONTROLS for inner in node.walk())


def _heading(node: Node, inside: list[Line], region: str, depth: int) -> list[Line]:
    words = " ".join(line.words for line in inside if line.kind == "text") or clean(node.name)
    controls = [line for line in inside if line.control]
    mark = "#" * min(int(node.flags.get("level") or 2), 6)
    if not words:
        return controls
    if any(line.control and folded(line.control.name) == folded(words) for line in controls):
        return controls
    return [Line("heading", words, role=mark, region=region, depth=depth), *controls]


def _without_repeats(lines: list[Line]) -> list[Line]:
    """Without labels beside the control that is called so, and links that lead where one of that name led already."""
    linked: set[tuple[str, str]] = set()
    found: list[Line] = []
    for index, line in enumerate(lines):
        if _labels(line, lines, index):
            continue
        if found and line.kind == found[-1].kind == "heading" and ONLY_AMOUNT.fullmatch(line.words):
            found[-1] = replace(found[-1], words=f"{found[-1].words.rstrip(':')}: {line.words}")
            continue
        if line.control and line.control.role == "link" and line.url and not line.url.startswith("#"):
            key = (line.url, folded(line.control.name))
            if key in linked and not line.region:
                continue
            linked.add(key)
        found.append(line)
    return found


def _labels(line: Line, lines: list[Line], index: int) -> bool:
    clickable = line.control is not None and line.control.role == "clickable"
    words = folded(line.control.name if clickable and line.control else line.words)
    if line.kind != "text" and not clickable:
        return False
    return not words or any(words == name or (toggle and words in name) for name, toggle in _beside(lines, index))


def _beside(lines: list[Line], index: int) -> Iterator[tuple[str, bool]]:
    """The names of the fields near a line, and whether they are toggles."""
    for other in lines[max(index - _BESIDE, 0) : index + _BESIDE + 1]:
        if other.control and other.control.role in FIELDS | TOGGLES and other.depth == lines[index].depth:
            yield folded(other.control.name), other.control.role in TOGGLES
