"""The purchase as the handler of a Lambda durable function.

Knows what AWS hands to a handler and takes from it. Must never know which ports, database or client it was given.
"""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import structlog
from aws_durable_execution_sdk_python import durable_execution

from checkout.durable.views import Projector
from checkout.on_lambda.following import FollowedClient, PublicState
from checkout.purchase import codec
from checkout.purchase.ports import Ports
from checkout.purchase.saga import purchase
from checkout.store.session import Database

log = structlog.get_logger(__name__)

# AWS keeps no longer reason for a pause.
LONGEST_REASON = 1024


class ParkedError(Exception):
    """The purchase cannot end as it was about to; it is paused for an operator. `code` is stable, not retryable."""

    code = "parked"
    retryable = False


def decorated(ports: Ports, client: Any = None) -> Callable[[Any, Any], Any]:
    """The saga under AWS's decorator; `client` is the SDK's own when None."""
    return durable_execution(partial(purchase, ports=ports), boto3_client=client)


def deployed(
    ports: Ports, client: Any, database: Database, projector: Projector
) -> Callable[[Any, Any], Mapping[str, Any]]:
    """The Lambda handler: the saga, its public state following, and no end but by its own result.

    Raises ParkedError, which ends the invocation only, instead of letting a bug or a replay mismatch end a purchase
    that may hold money: AWS pauses the execution until an operator resumes it.
    """

    def handler(event: Mapping[str, Any], context: Any) -> Mapping[str, Any]:
        arn, operations = event["DurableExecutionArn"], event["InitialExecutionState"]["Operations"]
        intent_id = codec.loads(operations[0]["ExecutionDetails"]["InputPayload"]).intent_id
        public_state = PublicState(database=database, projector=projector, arn=arn, name=intent_id)
        public_state.follow(operations)
        output: Mapping[str, Any] = decorated(ports, FollowedClient(client, public_state))(event, context)
        match output["Status"]:
            case "SUCCEEDED":
                public_state.end(output["Result"])
            case "FAILED":
                error = output.get("Error") or {}
                reason = f"{error.get('ErrorType', 'FAILED')}: {error.get('ErrorMessage', 'no message')}"
                log.error("purchase.parked", arn=arn, reason=reason)
                client.pause_durable_execution(DurableExecutionArn=arn, Reason=reason[:LONGEST_REASON])
                public_state.park(reason)
                raise ParkedError(reason)
        return output

    return handler
