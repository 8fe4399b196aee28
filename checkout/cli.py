"""The command `checkout`: serve, keys, runs, adapters, durable, demo. Each has its own module; this one joins them."""

import sys

import typer
from rich.console import Console

from checkout import cli_adapters, cli_durable, cli_keys, cli_runs, packaging
from checkout.demo.command import demo
from checkout.serving import serve

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Buy a product from its URL: a self-hosted checkout for agents.",
)
app.command()(serve)
app.command()(demo)
app.add_typer(cli_keys.app, name="keys")
app.add_typer(cli_runs.app, name="runs")
app.add_typer(cli_adapters.app, name="adapters")
app.add_typer(cli_durable.app, name="durable")


def main() -> None:
    """Run the command; a shadowed import name is named before anything else is tried."""
    culprit = packaging.shadowed()
    if culprit:
        Console(stderr=True).print(f"[red]{culprit}[/]")
        sys.exit(1)
    app()
