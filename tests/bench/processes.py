"""Several processes on one PostgreSQL: how throughput grows, how soon an answer is acted on and a death mended.

Each figure comes from real worker processes (`tests/bench/worker.py`) on a database of their own.
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path

from checkout.durable.service import DurableService
from checkout.store.news import News
from tests import servers
from tests.bench.worker import opened

PATIENCE_SECONDS = 120.0
LEASE_SECONDS = 5.0


@contextmanager
def working(
    url: str, *, lease_seconds: float = LEASE_SECONDS, at_once: bool = True
) -> Iterator["subprocess.Popen[str]"]:
    """A worker process that is ready, and at work unless told otherwise."""
    command = [sys.executable, "-m", "tests.bench.worker", url, str(lease_seconds)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        process.stdout.readline()
        try:
            if at_once:
                tell(process)
            yield process
        finally:
            process.stdin.close()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()


def tell(process: "subprocess.Popen[str]") -> None:
    """Have a worker process begin to work, or rest."""
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def resume(count: int) -> list[float]:
    """Milliseconds from an answer's commit in one process to the handler's run with it in another, one by one."""
    took = []
    with servers.postgres_url() as url, working(url):
        service, news = opened(url, LEASE_SECONDS), News(url)
        service.subscribe(news.tell)
        with news.running():
            for number in range(count):
                name = f"n{number}"
                service.start("asks", name, "{}")
                callback = _until(partial(_callback, service, name))
                time.sleep(0.05)  # the handler is suspended by now
                answered = time.time()
                service.succeed_callback(callback, "1")
                run = _until(partial(_result, service, name))
                took.append((float(run) - answered) * 1000)
        service.database.close()
    return took


def _callback(service: DurableService, name: str) -> str | None:
    operations = service.operations(name)
    return next((one.callback_id for one in operations if one.callback_id), None)


def _result(service: DurableService, name: str) -> str | None:
    return service.get(name).result


def recovery(trials: int) -> list[float]:
    """Seconds from a worker's kill -9 in the middle of a step to another's run of that step."""
    took = []
    with tempfile.TemporaryDirectory() as folder, servers.postgres_url() as url, ExitStack() as stack:
        service = opened(url, LEASE_SECONDS)
        stack.callback(service.database.close)
        stack.enter_context(working(url))
        for trial in range(trials):
            stack.enter_context(working(url))  # two are there each time, and either may be the one that begins
            journal = Path(folder) / f"journal-{trial}"
            service.start("stuck", f"n{trial}", f'{{"journal": "{journal}"}}')
            os.kill(int(_until(partial(_line, journal))), signal.SIGKILL)
            killed = time.time()
            took.append(float(_until(partial(_result, service, f"n{trial}"))) - killed)
    return took


def _until(ask: Callable[[], str | None]) -> str:
    """What there is at last, asked for often: a figure must not wait for who waits for it."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := ask()):
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return found


def _line(journal: Path) -> str | None:
    """What the process that began the step has written, once that is a line."""
    said = journal.read_text() if journal.exists() else ""
    return said if said.endswith("\n") else None
