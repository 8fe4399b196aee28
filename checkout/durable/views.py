"""What the durable service shows of an execution: to projectors, to operators, to tests. Frozen; no rows, no sessions.

A projector is how an application keeps public state: it is called inside the transaction that changes an execution,
with everything that changed, and writes its own tables through the same session. It must not call outside and must not
fail for reasons of its own: an exception rolls the checkpoint back.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlmodel import Session


class ExecutionStatus(StrEnum):
    """AWS's words for where an execution stands."""

    RUNNING = "RUNNING"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    TIMED_OUT = "TIMED_OUT"
    STOPPED = "STOPPED"


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionView:
    """One execution. `input` and `result` are JSON text; `error` is AWS's ErrorObject shape.

    `parked` is None, or the sentence that says why an operator must look before it goes on; a parked execution is
    still RUNNING and is claimed by no worker until it is resumed.
    """

    arn: str
    name: str
    function: str
    version: int
    status: ExecutionStatus
    input: str
    result: str | None
    error: dict[str, Any] | None
    parked: str | None
    started_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class OperationView:
    """One operation. `type`, `sub_type` and `status` are AWS's words; `payload` is its result as JSON text."""

    id: str
    parent_id: str | None
    name: str | None
    type: str
    sub_type: str | None
    status: str
    attempt: int
    payload: str | None
    error: dict[str, Any] | None
    callback_id: str | None
    next_attempt_at: datetime | None
    started_at: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What one transaction changed: the execution as it is now, and the operations it touched, in order."""

    execution: ExecutionView
    operations: tuple[OperationView, ...]


Projector = Callable[[Session, Change], None]
