"""How executions are drawn in a terminal: the list, one execution's steps, its history. Text only.

Knows views and history events; must never read a database or know what an execution is about.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from aws_durable_execution_sdk_python.serdes import EXTENDED_TYPES_SERDES, SerDesContext
from rich.console import Group, RenderableType
from rich.json import JSON
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from checkout.durable.views import ExecutionStatus, ExecutionView, OperationView

STATUS_STYLE = {
    ExecutionStatus.RUNNING: "blue",
    ExecutionStatus.SUCCEEDED: "green",
    ExecutionStatus.FAILED: "red",
    ExecutionStatus.TIMED_OUT: "red",
    ExecutionStatus.STOPPED: "yellow",
}
MARK = {
    "SUCCEEDED": ("✓", "green"),
    "FAILED": ("✗", "red"),
    "TIMED_OUT": ("⌛", "red"),
    "STOPPED": ("■", "yellow"),
    "CANCELLED": ("■", "yellow"),
    "PENDING": ("↻", "yellow"),
    "READY": ("↻", "yellow"),
}
OPEN = ("…", "blue")
# Of a payload, as much as a very wide terminal shows on a line; `--json` has it whole.
SHOWN_CHARACTERS = 200
# What the SDK appends to a wait_for_callback's name for the callback inside it.
CALLBACK_SUFFIX = " create callback id"
MINUTE_SECONDS, HOUR_SECONDS, DAY_SECONDS = 60, 3600, 86_400


def executions(found: Sequence[ExecutionView], now: datetime) -> RenderableType:
    """One line per execution."""
    if not found:
        return Text("No executions.", style="dim")
    drawn = _columns(("name", "left"), ("function", "left"), ("status", "left"), ("started", "left"), ("took", "right"))
    for execution in found:
        drawn.add_row(
            Text(execution.name),
            Text(execution.function),
            _status(execution),
            f"{execution.started_at:%Y-%m-%d %H:%M:%S}",
            span(((execution.ended_at or now) - execution.started_at).total_seconds()),
        )
    return drawn


def execution(view: ExecutionView, operations: Sequence[OperationView], now: datetime) -> RenderableType:
    """One execution: where it stands, its steps, and its result, its error, or what it waits for."""
    head = Table.grid(padding=(0, 2))
    took = span(((view.ended_at or now) - view.started_at).total_seconds())
    head.add_row(Text("status", style="dim"), Text.assemble(_status(view), f" after {took}"))
    head.add_row(Text("function", style="dim"), Text(view.function))
    head.add_row(Text("input", style="dim"), Text(shortened(view.input), no_wrap=True, overflow="ellipsis"))
    parts: list[RenderableType] = [head, Text(), _steps(view, operations, now)]
    if view.result is not None:
        parts += [Text(), _json("result", view.result)]
    if view.error:
        parts += [Text(), Text(said(view.error), style="red")]
    if view.parked:
        parts += [Text(), Text(f"parked, an operator must look: {view.parked}", style="yellow")]
    return Panel(Group(*parts), title=Text(view.name), title_align="left", border_style=STATUS_STYLE[view.status])


def open_callbacks(operations: Sequence[OperationView]) -> list[OperationView]:
    """The callbacks somebody may still answer."""
    return [one for one in operations if one.type == "CALLBACK" and one.status == "STARTED" and one.callback_id]


def how_to_answer(operations: Sequence[OperationView]) -> Iterator[Text]:
    """One line per open callback, to be copied: so it is never wrapped or shortened."""
    for callback in open_callbacks(operations):
        name = (callback.name or "callback").removesuffix(CALLBACK_SUFFIX)
        yield Text.assemble((f"{name} waits: ", "yellow"), f"checkout durable callback succeed {callback.callback_id}")


def history(events: Sequence[Mapping[str, Any]]) -> RenderableType:
    """Every event, in AWS's words, with the time since the start and what its details say."""
    drawn = _columns(("#", "right"), ("at", "right"), ("event", "left"), ("name", "left"), ("details", "left"))
    started = events[0]["EventTimestamp"] if events else None
    for event in events:
        event_type = str(event["EventType"])
        drawn.add_row(
            str(event["EventId"]),
            f"+{span((event['EventTimestamp'] - started).total_seconds())}",
            Text(event_type, style=_event_style(event_type)),
            Text(str(event.get("Name") or "")),
            Text(_details(event), style="dim", no_wrap=True, overflow="ellipsis"),
        )
    return drawn


def span(seconds: float) -> str:
    """A duration as people say it: 4 ms, 1.3 s, 2 min, 3.5 h, 2 d."""
    if seconds < 0:
        return f"-{span(-seconds)}"
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < MINUTE_SECONDS:
        return f"{seconds:.1f} s"
    if seconds < HOUR_SECONDS:
        return f"{seconds / MINUTE_SECONDS:.0f} min"
    if seconds < DAY_SECONDS:
        return f"{seconds / HOUR_SECONDS:.1f} h"
    return f"{seconds / DAY_SECONDS:.1f} d"


def said(error: Mapping[str, Any]) -> str:
    """An AWS error object as one line."""
    kind = str(error.get("ErrorType") or "")
    if kind[:1].islower():  # a Python class with its modules, which say nothing here; AWS's own types are capitalised
        kind = kind.rpartition(".")[2]
    return ": ".join(filter(None, (kind, error.get("ErrorMessage")))) or "failed without saying why"


