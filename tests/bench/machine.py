"""What the machine spent: a process's CPU, and how busy all cores were, read from Linux's own counts."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(slots=True)
class Spent:
    """Between two moments: CPU seconds of some processes, and the share of all cores that was in use by anybody."""

    cpu_seconds: float = 0.0
    busy_percent: float = 0.0

    @classmethod
    @contextmanager
    def by(cls, *pids: int) -> Iterator[Self]:
        """Known when the block has ended."""
        spent = cls()
        before, (idle, total) = sum(map(_cpu_seconds, pids)), _machine()
        yield spent
        later, everything = _machine()
        spent.cpu_seconds = sum(map(_cpu_seconds, pids)) - before
        spent.busy_percent = 100 * (1 - (later - idle) / max(1, everything - total))


def rounds(most: int, seconds: float) -> Iterator[int]:
    """Numbers of rounds, from 0: at least one, at most `most`, and no new one once `seconds` are over."""
    begun = time.monotonic()
    for number in range(most):
        if number and time.monotonic() - begun > seconds:
            return
        yield number


def load() -> str:
    """How many programs wanted a core in the last one, five and fifteen minutes, and how many cores there are."""
    one, five, fifteen = os.getloadavg()
    return f"{one:.1f}, {five:.1f}, {fifteen:.1f} on {os.cpu_count()} cores"


def _cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _machine() -> tuple[int, int]:
    """Ticks that nobody used, and all."""
    ticks = [int(one) for one in Path("/proc/stat").read_text().splitlines()[0].split()[1:9]]
    return ticks[3] + ticks[4], sum(ticks)
