"""One operation of an execution, as the service keeps it, and its faces: the view, and AWS's wire shape.

Knows AWS's words for types and statuses. Must never know rows, sessions or who asks.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from checkout.durable.views import OperationView

ENDED = frozenset({"SUCCEEDED", "FAILED", "CANCELLED", "TIMED_OUT", "STOPPED"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation. `error` is AWS's ErrorObject; `payload` is the serializer's raw text.

    `due_at` is when a timer changes it: a wait's end, a retry's next attempt, the nearer of a callback's two timeouts.
    `seconds` is a wait's duration or a callback's heartbeat timeout; `deadline_at` a callback's timeout.
    `ordinal` and `touched` are the execution's change counter when it was made and when it last changed.
    """

    id: str
    type: str
    status: str
    started_at: datetime
    parent_id: str | None = None
    name: str | None = None
    sub_type: str | None = None
    ended_at: datetime | None = None
    attempt: int = 0
    payload: str | None = None
    error: dict[str, Any] | None = None
    replay_children: bool = False
    callback_id: str | None = None
    due_at: datetime | None = None
    deadline_at: datetime | None = None
    seconds: int = 0
    ordinal: int = 0
    touched: int = 0

    @property
    def ended(self) -> bool:
        """Whether it can change no more."""
        return self.status in ENDED

    @property
    def waits(self) -> bool:
        """Whether a timer or somebody outside will change it."""
        if self.status == "STARTED":
            return self.type in ("WAIT", "CALLBACK", "CHAINED_INVOKE")
        return self.status in ("PENDING", "READY")

    def view(self) -> OperationView:
        """What projectors and operators see."""
        return OperationView(
            id=self.id,
            parent_id=self.parent_id,
            name=self.name,
            type=self.type,
            sub_type=self.sub_type,
            status=self.status,
            attempt=self.attempt,
            payload=self.payload,
            error=self.error,
            callback_id=self.callback_id,
            next_attempt_at=self.due_at if self.type == "STEP" else None,
            started_at=self.started_at,
            ended_at=self.ended_at,
        )

    def labels(self) -> dict[str, str]:
        """AWS's ParentId, Name and SubType, those it has."""
        labels = {"ParentId": self.parent_id, "Name": self.name, "SubType": self.sub_type}
        return {key: value for key, value in labels.items() if value is not None}

    def wire(self, stamp: Callable[[datetime], Any]) -> dict[str, Any]:
        """AWS's Operation structure, every time put through `stamp`."""
        shape: dict[str, Any] = {
            "Id": self.id,
            "Type": self.type,
            "Status": self.status,
            "StartTimestamp": stamp(self.started_at),
            **self.labels(),
        }
        if self.ended_at is not None:
            shape["EndTimestamp"] = stamp(self.ended_at)
        key, details = self._details(stamp)
        shape[key] = details
        return shape

    def _details(self, stamp: Callable[[datetime], Any]) -> tuple[str, dict[str, Any]]:
        details: dict[str, Any] = {}
        if self.payload is not None:
            details["Result"] = self.payload
        if self.error is not None:
            details["Error"] = self.error
        match self.type:
            case "STEP":
                details["Attempt"] = self.attempt
                if self.due_at is not None:
                    details["NextAttemptTimestamp"] = stamp(self.due_at)
                return "StepDetails", details
            case "WAIT":
                return "WaitDetails", {"ScheduledEndTimestamp": stamp(self.deadline_at)} if self.deadline_at else {}
            case "CALLBACK":
                return "CallbackDetails", {"CallbackId": self.callback_id, **details}
            case "CHAINED_INVOKE":
                return "ChainedInvokeDetails", details
            case _:
                return "ContextDetails", {"ReplayChildren": self.replay_children, **details}
