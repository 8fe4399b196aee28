"""What every `checkout durable` command needs: its options, the service on the database it names, and how it refuses.

Knows exit codes and consoles; must never know a single command.
"""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, NoReturn

import typer
from rich.console import Console
from sqlalchemy.exc import SQLAlchemyError

from checkout.cli.durable import screens
from checkout.cli.durable.family import family_of
from checkout.cli.durable.handlers import CommandError, UnreadableJsonError
from checkout.durable.errors import DurableError
from checkout.durable.service import DurableService
from checkout.durable.settings import DurableSettings
from checkout.settings import Settings
from checkout.store.clock import Clock
from checkout.store.session import Database

EXIT_FAILED = 1  # the command did its work, and what it ran did not succeed; or the database is out of order
EXIT_REFUSED = 2  # the command cannot be carried out as asked; nothing was changed
EXIT_INTERRUPTED = 130  # Ctrl-C, as shells have it: 128 and the signal's number

# A killed command is taken over by the next one after this; until then it renews its lease three times.
LEASE_SECONDS = 3.0
FOR_ONE_COMMAND = DurableSettings(lease_seconds=LEASE_SECONDS)
# Into a pipe or a file there is no terminal to ask for its width, and eighty columns cut every name.
PIPED_COLUMNS = 140

DatabaseUrl = Annotated[
    str, typer.Option("--database", envvar="CHECKOUT_DATABASE_URL", metavar="URL", help="Where executions are kept.")
]
DATABASE_URL: str = Settings.model_fields["database_url"].default
AsJson = Annotated[bool, typer.Option("--json", help="Print what AWS's API would answer.")]
ExecutionName = Annotated[str, typer.Argument(metavar="NAME", help="The execution's name, or its ARN.")]
CallbackId = Annotated[str, typer.Argument(metavar="ID", help="The callback's id.")]


@contextmanager
def opened(database_url: str, clock: Clock, settings: DurableSettings = FOR_ONE_COMMAND) -> Iterator[DurableService]:
    """The service on this database; whatever the command cannot do ends the process with one clear sentence."""
    try:
        try:
            database = Database.open(database_url)
        except (ValueError, OSError) as error:
            raise CommandError(f"the database cannot be opened: {error}") from error
        try:
            database.prepare()
            service = DurableService(database, clock=clock, settings=settings)
            yield service
            service.close()
        finally:
            database.close()
    except (CommandError, DurableError) as refused:
        refuse(str(refused), refused.code, EXIT_REFUSED)
    except SQLAlchemyError as broken:
        logging.getLogger(__name__).debug("the database failed", exc_info=broken)
        refuse(f"the database is out of order: {broken}".splitlines()[0], "database_error", EXIT_FAILED)


def refuse(sentence: str, code: str, exit_code: int) -> NoReturn:
    """Say why on standard error, and end."""
    console(stderr=True).print(f"[red]{code}[/]: ", end="")
    console(stderr=True).print(sentence, markup=False, highlight=False, soft_wrap=True)
    raise typer.Exit(exit_code)


def console(*, stderr: bool = False) -> Console:
    """A console that is wide enough also when it is no terminal."""
    made = Console(stderr=stderr)
    return made if made.is_terminal else Console(stderr=stderr, width=PIPED_COLUMNS)


def print_json(answer: Any) -> None:
    """Data for programs: plain, whole, in one piece."""
    typer.echo(json.dumps(answer, indent=2, ensure_ascii=False))


def print_callbacks(service: DurableService, name: str, *, stderr: bool = False) -> None:
    """How to answer what an execution, or one that it invoked, waits for; ready to be copied."""
    for member in family_of(service.database, name):
        for line in screens.how_to_answer([one.view() for one in member.operations]):
            console(stderr=stderr).print(line, soft_wrap=True, highlight=False)


def read_json(text: str, option: str) -> str:
    """JSON text as one line, from the option itself or from the file that `@FILE` names. UnreadableJsonError."""
    try:
        source = Path(text[1:]).read_text(encoding="utf-8") if text.startswith("@") else text
        return json.dumps(json.loads(source, parse_constant=_refuse_constant), ensure_ascii=False)
    except OSError as error:
        raise UnreadableJsonError(f"{option}: {text[1:]} cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise UnreadableJsonError(f"{option} is not JSON: {error}") from error


def _refuse_constant(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON number")
