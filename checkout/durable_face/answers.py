"""Our views as the answers of AWS's API: whole bodies, ready for `json.dumps`, and the HTTP response around them.

Knows AWS's member names; takes views as they are. Must never add a member AWS does not have.
"""

import json
import uuid
from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import Response

from checkout.durable.aws import to_json
from checkout.durable.views import ExecutionView

# What an execution that an operator must look at is called by AWS.
PAUSED = "PAUSED"


def answer(body: Any, *, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """A response as AWS's REST-JSON protocol has it, with the id by which a client names the request."""
    content = json.dumps(to_json(body), ensure_ascii=False).encode()
    given = {"x-amzn-RequestId": str(uuid.uuid4()), **(headers or {})}
    return Response(content, status, given, media_type="application/json")


def got(view: ExecutionView, *, include_execution_data: bool = True) -> dict[str, Any]:
    """GetDurableExecution."""
    data = {"InputPayload": view.input, "Result": view.result, "Error": view.error} if include_execution_data else {}
    return {
        **_summary(view),
        "Version": str(view.version),
        "ExecutionDataIncluded": include_execution_data,
        **{name: value for name, value in data.items() if value is not None},
    }


def listed(views: Sequence[ExecutionView], next_marker: str | None) -> dict[str, Any]:
    """ListDurableExecutionsByFunction."""
    body: dict[str, Any] = {"DurableExecutions": [_summary(view) for view in views]}
    return {**body, "NextMarker": next_marker} if next_marker else body


def function_arn(view: ExecutionView) -> str:
    """The ARN of the function's version that runs it."""
    return view.arn.partition("/durable-execution/")[0]


def _summary(view: ExecutionView) -> dict[str, Any]:
    summary = {
        "DurableExecutionArn": view.arn,
        "DurableExecutionName": view.name,
        "FunctionArn": function_arn(view),
        "Status": PAUSED if view.parked else view.status.value,
        "StartTimestamp": to_json(view.started_at),
    }
    return summary if view.ended_at is None else {**summary, "EndTimestamp": to_json(view.ended_at)}
