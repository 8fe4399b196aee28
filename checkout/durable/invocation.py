"""One invocation of a handler: what it is handed, in the shapes of AWS Lambda. Knows no database, and no outcome."""

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from typing import Any

from checkout.durable.execution import Execution
from checkout.durable.operation import Operation
from checkout.durable.registry import Registration
from checkout.durable.wire import Token

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """One claimed invocation: what it is handed, and which claim it is."""

    registration: Registration
    execution_id: int
    invocation: int
    request_id: str
    arn: str
    event: Mapping[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class LambdaContext:
    """What a Lambda handler may read about its invocation, as far as it means something here."""

    aws_request_id: str
    function_name: str
    function_version: str
    invoked_function_arn: str
    log_group_name: str | None = None
    log_stream_name: str | None = None
    memory_limit_in_mb: str | None = None
    tenant_id: str | None = None
    client_context: Any = None
    identity: Any = None

    def get_remaining_time_in_millis(self) -> int:
        """No limit of ours: fifteen minutes, Lambda's longest."""
        return 900_000

    def log(self, msg: object) -> None:
        """Lambda's own log call."""
        logger.info("%s", msg)


def event_of(
    execution: Execution, found: Sequence[Operation], stamp: Callable[[datetime], datetime], *, more: bool
) -> Mapping[str, Any]:
    """The event as Lambda would hand it over: the first page of state, times put through `stamp`, in milliseconds.

    `more`: there are operations after those.
    """

    def millis(moment: datetime) -> int:
        return ceil(stamp(moment).timestamp() * 1000)  # never earlier than it is

    own = {
        "Id": execution.operation_id,
        "Name": execution.name,
        "Type": "EXECUTION",
        "Status": "STARTED",
        "StartTimestamp": millis(execution.started_at),
        "ExecutionDetails": {"InputPayload": execution.input},
    }
    return {
        "DurableExecutionArn": execution.arn,
        "CheckpointToken": str(Token.of(execution)),
        "InitialExecutionState": {
            "Operations": [own, *(one.wire(millis) for one in found)],
            "NextMarker": str(found[-1].ordinal) if more else "",
        },
        "UpdatedOperationIds": [one.id for one in found if one.touched > execution.seen],
    }
