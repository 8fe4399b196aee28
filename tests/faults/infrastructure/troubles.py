"""What can go wrong with the parts of a running service while purchases are in the middle of their steps.

Each trouble is a block: it begins while the steps' calls are held on the wire, the calls are let through inside, and
what is broken is mended at the block's end. Units: seconds.
"""

import itertools
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial
from typing import TypeVar

import psycopg
from sqlalchemy import text

from checkout import wiring
from checkout.distributed.app import DRIVE, SAGAS, publisher
from checkout.durable.store_tables import OPERATIONS
from checkout.store.session import connection_of
from tests.faults.infrastructure.cells import Trouble
from tests.faults.infrastructure.proxy import Mode, Proxy
from tests.faults.infrastructure.site import Site, freeze, signalled, thaw
from tests.faults.infrastructure.stand import Stand, pool_of

S = TypeVar("S", bound=Site)
# Longer than a lease, so that whoever held the purchase has lost it.
DOWN_SECONDS = 5.0
# Longer than the product's settings let a statement wait for a lock.
LOCKED_SECONDS = 6.0
# Longer than any call to a provider or a shop may take.
SILENT_SECONDS = 6.0
DELIVERIES = 5
# Those under way, and some that are over.
RECENT = 10
# A lease, the look that finds it lapsed, and a loaded machine.
TAKEN_OVER_SECONDS = 40.0
# A step's result is written within milliseconds of its answer, or when its call is given up.
WRITTEN_SECONDS = 20.0
DAY_AND_HOUR_SECONDS = 25 * 3600.0
HOUR_SECONDS = 3600.0


@contextmanager
def sigterm(made: Stand) -> Iterator[None]:
    """A rolling restart: the worker is told to end, and another stands ready."""
    (old,) = made.workers
    made.hire()
    old.process.send_signal(signal.SIGTERM)
    yield
    made.retire(old)


@contextmanager
def worker_killed(made: Stand) -> Iterator[None]:
    """The worker's host is gone; another worker is hired."""
    made.fire(made.workers[0])
    made.hire()
    yield


@contextmanager
def child_killed(made: Stand) -> Iterator[None]:
    """Every process of the pool is killed; the worker starts others."""
    for pid in pool_of(made.workers[0]):
        signalled(pid, signal.SIGKILL)
    yield


@contextmanager
def frozen(made: Stand) -> Iterator[None]:
    """The processes stand still until another worker has brought the purchase to its end, and then go on."""
    old = made.workers[0]
    made.when_over.callback(made.retire, old)
    made.when_over.callback(thaw, pool_of(old))
    freeze(pool_of(old))
    made.hire()
    yield


@contextmanager
def thawed_at_once(made: Stand) -> Iterator[None]:
    """They stand still until others have taken over, and go on while those are at it: two on one purchase."""
    old = made.workers[0]
    made.when_over.callback(made.retire, old)
    with made.beside() as beside:
        freeze(pool_of(old))
        frozen = claims(beside, "lease_until IS NOT NULL")
        made.hire()
        deadline = time.monotonic() + TAKEN_OVER_SECONDS
        while any(claims(beside)[one] == count for one, count in frozen.items()):
            assert time.monotonic() < deadline, "nobody has taken over"
            time.sleep(0.01)
    thaw(pool_of(old))
    yield


def claims(beside: wiring.Deployment, which: str = "true") -> Mapping[int, int]:
    """How often each purchase was claimed."""
    with beside.database.read() as session:
        query = text(f"SELECT id, invocation FROM durable_executions WHERE {which}")  # noqa: S608 (our own words)
        return {row[0]: row[1] for row in connection_of(session).execute(query)}


@contextmanager
def down(proxy: Callable[[S], Proxy], mode: Mode, seconds: float, made: S) -> Iterator[None]:
    """Nothing goes through for a while."""
    with proxy(made).doing(mode):
        yield
        threading.Event().wait(seconds)


@contextmanager
def change_lost(mode: Mode, made: Stand) -> Iterator[None]:
    """Each purchase's next checkpoint never reaches the server, or its answer never comes back."""
    proxy, first, begun = made.to_database, made.to_database.lost, itertools.count()

    def next_one() -> None:
        lost(next(begun))
        proxy.turn(mode, like=f"INTO {OPERATIONS.name}")

    def lost(count: int) -> None:
        deadline = time.monotonic() + WRITTEN_SECONDS
        while proxy.lost < first + count:
            assert time.monotonic() < deadline, "nothing was written that could be lost"
            time.sleep(0.001)

    made.before_each = next_one
    yield
    lost(next(begun))
    proxy.turn(Mode.PASS)


