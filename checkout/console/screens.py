"""How purchases are drawn in a terminal: the list and the timeline. Text only; everything shown came from `runs`."""

from collections.abc import Sequence
from datetime import datetime

from rich.console import Group, RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from checkout.console import agents
from checkout.console.runs import Story, total_of, waiting_for
from checkout.console.spans import span
from checkout.durable.views import OperationView
from checkout.purchase import codec
from checkout.purchase.terms import Verdict
from checkout.store.models import Intent
from payments.gateway import Released
from payments.money import Money

STATE_STYLE = {
    "retrieving_offer": "cyan",
    "awaiting_confirmation": "yellow",
    "placing_order": "blue",
    "completed": "green",
    "failed": "red",
}
# An id is `ci_` and 32 hexadecimal digits; the longest state has 21 letters.
ID_WIDTH = 35
STATE_WIDTH = 21
VERDICTS = ", ".join(
    f"{verdict.value} (with --order-number)" if verdict is Verdict.PLACED else verdict.value for verdict in Verdict
)
MARK = {"SUCCEEDED": ("✓", "green"), "FAILED": ("✗", "red"), "TIMED_OUT": ("⌛", "red"), "STARTED": ("…", "yellow")}


def table(intents: Sequence[Intent], now: datetime) -> RenderableType:
    """Two lines per purchase: its whole id with state, total and age; then what it waits for, and the product.

    Made for 80 columns; what is longer is cut at the end of the second line, and stands whole in the timeline.
    """
    if not intents:
        return Text("No purchases.", style="dim")
    lines: list[RenderableType] = []
    for intent in intents:
        total = total_of(intent)
        line = Text(no_wrap=True, overflow="ellipsis")
        line.append(f"{intent.id:<{ID_WIDTH}}  ", style="bold")
        line.append(f"{intent.state:<{STATE_WIDTH}}", style=STATE_STYLE.get(intent.state, "white"))
        line.append(f"{str(Money(*total)) if total else '':>12}")
        line.append(f"{span((now - intent.created_at).total_seconds()):>8}", style="dim")
        lines += [line, _second_line(intent)]
    return Group(*lines)


def _second_line(intent: Intent) -> Text:
    waits = waiting_for(intent)
    line = Text("  ", no_wrap=True, overflow="ellipsis")
    if waits:
        line.append(waits, style="bold yellow" if intent.review_since else "default")
        line.append("  ")
    return line.append(str(intent.request.get("productUrl", "")), style="dim")


def timeline(story: Story, now: datetime) -> RenderableType:
    """The story of one purchase, step by step."""
    intent = story.intent
    head = Table.grid(padding=(0, 2))
    head.add_row("product", Text(str(intent.request.get("productUrl", "")), overflow="fold"))
    head.add_row("state", _state(intent))
    head.add_row("tenant", Text(intent.tenant))
    if intent.payment_id:
        head.add_row("payment", Text(intent.payment_id))
    if intent.hold_expires_at:
        seconds = (intent.hold_expires_at - now).total_seconds()
        head.add_row("hold", f"lives for {span(seconds)}" if seconds > 0 else f"lapsed {span(-seconds)} ago")
    if intent.order_id:
        head.add_row("order", Text(intent.order_id))
    if intent.failure:
        head.add_row("failure", Text(f"{intent.failure['code']}: {intent.failure['message']}", style="red"))
    parts: list[RenderableType] = [head, Text(), _steps(story, now)]
    if story.agent_tasks:
        parts += [Text(), agents.drawn(story.agent_tasks, now)]
    if story.ledger:
        parts += [Text(), _money(story)]
    if intent.review_since:
        parts += [Text(), *_question(story)]
    return Group(Rule(intent.id, style=STATE_STYLE.get(intent.state, "white")), *parts)


def _question(story: Story) -> list[RenderableType]:
    """What an operator is asked, and the command that answers; no frame, so that it can be copied."""
    intent = story.intent
    asked = Text(intent.unclear or "the outcome is unclear", style="bold")
    if story.execution.parked:
        title, commands = "parked: an operator must look", f"checkout durable resume {intent.id}"
    else:
        title = "an operator is asked"
        commands = f"checkout runs answer {intent.id} VERDICT --reason …"
    question: list[RenderableType] = [Rule(title, style="yellow"), asked, Text(commands, style="cyan", overflow="fold")]
    if not story.execution.parked:
        question.append(Text(f"VERDICT: {VERDICTS}", style="dim"))
    return question


def _steps(story: Story, now: datetime) -> Table:
    drawn = Table(box=None, pad_edge=False, header_style="dim")
    drawn.add_column("")
    drawn.add_column("step", no_wrap=True)
    drawn.add_column("at", justify="right")
    drawn.add_column("took", justify="right")
    drawn.add_column("tries", justify="right")
    drawn.add_column("outcome")
    depth: dict[str | None, int] = {None: 0}
    names = {operation.id: operation.name for operation in story.operations}
    for operation in story.operations:
        if operation.type == "EXECUTION":
            continue
        level = depth.get(operation.parent_id, 0)
        depth[operation.id] = level + 1
        mark, style = MARK.get(operation.status, ("·", "dim"))
        ended = operation.ended_at or now
        drawn.add_row(
            Text(mark, style=style),
            Text("  " * level + _name(operation, names.get(operation.parent_id or ""))),
            f"+{span((operation.started_at - story.execution.started_at).total_seconds())}",
            span((ended - operation.started_at).total_seconds()),
            str(operation.attempt) if operation.attempt > 1 else "",
            Text(_outcome(operation), overflow="ellipsis"),
        )
    return drawn


def _name(operation: OperationView, parent: str | None) -> str:
    """Its name, without its parent's, which the SDK repeats and which stands above it."""
    name = operation.name or operation.type.lower()
    return name.removeprefix(f"{parent} ") if parent else name


def _outcome(operation: OperationView) -> str:
    if operation.error:
        return str(operation.error.get("ErrorMessage") or operation.error.get("ErrorType") or "failed")
    if operation.status in ("STARTED", "PENDING", "READY"):
        return "waiting" if operation.type == "CALLBACK" else operation.status.lower()
    try:
        return _said(codec.loads(operation.payload or ""))
    except ValueError:
        return ""


def _said(outcome: object) -> str:
    for name in ("message", "reason", "why", "merchant_order_id", "order_id"):
        if said := getattr(outcome, name, None):
            return f"{type(outcome).__name__}: {said}"
    if isinstance(outcome, Released):
        if outcome.refunded:
            return f"Released: refunded {outcome.refunded}"
        return f"Released {outcome.released}" if outcome.released else "Released: nothing was held"
    money = getattr(outcome, "amount", None) or getattr(getattr(outcome, "cost", None), "total", None)
    return f"{type(outcome).__name__} {money}" if money else type(outcome).__name__


def _money(story: Story) -> Table:
    drawn = Table(box=None, pad_edge=False, header_style="dim", title="money", title_justify="left", title_style="dim")
    for name in ("at", "movement", "account", "amount"):
        drawn.add_column(name, justify="right" if name == "amount" else "left")
    for row in story.ledger:
        drawn.add_row(f"{row.at:%H:%M:%S}", row.kind, row.account, str(Money(row.amount_minor, row.currency)))
    return drawn


def _state(intent: Intent) -> Text:
    text = Text(intent.state, style=STATE_STYLE.get(intent.state, "white"))
    if intent.review_since:
        text.append(" needs review", style="bold yellow")
    return text
