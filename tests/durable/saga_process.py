"""A process of its own that runs one saga: `python saga_process.py DATABASE JOURNAL [block]`.

Each step writes its name into the journal when it runs. With `block`, the step `place` then waits to be killed.
"""

import sys
import threading
from pathlib import Path
from typing import Any

from aws_durable_execution_sdk_python import DurableContext

from checkout.durable.dispatch.local import LocalDispatcher
from checkout.durable.service import DurableService
from checkout.durable.settings import DurableSettings
from checkout.store.clock import SystemClock
from checkout.store.session import Database


def main(url: str, journal: Path, *, block: bool) -> None:
    """Run the saga `execution` to its end, or to its death."""

    def step(name: str) -> Any:
        def run(_step: Any) -> str:
            with journal.open("a") as lines:
                lines.write(f"{name}\n")
            if block and name == "place":
                threading.Event().wait()
            return name

        return run

    def saga(_event: Any, context: DurableContext) -> Any:
        return [context.step(step(name), name=name) for name in ("offer", "charge", "place", "capture")]

    database = Database.open(url)
    database.create_tables()
    service = DurableService(database, clock=SystemClock(), settings=DurableSettings(lease_seconds=1))
    service.register("saga", saga)
    service.start("saga", "execution", "{}")
    with LocalDispatcher(service):
        service.wait_for("execution", timeout_seconds=60)


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), block="block" in sys.argv[3:])
