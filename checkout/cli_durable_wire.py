"""What AWS's API answers to GetDurableExecution, GetDurableExecutionHistory and ListDurableExecutionsByFunction.

Knows AWS's member names and the wire form of a time (seconds since 1970, as its REST-JSON protocol has it); takes views
and history events as they are. Must never add a member AWS does not have.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from checkout.durable.views import ExecutionView


def got(view: ExecutionView) -> dict[str, Any]:
    """The answer of GetDurableExecution."""
    answer: dict[str, Any] = {**_summary(view), "InputPayload": view.input, "Version": str(view.version)}
    if view.result is not None:
        answer["Result"] = view.result
    if view.error is not None:
        answer["Error"] = view.error
    return answer


def listed(views: Sequence[ExecutionView], next_marker: str | None) -> dict[str, Any]:
    """The answer of ListDurableExecutionsByFunction."""
    answer: dict[str, Any] = {"DurableExecutions": [_summary(view) for view in views]}
    if next_marker:
        answer["NextMarker"] = next_marker
    return answer


def happened(events: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The answer of GetDurableExecutionHistory."""
    return {"Events": [jsonable(event) for event in events]}


def jsonable(value: Any) -> Any:
    """The same value with every time as seconds since 1970."""
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, Mapping):
        return {key: jsonable(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [jsonable(one) for one in value]
    return value


def _summary(view: ExecutionView) -> dict[str, Any]:
    summary: dict[str, Any] = {
        "DurableExecutionArn": view.arn,
        "DurableExecutionName": view.name,
        "FunctionArn": view.arn.partition("/durable-execution/")[0],
        "Status": view.status.value,
        "StartTimestamp": view.started_at.timestamp(),
    }
    if view.ended_at is not None:
        summary["EndTimestamp"] = view.ended_at.timestamp()
    return summary
