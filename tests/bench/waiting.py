"""What suspended executions cost a worker process on PostgreSQL: `python -m tests.bench.waiting URL COUNT`.

One execution is suspended for real; its rows are then copied on the server, because making them all would measure
something else. Prints one JSON line: memory and disk for each, idle CPU, the time to wake one among many and among few,
and which tables were read from end to end meanwhile.
"""

import gc
import json
import resource
import sys
import threading
import time
from pathlib import Path

import psycopg

from checkout.durable.dispatch.local import LocalDispatcher
from checkout.durable.service import DurableService
from tests.bench.worker import opened

IDLE_SECONDS = 10.0
WAKES = 20
_COPY = (
    """INSERT INTO durable_executions SELECT r.* FROM durable_executions e, generate_series(1, %(count)s) n,
    LATERAL json_populate_record(e, json_build_object(
        'id', 1000000 + n, 'name', 'copy-' || n, 'operation_id', gen_random_uuid())) r WHERE e.name = 'first'""",
    """INSERT INTO durable_operations SELECT r.* FROM durable_operations o, generate_series(1, %(count)s) n,
    LATERAL json_populate_record(o, json_build_object('execution_id', 1000000 + n, 'callback_id', 'callback-' || n)) r
    WHERE o.execution_id = (SELECT id FROM durable_executions WHERE name = 'first')""",
    """INSERT INTO durable_events SELECT r.* FROM durable_events v, generate_series(1, %(count)s) n,
    LATERAL json_populate_record(v, json_build_object('execution_id', 1000000 + n)) r
    WHERE v.execution_id = (SELECT id FROM durable_executions WHERE name = 'first')""",
    "ANALYZE",
)


def main(url: str, count: int) -> None:
    """Suspend, copy, look, wake."""
    service = opened(url, 15)
    with LocalDispatcher(service):
        service.start("asks", "first", "{}")
        while not any(one.callback_id for one in service.operations("first")):
            time.sleep(0.05)
        few = _wake(service, [_another(service, number) for number in range(WAKES)])
        memory, disk = _resident_bytes(), _on_disk(url)
        with psycopg.connect(url, autocommit=True) as connection:
            for statement in _COPY:
                connection.execute(statement, {"count": count})
        time.sleep(2)  # the look that finds others' commits
        scans = _scans(url)
        cpu = time.process_time()
        time.sleep(IDLE_SECONDS)
        idle = (time.process_time() - cpu) / IDLE_SECONDS
        many = _wake(service, [(f"copy-{number}", f"callback-{number}") for number in range(1, WAKES + 1)])
        after = _scans(url)
        figures = {
            "suspended": count,
            "memory bytes each": (_resident_bytes() - memory) / count,
            "disk bytes each": (_on_disk(url) - disk) / count,
            "idle CPU, % of a core": idle * 100,
            "threads": threading.active_count(),
            "ms to wake one of a few": few,
            "ms to wake one of many": many,
            "tables read from end to end": after - scans,
        }
        print(json.dumps(figures))  # noqa: T201 (the figures)
    service.database.close()


def _another(service: DurableService, number: int) -> tuple[str, str]:
    """One more that waits: its name and its callback."""
    name = f"few-{number}"
    service.start("asks", name, "{}")
    while True:
        found = [one.callback_id for one in service.operations(name) if one.callback_id]
        if found:
            return name, str(found[0])
        time.sleep(0.02)


def _wake(service: DurableService, waiting: list[tuple[str, str]]) -> float:
    """Median milliseconds from an answer to the handler's run with it."""
    time.sleep(0.3)  # the handlers are suspended by now
    took = []
    for name, callback in waiting:
        begun = time.time()
        service.succeed_callback(callback, "1")
        view = service.wait_for(name, timeout_seconds=30)
        took.append((float(view.result or "nan") - begun) * 1000)
    return sorted(took)[len(took) // 2]


def _scans(url: str) -> int:
    """How often one of the tables has been read from end to end."""
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute(
            "SELECT sum(seq_scan) FROM pg_stat_user_tables WHERE relname LIKE 'durable%'"
        ).fetchone()
    assert row is not None
    return int(row[0])


def _on_disk(url: str) -> int:
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute("SELECT pg_database_size(current_database())").fetchone()
    assert row is not None
    return int(row[0])


def _resident_bytes() -> int:
    gc.collect()
    with Path("/proc/self/statm").open() as statm:
        return int(statm.read().split()[1]) * resource.getpagesize()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
