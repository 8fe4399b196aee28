"""Processes of ours that run beside the service: the payment sandbox, the demo's shop, the service itself in the demo.

A child prints one JSON line when it listens; it is ended by its pid, and only by whoever started it. It runs under
`checkout.child`, which ends it when this process is gone without having ended it.
"""

import json
import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

# A child imports a few hundred modules; on a loaded machine that takes seconds.
START_SECONDS = 60
STOP_SECONDS = 10


class ChildError(RuntimeError):
    """A child process did not come up; its last words are in the message."""


@dataclass(slots=True, kw_only=True)
class Child:
    """A running child: what it said when it listened, and how to end it."""

    name: str
    process: "subprocess.Popen[bytes]"
    log: Path
    said: dict[str, Any] = field(default_factory=dict)

    @property
    def url(self) -> str:
        """Where it listens."""
        return str(self.said["url"])

    def stop(self) -> None:
        """Ask it to end, and end it if it does not."""
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self.kill()
        self._hang_up()

    def kill(self) -> None:
        """`kill -9`: it gets no chance to tidy up."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()
        self._hang_up()

    def _hang_up(self) -> None:
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()


def start(name: str, *arguments: str, folder: Path, environment: Mapping[str, str] | None = None) -> Child:
    """Start `python -m …` and wait for its line; its stderr goes to `folder/name.log`.

    It ends with this process at the latest.
    """
    log = folder / f"{name}.log"
    with log.open("ab") as stderr:
        process = subprocess.Popen(  # noqa: S603 (our own modules)
            [sys.executable, "-m", "checkout.child", *arguments],
            stdin=subprocess.PIPE,  # never written to: its end is our end
            stdout=subprocess.PIPE,
            stderr=stderr,
            env={**os.environ, **(environment or {})},
            start_new_session=True,  # Ctrl-C in a terminal is for the parent, which ends its children itself
        )
    child = Child(name=name, process=process, log=log)
    try:
        child.said = _first_line(child)
    except BaseException:  # Ctrl-C too: nobody else knows of this child yet
        child.stop()
        raise
    return child


def _first_line(child: Child) -> dict[str, Any]:
    assert child.process.stdout
    deadline = time.monotonic() + START_SECONDS
    while (left := deadline - time.monotonic()) > 0:
        readable, _, _ = select.select([child.process.stdout], [], [], min(left, 0.5))
        if readable and (line := child.process.stdout.readline()):
            said = json.loads(line)
            if not isinstance(said, dict):
                break
            return said
        if child.process.poll() is not None:
            break
    last_words = child.log.read_text(errors="replace")[-2000:]
    raise ChildError(f"{child.name} did not come up:\n{last_words}")


@contextmanager
def ended_by_signal() -> Iterator[None]:
    """SIGTERM and SIGINT unwind the block, so that no child is left behind.

    By default SIGTERM would end this process at once, and a shell starts what it puts in the background with SIGINT
    ignored.
    """
    before = {number: signal.signal(number, signal.default_int_handler) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def payment_sandbox(folder: Path | None) -> Iterator[Child]:
    """A payment sandbox on a free port; its money log and state in `folder`, or in one that is removed with it."""
    with tempfile.TemporaryDirectory(prefix="checkout-") as temporary:
        home = folder or Path(temporary)
        home.mkdir(parents=True, exist_ok=True)
        child = start(
            "payments.sandbox", "payments.sandbox", "--port", "0", "--log", str(home / "money.jsonl"), folder=home
        )
        try:
            yield child
        finally:
            child.stop()
