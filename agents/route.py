"""The way through a shop, as the quote found it, so that the order need not be decided anew.

A step is what was done to which control of which page, by role and name, with slots where values were. The order task
repeats the steps as long as each page is the one that was seen and each control is there exactly once; from the first
that is not, the model goes on. Every step passes the same checks as the model's own acts. Holds no value of anybody's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from anthropic.types.beta import BetaToolUseBlock

from agents.seeing.observe import Control, Snapshot

# A way longer than this is no way worth repeating, and too much to keep in a purchase's history.
MAX_STEPS = 60
CLICK = "left_click"
MEMBERS = frozenset({"form_input", CLICK})


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One act: on the page of this identity, to the control of this role and name (in the frame of this title).

    `nth` of `among` controls that are named alike, from 1: shops repeat "Add to cart".
    """

    page: str
    member: str
    role: str
    name: str
    frame: str = ""
    nth: int = 1
    among: int = 1
    value: str | float | bool | None = None

    def find(self, snapshot: Snapshot) -> Control | None:
        """The control it means; None on another page, or where not as many as before are named alike."""
        if snapshot.identity != self.page:
            return None
        alike = _alike(snapshot, self)
        return alike[self.nth - 1] if len(alike) == self.among and not alike[self.nth - 1].disabled else None

    def call(self, ref: str, number: int) -> BetaToolUseBlock:
        """The act as the toolset takes it."""
        told: dict[str, object] = {"target": {"type": "ref", "ref": ref}}
        if self.member == "form_input":
            told["value"] = self.value
        return BetaToolUseBlock(
            id=f"toolu_repeat_{number}", name=self.member, input=told, type="tool_use", toolset_name="browser"
        )


def step(snapshot: Snapshot, member: str, control: Control, value: str | float | bool | None) -> Step:  # noqa: FBT001 (what a field is set to)
    """The step that was just done."""
    alike = _alike(snapshot, control)
    return Step(
        page=snapshot.identity,
        member=member,
        role=control.role,
        name=control.name,
        frame=control.frame,
        nth=1 + next(place for place, one in enumerate(alike) if one.ref == control.ref),
        among=len(alike),
        value=value,
    )


def _alike(snapshot: Snapshot, meant: "Control | Step") -> list[Control]:
    named = (meant.role, meant.name, meant.frame)
    return [one for one in snapshot.controls.values() if (one.role, one.name, one.frame) == named]


def to_json(steps: Sequence[Step]) -> list[dict[str, Any]]:
    """For the offer's memory; nothing where the way is too long to be worth it."""
    if len(steps) > MAX_STEPS:
        return []
    return [{name: kept for name in Step.__slots__ if (kept := getattr(one, name)) not in ("", None)} for one in steps]


def from_json(documents: object) -> list[Step]:
    """The steps; none where the memory is not as this version writes it."""
    if not isinstance(documents, Sequence) or isinstance(documents, str):
        return []
    try:
        steps = [Step(**document) for document in documents if isinstance(document, Mapping)]
    except TypeError:
        return []
    return steps if all(1 <= one.nth <= one.among for one in steps) else []
