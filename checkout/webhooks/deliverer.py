"""The threads of a serving process that send what is to be sent.

One looks into the database: when this process has committed an event, and every second in case another one has. A few
send. No transaction is open while they do. Knows the queue and the sender; must never know what an event means.
"""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import structlog
from sqlalchemy.exc import SQLAlchemyError

from checkout.store.clock import Clock
from checkout.store.session import Database
from checkout.webhooks import queue
from checkout.webhooks.queue import Attempted, Job

log = structlog.get_logger(__name__)

# Events of other processes, and pauses that are over, are found this late at most.
LOOK_SECONDS = 1.0
# Sending is waiting for others: threads, not cores.
THREADS = 16
# One receiver that hangs must not keep the others' events waiting.
AT_ONCE_PER_ENDPOINT = 2


class Deliverer:
    """Sends events until it is stopped; whatever is under way then is finished, or tried again by another process."""

    def __init__(self, database: Database, clock: Clock, attempt: Callable[[Job], Attempted]) -> None:
        self._database = database
        self._clock = clock
        self._attempt = attempt
        self._lock = threading.Lock()
        self._under_way: Counter[str] = Counter()
        self._woken = threading.Event()
        self._ending = threading.Event()

    def wake(self) -> None:
        """There is something to send. Returns at once; may be called by any thread."""
        self._woken.set()

    @contextmanager
    def running(self) -> Iterator[None]:
        """Send until the block ends."""
        with ThreadPoolExecutor(THREADS, thread_name_prefix="webhook") as pool:
            looking = threading.Thread(target=self._look_on, args=(pool,), name="webhooks", daemon=True)
            looking.start()
            try:
                yield
            finally:
                self._ending.set()
                self._woken.set()
                looking.join()

    def _look_on(self, pool: ThreadPoolExecutor) -> None:
        while not self._ending.is_set():
            self._woken.clear()
            try:
                while not self._ending.is_set() and (jobs := self._claim()):
                    for job in jobs:
                        pool.submit(self._deliver, job)
            except SQLAlchemyError as broken:
                log.warning("webhooks.look_failed", why=type(broken).__name__)
            self._woken.wait(LOOK_SECONDS)

    def _claim(self) -> list[Job]:
        """As many attempts as there are threads for, spread over the endpoints."""
        with self._lock:
            under_way = self._under_way.copy()
        free = THREADS - under_way.total()
        if free <= 0 or not self._anything():
            return []
        jobs = self._database.once(
            lambda session: queue.claim(session, self._clock.now(), free, under_way, at_once=AT_ONCE_PER_ENDPOINT)
        )
        with self._lock:
            self._under_way.update(job.endpoint_id for job in jobs)
        return jobs

    def _anything(self) -> bool:
        """A reader's look first: whoever writes keeps others from writing on SQLite."""
        with self._database.read() as session:
            return queue.is_due(session, self._clock.now())

    def _deliver(self, job: Job) -> None:
        try:
            attempted = self._attempted(job)
            self._database.once(lambda session: queue.finish(session, job, attempted, self._clock.now()))
        except SQLAlchemyError as broken:
            # The claim lapses, and it is sent once more: at least once.
            log.warning("webhooks.unfinished", delivery=job.delivery_id, why=type(broken).__name__)
        finally:
            with self._lock:
                self._under_way -= Counter([job.endpoint_id])
            self.wake()

    def _attempted(self, job: Job) -> Attempted:
        try:
            attempted = self._attempt(job)
        except Exception:  # nobody would hear of it otherwise, and the endpoint's other events must not wait for it
            log.exception("webhooks.attempt_broke", delivery=job.delivery_id)
            return Attempted(error="the attempt failed inside the service")
        log.info(
            "webhooks.attempted",
            endpoint=job.endpoint_id,
            delivery=job.delivery_id,
            attempt=job.attempt,
            status=attempted.status,
            error=attempted.error,
        )
        return attempted
