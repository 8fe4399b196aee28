"""Playwright's accessibility snapshot as a tree.

The snapshot is YAML of one fixed shape, so it is read by its own small grammar and by nothing looser: a line that does
not fit is an error. A name is a JSON string and a flag stands outside of it, which is why no text of a page can become
a reference. Knows that grammar; must never know a browser.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from agents.errors import UnreadableError

_INDENT: Final = "  "
# Deeper elements hang from the one at this depth: no shop needs more, and no page may exhaust our stack.
MAX_DEPTH: Final = 80
_NAME: Final = r'"(?:[^"\\]|\\.)*"'
_KEY: Final = re.compile(
    rf"(?P<role>[a-z]+)(?: (?P<name>{_NAME}))?(?P<flags>(?: \[[a-z-]+(?:=[^\]\s]*)?\])*)(?P<rest>:(?: .*)?)?", re.DOTALL
)
_FLAG: Final = re.compile(r"\[([a-z-]+)(?:=([^\]\s]*))?\]")
_SINGLE: Final = re.compile(r"'((?:[^']|'')*)'(?P<rest>:(?: .*)?)?", re.DOTALL)
_PROPERTY: Final = re.compile(r"/(url|placeholder): (.*)", re.DOTALL)
_ESCAPED: Final = re.compile(r"\\(x[0-9a-f]{2}|.)", re.DOTALL)
_ESCAPES: Final = {"b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t"}


@dataclass(slots=True, eq=False)
class Node:
    """An element, or a piece of text (role `text`, its words in `name`)."""

    role: str
    name: str = ""
    flags: dict[str, str] = field(default_factory=dict)
    url: str = ""
    placeholder: str = ""
    children: list["Node"] = field(default_factory=list)

    @property
    def ref(self) -> str:
        """The element's reference, or nothing."""
        return self.flags.get("ref", "")

    def walk(self) -> Iterator["Node"]:
        """The node and everything in it, in the page's order."""
        yield self
        for child in self.children:
            yield from child.walk()

    def text(self) -> str:
        """All words in it; names stand in for elements that show no others."""
        if self.role == "text" or not self.children:
            return self.name
        return " ".join(words for child in self.children if (words := child.text()))


def parse(snapshot: str) -> Node:
    """The tree of a snapshot, under one root of role `document`; UnreadableError if it is not of the known shape."""
    root = Node("document")
    open_nodes = [root]
    for line in snapshot.split("\n"):
        if not line.strip():
            continue
        body = line.lstrip(" ")
        depth, odd = divmod(len(line) - len(body), len(_INDENT))
        if odd or not body.startswith("- ") or depth >= len(open_nodes):
            raise _unknown(line)
        del open_nodes[depth + 1 :]
        if found := _PROPERTY.fullmatch(body[2:]):
            _set(open_nodes[-1], found[1], _scalar(found[2]))
            continue
        node = _node(body[2:])
        open_nodes[min(depth, MAX_DEPTH)].children.append(node)
        if node.role != "text":
            open_nodes.append(node)
    return root


def _set(node: Node, prop: str, value: str) -> None:
    if prop == "url":
        node.url = value
    else:
        node.placeholder = value


def _node(entry: str) -> Node:
    if entry.startswith("text: "):
        return Node("text", _scalar(entry[6:]))
    key, rest = entry, None
    if entry.startswith("'"):
        single = _SINGLE.fullmatch(entry)
        if single is None:
            raise _unknown(entry)
        key, rest = single[1].replace("''", "'"), single["rest"]
    found = _KEY.fullmatch(key)
    if found is None or (rest is not None and found["rest"]):
        raise _unknown(entry)
    rest = rest if rest is not None else found["rest"]
    flags = {name: value or "" for name, value in _FLAG.findall(found["flags"])}
    node = Node(found["role"], json.loads(found["name"], strict=False) if found["name"] else "", flags)
    if rest and rest != ":":
        node.children.append(Node("text", _scalar(rest[2:])))
    return node


def _scalar(value: str) -> str:
    if not value.startswith('"'):
        return value
    if len(value) < 2 or not value.endswith('"'):  # noqa: PLR2004 (both quotes)
        raise _unknown(value)
    return _ESCAPED.sub(_unescape, value[1:-1])


def _unescape(found: "re.Match[str]") -> str:
    code = found[1]
    return chr(int(code[1:], 16)) if len(code) > 1 else _ESCAPES.get(code, code)


def _unknown(line: str) -> UnreadableError:
    return UnreadableError(f"the page's accessibility tree has a line of an unknown shape, {len(line)} characters long")
