"""`checkout durable serve`: AWS's API over the durable executions of one database, and the workers that run them.

Knows how a command line becomes a server: what it serves, where it listens, whom it lets in.
"""

import json
import socket
from contextlib import suppress
from typing import Annotated

import typer
import uvicorn

from checkout import children
from checkout.cli.durable.handlers import CommandError, load_served
from checkout.cli.durable.logs import log_to_stderr
from checkout.cli.durable.service import DATABASE_URL, DatabaseUrl, console, opened
from checkout.durable.dispatch.local import LocalDispatcher
from checkout.durable.service import DurableService
from checkout.durable.settings import LONGEST_SECONDS, DurableSettings
from checkout.durable_face.app import create_face
from checkout.durable_face.functions import Function
from checkout.durable_face.signatures import Credentials, is_loopback
from checkout.listening import listening
from checkout.store.clock import SystemClock

# A stop waits this long for requests in flight; a synchronous invocation is cut short, its execution goes on later.
SHUTDOWN_SECONDS = 5


class NotReachableError(CommandError):
    """The server may not, or cannot, listen where it was told to."""

    code = "not_reachable"


def serve(
    handlers: Annotated[
        list[str],
        typer.Argument(
            metavar="[NAME[:VERSION]=]MODULE:HANDLER",
            help="What may be invoked; NAME=http://… is run at that Lambda endpoint.",
        ),
    ],
    *,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = 0,
    timeout_seconds: Annotated[
        int | None,
        typer.Option(
            "--execution-timeout",
            min=1,
            max=LONGEST_SECONDS,
            help="Seconds an execution may take; none by default. AWS answers synchronously up to 900.",
        ),
    ] = None,
    access_key_id: Annotated[
        str | None, typer.Option(envvar="CHECKOUT_DURABLE_ACCESS_KEY_ID", help="Who must sign the requests.")
    ] = None,
    secret_access_key: Annotated[
        str | None,
        typer.Option(envvar="CHECKOUT_DURABLE_SECRET_ACCESS_KEY", help="And with what; give it by variable."),
    ] = None,
    database: DatabaseUrl = DATABASE_URL,
) -> None:
    """Serve handlers as AWS Lambda durable functions: to boto3 and to the AWS command line, by their endpoint URL.

    Prints {"url": …} once it is ready. On SIGTERM or Ctrl-C the steps under way are finished.
    """
    log_to_stderr()
    with opened(database, SystemClock(), DurableSettings()) as service:
        credentials = _credentials(access_key_id, secret_access_key)
        if credentials is None and not is_loopback(host):
            raise NotReachableError(
                f"{host} can be reached from other machines: give CHECKOUT_DURABLE_ACCESS_KEY_ID and"
                " CHECKOUT_DURABLE_SECRET_ACCESS_KEY, with which every request must then be signed"
            )
        functions = [_register(service, reference, timeout_seconds) for reference in handlers]
        for name, version, count in service.unrunnable():
            console(stderr=True).print(f"[yellow]{count} of {name} wait for version {version}, not served here.[/]")
        with (
            children.ended_by_signal(),
            suppress(KeyboardInterrupt),
            _listening(host, port) as entrance,
            LocalDispatcher(service),
        ):
            address, bound, *_ = entrance.getsockname()
            shown = f"[{address}]" if ":" in address else address
            config = uvicorn.Config(
                create_face(service, functions, credentials),
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=SHUTDOWN_SECONDS,
            )
            print(json.dumps({"url": f"http://{shown}:{bound}"}), flush=True)  # noqa: T201 (the line a parent reads)
            # Answers what it was asked, then raises the signal that ended it once more: hence `suppress`.
            uvicorn.Server(config).run(sockets=[entrance])


def _register(service: DurableService, reference: str, timeout_seconds: int | None) -> Function:
    """Register what `[NAME[:VERSION]=]…` stands for; new executions get the highest version, the others keep theirs."""
    loaded = load_served(reference)
    name, _, numbered = loaded.function.partition(":")
    if numbered and not (numbered.isdecimal() and int(numbered) > 0):
        raise CommandError(f"{loaded.function} names no version; versions count from 1: {name}:2=MODULE:HANDLER")
    version = int(numbered or 1)
    service.register(name, loaded.handler, version=version, execution_timeout_seconds=timeout_seconds)
    return Function(name=name, version=version, timeout_seconds=timeout_seconds)


def _credentials(access_key_id: str | None, secret_access_key: str | None) -> Credentials | None:
    if not access_key_id and not secret_access_key:
        return None
    if not (access_key_id and secret_access_key):
        raise CommandError("an access key is two values: give CHECKOUT_DURABLE_ACCESS_KEY_ID and …_SECRET_ACCESS_KEY")
    return Credentials(access_key_id=access_key_id, secret_access_key=secret_access_key)


def _listening(host: str, port: int) -> socket.socket:
    try:
        return listening(host, port)
    except OSError as refused:
        raise NotReachableError(f"cannot listen on {host}:{port}: {refused.strerror or refused}") from refused
