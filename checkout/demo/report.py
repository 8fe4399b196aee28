"""What the demo shows: a line as each thing happens, and at the end a table drawn from the outside books."""

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Group, RenderableType
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from agents.browsing.finding import Found
from checkout.demo.books import Sale
from checkout.demo.buying import ADA
from checkout.demo.scenes import Scene, Shop
from checkout.demo.stage import Stage
from checkout.demo.watching import AtWork
from payments.money import Money

COLUMNS = ("", "intent", "outcome", "order", "held", "captured", "released", "ms")
# An intent's first characters tell them apart; its whole id stands above, and in `--json`.
SHORT_ID = 8
OUTCOME_WIDTH = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a scene ended: the intent as the API shows it, and the shop's and the sandbox's own records."""

    scene: Scene
    intent: dict[str, Any]
    sales: Sequence[Sale]
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
    def wrong(self) -> Sequence[str]:
        """What is not as the scene says, by name: the outcome, the shop's book in each detail, the money."""
        wrong = [] if self.said == self.scene.outcome else ["outcome"]
        if self.scene.ends != "completed":
            held = self.moved("hold") - self.moved("release")
            return [*wrong, *["order"] * bool(self.sales), *["money"] * bool(held or self.moved("capture"))]
        if len(self.sales) != 1:
            return [*wrong, f"{len(self.sales)} orders"]
        [sale], total = self.sales, self.intent["offer"]["cost"]["total"]["amountSubunits"]
        agreed = {
            "product": sale.product == (self.scene.booked_as or self.scene.product),
            "quantity": sale.quantity == self.scene.quantity,
            "variant": dict(sale.variant) == dict(self.scene.variant),
            "address": all(sale.address[name] == ADA[name] for name in sale.address),
            "total": sale.total_minor == total,
            "money": self.moved("capture") == total,
        }
        return [*wrong, *(name for name, agrees in agreed.items() if not agrees)]

    @property
    def right(self) -> bool:
        """Whether it ended as its scene says, and both books agree with the intent to the cent."""
        return not self.wrong

    def as_data(self) -> dict[str, Any]:
        """The table's row, as data."""
        return {
            "title": self.scene.title,
            "intent": self.intent["id"],
            "outcome": self.said,
            "expected": self.scene.outcome,
            "right": self.right,
            "wrong": list(self.wrong),
            "shop": self.scene.shop.value,
            "order_numbers": [sale.order_id for sale in self.sales],
            "held_minor": self.moved("hold"),
            "captured_minor": self.moved("capture"),
            "released_minor": self.moved("release"),
            "milliseconds": self.milliseconds,
        }


def opening(scenery: Stage, browser: Found) -> RenderableType:
    """Who is on stage."""
    grid = Table.grid(padding=(0, 2))
    rows = [
        ("service", scenery.service.url, "buys; SQLite, no other server"),
        ("sandbox", scenery.sandbox.url, "Stripe's wire, its own money log"),
        ("shop", scenery.shop.url, "speaks UCP; its own order book"),
    ]
    if agents := scenery.agents:
        rows += [
            ("pages", agents.shops[Shop.BROWSER].url, "a shop with pages only; its own book"),
            ("oscar", agents.shops[Shop.OSCAR].url, "django-oscar; its own order tables"),
            ("browser", f"{browser.name} {browser.version.split('.')[0]}", "what the agent buys with"),
            ("model", *_model(scenery)),
        ]
    for name, where, note in rows:
        grid.add_row(Text(name, style="bold"), Text(where, style="cyan"), Text(note, style="dim"))
    return Group(Text(), grid)


def _model(scenery: Stage) -> tuple[str, str]:
    """Whose model finds the way."""
    if scenery.agents and scenery.agents.model:
        return scenery.agents.model.url, "a stand-in: ANTHROPIC_API_KEY is not set"
    return "api.anthropic.com", "ANTHROPIC_API_KEY is set: this costs money"


def at_work(now: AtWork) -> str:
    """Who is at work while the purchase is suspended."""
    task = {"offer": "quotes", "order": "orders"}.get(now.kind, now.kind)
    return f"{now.worker} {task}; the purchase is suspended, threads held: {now.held}"


def path(kept: Path) -> str:
    """A folder, as short as it can be said from here."""
    return str(kept.relative_to(Path.cwd())) if kept.is_relative_to(Path.cwd()) else str(kept)


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
    numbers = ", ".join(sale.order_id for sale in outcome.sales)
    said = f"{outcome.said}{f', order {numbers}' if numbers else ''}"
    if outcome.right:
        return Text.assemble(("   ✓ ", "bold green"), said, (f"  {outcome.milliseconds} ms", "dim"))
    reason = (outcome.intent.get("failureReason") or {}).get("reason", "")
    expected = f"{said}; expected {outcome.scene.outcome}; wrong: {', '.join(outcome.wrong)}; {reason}"
    return Text.assemble(("   ✗ ", "bold red"), expected)


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
            ", ".join(sale.order_id for sale in outcome.sales) or "none",
            *(_minor(outcome.moved(kind)) for kind in ("hold", "capture", "release")),
            str(outcome.milliseconds),
        )
    right = sum(outcome.right for outcome in outcomes)
    note = "order: the shops' own books. held, captured, released: the sandbox's own log."
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