@contextmanager
def database_killed(number: signal.Signals, made: Stand) -> Iterator[None]:
    """The server itself, and all its processes; it comes back with what is on its disk."""
    assert made.server, "a server that is given is not ours to kill"
    made.server.kill(number)
    yield
    threading.Event().wait(DOWN_SECONDS)
    made.server.start()


@contextmanager
def database_locked(made: Stand) -> Iterator[None]:
    """Somebody else holds every execution, longer than a statement waits."""
    with psycopg.connect(made.database_url) as other:
        other.execute("LOCK TABLE durable_executions IN ACCESS EXCLUSIVE MODE")
        yield
        threading.Event().wait(LOCKED_SECONDS)
        other.rollback()


@contextmanager
def clock_wrong(ahead_seconds: float, made: Stand) -> Iterator[None]:
    """Another worker is hired whose machine's clock is wrong; both work on until all is over."""
    wrong = made.hire(ahead_seconds=ahead_seconds)
    made.when_over.callback(made.retire, wrong)
    yield


@contextmanager
def redis_emptied(made: Stand) -> Iterator[None]:
    """FLUSHALL."""
    made.redis.flush()
    yield


@contextmanager
def redis_restarted(made: Stand) -> Iterator[None]:
    """Killed and started again, empty."""
    made.redis.stop()
    made.redis.start()
    yield


@contextmanager
def redis_gone(made: Stand) -> Iterator[None]:
    """Away from now on, until the purchase is over; so it goes on without."""
    made.redis.stop()
    made.when_over.callback(made.redis.start)
    yield


@contextmanager
def delivered_again(made: Stand) -> Iterator[None]:
    """The message comes several times, to everybody."""
    with publisher(f"redis://127.0.0.1:{made.redis.port}/0") as app, made.beside() as beside:
        with beside.database.read() as session:
            every = [
                row[0] for row in connection_of(session).execute(text("SELECT id FROM durable_executions ORDER BY id"))
            ]
        for execution_id in every[-RECENT:] * DELIVERIES:
            app.send_task(DRIVE, args=[execution_id], queue=SAGAS)
    yield


@contextmanager
def connections_ended(made: Stand) -> Iterator[None]:
    """Every connection to the database is cut at once."""
    made.to_database.cut()
    yield


def nothing(_made: Site) -> AbstractContextManager[None]:
    """No trouble: the cells that show that the others are about their trouble."""
    return nullcontext()


def to_provider(made: Site) -> Proxy:
    """The way there."""
    return made.to_provider


def to_shop(made: Site) -> Proxy:
    """The way there."""
    return made.to_shop


# What happens outside, whatever the service runs on.
OUTSIDE: dict[str, Trouble[Site]] = {
    "nothing": nothing,
    "provider unreachable": partial(down, to_provider, Mode.REFUSE, DOWN_SECONDS),
    "provider slow": partial(down, to_provider, Mode.SLOW, DOWN_SECONDS),
    "provider half-open": partial(down, to_provider, Mode.SWALLOW, SILENT_SECONDS),
    "shop unreachable": partial(down, to_shop, Mode.REFUSE, DOWN_SECONDS),
    "shop slow": partial(down, to_shop, Mode.SLOW, DOWN_SECONDS),
    "shop half-open": partial(down, to_shop, Mode.SWALLOW, SILENT_SECONDS),
}

TROUBLES: dict[str, Trouble[Stand]] = {
    **OUTSIDE,
    "SIGTERM": sigterm,
    "worker killed": worker_killed,
    "pool child killed": child_killed,
    "frozen past its lease, thawed when it is over": frozen,
    "frozen past its lease, thawed at once": thawed_at_once,
    "database down": partial(down, lambda made: made.to_database, Mode.REFUSE, DOWN_SECONDS),
    "database connections ended": connections_ended,
    "database half-open": partial(down, lambda made: made.to_database, Mode.SWALLOW, DOWN_SECONDS),
    "database killed": partial(database_killed, signal.SIGKILL),
    "database shut down at once": partial(database_killed, signal.SIGQUIT),
    "database locked": database_locked,
    "checkpoint lost before it arrives": partial(change_lost, Mode.LOSE_CHANGE),
    "checkpoint's answer lost": partial(change_lost, Mode.LOSE_ANSWER),
    "Redis emptied": redis_emptied,
    "Redis restarted empty": redis_restarted,
    "Redis gone": redis_gone,
    "Redis half-open": partial(down, lambda made: made.to_redis, Mode.SWALLOW, DOWN_SECONDS),
    "message delivered again": delivered_again,
    "a worker's clock 25 h ahead": partial(clock_wrong, DAY_AND_HOUR_SECONDS),
    "a worker's clock 1 h behind": partial(clock_wrong, -HOUR_SECONDS),
}
