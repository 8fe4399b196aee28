"""A worker: a Celery pool whose children each have a service of their own and drive, one at a time, what they are told.

The main process holds nothing: no database, no thread once it is up. It forks a new child for each that was killed.
Knows processes and signals; which service a child opens is given to it.
"""

import json
import os
import secrets
import signal
import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from typing import Any

import structlog
from celery import Celery, signals
from sqlalchemy.exc import SQLAlchemyError

from checkout.distributed.app import DRIVE, SAGAS, consumer
from checkout.distributed.connected import Connected
from checkout.distributed.sweeping import Sweeping
from checkout.durable.service import DurableService

log = structlog.get_logger(__name__)

# What a worker that is to end waits for the steps under way. Every outside call has a deadline shorter than a lease;
# after this they are cut, and their leases lapse.
GRACE_SECONDS = 30.0
# A database that restarts is back in seconds.
AGAIN_SECONDS = 1.0

Opens = Callable[[], AbstractContextManager[tuple[DurableService, Connected]]]


@dataclass(slots=True)
class Child:
    """One process of the pool: its own service, opened after the fork."""

    opens: Opens
    ready: int
    """A pipe's end: a byte is written to it when this child is up."""
    looked: Callable[[], None]
    """Called each time this child has looked for work in the database."""
    driving: threading.Lock = field(default_factory=threading.Lock)
    _open: ExitStack = field(default_factory=ExitStack)
    _service: DurableService | None = None
    _connected: Connected | None = None

    def open(self, **_: Any) -> None:
        """Open database, gateway and all; a database that is away is waited for."""
        service, connected = self._patiently_opened()
        name = f"{socket.gethostname()}:{os.getpid()}"
        sweeping = Sweeping(service, connected.broker, name=name, driving=self.driving, looked=self.looked)
        connected.outbox.undelivered = sweeping.look_now
        self._open.enter_context(connected.telling(service))
        sweeping.start()
        self._open.callback(sweeping.stop)
        self._service, self._connected = service, connected
        os.write(self.ready, b".")

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

    def _patiently_opened(self) -> tuple[DurableService, Connected]:
        while True:
            try:
                return self._open.enter_context(self.opens())
            except SQLAlchemyError as away:
                log.warning("worker.database_away", why=type(away).__name__)
                time.sleep(AGAIN_SECONDS)


def run(redis_url: str, opens: Opens, *, concurrency: int, looked: Callable[[], None] = lambda: None) -> int:
    """Work until SIGTERM or SIGINT; the exit code. `looked` is called each time a child has looked for work."""
    readable, writable = os.pipe()
    child = Child(opens, writable, looked)
    app = _app(redis_url, child)
    name = f"worker-{secrets.token_hex(4)}"
    said = {"worker": name, "concurrency": concurrency}
    threading.Thread(target=_say_when_up, args=(readable, concurrency, said), name="ready", daemon=True).start()
    worker = app.Worker(
        hostname=f"{name}@{socket.gethostname()}",
        queues=[SAGAS],
        concurrency=concurrency,
        pool="prefork",
        quiet=True,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )
    worker.start()
    return worker.exitcode or 0


def _app(redis_url: str, child: Child) -> Celery:
    app = consumer(redis_url)
    app.task(name=DRIVE)(child.drive)
    # Celery calls these by name; it keeps only weak references unless it is told otherwise.
    signals.setup_logging.connect(lambda **_: None, weak=False)
    signals.worker_process_init.connect(child.open, weak=False)
    signals.worker_process_shutdown.connect(child.close, weak=False)
    signals.worker_shutting_down.connect(_end_in_time, weak=False)
    return app


def _say_when_up(readable: int, children: int, said: Mapping[str, Any]) -> None:
    up = 0
    while up < children and (bytes_read := os.read(readable, children)):
        up += len(bytes_read)
    print(json.dumps(said), flush=True)  # noqa: T201 (the line a parent process reads)


def _end_in_time(**_: Any) -> None:
    """Whatever hangs, this process ends; its children end with it."""

    def cut(*_: object) -> None:
        log.warning("worker.cut", after_seconds=GRACE_SECONDS)
        os._exit(0)

    signal.signal(signal.SIGALRM, cut)
    signal.setitimer(signal.ITIMER_REAL, GRACE_SECONDS)
