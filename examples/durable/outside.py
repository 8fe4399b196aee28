"""The world outside the reference workflows: a journal of what was really done there, and faults on request.

Knows files only. It must never know which workflow calls it, nor anything of the durable service: a workflow's input
carries one of these under `outside`, so the same handler meets the same world wherever it runs.

    {"outside": {"journal": "/tmp/order.jsonl", "fail_times": {"charge-card": 2}, "hold": {"charge-card": "/tmp/go"}}}

The journal is the witness: one JSON line per call and phase, written by the process that did the work. A step that
finished has exactly one line with phase `done`, however often the process around it was killed.
"""

import json
import os
import time
from pathlib import Path
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field

# How often a held call looks whether it may go on, in seconds; short beside a person's patience, long beside a stat().
HOLD_POLL_SECONDS = 0.05


class OutsideError(Exception):
    """The outside system failed this time; the same call may succeed on another attempt."""


class Outside(BaseModel):
    """One outside world. Every key is the name of a call, such as `charge-card` or `enrich:acme`.

    `fail_times`: how many first attempts fail. `garble_times`: how many first answers of a model are unreadable.
    `hold`: the call blocks until that file exists, as a system does that does not answer yet.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    journal: Path | None = None
    fail_times: dict[str, int] = Field(default_factory=dict)
    garble_times: dict[str, int] = Field(default_factory=dict)
    hold: dict[str, Path] = Field(default_factory=dict)

    @classmethod
    def of(cls, event: dict[str, Any]) -> Self:
        """The outside world named in a workflow's input; a faultless one without a journal if none is named."""
        return cls.model_validate(event.get("outside") or {})

    def call(self, name: str, attempt: int = 1, **details: Any) -> None:
        """Do the side effect called `name`: journal it begun, obey the holds and faults, journal it done.

        Raises OutsideError while `attempt` (from 1) is among the first that shall fail.
        """
        self._write(name, attempt, "begun", details)
        if name in self.hold:
            while not self.hold[name].exists():
                time.sleep(HOLD_POLL_SECONDS)
        if attempt <= self.fail_times.get(name, 0):
            self._write(name, attempt, "failed", details)
            raise OutsideError(f"{name} is unavailable (attempt {attempt})")
        self._write(name, attempt, "done", details)

    def garbles(self, name: str, attempt: int) -> bool:
        """Whether this attempt of a model call answers with prose nobody can read."""
        return attempt <= self.garble_times.get(name, 0)

    def _write(self, name: str, attempt: int, phase: str, details: dict[str, Any]) -> None:
        if self.journal is None:
            return
        line = json.dumps({"call": name, "attempt": attempt, "phase": phase, "pid": os.getpid(), **details})
        with self.journal.open("a", encoding="utf-8") as journal:  # appended whole, so threads and processes may share
            journal.write(line + "\n")
