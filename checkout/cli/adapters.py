"""`checkout adapters`: which merchant adapters there are, and which one takes a URL."""

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from checkout import wiring
from checkout.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Merchant adapters: list, and why one takes a URL.")
out = Console()

AsJson = Annotated[bool, typer.Option("--json", help="Print data instead of a table.")]


@app.command("list")
def list_adapters(*, as_json: AsJson = False) -> None:
    """Every adapter, in the order in which they are asked."""
    registry = wiring.registry(Settings())
    if as_json:
        out.print_json(json.dumps([merchant.name for merchant in registry.merchants]))
        return
    table = Table(box=None, pad_edge=False, header_style="dim")
    for heading in ("adapter", "currencies", "countries", "most per order", "promo codes"):
        table.add_column(heading)
    for merchant in registry.merchants:
        can = merchant.capabilities
        table.add_row(
            merchant.name,
            ", ".join(sorted(can.currencies)) if can.currencies else "as the merchant says",
            ", ".join(sorted(can.countries)) if can.countries else "as the merchant says",
            str(can.max_quantity),
            "yes" if can.promo_codes else "no",
        )
    out.print(table)


@app.command()
def why(url: Annotated[str, typer.Argument(help="A product URL.")], *, as_json: AsJson = False) -> None:
    """Ask every adapter about a URL, in order. The first that takes it would buy; exit 1 if none does."""
    answers = wiring.registry(Settings()).why(url)
    taken = next((answer.adapter for answer in answers if answer.matches), None)
    if as_json:
        rows = [{"adapter": answer.adapter, "matches": answer.matches, "why": answer.why} for answer in answers]
        out.print_json(json.dumps({"url": url, "buys": taken, "adapters": rows}))
    else:
        for answer in answers:
            mark, style = ("✓", "green") if answer.matches else ("✗", "red")
            out.print(Text.assemble((f"{mark} {answer.adapter}  ", style), answer.why))
        if taken is None:
            out.print("No adapter takes this URL; an agent would have to buy.", style="yellow")
    if taken is None:
        raise typer.Exit(1)
