"""From a commit to a message: what has just become runnable is said to the workers.

Runs in a thread of its own, so that nobody who commits waits for Redis, whatever state that is in. Knows notices and
queues; must never know what an execution does. What it cannot send it forgets: the sweepers find it.
"""

import queue
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self

from checkout.distributed.app import DRIVE, SAGAS
from checkout.distributed.broker import Broker
from checkout.durable.changes import Notice
from checkout.durable.service import DurableService

# More than waits in any burst we expect; beyond it the sweepers send the rest as the queue shrinks.
LARGEST_QUEUE = 10_000
# A stop waits this long for the last hints to go out: they are what hands work over.
STOP_SECONDS = 2.0


class Dispatcher:
    """Tells workers about a service's commits, until stopped. `undelivered` is called when Redis did not take one."""

    def __init__(self, service: DurableService, broker: Broker, undelivered: Callable[[], None] | None = None) -> None:
        self._service = service
        self._broker = broker
        self._undelivered = undelivered
        self._waiting: queue.Queue[Notice | None] = queue.Queue(LARGEST_QUEUE)
        self._thread = threading.Thread(target=self._send_on, name="dispatcher", daemon=True)

    def start(self) -> None:
        """Listen and send from now on."""
        self._service.listen(self._told)
        self._thread.start()

    def stop(self) -> None:
        """Send what waits, at most for `STOP_SECONDS`."""
        self._service.unlisten(self._told)
        try:
            self._waiting.put(None, timeout=STOP_SECONDS)
        except queue.Full:
            return
        self._thread.join(STOP_SECONDS)

    def _told(self, notice: Notice) -> None:
        if notice.wake_at is None or notice.wake_at > self._service.clock.now():
            return
        try:
            self._waiting.put_nowait(notice)
        except queue.Full:
            return

    def _send_on(self) -> None:
        while (notice := self._waiting.get()) is not None:
            if not self._broker.send(DRIVE, SAGAS, notice.execution_id) and self._undelivered is not None:
                self._undelivered()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
