"""How an agent worker waits for its next task: until the queue `agents` says that there is one, or for a while.

The queue is read by the very thread that owns the browser, and only while it has nothing to do; so a hint goes to a
worker that is free, no process is forked around a browser, and a busy worker takes nobody's message. The task itself is
claimed from the service over HTTP, with or without a hint. Must never know a database.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from queue import Empty
from typing import Any, Self

import structlog

from checkout.distributed.app import AGENTS, consumer
from checkout.distributed.broker import TROUBLE
from checkout.store.clock import monotonic

log = structlog.get_logger(__name__)

# How soon a task is found that nobody announced.
POLL_SECONDS = 10.0
# Without Redis the service is asked, often enough that a buyer does not notice.
AWAY_SECONDS = 1.0
# How soon a worker that waits notices that it is to end.
SLICE_SECONDS = 1.0


class TaskHints:
    """The queue as one worker hears it."""

    def __init__(self, redis_url: str) -> None:
        self._app = consumer(redis_url)
        self._connection: Any = None
        self._queue: Any = None
        self._away = False

    @classmethod
    @contextmanager
    def opened(cls, redis_url: str) -> Iterator[Self]:
        """Connected when it is first waited for."""
        hints = cls(redis_url)
        try:
            yield hints
        finally:
            hints.close()

    def rest(self, ending: threading.Event) -> None:
        """Return when a task may wait, when `ending` is set, or after a while."""
        until = monotonic() + POLL_SECONDS
        try:
            while not ending.is_set() and monotonic() < until:
                if self._heard():
                    return
        except TROUBLE as trouble:
            if not self._away:
                log.warning("redis.away", why=type(trouble).__name__)
            self._away = True
            self.close()
            ending.wait(AWAY_SECONDS)

    def close(self) -> None:
        """Let go of the connection."""
        connection, self._connection, self._queue = self._connection, None, None
        if connection is not None:
            connection.release()

    def _heard(self) -> bool:
        if self._queue is None:
            self._connection = self._app.connection_for_read()
            self._connection.ensure_connection(max_retries=1, interval_start=0)
            self._queue = self._connection.SimpleQueue(AGENTS, no_ack=True)
            self._away = False
        try:
            self._queue.get(timeout=SLICE_SECONDS)
        except Empty:
            return False
        return True
