"""What the tests of the reference workflows read: the side-effect journal, a witness no engine writes.

Knows the journal's file format and nothing of any engine.
"""

import json
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

# Generous, because it only matters when something is broken: two shared cores can be slow for a while.
DEADLINE_SECONDS = 30.0
POLL_SECONDS = 0.02


def eventually(look: Callable[[], Any], what: str, deadline_seconds: float = DEADLINE_SECONDS) -> Any:
    """The first true thing `look` returns, polling until the deadline; fails the test with `what` after it."""
    until = time.monotonic() + deadline_seconds
    while time.monotonic() < until:
        if found := look():
            return found
        time.sleep(POLL_SECONDS)
    raise AssertionError(f"not within {deadline_seconds} s: {what}")


class Journal:
    """The journal of one run."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def lines(self) -> list[dict[str, Any]]:
        """Every line written so far."""
        return [json.loads(line) for line in self.path.read_text().splitlines()] if self.path.exists() else []

    def done(self) -> Counter[str]:
        """How often each call was really done; a durable step's is 1."""
        return Counter(line["call"] for line in self.lines() if line["phase"] == "done")

    def begun(self) -> Counter[str]:
        """How often each call was begun, failed and interrupted attempts included."""
        return Counter(line["call"] for line in self.lines() if line["phase"] == "begun")

    def callback_id(self, call: str) -> str:
        """The callback id that `call` handed to the outside, once it has."""
        found = eventually(
            lambda: [line for line in self.lines() if line["call"] == call and line["phase"] == "done"], call
        )
        return str(found[-1]["callback_id"])
