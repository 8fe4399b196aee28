"""The command: look at everything, say what was found, exit with 1 when something must be mended."""

import json
from collections.abc import Callable, Iterable, Sequence
from typing import Annotated

import typer
from rich.console import Console, Group, RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from checkout.doctor.agents import agents, browser
from checkout.doctor.broker import broker
from checkout.doctor.database import database
from checkout.doctor.findings import Finding
from checkout.doctor.machine import disk, folders, names
from checkout.doctor.money import payments
from checkout.settings import Settings

out = Console()

# In the order in which a set-up is mended: nothing works without the first ones.
LOOKS: Sequence[Callable[[Settings], Iterable[Finding]]] = (
    names,
    database,
    broker,
    folders,
    disk,
    payments,
    browser,
    agents,
)


def doctor(*, as_json: Annotated[bool, typer.Option("--json", help="Print data instead of lines.")] = False) -> None:
    """Look at the set-up and say how to mend it; exit code 1 when something must be mended."""
    settings = Settings()
    findings = [finding for look in LOOKS for finding in look(settings)]
    if as_json:
        out.print_json(json.dumps([one.as_data() for one in findings]))
    else:
        out.print(screen(findings))
    if not all(one.well for one in findings):
        raise typer.Exit(1)


def screen(findings: Sequence[Finding]) -> RenderableType:
    """Every finding, and what to do under those that are not well."""
    table = Table.grid(padding=(0, 1))
    table.add_column(width=1)
    table.add_column(no_wrap=True, style="bold")
    table.add_column(overflow="fold")
    for one in findings:
        table.add_row("[green]✓[/]" if one.well else "[red]✗[/]", one.name, escape(one.found))
        if one.mend:
            table.add_row("", "", Text(f"→ {one.mend}", style="yellow"))
    ill = sum(not one.well for one in findings)
    last = Text(f"{ill} to mend.", style="bold red") if ill else Text("All is well.", style="green")
    return Group(table, Text(), last)
