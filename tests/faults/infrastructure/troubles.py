"""What can go wrong with the parts of a running service while a purchase is in the middle of a step.

Each trouble is a block: it begins while the step's call is held on the wire, the call is let through inside, and what
is broken is mended at the block's end. Units: seconds.
"""

import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import partial

from sqlalchemy import text

from checkout import wiring
from checkout.distributed.app import DRIVE, SAGAS, publisher
from checkout.store.session import connection_of
from tests.faults.infrastructure.proxy import Mode, Proxy
from tests.faults.infrastructure.stand import LEASE_SECONDS, Stand, pool_of, signalled

Trouble = Callable[[Stand], AbstractContextManager[None]]
# Longer than a lease, so that whoever held the purchase has lost it.
DOWN_SECONDS = LEASE_SECONDS * 1.5
# Longer than any call to a provider or a shop may take.
SILENT_SECONDS = 6.0
DELIVERIES = 5
# A lease, the look that finds it lapsed, and a loaded machine.
TAKEN_OVER_SECONDS = 20.0


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
    """They stand still until another has taken over, and go on while that one is at it: two on one purchase."""
    old = made.workers[0]
    made.when_over.callback(made.retire, old)
    freeze(pool_of(old))
    made.hire()
    with made.beside() as beside:
        claimed, deadline = claims(beside), time.monotonic() + TAKEN_OVER_SECONDS
        while claims(beside) == claimed and time.monotonic() < deadline:
            time.sleep(0.01)
    thaw(pool_of(old))
    yield


def claims(beside: wiring.Deployment) -> int:
    """How often purchases that are under way were claimed."""
    with beside.database.read() as session:
        query = text("SELECT coalesce(sum(invocation), 0) FROM durable_executions WHERE status = 'RUNNING'")
        return int(connection_of(session).execute(query).scalar_one())


def freeze(pool: list[int]) -> None:
    """SIGSTOP."""
    for pid in pool:
        signalled(pid, signal.SIGSTOP)


def thaw(pool: list[int]) -> None:
    """SIGCONT."""
    for pid in pool:
        signalled(pid, signal.SIGCONT)


@contextmanager
def down(proxy: Callable[[Stand], Proxy], mode: Mode, seconds: float, made: Stand) -> Iterator[None]:
    """Nothing goes through for a while."""
    with proxy(made).doing(mode):
        yield
        threading.Event().wait(seconds)


@contextmanager
def commit_lost(mode: Mode, made: Stand) -> Iterator[None]:
    """The next commit's answer never comes; it happened, or it did not."""
    made.to_database.turn(mode)
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
            every = [row[0] for row in connection_of(session).execute(text("SELECT id FROM durable_executions"))]
        for execution_id in every[-2:] * DELIVERIES:
            app.send_task(DRIVE, args=[execution_id], queue=SAGAS)
    yield


@contextmanager
def connections_ended(made: Stand) -> Iterator[None]:
    """Every connection to the database is cut at once."""
    made.to_database.cut()
    yield


def nothing(_made: Stand) -> AbstractContextManager[None]:
    """No trouble: the cell that shows that the others are about their trouble."""
    return nullcontext()


TROUBLES: dict[str, Trouble] = {
    "nothing": nothing,
    "SIGTERM": sigterm,
    "worker killed": worker_killed,
    "pool child killed": child_killed,
    "frozen past its lease, thawed when it is over": frozen,
    "frozen past its lease, thawed at once": thawed_at_once,
    "database down": partial(down, lambda made: made.to_database, Mode.REFUSE, DOWN_SECONDS),
    "database connections ended": connections_ended,
    "database half-open": partial(down, lambda made: made.to_database, Mode.SWALLOW, DOWN_SECONDS),
    "commit lost before it arrives": partial(commit_lost, Mode.LOSE_BEFORE_COMMIT),
    "commit's answer lost": partial(commit_lost, Mode.LOSE_AFTER_COMMIT),
    "Redis emptied": redis_emptied,
    "Redis restarted empty": redis_restarted,
    "Redis gone": redis_gone,
    "Redis half-open": partial(down, lambda made: made.to_redis, Mode.SWALLOW, DOWN_SECONDS),
    "message delivered again": delivered_again,
    "provider unreachable": partial(down, lambda made: made.to_provider, Mode.REFUSE, DOWN_SECONDS),
    "provider slow": partial(down, lambda made: made.to_provider, Mode.SLOW, 0.0),
    "provider half-open": partial(down, lambda made: made.to_provider, Mode.SWALLOW, SILENT_SECONDS),
    "shop unreachable": partial(down, lambda made: made.to_shop, Mode.REFUSE, DOWN_SECONDS),
    "shop slow": partial(down, lambda made: made.to_shop, Mode.SLOW, 0.0),
    "shop half-open": partial(down, lambda made: made.to_shop, Mode.SWALLOW, SILENT_SECONDS),
}
