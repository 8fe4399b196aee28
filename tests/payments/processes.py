"""Processes the tests start: the sandbox, and localstripe. Each prints one JSON line when it listens."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
END_SECONDS = 10


@dataclass
class Listening:
    """A process that listens."""

    process: "subprocess.Popen[bytes]"
    url: str

    def kill(self) -> None:
        """`kill -9`."""
        self.process.kill()
        self.process.wait(END_SECONDS)


@contextmanager
def listening(*command: str) -> Iterator[Listening]:
    """Run `python -m …` from the tree's root until the block ends."""
    process = subprocess.Popen([sys.executable, "-m", *command], stdout=subprocess.PIPE, cwd=ROOT)
    assert process.stdout
    try:
        yield Listening(process, str(json.loads(process.stdout.readline())["url"]))
    finally:
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(END_SECONDS)
        if process.poll() is None:
            process.kill()
            process.wait(END_SECONDS)
        process.stdout.close()
