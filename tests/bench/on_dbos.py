"""The same saga on DBOS: six trivial steps and one wait for a message, in this process.

Tuned as its users would for a fair race. On PostgreSQL it is woken by LISTEN and NOTIFY, its default; a pool as large
as the sagas in flight was tried and was no faster than its default of twenty. On SQLite its notification poll is 5 ms
instead of a second. The message is sent as soon as the first step has run, so it never waits for the race itself.
"""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from dbos import DBOS, DBOSConfig, SetWorkflowID

from tests.bench.workload import STEPS_AFTER, STEPS_BEFORE

NOTIFICATION_POLL_SECONDS = 0.005
_offered: dict[str, threading.Event] = {}


@DBOS.step()
def _step(name: str, value: int) -> dict[str, Any]:
    return {"step": name, "value": value}


@DBOS.workflow()
def _saga(name: str) -> int:
    value = 0
    for step in STEPS_BEFORE:
        value += int(_step(step, value)["value"]) + 1
    _offered[name].set()
    DBOS.recv("confirmation", timeout_seconds=60)
    for step in STEPS_AFTER:
        value += int(_step(step, value)["value"]) + 1
    return value


class Dbos:
    """Runs sagas one by one, or many in flight."""

    name = "DBOS 3.4"

    def one(self, name: str) -> float:
        """Run one saga; milliseconds from start to result."""
        begun = time.perf_counter()
        _offered[name] = threading.Event()
        with SetWorkflowID(name):
            handle = DBOS.start_workflow(_saga, name)
        _offered[name].wait(60)
        DBOS.send(name, {"yes": True}, "confirmation")
        handle.get_result()
        return (time.perf_counter() - begun) * 1000

    def many(self, names: list[str], in_flight: int) -> float:
        """Run them with `in_flight` at once; sagas per second."""
        begun = time.perf_counter()
        with ThreadPoolExecutor(in_flight) as drivers:
            list(drivers.map(self.one, names))
        return len(names) / (time.perf_counter() - begun)


@contextmanager
def running(url: str) -> Iterator[Dbos]:
    """DBOS on a database of its own."""
    config: DBOSConfig = {"name": "race", "system_database_url": url, "log_level": "ERROR"}
    if url.startswith("sqlite"):
        config["notification_listener_polling_interval_sec"] = NOTIFICATION_POLL_SECONDS
    DBOS(config=config)
    DBOS.launch()
    try:
        yield Dbos()
    finally:
        DBOS.destroy()
