"""References of our own for checkboxes and radios that have no size of their own.

Shops hide the real control and draw another one by its label. Playwright gives such a control no reference, but it can
still be found by its role and its name, and its label can be clicked. Knows the tree; must never know a browser.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Final

from agents.seeing.tree import Node

DRAWN_BY_LABELS: Final = frozenset({"checkbox", "radio", "switch"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Covered:
    """Where such a control is: the one at `index` of its role and name in the frame of the reference `frame`."""

    frame: str
    role: str
    name: str
    index: int


def give_references(tree: Node) -> dict[str, Covered]:
    """Give each covered control of the tree a reference (`t1`, `t2`, …); where each of them is."""
    found: dict[str, Covered] = {}
    counted: Counter[tuple[str, str, str]] = Counter()
    _give(tree, "", found, counted)
    return found


def _give(node: Node, frame: str, found: dict[str, Covered], counted: Counter[tuple[str, str, str]]) -> None:
    for child in node.children:
        if child.role in DRAWN_BY_LABELS and "aria-hidden" not in child.flags:
            if not child.ref:
                child.flags["ref"] = f"t{len(found) + 1}"
                # Without a name, all of the role are counted: that is how they are looked up.
                index = counted[frame, child.role, child.name]
                found[child.ref] = Covered(frame=frame, role=child.role, name=child.name, index=index)
            counted[frame, child.role, ""] += 1
            counted[frame, child.role, child.name] += bool(child.name)
        _give(child, child.ref if child.role == "iframe" else frame, found, counted)
