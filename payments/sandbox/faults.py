"""Faults on demand: which request is to go wrong, and how. Knows no resource; what a fault does is the core's.

before  the connection ends and nothing was executed
after   executed, and the connection ends without an answer
409     another request holds the key; nothing was executed
429     too many requests; nothing was executed
500     the provider's own trouble: executed or not, remembered under its key or not
hang    the answer comes late, by `seconds` of real time; the key is in use meanwhile
"""

import re
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from payments.sandbox.wire import Request

# Longer than any caller's own limit, and short enough that a forgotten fault ends by itself.
MAX_HANG_SECONDS = 60


class Fault(BaseModel):
    """One fault: the `nth` request from now on that matches, and the `times - 1` that follow it."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    kind: Literal["before", "after", "409", "429", "500", "hang"]
    method: str | None = None
    path: str = ".*"  # a regular expression for the whole path
    nth: Annotated[int, Field(ge=1)] = 1
    times: Annotated[int, Field(ge=1)] = 1
    executed: bool = False  # for 500
    remembered: bool = False  # for 500: whether the same key gets the same 500 again
    should_retry: bool | None = None  # for 409, 429, 500: what `Stripe-Should-Retry` says, if anything
    seconds: Annotated[float, Field(ge=0, le=MAX_HANG_SECONDS)] = 0  # for hang


class Faults:
    """The faults that are still to come."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    def add(self, fault: Fault) -> None:
        """Let a later request go wrong."""
        self._waiting.append(fault)

    def clear(self) -> None:
        """Let everything go well from now on."""
        self._waiting.clear()

    @property
    def waiting(self) -> tuple[Fault, ...]:
        """What is still to come."""
        return tuple(self._waiting)

    def take(self, request: Request) -> Fault | None:
        """The fault for this request, if any; every match is counted."""
        hit: Fault | None = None
        left: list[Fault] = []
        for fault in self._waiting:
            if not self._matches(fault, request):
                left.append(fault)
            elif fault.nth > 1 or hit:
                left.append(fault.model_copy(update={"nth": max(1, fault.nth - 1)}))
            else:
                hit = fault
                if fault.times > 1:
                    left.append(fault.model_copy(update={"times": fault.times - 1}))
        self._waiting = left
        return hit

    @staticmethod
    def _matches(fault: Fault, request: Request) -> bool:
        return fault.method in (None, request.method) and re.fullmatch(fault.path, request.path) is not None
