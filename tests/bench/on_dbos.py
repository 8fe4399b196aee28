"""The same saga on DBOS: six trivial steps and one wait for a message, on SQLite, in this process.

Tuned as its users would for a fair race: its notification poll is 5 ms instead of the default second. The message is
sent as soon as the first step has run, so DBOS never waits for the race's own bookkeeping.
"""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from dbos import DBOS, DBOSConfig, SetWorkflowID
from dbos._dbos import _get_dbos_instance
from sqlalchemy import event

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

    def __init__(self) -> None:
        self.commits = 0

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
def running(folder: Path) -> Iterator[Dbos]:
    """DBOS on a database of its own in `folder`."""
    config: DBOSConfig = {
        "name": "race",
        "system_database_url": f"sqlite:///{folder / 'dbos.sqlite3'}",
        "notification_listener_polling_interval_sec": NOTIFICATION_POLL_SECONDS,
        "log_level": "ERROR",
    }
    DBOS(config=config)
    DBOS.launch()
    dbos = Dbos()
    event.listen(_get_dbos_instance()._sys_db.engine, "commit", lambda _: setattr(dbos, "commits", dbos.commits + 1))
    try:
        yield dbos
    finally:
        DBOS.destroy()
