"""`checkout serve`: the API and the workers in one process, on one database.

Starts a payment sandbox of its own when neither a Stripe key nor a sandbox is configured, and says so. On SIGTERM or
Ctrl-C requests and the steps under way are finished; what waits, waits in the database.
"""

import json
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Annotated, Any

import typer
import uvicorn
from rich.console import Console
from rich.markup import escape

from agents.errors import AgentError
from checkout import arrangement, children, telemetry, wiring
from checkout.listening import listening
from checkout.settings import Settings
from checkout.store.errors import DatabaseInUseError
from checkout.store.sqlite import make_usable

err = Console(stderr=True)

# How long requests in flight may finish after a stop is asked for, in seconds; a long poll is cut short.
SHUTDOWN_SECONDS = 5


def serve(
    *,
    host: Annotated[str | None, typer.Option(help="Address to listen on; the default is loopback.")] = None,
    port: Annotated[int | None, typer.Option(min=0, max=65535, help="Port; 0 takes a free one.")] = None,
) -> None:
    """Run the service: API and workers, one process, settings from the environment (CHECKOUT_…)."""
    telemetry.configure()
    asked: dict[str, Any] = {"host": host, "port": port}
    settings = Settings(**{name: value for name, value in asked.items() if value is not None})
    arrangement.check(settings)
    with (
        children.ended_by_signal(),
        _sandbox_if_needed(settings) as settings,
        wiring.opened(settings) as deployment,
    ):
        try:
            deployment.database.claim()
        except DatabaseInUseError as busy:
            err.print(f"[red]{busy}[/]", soft_wrap=True)
            raise typer.Exit(1) from busy
        for function, version, count in deployment.durable.unrunnable():
            err.print(f"[yellow]{count} of {function} wait for version {version}, which this build cannot run.[/]")
        with (
            _listening(settings) as entrance,
            deployment.working(),
            suppress(KeyboardInterrupt),
            _agent_if_enabled(deployment, settings, entrance.getsockname()[1]) as server_over,
        ):
            url = f"http://{settings.host}:{entrance.getsockname()[1]}"
            print(json.dumps({"url": url}), flush=True)  # noqa: T201 (the line a parent process reads)
            config = uvicorn.Config(
                deployment.api(),
                log_config=None,
                access_log=False,
                server_header=False,
                timeout_graceful_shutdown=SHUTDOWN_SECONDS,
            )
            # Answers what it was asked, then raises the signal that ended it once more: hence `suppress`.
            server_over(config).run(sockets=[entrance])


def _listening(settings: Settings) -> socket.socket:
    try:
        return listening(settings.host, settings.port)
    except OSError as refused:
        err.print(f"[red]cannot listen on {settings.host}:{settings.port}: {refused.strerror}[/]", soft_wrap=True)
        raise typer.Exit(1) from refused


@contextmanager
def _agent_if_enabled(
    deployment: wiring.Deployment, settings: Settings, port: int
) -> Iterator[Callable[[uvicorn.Config], uvicorn.Server]]:
    """An agent worker in a thread, if agents are enabled, and the kind of server that lets it finish."""
    if not (settings.agents_enabled and settings.agent_embedded):
        yield uvicorn.Server
        return
    # Browser and model clients take a second to import, and only an agent needs them.
    from checkout import embedded  # noqa: PLC0415 (see above)

    try:
        worker = embedded.assembled(deployment, settings, port)
    except AgentError as missing:
        err.print(f"[red]{escape(str(missing))}[/] ({missing.code})", soft_wrap=True)
        raise typer.Exit(1) from missing
    with embedded.running(deployment, worker) as thread:
        yield lambda config: embedded.Server(config, thread)


@contextmanager
def _sandbox_if_needed(settings: Settings) -> Iterator[Settings]:
    if settings.stripe_api_key or settings.payment_sandbox_url or settings.lambda_function:
        yield settings
        return
    folder = None
    if settings.database_path:
        make_usable(settings.database_path)  # the sandbox keeps its log beside it
        folder = settings.database_path.parent
    with children.payment_sandbox(folder) as sandbox:
        err.print(
            f"[yellow]No STRIPE_API_KEY: money is pretended, by a payment sandbox at {sandbox.url}[/]", soft_wrap=True
        )
        yield settings.model_copy(update={"payment_sandbox_url": sandbox.url})
