"""What the demo shows: a line as each thing happens, and at the end a table drawn from the outside books."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Group, RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from checkout.demo.scenes import Scene
from payments.money import Money

COLUMNS = ("", "intent", "outcome", "order", "held", "captured", "released", "ms")
# An intent's first characters tell the six apart; its whole id stands above, and in `--json`.
SHORT_ID = 8
OUTCOME_WIDTH = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a scene ended: the intent as the API shows it, and the shop's and the sandbox's own records of it."""

    scene: Scene
    intent: dict[str, Any]
    orders: Sequence[dict[str, Any]]
    money: Sequence[dict[str, Any]]
    milliseconds: int

    @property
    def said(self) -> str:
        """The failure code, or the state."""
        return str((self.intent.get("failureReason") or {}).get("code") or self.intent["state"])

    def moved(self, *kinds: str) -> int:
        """What the money log says was moved in these ways, in minor units."""
        return sum(line["amount_minor"] for line in self.money if line["kind"] in kinds)

    @property
    def right(self) -> bool:
        """Whether it ended as its scene says, and both books agree to the cent."""
        if self.said != self.scene.outcome:
            return False
        if self.scene.ends == "completed":
            total = self.intent["offer"]["cost"]["total"]["amountSubunits"]
            return [total] == [order["total_minor"] for order in self.orders] and total == self.moved("capture")
        held = self.moved("hold") - self.moved("release")
        return not self.orders and not self.moved("capture") and held == 0

    def as_data(self) -> dict[str, Any]:
        """The table's row, as data."""
        return {
            "title": self.scene.title,
            "intent": self.intent["id"],
            "outcome": self.said,
            "expected": self.scene.outcome,
            "right": self.right,
            "order_numbers": [order["order_id"] for order in self.orders],
            "held_minor": self.moved("hold"),
            "captured_minor": self.moved("capture"),
            "released_minor": self.moved("release"),
            "milliseconds": self.milliseconds,
        }


def opening(service_url: str, shop_url: str, sandbox_url: str) -> RenderableType:
    """Who is on stage."""
    grid = Table.grid(padding=(0, 2))
    for name, url, note in (
        ("service", service_url, "buys; SQLite, no other server"),
        ("shop", shop_url, "speaks UCP, keeps its own order book"),
        ("sandbox", sandbox_url, "speaks Stripe's wire, keeps its own money log"),
    ):
        grid.add_row(Text(name, style="bold"), Text(url, style="cyan"), Text(note, style="dim"))
    return Group(Text(), grid)


def heading(number: int, scene: Scene) -> RenderableType:
    """A scene begins."""
    return Group(Text(), Text.assemble((f"{number}  {scene.title}", "bold"), (f"  {scene.shows}", "dim")))


def line(what: str, detail: str) -> RenderableType:
    """Something happened."""
    style = "bold red" if what.startswith("kill") else "cyan"
    return Text.assemble((f"   {what:<9}", style), detail)


def offer(intent: dict[str, Any]) -> str:
    """An offer, in one line."""
    cost = intent["offer"]["cost"]
    parts = [f"{name} {_money(cost[name])}" for name in ("subtotal", "shipping", "tax") if cost.get(name)]
    return f"{_money(cost['total'])}  ({', '.join(parts)})"


def verdict(outcome: Outcome) -> RenderableType:
    """How a scene ended."""
    numbers = ", ".join(order["order_id"] for order in outcome.orders)
    said = f"{outcome.said}{f', order {numbers}' if numbers else ''}"
    if outcome.right:
        return Text.assemble(("   ✓ ", "bold green"), said, (f"  {outcome.milliseconds} ms", "dim"))
    return Text.assemble(("   ✗ ", "bold red"), f"{said}; expected {outcome.scene.outcome}, with both books to match")


def table(outcomes: Sequence[Outcome]) -> RenderableType:
    """The end: what the shop's book and the sandbox's log say, beside what the service says."""
    drawn = Table(box=None, pad_edge=False, header_style="dim", title_justify="left")
    for name in COLUMNS:
        drawn.add_column(name, justify="right" if name in COLUMNS[4:] else "left", no_wrap=True, overflow="fold")
    for outcome in outcomes:
        drawn.add_row(
            Text("✓", style="green") if outcome.right else Text("✗", style="red"),
            f"{outcome.intent['id'][:SHORT_ID]}…",
            Text(_in_lines(outcome.said), style="green" if outcome.said == "completed" else "yellow"),
            ", ".join(order["order_id"] for order in outcome.orders) or "none",
            *(_minor(outcome.moved(kind)) for kind in ("hold", "capture", "release")),
            str(outcome.milliseconds),
        )
    right = sum(outcome.right for outcome in outcomes)
    note = "order: the shop's own book. held, captured, released: the sandbox's own log."
    return Group(
        Text(),
        Rule(style="dim"),
        drawn,
        Text(note, style="dim"),
        Text(
            f"{right} of {len(outcomes)} as they must be.", style="bold green" if right == len(outcomes) else "bold red"
        ),
    )


def _in_lines(code: str) -> str:
    """A code, broken after an underscore: the longest are wider than the table leaves them in 80 columns."""
    lines = textwrap.wrap(code.replace("_", "_ "), OUTCOME_WIDTH)
    return "\n".join(line.replace(" ", "") for line in lines)


def _money(money: dict[str, Any]) -> str:
    return str(Money(money["amountSubunits"], money["currencyCode"]))


def _minor(amount_minor: int) -> str:
    return str(Money(amount_minor, "USD")) if amount_minor else "-"
