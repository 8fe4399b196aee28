"""How it grows: sagas per second from one worker process to four, and what the service asks from 1,000 rows to 100,000.

The worker processes are started once and work by turns, so that each number of them meets the same machine. The
database's questions are those of `hot`, each asked of a small and of a large database by turns; what the server then
says it has read is counted once more, apart, because explaining takes time.
"""

import itertools
import subprocess
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial

import psycopg

from checkout.durable.service import DurableService
from tests import servers
from tests.bench import machine
from tests.bench.filled import fill
from tests.bench.hot import OPERATIONS, Hot
from tests.bench.machine import Spent
from tests.bench.plans import Explained
from tests.bench.processes import LEASE_SECONDS, PATIENCE_SECONDS, tell, working
from tests.bench.worker import opened

WORKERS = (1, 2, 4)
SMALL, LARGE = 1_000, 100_000
ROUNDS = 40
# No new round of workers after this, on a machine that is busy with other things.
SECONDS = 120.0
# The first fifth of a backlog is worked off while the processes wake up and their connections are made.
STARTING = 0.2


@dataclass(slots=True)
class Asked:
    """One question: milliseconds at each size, and what was read at the larger one."""

    small: list[float] = field(default_factory=list)
    large: list[float] = field(default_factory=list)
    rows: int = 0
    scanned: frozenset[str] = frozenset()


def workers(rounds: int, backlog: int) -> dict[int, dict[str, list[float]]]:
    """By the number of processes: sagas of six steps per second, CPU of the workers, and how busy the machine was."""
    figures: dict[int, dict[str, list[float]]] = {count: defaultdict(list) for count in WORKERS}
    with _workers(max(WORKERS)) as crew:
        crew.work_off(backlog, max(WORKERS))  # warm
        for number in machine.rounds(rounds, SECONDS):
            for count in WORKERS if number % 2 == 0 else reversed(WORKERS):
                for measure, value in crew.work_off(backlog, count).items():
                    figures[count][measure].append(value)
    return figures


@dataclass(slots=True, kw_only=True)
class _Crew:
    """Worker processes on one database, at rest."""

    url: str
    service: DurableService
    processes: list["subprocess.Popen[str]"]
    names: Iterator[int] = field(default_factory=itertools.count)

    def work_off(self, backlog: int, count: int) -> dict[str, float]:
        """Start so many sagas, have so many processes work until all have ended, and let them rest."""
        started = [f"n{next(self.names)}" for _ in range(backlog)]
        for name in started:
            self.service.start("steps", name, "{}")
        at_work = self.processes[:count]
        with Spent.by(*(one.pid for one in self.processes)) as spent:
            for one in at_work:
                tell(one)
            begun = time.perf_counter()
            while self.service.list(status="RUNNING", limit=1).executions:
                assert time.perf_counter() - begun < PATIENCE_SECONDS
                time.sleep(0.02)
        for one in at_work:
            tell(one)
            assert one.stdout is not None
            one.stdout.readline()  # it rests
        return {
            "sagas per second": _rate(self.url, started),
            "CPU ms per saga, all workers": spent.cpu_seconds * 1000 / backlog,
            "the machine was busy, %": spent.busy_percent,
        }


@contextmanager
def _workers(count: int) -> Iterator[_Crew]:
    with servers.postgres_url() as url, ExitStack() as stack:
        service = opened(url, LEASE_SECONDS)
        stack.callback(service.database.close)
        processes = [stack.enter_context(working(url, at_once=False)) for _ in range(count)]
        yield _Crew(url=url, service=service, processes=processes)


def _rate(url: str, names: list[str]) -> float:
    """Sagas that ended per second, once all had begun to work; from when they ended."""
    with psycopg.connect(url) as connection:
        ended = connection.execute(
            "SELECT ended_at / 1e6 FROM durable_executions WHERE name = ANY(%s) ORDER BY ended_at", [names]
        ).fetchall()
    first = round(len(names) * STARTING)
    return (len(names) - 1 - first) / float(ended[-1][0] - ended[first][0])


def rows(small: int = SMALL, large: int = LARGE) -> dict[str, Asked]:
    """Each of the service's questions, of databases with so many purchases, half of them over."""
    asked = {name: Asked() for name in ("the floor: one row by its key", *OPERATIONS)}
    with ExitStack() as stack:
        few, many = (_Database(stack, size) for size in (small, large))
        for name, ask in OPERATIONS.items():
            for _ in range(5):  # connections, prepared statements, what is cached
                ask(few.hot)
                ask(many.hot)
            for _ in range(ROUNDS):
                asked[name].small.append(_milliseconds(partial(ask, few.hot)))
                asked[name].large.append(_milliseconds(partial(ask, many.hot)))
        floor = asked["the floor: one row by its key"]
        for _ in range(ROUNDS):
            floor.small.append(_milliseconds(few.floor))
            floor.large.append(_milliseconds(many.floor))
        read = _read(many)
        for name, (count, scanned) in read.items():
            asked[name].rows, asked[name].scanned = count, scanned
    return asked


class _Database:
    """One filled database, the service on it, and a plain connection."""

    def __init__(self, stack: ExitStack, size: int) -> None:
        self.url = stack.enter_context(servers.postgres_url())
        self.filled = fill(self.url, waiting=size // 2, ended=size // 2)
        self.hot = stack.enter_context(Hot.opened(self.url, self.filled))
        self._plain = stack.enter_context(psycopg.connect(self.url, autocommit=True))

    def floor(self) -> None:
        """What the server needs for the least one can ask."""
        name = self.filled.name(0)
        self._plain.execute("SELECT state FROM intents WHERE id = %s", [name], prepare=True).fetchone()


def _read(database: _Database) -> dict[str, tuple[int, frozenset[str]]]:
    """By question: rows read, and tables read from end to end."""
    explained: list[Explained] = []
    found = {}
    with Hot.opened(database.url, database.filled, lambda one: explained.append(Explained(one))) as hot:
        hot.numbers = itertools.count(ROUNDS * 10)  # those before are confirmed
        for name, ask in OPERATIONS.items():
            ask(hot)
            with explained[0].reading() as read:
                ask(hot)
            found[name] = (read.rows, frozenset(read.scanned))
    return found


def _milliseconds(ask: Callable[[], object]) -> float:
    begun = time.perf_counter()
    ask()
    return (time.perf_counter() - begun) * 1000
