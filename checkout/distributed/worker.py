"""A worker: a Celery pool whose children drive executions, from its start to its end within a bound.

The main process holds nothing: no database, no thread once it is up. It forks a new child for each that was killed.
Knows processes and signals; what a child does is `child`'s.
"""

import gc
import json
import logging
import os
import secrets
import signal
import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

import structlog
from celery import signals

from checkout.distributed.app import DRIVE, consumer, queue_of
from checkout.distributed.child import Child, Opens, Pipes

if TYPE_CHECKING:
    from celery import Celery

log = structlog.get_logger(__name__)

# What a worker that is to end waits for the steps under way. Every outside call has a deadline shorter than a lease;
# after this they are cut, and their leases lapse.
GRACE_SECONDS = 30


def run(
    redis_url: str,
    opens: Opens,
    *,
    versions: Iterable[tuple[str, int]],
    concurrency: int,
    looked: Callable[[], None] = lambda: None,
) -> int:
    """Work on executions of these (function, version) until SIGTERM or SIGINT; the exit code.

    `looked` is called by every child after each look at the database that was answered.
    """
    # A line per message would bury what happened.
    logging.getLogger("celery").setLevel(logging.WARNING)
    pipes = Pipes()
    app = _app(redis_url, Child(opens, pipes, looked), pipes)
    name = f"worker-{secrets.token_hex(4)}"
    said = {"worker": name, "concurrency": concurrency}
    threading.Thread(target=_say_when_up, args=(pipes.up[0], said), name="ready", daemon=True).start()
    worker = app.Worker(
        hostname=f"{name}@{socket.gethostname()}",
        queues=[queue_of(function, version) for function, version in versions],
        concurrency=concurrency,
        pool="prefork",
        quiet=True,
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
    )
    _forks_cheaply()
    worker.start()
    return worker.exitcode or 0


def _app(redis_url: str, child: Child, pipes: Pipes) -> "Celery":
    app = consumer(redis_url)
    app.task(name=DRIVE)(child.drive)

    def end(**_: Any) -> None:
        pipes.end()
        _end_in_time()

    # Celery keeps only weak references to who listens, unless it is told otherwise.
    signals.setup_logging.connect(_leave_logging_alone, weak=False)
    signals.worker_process_init.connect(child.open, weak=False)
    signals.worker_process_shutdown.connect(child.close, weak=False)
    signals.worker_shutting_down.connect(end, weak=False)
    return app


def _forks_cheaply() -> None:
    """Everything imported stays for ever: the collector need not look at it again.

    Celery collects before each fork, which takes longer than the fork and than all that a new child does; and what is
    never looked at stays shared with the children.
    """
    gc.collect()
    gc.freeze()


def _leave_logging_alone(**_: Any) -> None:
    """Whoever listens to this signal sets up logging instead of Celery; ours is set up already."""


def _say_when_up(readable: int, said: Mapping[str, Any]) -> None:
    for _ in range(int(said["concurrency"])):
        os.read(readable, 1)
    print(json.dumps(said), flush=True)  # noqa: T201 (the line a parent process reads)


def _end_in_time() -> None:
    """Whatever hangs, this process ends in time; its children end with it."""

    def cut(*_: object) -> None:
        log.warning("worker.cut", after_seconds=GRACE_SECONDS)
        os._exit(0)

    signal.signal(signal.SIGALRM, cut)
    signal.alarm(GRACE_SECONDS)
