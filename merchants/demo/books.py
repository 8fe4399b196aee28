"""The shop's books: the orders it took, what it was asked and when, and the state it restarts from.

Append-only JSON lines, each written and flushed before it counts, so that a process killed at any moment leaves whole
lines behind and the next one reads them. Knows files; must never know what an order means.
"""

import json
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

Clock = Callable[[], datetime]


def system_clock() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


class Lines:
    """An append-only list of JSON objects, in a file or, without one, in memory."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._lines: list[Mapping[str, Any]] = []
        if path and path.exists():
            # A line cut short by a kill was never acknowledged to anybody.
            self._lines = [read for line in path.read_text().splitlines() if (read := _whole(line)) is not None]

    def append(self, line: Mapping[str, Any]) -> None:
        """Add a line; on disk when this returns."""
        with self._lock:
            if self._path:
                with self._path.open("a") as file:
                    file.write(json.dumps(line, separators=(",", ":")) + "\n")
                    file.flush()
                    os.fsync(file.fileno())
            self._lines.append(line)

    def all(self) -> Sequence[Mapping[str, Any]]:
        """Every line so far."""
        with self._lock:
            return tuple(self._lines)


def _whole(line: str) -> Mapping[str, Any] | None:
    try:
        read = json.loads(line)
    except ValueError:
        return None
    return read if isinstance(read, dict) else None


class Books:
    """The three of them. `orders` is the truth about what was sold."""

    def __init__(self, book: Path | None = None, *, clock: Clock = system_clock) -> None:
        """`book` is the order book's file; the log and the state lie beside it."""
        self.clock = clock
        self.orders = Lines(book)
        self.log = Lines(book.with_suffix(".log.jsonl") if book else None)
        self.state = Lines(book.with_suffix(".state.jsonl") if book else None)

    def note(self, event: str, **details: Any) -> None:
        """Write down that something happened, now."""
        self.log.append({"at": self.clock().isoformat(), "event": event, **details})
