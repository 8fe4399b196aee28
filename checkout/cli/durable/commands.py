"""`checkout durable`: run a handler as a durable execution; list, show, stop and resume executions; answer callbacks.

The handler is any function written on AWS's durable-execution SDK. What runs here lives in the database, so it goes on
after a kill: the same command takes up where the dead one stopped.
"""

from typing import Annotated

import typer

from checkout.cli.durable import screens
from checkout.cli.durable.family import SkippingClock
from checkout.cli.durable.run import run
from checkout.cli.durable.serve import serve
from checkout.cli.durable.service import (
    DATABASE_URL,
    AsJson,
    CallbackId,
    DatabaseUrl,
    ExecutionName,
    console,
    opened,
    print_callbacks,
    print_json,
    read_json,
)
from checkout.durable.aws import history_json
from checkout.durable.views import ExecutionStatus
from checkout.durable_face.answers import got, listed

app = typer.Typer(no_args_is_help=True, help="Durable executions: run a handler, look at it, answer it, stop it.")
callback = typer.Typer(no_args_is_help=True, help="Answer what an execution waits for, by the callback's id.")
app.add_typer(callback, name="callback")
app.command()(run)
app.command()(serve)


@app.command("list")
def list_executions(
    *,
    function: Annotated[str | None, typer.Option(help="Only executions of this function.")] = None,
    status: Annotated[ExecutionStatus | None, typer.Option(case_sensitive=False, help="Only this status.")] = None,
    prefix: Annotated[str | None, typer.Option(help="Only names that begin with this.")] = None,
    parked: Annotated[bool, typer.Option("--parked", help="Only those an operator must look at.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000)] = 50,
    marker: Annotated[str | None, typer.Option(help="The NextMarker of the page before.")] = None,
    as_json: AsJson = False,
    database: DatabaseUrl = DATABASE_URL,
) -> None:
    """The executions, the newest first."""
    clock = SkippingClock()
    with opened(database, clock) as service:
        page = service.list(
            function=function, status=status, name_prefix=prefix, parked=parked or None, limit=limit, cursor=marker
        )
        if as_json:
            print_json(listed(page.executions, page.next_cursor))
            return
        console().print(screens.executions(page.executions, clock.now()))
        if page.next_cursor:
            console().print(f"[dim]more: --marker {page.next_cursor}[/]")


@app.command()
def get(name: ExecutionName, *, as_json: AsJson = False, database: DatabaseUrl = DATABASE_URL) -> None:
    """One execution: where it stands, its steps, and what it waits for."""
    clock = SkippingClock()
    with opened(database, clock) as service:
        view = service.get(name)
        clock.catch_up(service.database, name)
        if as_json:
            print_json(got(view))
            return
        console().print(screens.execution(view, service.operations(name), clock.now()))
        if view.status is ExecutionStatus.RUNNING:
            print_callbacks(service, name)


@app.command()
def history(name: ExecutionName, *, as_json: AsJson = False, database: DatabaseUrl = DATABASE_URL) -> None:
    """Everything that happened to one execution, in order."""
    with opened(database, SkippingClock()) as service:
        happened = service.history(name)
        if as_json:
            print_json(history_json(happened))
        else:
            console().print(screens.history(happened))


@app.command()
def stop(
    name: ExecutionName,
    *,
    reason: Annotated[str | None, typer.Option(help="Why; kept in its history.")] = None,
    database: DatabaseUrl = DATABASE_URL,
) -> None:
    """End an execution as STOPPED. A step that is running is not cut, but nothing it does counts any more."""
    clock = SkippingClock()
    with opened(database, clock) as service:
        view = service.get(name)
        clock.catch_up(service.database, name)
        service.stop(name, error={"ErrorType": "Stopped", "ErrorMessage": reason} if reason else None)
        console().print(f"{view.name} is stopped.", highlight=False)


@app.command()
def resume(
    name: ExecutionName,
    *,
    reason: Annotated[str, typer.Option(prompt=True, help="What you found out; kept in its history.")],
    database: DatabaseUrl = DATABASE_URL,
) -> None:
    """Let an execution go on that was parked for an operator; whoever runs its function takes it up."""
    clock = SkippingClock()
    with opened(database, clock) as service:
        view = service.get(name)
        clock.catch_up(service.database, name)
        service.resume(name, reason=reason)
        console().print(f"{view.name} goes on when its handler is run.", highlight=False)


@callback.command()
def succeed(
    callback_id: CallbackId,
    *,
    payload: Annotated[str, typer.Option(metavar="JSON", help="The answer, or @FILE.")] = "null",
    database: DatabaseUrl = DATABASE_URL,
) -> None:
    """Answer a callback. The first answer stands."""
    clock = SkippingClock()
    with opened(database, clock) as service:
        clock.catch_up_with_callback(service.database, callback_id)
        service.succeed_callback(callback_id, read_json(payload, "--payload"))
        console().print("The callback is answered.")


@callback.command()
def fail(
    callback_id: CallbackId,
    *,
    message: Annotated[str, typer.Option(help="What went wrong; the handler reads it.")],
    error_type: Annotated[str, typer.Option("--type", help="The kind of failure.")] = "CallbackFailed",
    data: Annotated[str | None, typer.Option(metavar="JSON", help="More about it, or @FILE.")] = None,
    database: DatabaseUrl = DATABASE_URL,
) -> None:
    """Answer a callback with a failure. The first answer stands."""
    clock = SkippingClock()
    with opened(database, clock) as service:
        clock.catch_up_with_callback(service.database, callback_id)
        error = {"ErrorType": error_type, "ErrorMessage": message}
        if data is not None:
            error["ErrorData"] = read_json(data, "--data")
        service.fail_callback(callback_id, error)
        console().print("The callback has failed.")


@callback.command()
def heartbeat(callback_id: CallbackId, *, database: DatabaseUrl = DATABASE_URL) -> None:
    """Tell that the answer is still being worked on: the silence timer starts again."""
    clock = SkippingClock()
    with opened(database, clock) as service:
        clock.catch_up_with_callback(service.database, callback_id)
        service.heartbeat_callback(callback_id)
        console().print("The callback's heartbeat timer starts again.")
