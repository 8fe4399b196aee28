"""The saga on our durable service: six trivial steps and one callback, in this process.

As in use: worker threads woken by commits, every checkpoint one transaction on disk. The callback is completed as soon
as its checkpoint is committed, by a thread that plays the outside.
"""

import json
import queue
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from aws_durable_execution_sdk_python.config import StepConfig
from aws_durable_execution_sdk_python.context import DurableContext

from checkout.durable.changes import Notice
from checkout.durable.dispatch.local import LocalDispatcher
from checkout.durable.service import DurableService
from checkout.durable.settings import DurableSettings
from checkout.store.clock import SystemClock
from checkout.store.session import Database
from tests.bench.workload import STEPS_AFTER, STEPS_BEFORE

# On a machine that does much else, a hundred in flight take their time.
PATIENCE_SECONDS = 300
# Handlers at once in the process: as many as connections in its pool.
THREADS = 16


def _saga(context: DurableContext, ask: Callable[[str], None]) -> int:
    value = 0
    for name in STEPS_BEFORE:
        value += _step(context, name, value)
    confirmation = context.create_callback("confirmation")
    ask(confirmation.callback_id)
    confirmation.result()
    for name in STEPS_AFTER:
        value += _step(context, name, value)
    return value


def _step(context: DurableContext, name: str, value: int) -> int:
    done = context.step(lambda _: {"step": name, "value": value}, name=name, config=StepConfig())
    return int(str(done["value"])) + 1


class Ours:
    """Runs sagas one by one, or many in flight."""

    name = "agentic-checkout"

    def __init__(self, service: DurableService) -> None:
        self._service = service
        self.ended: dict[str, threading.Event] = {}

    def one(self, name: str) -> float:
        """Run one saga; milliseconds from start to result."""
        begun = time.perf_counter()
        ended = self.ended[name] = threading.Event()
        self._service.start("saga", name, json.dumps({"name": name}))
        assert ended.wait(PATIENCE_SECONDS), name
        return (time.perf_counter() - begun) * 1000

    def many(self, names: list[str], in_flight: int) -> float:
        """Run them with `in_flight` at once; sagas per second."""
        begun = time.perf_counter()
        with ThreadPoolExecutor(in_flight) as drivers:
            list(drivers.map(self.one, names))
        return len(names) / (time.perf_counter() - begun)


@contextmanager
def running(url: str) -> Iterator[Ours]:
    """Our service on a database of its own."""
    database = Database.open(url)
    database.create_tables()
    service = DurableService(database, clock=SystemClock(), settings=DurableSettings(threads=THREADS))
    ours = Ours(service)
    asked: queue.SimpleQueue[str | None] = queue.SimpleQueue()

    def saga(_event: Any, context: DurableContext) -> int:
        return _saga(context, asked.put)

    def told(notice: Notice) -> None:
        if not notice.running:
            ours.ended[notice.name].set()

    def answer() -> None:
        answered: set[str] = set()  # the handler asks again when it is run again, with the answer
        while (callback_id := asked.get()) is not None:
            if callback_id not in answered:
                answered.add(callback_id)
                service.succeed_callback(callback_id, "{}")

    service.register("saga", saga)
    service.listen(told)
    answering = threading.Thread(target=answer, daemon=True)
    answering.start()
    try:
        with LocalDispatcher(service):
            yield ours
    finally:
        asked.put(None)
        answering.join()
        database.close()