def readable(payload: str | None) -> str:
    """A payload as a person reads it: without the SDK's type marks; null is nothing, a string has no quotes."""
    if payload is None:
        return ""
    try:
        value = EXTENDED_TYPES_SERDES.deserialize(payload, SerDesContext())
    except Exception:  # noqa: BLE001 (a handler may write through any serializer of its own; then the raw text is shown)
        return payload
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)


def shortened(text: str) -> str:
    """At most SHOWN_CHARACTERS of it, on one line."""
    line = " ".join(text.split())
    return line if len(line) <= SHOWN_CHARACTERS else f"{line[: SHOWN_CHARACTERS - 1]}…"


def _steps(view: ExecutionView, operations: Sequence[OperationView], now: datetime) -> Table:
    drawn = _columns(
        ("", "left"),
        ("step", "left"),
        ("kind", "left"),
        ("at", "right"),
        ("took", "right"),
        ("tries", "right"),
        ("", "left"),
    )
    for depth, operation in _in_tree_order(operations):
        mark, style = MARK.get(operation.status, OPEN)
        took = max(operation.ended_at or now, operation.started_at) - operation.started_at
        drawn.add_row(
            Text(mark, style=style),
            Text("  " * depth + (operation.name or operation.type.lower())),
            Text(operation.sub_type or operation.type, style="dim"),
            f"+{span((operation.started_at - view.started_at).total_seconds())}",
            span(took.total_seconds()),
            str(operation.attempt) if operation.attempt > 1 else "",
            Text(shortened(_outcome(operation, now)), no_wrap=True, overflow="ellipsis"),
        )
    return drawn


def _in_tree_order(operations: Sequence[OperationView]) -> Iterator[tuple[int, OperationView]]:
    """Every operation under its parent. What a wait_for_callback consists of is the SDK's business and left out."""
    children: dict[str | None, list[OperationView]] = defaultdict(list)
    known = {operation.id for operation in operations if operation.type != "EXECUTION"}
    for operation in operations:
        if operation.type != "EXECUTION":
            children[operation.parent_id if operation.parent_id in known else None].append(operation)

    def below(parent: str | None, depth: int) -> Iterator[tuple[int, OperationView]]:
        for operation in children[parent]:
            yield depth, operation
            if operation.sub_type != "WaitForCallback":
                yield from below(operation.id, depth + 1)

    return below(None, 0)


def _outcome(operation: OperationView, now: datetime) -> str:
    if operation.error:
        return said(operation.error)
    if operation.status == "PENDING" and operation.next_attempt_at:
        return f"again in {span(max(0.0, (operation.next_attempt_at - now).total_seconds()))}"
    if operation.status == "STARTED":
        return "waits for an answer" if operation.sub_type in {"WaitForCallback", "Callback"} else "under way"
    # A context's result repeats its children's; theirs are on the lines below.
    return (
        "" if operation.type == "CONTEXT" and operation.sub_type != "WaitForCallback" else readable(operation.payload)
    )


def _details(event: Mapping[str, Any]) -> str:
    """What an event's details say, flat: payloads without their wrappers, errors as a sentence, times left out."""
    details = dict(event.get(f"{event['EventType']}Details") or {})
    if event["EventType"] == "InvocationCompleted":
        took = details["EndTimestamp"] - details["StartTimestamp"]
        details = {"took": span(took.total_seconds()), "Error": details["Error"]}
    flat = {**details.pop("RetryDetails", {}), **{key: _unwrapped(value) for key, value in details.items()}}
    return "  ".join(f"{key}={shortened(str(value))}" for key, value in flat.items() if value not in (None, "", 0))


def _unwrapped(value: Any) -> Any:
    if isinstance(value, datetime):
        return ""
    if not isinstance(value, Mapping):
        return value
    payload = value.get("Payload", "")
    return said(payload) if isinstance(payload, Mapping) else readable(payload)


def _event_style(event_type: str) -> str:
    for ending, style in (("Succeeded", "green"), ("Failed", "red"), ("TimedOut", "red"), ("Stopped", "yellow")):
        if event_type.endswith(ending):
            return style
    return "dim" if event_type == "InvocationCompleted" else ""


def _status(view: ExecutionView) -> Text:
    return Text(
        "PARKED" if view.parked else view.status.value, style="yellow" if view.parked else STATUS_STYLE[view.status]
    )


def _json(name: str, text: str) -> RenderableType:
    try:
        shown = JSON(text)
    except ValueError:  # a handler may return through a serializer of its own
        return Text(f"{name} {text}")
    shown.text.no_wrap = False  # rich would cut long strings at the edge
    return Group(Text(name, style="dim"), shown)


def _columns(*columns: tuple[str, Any]) -> Table:
    drawn = Table(box=None, pad_edge=False, header_style="dim")
    *fixed, (last, justify) = columns
    for name, aligned in fixed:
        drawn.add_column(name, justify=aligned, no_wrap=True)
    drawn.add_column(last, justify=justify)  # the one that gives way when the terminal is narrow
    return drawn
