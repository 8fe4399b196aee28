"""Worker threads in this process, woken by commits and by the earliest timer.

Knows when to look; what there is to do is always read from the database. An idle service costs one pragma a second;
suspended executions cost nothing here at all: no thread, no task, no entry in memory.
"""

import logging
import queue
import threading
from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import Self

from sqlalchemy.exc import SQLAlchemyError

from checkout.durable.changes import Notice
from checkout.durable.seats import Claimed, Seat
from checkout.durable.service import DurableService

logger = logging.getLogger(__name__)

# A stop waits this long for handlers under way; then their leases lapse and they are taken over.
STOP_GRACE_SECONDS = 10.0
# What waits is queued by number only; a backlog larger than this is read again as it shrinks.
LARGEST_QUEUE = 10_000
# Word from other processes makes this one look at once, but no more often than this: it may come with every commit.
LOOKS_APART_SECONDS = 0.02


class _Seat:
    """One worker thread, kept for one execution until it is taken or given up."""

    def __init__(self, sit: Callable[[Claimed], None], leave: Callable[[], None]) -> None:
        self._sit = sit
        self._leave = leave
        self._kept = True

    def take(self, claimed: Claimed) -> None:
        """Run it at once."""
        if self._kept:
            self._kept = False
            self._sit(claimed)

    def give_up(self) -> None:
        """The thread is free again."""
        if self._kept:
            self._kept = False
            self._leave()


class LocalDispatcher:
    """Runs a service's executions in `settings.threads` threads, until stopped."""

    def __init__(self, service: DurableService) -> None:
        self._service = service
        self._waiting: queue.SimpleQueue[int | Claimed | None] = queue.SimpleQueue()
        self._queued: set[int] = set()
        # How much the workers have to do, what waits for them and what one is kept for included.
        self._load = 0
        self._lock = threading.Lock()
        self._news = threading.Condition()
        self._next: datetime | None = None
        self._called = False
        # Something was left undone, so that the next look looks although nobody has committed.
        self._missed = False
        self._stopping = False
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Start the threads; whatever was left from before is found by the first look."""
        self._service.listen(self._told)
        workers = [
            threading.Thread(target=self._work, name=f"durable-worker-{number}", daemon=True)
            for number in range(self._service.settings.threads)
        ]
        self._threads = [*workers, threading.Thread(target=self._pace, name="durable-pacer", daemon=True)]
        for thread in self._threads:
            thread.start()
        self._service.worker.offer(self)

    def stop(self, *, grace_seconds: float = STOP_GRACE_SECONDS) -> None:
        """Claim nothing more; wait for what is under way, at most `grace_seconds`."""
        self._service.unlisten(self._told)
        self._service.worker.offer(None)
        with self._news:
            self._stopping = True
            self._news.notify_all()
        for _ in self._threads:
            self._waiting.put(None)
        for thread in self._threads:
            thread.join(grace_seconds)
        while not self._waiting.empty():
            if isinstance(left := self._waiting.get(), Claimed):
                self._give_back(left)
        self._service.close()

    def keep(self) -> Seat | None:
        """A worker that is free now. None is kept for what would have to wait: others may be free to run it."""
        with self._lock:
            if self._stopping or self._load >= self._service.settings.threads:
                return None
            self._load += 1
        return _Seat(self._sit, self._leave)

    def look(self) -> None:
        """Another process says that something has changed: look soon instead of at the next poll."""
        with self._news:
            self._called = True
            self._news.notify_all()

    def _told(self, notice: Notice) -> None:
        """After a commit: run what waits for a worker now, and be awake in time for what is due later."""
        now = self._service.clock.now()
        if notice.wake_at is not None and notice.wake_at <= now:
            self._send(notice.execution_id)
        later = [moment for moment in (notice.wake_at, notice.timer_at) if moment is not None and moment > now]
        if later:
            with self._news:
                if self._next is None or min(later) < self._next:
                    self._next = min(later)
                    self._news.notify()

    def _send(self, execution_id: int) -> None:
        with self._lock:
            if execution_id in self._queued:
                return
            self._queued.add(execution_id)
            self._load += 1
        self._waiting.put(execution_id)

    def _sit(self, claimed: Claimed) -> None:
        if self._stopping:
            self._give_back(claimed)
        else:
            self._waiting.put(claimed)

    def _leave(self) -> None:
        with self._lock:
            self._load -= 1

    def _work(self) -> None:
        while (item := self._waiting.get()) is not None:
            if self._stopping:
                self._waiting.put(item)  # who stops us gives back what is claimed
                return
            try:
                self._do(item)
            except Exception:
                # Also an application's projector may have failed. The transaction is rolled back, and the execution
                # is found again when its lease has lapsed; a worker that died of it would take every other one along.
                logger.exception("an execution could not be driven; it is found again by a later look")
                with self._news:
                    self._missed = True
            finally:
                self._leave()

    def _do(self, item: int | Claimed) -> None:
        if isinstance(item, Claimed):
            self._service.worker.run_claimed(item)
            return
        with self._lock:
            self._queued.discard(item)
        self._service.worker.drive(item)

    def _give_back(self, claimed: Claimed) -> None:
        try:
            self._service.worker.give_back(claimed.execution.id, claimed.execution.invocation)
        except SQLAlchemyError:
            logger.exception("%s could not be given back; its lease will lapse", claimed.execution.name)

    def _pace(self) -> None:
        seen: object = None
        while True:
            try:
                seen = self._look(seen)
            except Exception:  # same
                logger.exception("looking for due executions failed; the next look is in a moment")
                with self._news:
                    self._missed = True
            if not self._rest():
                return

    def _rest(self) -> bool:
        """Wait until it may be time to look again; False once it is time to stop."""
        with self._news:
            self._news.wait_for(lambda: self._stopping, LOOKS_APART_SECONDS)
            if not self._stopping and not self._called:
                self._news.wait(self._pause_seconds())
            self._called = False
            return not self._stopping

    def _look(self, seen: object) -> object:
        """Sweep and send out what is due, if anything can be: a moment has come, or somebody has committed."""
        version = self._service.database.data_version()
        with self._news:
            due = self._missed or (self._next is not None and self._next <= self._service.clock.now())
            self._missed = False
        if due or version != seen:
            self._service.leases.renew_all()
            while self._service.sweeper.sweep() >= self._service.settings.batch:
                pass
            for execution_id in self._service.sweeper.runnable(limit=LARGEST_QUEUE):
                self._send(execution_id)
            moment = self._service.sweeper.next_moment()
            with self._news:
                self._next = moment
        return version

    def _pause_seconds(self) -> float:
        pause = self._service.settings.poll_seconds
        if self._next is None:
            return pause
        until = (self._next - self._service.clock.now()).total_seconds()
        return min(max(until, 0.0), pause)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
