"""How an agent's tasks are drawn: who has each, what it does, whether it may press the button, what it saw."""

from collections.abc import Sequence
from datetime import datetime

from rich.table import Table
from rich.text import Text

from checkout.console.spans import span
from checkout.store.models import AgentTask

STYLE = {"done": "green", "cancelled": "dim", "claimed": "yellow", "queued": "yellow"}


def drawn(tasks: Sequence[AgentTask], now: datetime) -> Table:
    """One line for each task."""
    table = Table(box=None, pad_edge=False, header_style="dim", title="agents", title_justify="left", title_style="dim")
    for name in ("task", "status", "heard", "permit", "last seen doing"):
        table.add_column(name, no_wrap=name != "last seen doing", justify="right" if name == "heard" else "left")
    for task in tasks:
        table.add_row(
            task.kind,
            Text(task.status, style=STYLE.get(task.status, "white")),
            _heard(task, now),
            f"+{span((task.permitted_at - task.created_at).total_seconds())}" if task.permitted_at else "",
            Text(_said(task), overflow="fold"),
        )
    return table


def _heard(task: AgentTask, now: datetime) -> str:
    """How long ago its worker was last heard of; of no interest once it ended."""
    last = task.heartbeat_at or task.claimed_at
    return f"{span((now - last).total_seconds())} ago" if last and task.status == "claimed" else ""


def _said(task: AgentTask) -> str:
    """What it saw after the click if it saw something, else what it found, else what it does."""
    seen = task.witnessed or {}
    order = seen.get("order") or {}
    if number := seen.get("order_number") or order.get("merchant_order_id"):
        return f"saw order {number}"
    if task.answer:
        return f"{task.answer.get('type')}: {task.answer.get('merchant_order_id') or task.answer.get('message', '')}"
    claims = f" (worker {task.claims})" if task.claims > 1 else ""
    return (task.step or ("waits for a worker" if task.status == "queued" else "")) + claims
