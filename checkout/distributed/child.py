"""One process of a worker's pool: a service of its own, opened after the fork, that drives what it is told.

Knows the fork, the signal and the pipe by which its worker says that it is to end. Which service it opens is given to
it. It drives one execution at a time: a task of Celery's, or what its own sweeping thread found.
"""

import logging
import os
import signal
import socket
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from typing import Any

import structlog
from sqlalchemy.exc import SQLAlchemyError

from checkout.distributed.app import DRIVE
from checkout.distributed.connected import Connected
from checkout.distributed.sweeping import Sweeping
from checkout.durable.service import DurableService
from checkout.store.errors import DatabaseUnreachableError

log = structlog.get_logger(__name__)

# A database that restarts is back in seconds.
AGAIN_SECONDS = 1.0
# A service manager tells every process of a group to end; the worker's own word for it is not far behind.
TOLD_ALONE_SECONDS = 2.0
# The SDK writes four tracebacks for each handler that is stopped between two steps, which is what handing over is.
SDK = "aws_durable_execution_sdk_python"

Opens = Callable[[], AbstractContextManager[tuple[DurableService, Connected]]]


@dataclass(frozen=True, slots=True)
class Pipes:
    """How a worker and its children tell each other: a byte for each child that is up, the end of file for the end."""

    up: tuple[int, int] = field(default_factory=os.pipe)
    ending: tuple[int, int] = field(default_factory=os.pipe)

    def keep_child_s(self) -> None:
        """Close the ends that are the worker's: an end kept open here would never reach its end."""
        os.close(self.up[0])
        os.close(self.ending[1])

    def end(self) -> None:
        """Tell every child to hand over."""
        os.close(self.ending[1])


@dataclass(slots=True)
class Child:
    """Made before the fork and shared by every child as it is; `open` makes it this child's own."""

    opens: Opens
    pipes: Pipes
    looked: Callable[[], None]
    driving: threading.Lock = field(default_factory=threading.Lock)
    _told_to_end: threading.Event = field(default_factory=threading.Event)
    _open: ExitStack = field(default_factory=ExitStack)
    _service: DurableService | None = None
    _connected: Connected | None = None
    _sweeping: Sweeping | None = None

    def open(self, **_: Any) -> None:
        """Open database, gateway and all; a database that is away is waited for."""
        self.pipes.keep_child_s()
        service, connected = self._patiently_opened()
        name = f"{socket.gethostname()}:{os.getpid()}"
        sweeping = Sweeping(service, connected.broker, name=name, driving=self.driving, looked=self.looked)
        connected.outbox.undelivered = sweeping.look_now
        self._open.enter_context(connected.telling(service))
        sweeping.start()
        self._open.callback(sweeping.stop)
        self._service, self._connected, self._sweeping = service, connected, sweeping
        threading.Thread(target=self._await_end, name="ending", daemon=True).start()
        signal.signal(signal.SIGTERM, self._told_alone)
        os.write(self.pipes.up[1], b".")

    def drive(self, execution_id: int) -> None:
        """The task: drive one execution, if it waits for a worker."""
        assert self._service is not None
        assert self._connected is not None
        with self.driving:
            self._connected.broker.taken_up(DRIVE, execution_id)
            self._service.worker.drive(execution_id)

    def close(self, **_: Any) -> None:
        """Send the last hints, close everything."""
        self._open.close()

    def _hand_over(self) -> None:
        """Finish the step under way, begin no other; what is left of its purchase is told to the other workers."""
        assert self._service is not None
        assert self._sweeping is not None
        logging.getLogger(SDK).setLevel(logging.CRITICAL)
        self._service.worker.hand_over()
        self._sweeping.end()

    def _await_end(self) -> None:
        os.read(self.pipes.ending[0], 1)  # nothing is ever written: it returns when the worker closes its end
        self._told_to_end.set()
        self._hand_over()

    def _told_alone(self, *_: object) -> None:
        """SIGTERM to this child. If its worker stays, it is replaced: one that claims nothing is of no use."""
        self._hand_over()
        threading.Thread(target=self._leave, name="leaving", daemon=True).start()

    def _leave(self) -> None:
        with self.driving:
            if not self._told_to_end.wait(TOLD_ALONE_SECONDS):
                os._exit(0)

    def _patiently_opened(self) -> tuple[DurableService, Connected]:
        while True:
            try:
                return self._open.enter_context(self.opens())
            except (SQLAlchemyError, DatabaseUnreachableError) as away:
                log.warning("worker.database_away", why=type(away).__name__)
                time.sleep(AGAIN_SECONDS)
