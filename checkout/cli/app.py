"""The command `checkout`. Each of its commands has its own module; this one joins them."""

import sys
from collections.abc import Sequence
from typing import Annotated, NoReturn

import typer
from pydantic import ValidationError
from pydantic_core import ErrorDetails
from rich.console import Console
from rich.markup import escape

from checkout import health
from checkout.arrangement import ArrangementError
from checkout.cli import adapters, keys, runs
from checkout.cli.agent_worker import agent_worker
from checkout.cli.durable import commands as durable
from checkout.cli.migrate import migrate
from checkout.cli.reconcile import reconcile
from checkout.cli.worker import worker
from checkout.demo.command import demo
from checkout.doctor.command import doctor
from checkout.serving import serve
from checkout.setting_files import SettingFilesError
from checkout.settings import Settings
from checkout.store.errors import StoreError
from checkout.store.vault import KeyUnusableError

PREFIX = str(Settings.model_config["env_prefix"])


def asked(what: Annotated[str, typer.Argument(help="api or worker")]) -> None:
    """Say whether the API or the worker beside this command is well, for a container's engine."""
    raise typer.Exit(health.main([what]))  # `cli` answers before this module is imported; here it is only listed


app = typer.Typer(
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    help="Buy a product from its URL: a self-hosted checkout for agents.",
)
app.command()(serve)
app.command()(worker)
app.command("agent-worker")(agent_worker)
app.command()(migrate)
app.command()(doctor)
app.command("health")(asked)
app.command()(reconcile)
app.command()(demo)
app.add_typer(keys.app, name="keys")
app.add_typer(runs.app, name="runs")
app.add_typer(adapters.app, name="adapters")
app.add_typer(durable.app, name="durable")


def run() -> None:
    """Run the command; a wrong setting is named in a sentence."""
    try:
        app()
    except ValidationError as wrong:
        if wrong.title != Settings.__name__:
            raise
        _refuse([f"{_variable(error)}: {_words(error)}" for error in wrong.errors()], "invalid_setting")
    except (StoreError, KeyUnusableError, SettingFilesError, ArrangementError) as unusable:
        _refuse([str(unusable)], unusable.code)


def _variable(error: ErrorDetails) -> str:
    name = str(error["loc"][0])
    return PREFIX + name.upper() if name in Settings.model_fields else name


def _words(error: ErrorDetails) -> str:
    """What is wrong, without the validator's own name for it."""
    return error["msg"].removeprefix("Value error, ")


def _refuse(sentences: Sequence[str], code: str) -> NoReturn:
    for sentence in sentences:
        Console(stderr=True).print(f"[red]{escape(sentence)}[/] ({code})", soft_wrap=True)
    sys.exit(2)
