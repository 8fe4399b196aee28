"""A worker process: `python -m tests.bench.worker URL LEASE_SECONDS`. Says when it is ready.

Told by lines on its standard input: works from one line to the next, rests from that to the one after it, and says when
it does. Ends with its standard input.

It runs three functions: `steps` (the saga's six steps and no wait), `asks` (waits for an answer, and returns the time
at which it was run with it) and `stuck` (a step whose first run never ends; the second returns the time).
"""

import os
import sys
import threading
import time
from pathlib import Path
from typing import Any

from aws_durable_execution_sdk_python.context import DurableContext

from checkout.durable.dispatch.local import LocalDispatcher
from checkout.durable.service import DurableService
from checkout.durable.settings import DurableSettings
from checkout.store.clock import SystemClock
from checkout.store.news import News
from checkout.store.session import Database
from tests.bench.workload import STEPS_AFTER, STEPS_BEFORE

THREADS = 8


def steps(_event: Any, context: DurableContext) -> int:
    """Six steps."""
    for name in (*STEPS_BEFORE, *STEPS_AFTER):
        context.step(lambda _: 1, name=name)
    return 1


def asks(_event: Any, context: DurableContext) -> float:
    """The moment the answer reached the handler."""
    context.create_callback("ask").result()
    return time.time()


def stuck(event: Any, context: DurableContext) -> float:
    """The moment somebody else ran the step."""

    def run(_step: Any) -> float:
        journal = Path(event["journal"])
        first = not journal.exists()
        with journal.open("a") as lines:
            lines.write(f"{os.getpid()}\n")
        if first:
            threading.Event().wait()
        return time.time()

    return float(str(context.step(run, name="stuck")))


def opened(url: str, lease_seconds: float) -> DurableService:
    """The service both sides use."""
    settings = DurableSettings(threads=THREADS, lease_seconds=lease_seconds)
    service = DurableService(Database.open(url), clock=SystemClock(), settings=settings)
    for function in (steps, asks, stuck):
        service.register(function.__name__, function)
    return service


def main(url: str, lease_seconds: float) -> None:
    """Work and rest."""
    service, news = opened(url, lease_seconds), News(url)
    dispatchers: list[LocalDispatcher] = []

    def heard(_name: str) -> None:
        for dispatcher in tuple(dispatchers):
            dispatcher.look()

    news.subscribe(heard)
    with news.running():
        _say("ready")
        while sys.stdin.readline():
            with LocalDispatcher(service) as dispatcher:
                dispatchers[:] = [dispatcher]
                sys.stdin.readline()
                dispatchers.clear()
            _say("rests")


def _say(what: str) -> None:
    print(what, flush=True)  # noqa: T201 (what the bench waits for)


if __name__ == "__main__":
    main(sys.argv[1], float(sys.argv[2]))
