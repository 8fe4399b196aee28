"""Time, injected: everything that stores, compares or waits for a time asks a clock given to it.

Knows nothing else. Durations on one machine use `monotonic`, so a corrected wall clock fires no timer early.
"""

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Now, in UTC."""

    def now(self) -> datetime:
        """The current time, aware, UTC, microseconds."""
        ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The current time, aware, UTC, microseconds."""
        return datetime.now(UTC)


class ManualClock:
    """A clock that stands still until it is told to move: for tests and for `--skip-time`."""

    def __init__(self, start: datetime | None = None) -> None:
        self._now = start or datetime(2026, 1, 1, tzinfo=UTC)
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """The time it was last set to."""
        with self._lock:
            return self._now

    def advance(self, seconds: float) -> None:
        """Move forward by `seconds`."""
        with self._lock:
            self._now += timedelta(seconds=seconds)

    def set(self, moment: datetime) -> None:
        """Move to `moment`, forward or back: a corrected clock goes back too."""
        with self._lock:
            self._now = moment


def monotonic() -> float:
    """Seconds that only grow; for measuring, never for storing."""
    return time.monotonic()
