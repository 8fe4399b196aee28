"""History events in AWS's vocabulary and shape: what GetDurableExecutionHistory would list.

Knows the details structure of every event type. An event is written once, when it happens, and never changes; its
EventId is given when it is stored. Must never know why something happened.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from checkout.durable.operation import Operation

Details = dict[str, Any]

_PREFIXES = {
    "STEP": "Step",
    "WAIT": "Wait",
    "CONTEXT": "Context",
    "CALLBACK": "Callback",
    "CHAINED_INVOKE": "ChainedInvoke",
}
_SUFFIXES = {
    "SUCCEEDED": "Succeeded",
    "FAILED": "Failed",
    "TIMED_OUT": "TimedOut",
    "STOPPED": "Stopped",
    "CANCELLED": "Cancelled",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One event. `fields` are its identifying members (Id, ParentId, Name, SubType), `details` its structure."""

    type: str
    at: datetime
    fields: dict[str, str]
    details: Details


def started(operation: Operation, details: Details, at: datetime) -> Event:
    """An operation started (a step: each attempt)."""
    return _of(operation, "Started", details, at)


def ended(operation: Operation, at: datetime, *, retry: Details | None = None) -> Event:
    """An operation ended as its status says; `retry` are a step's RetryDetails."""
    details: Details = {}
    match operation.type, operation.status:
        case "WAIT", "SUCCEEDED":
            details = {"Duration": operation.seconds}
        case "WAIT", _:
            details = {"Error": error(operation.error)}
        case _, "SUCCEEDED":
            details = {"Result": text(operation.payload)}
        case _:
            details = {"Error": error(operation.error)}
    if operation.type == "STEP":
        details["RetryDetails"] = retry or {}
    return _of(operation, _SUFFIXES[operation.status], details, at)


def retried(operation: Operation, delay_seconds: int, at: datetime) -> Event:
    """A step's attempt is over and another will follow: failed if it has an error, else a poll that must go on."""
    retry = {"CurrentAttempt": operation.attempt, "NextAttemptDelaySeconds": delay_seconds}
    if operation.error is not None:
        return _of(operation, "Failed", {"Error": error(operation.error), "RetryDetails": retry}, at)
    return _of(operation, "Succeeded", {"Result": text(operation.payload), "RetryDetails": retry}, at)


def execution_started(operation_id: str, name: str, payload: str, timeout_seconds: int | None, at: datetime) -> Event:
    """The execution exists. AWS requires ExecutionTimeout; ours may have none, which is 0."""
    details = {"Input": text(payload), "ExecutionTimeout": timeout_seconds or 0}
    return Event(type="ExecutionStarted", at=at, fields={"Id": operation_id, "Name": name}, details=details)


def execution_ended(
    operation_id: str, name: str, status: str, result: str | None, failure: dict[str, Any] | None, at: datetime
) -> Event:
    """The execution ended with `status`."""
    details = {"Result": text(result)} if status == "SUCCEEDED" else {"Error": error(failure)}
    return Event(
        type=f"Execution{_SUFFIXES[status]}", at=at, fields={"Id": operation_id, "Name": name}, details=details
    )


def execution_paused(operation_id: str, name: str, reason: str, requested_at: datetime, at: datetime) -> Event:
    """The execution waits for an operator: it was parked."""
    details = {
        "PauseRequestTimestamp": requested_at,
        "Reason": text(reason),
        "ExecutionTimeoutPaused": True,
    }
    return Event(type="ExecutionPaused", at=at, fields={"Id": operation_id, "Name": name}, details=details)


def execution_resumed(operation_id: str, name: str, reason: str, at: datetime) -> Event:
    """An operator let it go on."""
    details = {"ResumeRequestTimestamp": at, "Reason": text(reason)}
    return Event(type="ExecutionResumed", at=at, fields={"Id": operation_id, "Name": name}, details=details)


def invocation_completed(
    request_id: str, started_at: datetime, ended_at: datetime, failure: dict[str, Any] | None
) -> Event:
    """A handler's invocation returned, broke (`failure`), or died with its process (ErrorType Runtime.ExitError)."""
    details = {
        "StartTimestamp": started_at,
        "EndTimestamp": ended_at,
        "RequestId": request_id,
        "Error": error(failure) if failure else {},
    }
    return Event(type="InvocationCompleted", at=ended_at, fields={}, details=details)


def text(payload: str | None) -> Details:
    """EventInput, EventResult, EventReason: the raw text; nothing there is no Payload."""
    return {"Truncated": False} if payload is None else {"Payload": payload, "Truncated": False}


def error(failure: dict[str, Any] | None) -> Details:
    """EventError."""
    return {"Truncated": False} if failure is None else {"Payload": failure, "Truncated": False}


def shape(event_id: int, event: Event, *, include_execution_data: bool) -> dict[str, Any]:
    """The member of AWS's `Events` list."""
    details = event.details if include_execution_data else {key: _withheld(one) for key, one in event.details.items()}
    return {
        "EventType": event.type,
        "EventId": event_id,
        "EventTimestamp": event.at,
        **event.fields,
        f"{event.type}Details": details,
    }


def _withheld(member: Any) -> Any:
    """A member without its payload, marked as such; members that carry none stay."""
    if isinstance(member, dict) and "Truncated" in member:
        return {"Truncated": True}
    return member


def _of(operation: Operation, suffix: str, details: Details, at: datetime) -> Event:
    fields = {"Id": operation.id, **operation.labels()}
    return Event(type=f"{_PREFIXES[operation.type]}{suffix}", at=at, fields=fields, details=details)
