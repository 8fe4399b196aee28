"""The command `checkout`. Each of its commands has its own module; this one joins them."""

import sys
from collections.abc import Sequence
from typing import NoReturn

import typer
from pydantic import ValidationError
from pydantic_settings import SettingsError
from rich.console import Console
from rich.markup import escape

from checkout import cli_adapters, cli_durable, cli_keys, cli_runs
from checkout.cli_agent_worker import agent_worker
from checkout.demo.command import demo
from checkout.serving import serve
from checkout.settings import Settings

PREFIX = str(Settings.model_config["env_prefix"])

app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Buy a product from its URL: a self-hosted checkout for agents.",
)
app.command()(serve)
app.command("agent-worker")(agent_worker)
app.command()(demo)
app.add_typer(cli_keys.app, name="keys")
app.add_typer(cli_runs.app, name="runs")
app.add_typer(cli_adapters.app, name="adapters")
app.add_typer(cli_durable.app, name="durable")


def run() -> None:
    """Run the command; a wrong setting is named in a sentence."""
    try:
        app()
    except SettingsError as wrong:  # no JSON where a list is wanted
        _refuse_settings([f"{wrong}; a list is written as JSON"])
    except ValidationError as wrong:
        if wrong.title != Settings.__name__:
            raise
        _refuse_settings([f"{PREFIX}{error['loc'][0]}".upper() + f": {error['msg']}" for error in wrong.errors()])


def _refuse_settings(sentences: Sequence[str]) -> NoReturn:
    for sentence in sentences:
        Console(stderr=True).print(f"[red]{escape(sentence)}[/] (invalid_setting)", soft_wrap=True)
    sys.exit(2)
