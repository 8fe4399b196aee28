"""What this process has to tell the others, sent by a thread of its own: nobody who commits waits for Redis.

Knows messages; must never know why they are sent. What cannot be sent is forgotten: it was a hint, and whoever needs it
looks into the database.
"""

import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from checkout.distributed.app import AGENTS, BUY, DRIVE, queue_of
from checkout.distributed.broker import Broker
from checkout.durable.changes import Notice
from checkout.durable.service import DurableService

# More than waits in any burst we expect; what is beyond it the sweepers send as the queue shrinks.
LARGEST_QUEUE = 10_000
# News are sent together as far as they are there; this many fit into one packet.
BATCH = 50
# A stop waits this long for the last hints to go out: they are what hands work over.
STOP_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Hint:
    """A message for a worker: look at this one."""

    task: str
    queue: str
    one: int | str


@dataclass(frozen=True, slots=True)
class News:
    """Word for whoever waits for an execution: it has changed."""

    name: str


class Outbox:
    """The thread and what waits for it. `undelivered`, if set, is called when a hint could not be sent."""

    def __init__(self, broker: Broker) -> None:
        self.undelivered: Callable[[], None] | None = None
        self._broker = broker
        self._waiting: queue.Queue[Hint | News | None] = queue.Queue(LARGEST_QUEUE)
        self._thread = threading.Thread(target=self._send_on, name="outbox", daemon=True)

    def follow(self, service: DurableService) -> None:
        """Tell of every commit of this process that changes an execution."""

        def told(notice: Notice) -> None:
            if notice.wake_at is not None and notice.wake_at <= service.clock.now():
                self._post(Hint(DRIVE, queue_of(notice.function, notice.version), notice.execution_id))
            self._post(News(notice.name))

        service.listen(told)

    def agent_task(self, task_id: str) -> None:
        """Tell agent workers that this task waits."""
        self._post(Hint(BUY, AGENTS, task_id))

    def start(self) -> None:
        """Send from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Send what waits, at most for `STOP_SECONDS`."""
        try:
            self._waiting.put(None, timeout=STOP_SECONDS)
        except queue.Full:
            return
        self._thread.join(STOP_SECONDS)

    def _post(self, item: Hint | News) -> None:
        try:
            self._waiting.put_nowait(item)
        except queue.Full:
            return

    def _send_on(self) -> None:
        while (first := self._waiting.get()) is not None:
            items, last = self._and_more(first)
            hints = dict.fromkeys(item for item in items if isinstance(item, Hint))
            sent = [self._broker.send(hint.task, hint.queue, hint.one) for hint in hints]
            if self.undelivered and not all(sent):
                self.undelivered()
            if names := list(dict.fromkeys(item.name for item in items if isinstance(item, News))):
                self._broker.tell(names)
            if last:
                return

    def _and_more(self, first: Hint | News) -> tuple[list[Hint | News], bool]:
        """What waits besides, and whether nothing comes after it."""
        items = [first]
        while len(items) < BATCH:
            try:
                item = self._waiting.get_nowait()
            except queue.Empty:
                break
            if item is None:
                return items, True
            items.append(item)
        return items, False

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
