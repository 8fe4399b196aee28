"""Trouble on demand: which answer is to go wrong, and how. Knows kinds and counts; what each does is the core's.

429          too many requests, with `retry-after`
500, 529     the servers' own trouble, overload
hang         the answer comes `seconds` late
drop         the connection ends without an answer
half         the answer breaks off in the middle
error_event  a stream that ends in an error of the servers'
max_tokens   the answer is cut off before its first call
refusal      the answer is a refusal
"""

import threading
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

# Longer than any caller's own limit, and short enough that a forgotten trouble ends by itself.
MAX_HANG_SECONDS = 120
FOR_EVER = 1_000_000


class Trouble(BaseModel):
    """One trouble: the `nth` message asked for from now on, and the `times - 1` that follow it."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: Literal["429", "500", "529", "hang", "drop", "half", "error_event", "max_tokens", "refusal"]
    nth: Annotated[int, Field(ge=1)] = 1
    times: Annotated[int, Field(ge=1)] = 1
    seconds: Annotated[float, Field(ge=0, le=MAX_HANG_SECONDS)] = 0
    retry_after_seconds: Annotated[float, Field(ge=0)] = 0


class Troubles:
    """The troubles still to come."""

    def __init__(self) -> None:
        self._waiting: list[Trouble] = []
        self._lock = threading.Lock()

    def add(self, trouble: Trouble) -> None:
        """Let a later answer go wrong."""
        with self._lock:
            self._waiting.append(trouble)

    def clear(self) -> None:
        """Let everything go well from now on."""
        with self._lock:
            self._waiting.clear()

    @property
    def waiting(self) -> tuple[Trouble, ...]:
        """What is still to come."""
        return tuple(self._waiting)

    def take(self) -> Trouble | None:
        """The trouble for the message asked for now, if any; every message is counted."""
        with self._lock:
            hit: Trouble | None = None
            left: list[Trouble] = []
            for trouble in self._waiting:
                if trouble.nth > 1 or hit:
                    left.append(trouble.model_copy(update={"nth": max(1, trouble.nth - 1)}))
                    continue
                hit = trouble
                if trouble.times > 1:
                    left.append(trouble.model_copy(update={"times": trouble.times - 1}))
            self._waiting = left
            return hit
