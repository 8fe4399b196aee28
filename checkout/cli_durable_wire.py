"""What AWS's API answers to GetDurableExecution and ListDurableExecutionsByFunction.

Knows AWS's member names; takes views as they are. Must never add a member AWS does not have.
"""

from collections.abc import Sequence
from typing import Any

from checkout.durable.aws import to_json
from checkout.durable.views import ExecutionView


def got(view: ExecutionView) -> dict[str, Any]:
    """The answer of GetDurableExecution, ready for `json.dumps`."""
    optional = {"Result": view.result, "Error": view.error}
    answer = {**_summary(view), "InputPayload": view.input, "Version": str(view.version)}
    return {**answer, **{name: value for name, value in optional.items() if value is not None}}


def listed(views: Sequence[ExecutionView], next_marker: str | None) -> dict[str, Any]:
    """The answer of ListDurableExecutionsByFunction, ready for `json.dumps`."""
    answer: dict[str, Any] = {"DurableExecutions": [_summary(view) for view in views]}
    return {**answer, "NextMarker": next_marker} if next_marker else answer


def _summary(view: ExecutionView) -> dict[str, Any]:
    summary = {
        "DurableExecutionArn": view.arn,
        "DurableExecutionName": view.name,
        "FunctionArn": view.arn.partition("/durable-execution/")[0],
        "Status": view.status.value,
        "StartTimestamp": to_json(view.started_at),
    }
    return summary if view.ended_at is None else {**summary, "EndTimestamp": to_json(view.ended_at)}
