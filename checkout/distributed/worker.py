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
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, field
from typing import Any

import structlog
from celery import Celery, signals
from sqlalchemy.exc import SQLAlchemyError

from checkout.distributed.app import DRIVE, SAGAS, consumer
from checkout.distributed.broker import Broker
from checkout.distributed.dispatch import Dispatcher
from checkout.distributed.sweeping import Sweeping
from checkout.durable.service import DurableService

log = structlog.get_logger(__name__)

# What a worker that is to end waits for the steps under way. Every outside call has a deadline shorter than a lease;
# after this they are cut, and their leases lapse.
GRACE_SECONDS = 30.0
# A database that restarts is back in seconds.
AGAIN_SECONDS = 1.0

Opens = Callable[[], AbstractContextManager[DurableService]]


@dataclass(slots=True)
class Child:
    """One process of the pool: its own service, opened after the fork."""

    redis_url: str
    opens: Opens
    ready: int
    """A pipe's end: a byte is written to it when this child is up."""
    driving: threading.Lock = field(default_factory=threading.Lock)
    _open: ExitStack = field(default_factory=ExitStack)
    _service: DurableService | None = None
    _broker: Broker | None = None

    def open(self, **_: Any) -> None:
        """Open database, gateway and all; a database that is away is waited for."""
        while True:
            try:
                self._service = self._open.enter_context(self.opens())
                break
            except SQLAlchemyError as away:
                log.warning("worker.database_away", why=type(away).__name__)
                threading.Event().wait(AGAIN_SECONDS)
        self._broker = Broker(self.redis_url)
        sweeping = Sweeping(
            self._service, self._broker, name=f"{socket.gethostname()}:{os.getpid()}", driving=self.driving
        )
        self._open.enter_context(Dispatcher(self._service, self._broker, undelivered=sweeping.look_now))
        sweeping.start()
        self._open.callback(sweeping.stop)
        os.write(self.ready, b".")

    def drive(self, execution_id: int) -> None:
        """The task: drive one execution, if it waits for a worker."""
        assert self._service is not None
        assert self._broker is not None
        with self.driving:
            self._broker.taken_up(DRIVE, execution_id)
            self._service.worker.drive(execution_id)

    def close(self, **_: Any) -> None:
        """Send the last hints, close everything."""
        self._open.close()
        if self._broker is not None:
            self._broker.close()


def run(redis_url: str, opens: Opens, *, concurrency: int) -> int:
    """Work until SIGTERM or SIGINT; the exit code."""
    readable, writable = os.pipe()
    child = Child(redis_url, opens, writable)
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
