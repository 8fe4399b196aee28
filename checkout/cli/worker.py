"""`checkout worker`: runs purchases beside `checkout serve`, on PostgreSQL and Redis; as many as there are.

Settings come from the environment (`CHECKOUT_…`), the same as the service's. On SIGTERM or Ctrl-C it takes nothing
more: the step under way is finished, and what is left of its purchase is another worker's.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Annotated

import typer
from rich.console import Console

from checkout import arrangement, health, telemetry, wiring
from checkout.distributed.connected import Connected
from checkout.durable.service import DurableService
from checkout.settings import Settings

err = Console(stderr=True)


def worker(
    *,
    concurrency: Annotated[
        int | None, typer.Option(min=1, max=64, help="Purchases under way at once; the default is the settings'.")
    ] = None,
) -> None:
    """Run purchases for a service: take what Redis says, or what the database says, until told to stop."""
    # Celery takes most of a second to import, and no other command needs it.
    from checkout.distributed import worker as pool  # noqa: PLC0415 (see above)

    settings = Settings()
    if settings.redis_url is None:
        err.print("[red]set CHECKOUT_REDIS_URL: without it `checkout serve` runs purchases itself[/] (redis_missing)")
        raise typer.Exit(2)
    if settings.database_path is not None or not settings.database_url.startswith("postgresql"):
        err.print(
            "[red]set CHECKOUT_DATABASE_URL to postgresql://…: a worker shares its database with the service, and a "
            "SQLite file has one process[/] (database_not_shared)",
            soft_wrap=True,
        )
        raise typer.Exit(2)
    arrangement.check(settings)
    telemetry.configure()
    with wiring.opened(settings) as checked:  # a database or a key that cannot be used is told once, and here
        versions = checked.durable.worker.versions()
        for function, version, count in checked.durable.unrunnable():
            err.print(f"[yellow]{count} of {function} wait for version {version}, which this build cannot run.[/]")

    @contextmanager
    def opens() -> Iterator[tuple[DurableService, Connected]]:
        with wiring.opened(settings) as deployment:
            assert deployment.connected
            yield deployment.durable, deployment.connected

    looked = partial(health.touch, settings.heartbeat_file)
    processes = concurrency or settings.worker_threads
    raise typer.Exit(pool.run(settings.redis_url, opens, versions=versions, concurrency=processes, looked=looked))
