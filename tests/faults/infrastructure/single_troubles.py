"""What can go wrong with one process on a SQLite file while its purchases are in the middle of their steps.

Each trouble is a block: it begins while the steps' calls are held on the wire, the calls are let through inside, and
what is broken is mended at the block's end. Units: seconds.
"""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

from checkout.store.sqlite import BUSY_TIMEOUT_SECONDS
from tests.faults.infrastructure.cells import Trouble
from tests.faults.infrastructure.single import Single
from tests.faults.infrastructure.site import LEASE_SECONDS, freeze, thaw
from tests.faults.infrastructure.troubles import DAY_AND_HOUR_SECONDS, DOWN_SECONDS, HOUR_SECONDS, OUTSIDE


@contextmanager
def ended(number: signal.Signals, made: Single) -> Iterator[None]:
    """The process is gone, and another is started on the file."""
    made.again(number)
    yield


@contextmanager
def frozen(made: Single) -> Iterator[None]:
    """It stands still for longer than its leases, and goes on: the next one to look finds them lapsed."""
    freeze([made.pid])
    threading.Event().wait(LEASE_SECONDS * 1.5)
    thaw([made.pid])
    yield


@contextmanager
def locked(made: Single) -> Iterator[None]:
    """Another process is writing for longer than anybody waits."""
    with made.locked():
        yield
        threading.Event().wait(BUSY_TIMEOUT_SECONDS + 1)


@contextmanager
def full(made: Single) -> Iterator[None]:
    """The disk is full for a while."""
    with made.full():
        yield
        threading.Event().wait(DOWN_SECONDS)


@contextmanager
def refusing(made: Single) -> Iterator[None]:
    """No file can be written for a while, and the log is one."""
    with made.refusing():
        yield
        threading.Event().wait(DOWN_SECONDS)


@contextmanager
def clock_jumps(seconds: float, made: Single) -> Iterator[None]:
    """The machine's clock is set forward or back, and right again when all is over."""
    made.set_clocks(seconds)
    made.when_over.callback(made.set_clocks, 0.0)
    yield


TROUBLES: dict[str, Trouble[Single]] = {
    **OUTSIDE,
    "SIGTERM": partial(ended, signal.SIGTERM),
    "process killed": partial(ended, signal.SIGKILL),
    "frozen past its leases": frozen,
    "file locked by another": locked,
    "disk full": full,
    "files cannot be written": refusing,
    "clock 25 h ahead": partial(clock_jumps, DAY_AND_HOUR_SECONDS),
    "clock 1 h behind": partial(clock_jumps, -HOUR_SECONDS),
}
