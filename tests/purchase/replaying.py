"""Hands a saga a recorded history as a worker does after a crash, with a service that records nothing new."""

import json
from collections.abc import Callable, Sequence
from typing import Any

from aws_durable_execution_sdk_python import durable_execution
from aws_durable_execution_sdk_python.execution import (
    DurableExecutionInvocationInput,
    DurableExecutionInvocationInputWithClient,
)
from aws_durable_execution_sdk_python.lambda_service import LambdaClient

from checkout.durable.invocation import LambdaContext

Handler = Callable[..., Any]


class ReadOnly:
    """A service that hands out no new checkpoint: whoever wants to record something is remembered for it."""

    def __init__(self) -> None:
        self.asked: list[Any] = []

    def checkpoint_durable_execution(self, **call: Any) -> dict[str, Any]:
        """Remember what should have been recorded; answer as if it were."""
        self.asked.extend(call.get("Updates", ()))
        return {"CheckpointToken": "next", "NewExecutionState": {"Operations": []}}

    def get_durable_execution_state(self, **_: Any) -> dict[str, Any]:
        """There is no further page."""
        return {"Operations": []}


def replay(handler: Handler, asked: Any, operations: Sequence[Any]) -> tuple[dict[str, Any], ReadOnly]:
    """What a handler (event, context) makes of a history that has an end; and what else it would have recorded."""
    service = ReadOnly()
    decorated: Handler = durable_execution(handler)
    own = {
        "Id": "own",
        "Name": "story",
        "Type": "EXECUTION",
        "Status": "STARTED",
        "StartTimestamp": 1_767_225_600_000,
        "ExecutionDetails": {"InputPayload": json.dumps(asked)},
    }
    invocation = DurableExecutionInvocationInput.from_json_dict(
        {
            "DurableExecutionArn": "arn:aws:lambda:local:0:function:purchase:1/durable-execution/story/own",
            "CheckpointToken": "first",
            "InitialExecutionState": {"Operations": [own, *operations], "NextMarker": ""},
        }
    )
    given = DurableExecutionInvocationInputWithClient.from_durable_execution_invocation_input(
        invocation,
        LambdaClient(client=service),
    )
    lambda_context = LambdaContext(
        aws_request_id="r", function_name="purchase", function_version="1", invoked_function_arn="arn"
    )
    return decorated(given, lambda_context), service
