"""`checkout agent-worker`: an agent worker as a process of its own, beside a service anywhere.

Settings come from the environment (`CHECKOUT_…`); it needs a key with the scope `agent`, a browser and a model. On
SIGTERM or Ctrl-C it takes no further task: an order under way is finished, anything else is given back.
"""

import json
import signal
from functools import partial
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from agents.errors import AgentError
from checkout import health, telemetry
from checkout.settings import Settings

err = Console(stderr=True)


def agent_worker(
    *,
    service: Annotated[
        str | None, typer.Option(help="The service's address; the default is the one of the settings.")
    ] = None,
    headed: Annotated[bool, typer.Option("--headed", help="Show the browser's window.")] = False,
) -> None:
    """Buy in a browser for a service: take its agent tasks, one at a time, until told to stop."""
    # Browser and model clients take a second to import, and no other command needs them.
    from checkout.agent_worker import AgentWorker  # noqa: PLC0415 (see above)

    settings = Settings()
    key = settings.agent_key.get_secret_value() if settings.agent_key else ""
    if not key:
        err.print(
            "[red]set CHECKOUT_AGENT_KEY to a key made by `checkout keys create --tenant operator --scope agent`[/] "
            "(agent_key_missing)",
            soft_wrap=True,
        )
        raise typer.Exit(2)
    if headed:
        settings = settings.model_copy(update={"browser_headed": True})
    worker = AgentWorker(
        settings=settings,
        service_url=service or f"http://{settings.host}:{settings.port}",
        api_key=key,
        answered=partial(health.touch, settings.heartbeat_file),
    )
    try:
        found = worker.found()
    except AgentError as missing:
        err.print(f"[red]{escape(str(missing))}[/] ({missing.code})", soft_wrap=True)
        raise typer.Exit(1) from missing
    telemetry.configure()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: worker.ending.set())
    said = {"worker": worker.name, "service": worker.service_url, "model": settings.agent_model}
    # The line a parent process reads.
    print(json.dumps({**said, "browser": f"{found.name} {found.version}"}), flush=True)  # noqa: T201 (see above)
    worker.run()
