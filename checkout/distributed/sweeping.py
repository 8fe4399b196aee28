"""The net under the messages: a thread in every pool child that looks into the database each second.

In turns: of all children everywhere one sweeps at a time (timers, lapsed leases) and sends again what waits and was not
hinted at lately. Whoever is idle while something has waited too long drives it himself: then messages do not arrive,
whatever the reason. With Redis away everybody sweeps and drives, so purchases go on at the pace of one look a second.

It lives in the children and not in the worker's main process, because that one forks a new child for each one that was
killed, and a process that forks must hold no thread, no lock and no connection.
"""

import random
import threading
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime

import structlog

from checkout.distributed.app import DRIVE, queue_of
from checkout.distributed.broker import Broker
from checkout.durable.service import DurableService
from checkout.durable.sweeper import Waiting

log = structlog.get_logger(__name__)

# A queue this much behind the database has lost messages, or nobody brings them.
OVERDUE_SECONDS = 4.0
STOP_SECONDS = 5.0


class Sweeping:
    """The thread. `driving` is held by whoever drives in this process, so that a child drives one at a time."""

    def __init__(
        self,
        service: DurableService,
        broker: Broker,
        *,
        name: str,
        driving: threading.Lock,
        looked: Callable[[], None] = lambda: None,
    ) -> None:
        """`looked` is called after each look that the database answered."""
        self._service = service
        self._broker = broker
        self._name = name
        self._driving = driving
        self._looked = looked
        self._news = threading.Event()
        self._ending = threading.Event()
        self._seen: object = None
        self._next: datetime | None = None
        self._thread = threading.Thread(target=self._pace, name="sweeping", daemon=True)

    def start(self) -> None:
        """Look from now on."""
        self._thread.start()

    def look_now(self) -> None:
        """Do not wait for the next second."""
        self._news.set()

    def end(self) -> None:
        """Look no more; what this thread drives it drives to its end."""
        self._ending.set()
        self._news.set()

    def stop(self) -> None:
        """The same, and wait for that a little: a child that goes closes its database next."""
        self.end()
        self._thread.join(STOP_SECONDS)

    def _pace(self) -> None:
        while not self._ending.is_set():
            try:
                busy = self._look()
                self._looked()
            except Exception:
                # The database may be restarting, or an application's projector has failed.
                log.exception("sweeping.failed")
                busy = False
            if not busy:
                self._news.wait(self._pause_seconds())
            self._news.clear()

    def _look(self) -> bool:
        """One look; whether something was driven, so that there may be more."""
        mine = self._broker.my_turn(self._name)
        version = self._service.database.data_version()
        due = self._next is not None and self._next <= self._service.clock.now()
        if mine is not False and (due or version != self._seen):
            self._sweep()
            # What came while it was another's turn counts as unseen: that one may die before a lease lapses.
            self._seen = version
        if mine is None:
            return self._drive(self._service.sweeper.waiting())
        if mine:
            self._send_again(self._service.sweeper.waiting())
        return self._drive(self._service.sweeper.waiting(overdue_seconds=OVERDUE_SECONDS, limit=1))

    def _send_again(self, waiting: Iterable[Waiting]) -> None:
        queues = {one.execution_id: queue_of(one.function, one.version) for one in waiting}
        for execution_id in self._broker.unsent(DRIVE, list(queues)):
            self._broker.send(DRIVE, queues[execution_id], execution_id)

    def _sweep(self) -> None:
        self._service.leases.renew_all()  # so that none of this child's own is taken for lapsed
        while self._service.sweeper.sweep() >= self._service.settings.batch:
            pass
        self._next = self._service.sweeper.next_moment()

    def _drive(self, waiting: Sequence[Waiting]) -> bool:
        """Drive these in this thread while the child has nothing else to do."""
        drove = False
        # In any order: every child sees the same ones, and would queue up behind the first.
        for one in random.sample(waiting, len(waiting)):
            if self._ending.is_set() or not self._driving.acquire(blocking=False):
                return False
            try:
                drove |= self._service.worker.drive(one.execution_id)
            finally:
                self._driving.release()
        return drove

    def _pause_seconds(self) -> float:
        pause = self._service.settings.poll_seconds
        if self._next is None:
            return pause
        return min(max((self._next - self._service.clock.now()).total_seconds(), 0.05), pause)
