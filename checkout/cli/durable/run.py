"""`checkout durable run`: start an execution, or go on with one, and stay with it.

Knows how a command line becomes an execution and where its output goes: the answer to standard output, everything a
handler says to standard error.
"""

import os
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from types import FrameType
from typing import Annotated

import typer
from rich.console import RenderableType
from rich.live import Live

from checkout.cli.durable import screens
from checkout.cli.durable.family import Family, Patience, SkippingClock
from checkout.cli.durable.handlers import LoadedHandler, load, load_named
from checkout.cli.durable.logs import log_to_stderr
from checkout.cli.durable.service import (
    DATABASE_URL,
    EXIT_FAILED,
    EXIT_INTERRUPTED,
    AsJson,
    DatabaseUrl,
    console,
    opened,
    print_callbacks,
    print_json,
    read_json,
)
from checkout.durable.errors import ExecutionNameConflictError, ExecutionNotFoundError
from checkout.durable.service import DurableService
from checkout.durable.views import ExecutionStatus
from checkout.durable_face.answers import got


def run(
    handler: Annotated[str, typer.Argument(metavar="MODULE:HANDLER", help="A dotted module, or a path to a .py file.")],
    *,
    name: Annotated[str, typer.Option(help="The execution's name; the same name goes on with the same execution.")],
    input_json: Annotated[
        str | None,
        typer.Option("--input", metavar="JSON", help="Its input, or @FILE. Left out: go on with what was started."),
    ] = None,
    others: Annotated[
        list[str] | None, typer.Option("--with", metavar="NAME=MODULE:HANDLER", help="A handler that it invokes.")
    ] = None,
    skip_time: Annotated[bool, typer.Option("--skip-time", help="Wait for no timer: move the clock.")] = False,
    until_suspended: Annotated[
        bool, typer.Option("--until-suspended", help="Return once nothing is left to run, whatever it waits for.")
    ] = False,
    as_json: AsJson = False,
    database: DatabaseUrl = DATABASE_URL,
) -> None:
    """Run a handler until it ends.

    Exit code 0: it succeeded, or is suspended; 1: it ended otherwise, or an operator must look; 2: refused.
    """
    log_to_stderr()
    clock = SkippingClock()
    with opened(database, clock) as service:
        main, *invoked = [load(handler), *(load_named(pair) for pair in others or [])]
        clock.catch_up(service.database, name)
        known = {(main.function, _begin(service, main, name, input_json)), *((one.function, 1) for one in invoked)}
        for one in invoked:
            service.register(one.function, one.handler)
        family = Family(service, clock, name, when_waiting=_once(lambda: print_callbacks(service, name, stderr=True)))
        with _interruptible(), _shown(service, clock, name, as_json=as_json):
            family.run(known, Patience(skip_time=skip_time, until_suspended=until_suspended))
        view = service.get(name)
        if as_json:
            print_json(got(view))
        if view.status is ExecutionStatus.RUNNING:
            print_callbacks(service, name, stderr=as_json)
        if view.parked is not None or view.status not in (ExecutionStatus.SUCCEEDED, ExecutionStatus.RUNNING):
            raise typer.Exit(EXIT_FAILED)


def _begin(service: DurableService, main: LoadedHandler, name: str, input_json: str | None) -> int:
    """Register the handler, start the execution if it is new; the version it runs at."""
    payload = None if input_json is None else read_json(input_json, "--input")
    try:
        standing = service.get(name)
    except ExecutionNotFoundError:
        standing = None
    version = standing.version if standing is not None and standing.function == main.function else 1
    service.register(main.function, main.handler, version=version)
    if standing is None or payload is not None:
        service.start(main.function, name, payload or "{}")
    elif standing.function != main.function:
        raise ExecutionNameConflictError(f"{name} was started with another function ({standing.function})")
    return version


@contextmanager
def _shown(service: DurableService, clock: SkippingClock, name: str, *, as_json: bool) -> Iterator[None]:
    """On a terminal the execution is drawn while it runs, else once it is over; as data, not at all."""
    out = console()

    def drawn() -> RenderableType:
        return screens.execution(service.get(name), service.operations(name), clock.now())

    # What a handler prints is part of its log; standard output carries the answer and nothing else.
    with redirect_stdout(sys.stderr):
        if out.is_terminal and not as_json:
            with Live(console=out, get_renderable=drawn, redirect_stdout=False, redirect_stderr=sys.stderr.isatty()):
                yield
            return
        yield
    if not as_json:
        out.print(drawn())


@contextmanager
def _interruptible() -> Iterator[None]:
    """Ctrl-C ends the process at once, like a kill: a handler's threads cannot be interrupted, and need not be.

    What finished is on disk; the same command takes over once the lease of this one has lapsed.
    """

    def leave(_number: int, _frame: FrameType | None) -> None:
        console().show_cursor()
        console(stderr=True).print("interrupted: the same command goes on from here", highlight=False)
        sys.stdout.flush()
        os._exit(EXIT_INTERRUPTED)

    before = signal.signal(signal.SIGINT, leave)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _once(act: Callable[[], None]) -> Callable[[], None]:
    """`act`, the first time only."""
    waiting = [act]
    return lambda: waiting.pop()() if waiting else None
