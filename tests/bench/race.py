"""The same saga on both engines, turn about: sagas per second, milliseconds and commits each, beside the commit floor.

Each engine is one process, on a database of its own on the same server (or disk), and they never run at once. A commit
on PostgreSQL is a transaction number, so those that only read are not counted for either; on SQLite our own are counted
by `tests/durable/test_costs.py`.
"""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from tests import servers

FLOOR_SECONDS = 1.0
Figures = dict[str, dict[str, list[float]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Racer:
    """One engine's process."""

    name: str
    url: str
    process: "subprocess.Popen[str]"

    def ask(self, what: dict[str, int]) -> dict[str, Any]:
        """Have it run something; what it took."""
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(what) + "\n")
        self.process.stdin.flush()
        return self.hear()

    def hear(self) -> dict[str, Any]:
        """Its next answer."""
        assert self.process.stdout is not None
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        return answer


@contextmanager
def racing(which: str, url: str) -> Iterator[Racer]:
    """One engine, warmed up."""
    command = [sys.executable, "-m", "tests.bench.engine", which, url]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        racer = Racer(name=which, url=url, process=process)
        racer.hear()
        try:
            yield racer
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(60)


def run(kind: str, folder: Path, *, rounds: int, sequential: int, concurrent: int, in_flight: int) -> Figures:
    """Per engine and measure, one figure per round. `kind` is "postgresql" or "sqlite"."""
    figures: Figures = {}
    with ExitStack() as stack:
        racers = []
        for which in ("ours", "dbos"):
            if kind == "postgresql":
                url = stack.enter_context(servers.postgres_url(tables=which == "ours"))
            else:
                url = f"sqlite:///{folder / which}.sqlite3"
            racers.append(stack.enter_context(racing(which, url)))
            figures[which] = {"sagas per second": [], "ms per saga, alone": [], "CPU ms per saga": []}
        for number in range(rounds):
            for racer in racers if number % 2 == 0 else reversed(racers):
                of = figures[racer.name]
                before = _transactions(racer.url)
                of["ms per saga, alone"] += racer.ask({"one": sequential})["took"]
                if kind == "postgresql":
                    spent = (_transactions(racer.url) - before) / sequential
                    of.setdefault("transactions that write, per saga", []).append(spent)
                many = racer.ask({"many": concurrent, "in_flight": in_flight})
                of["sagas per second"].append(many["took"])
                of["CPU ms per saga"].append(many["cpu_ms_per_saga"])
            if kind == "postgresql":
                floor = figures.setdefault("floor", {"commits per second": []})
                floor["commits per second"].append(_floor(racers[0].url))
    return figures


def _transactions(url: str) -> int:
    """How many transactions have written on this server so far."""
    if not url.startswith("postgresql"):
        return 0
    with psycopg.connect(url, autocommit=True) as connection:
        row = connection.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint").fetchone()
    assert row is not None
    return int(row[0])


def _floor(url: str) -> float:
    """What the server can commit for one connection that does nothing else: one row each."""
    with psycopg.connect(url, autocommit=True) as connection:
        begun, count = time.perf_counter(), 0
        connection.execute("CREATE TABLE IF NOT EXISTS bench_floor (value int)")
        while time.perf_counter() - begun < FLOOR_SECONDS:
            connection.execute("INSERT INTO bench_floor VALUES (%s)", [count])
            count += 1
        took = time.perf_counter() - begun
        connection.execute("DROP TABLE bench_floor")
    return count / took
