"""What AWS tells of an execution, as our own service would show it: where it stands, and its operations.

Asks AWS and changes nothing. The operations are made of GetDurableExecutionHistory, event by event.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from checkout.durable.errors import ExecutionNotFoundError
from checkout.durable.views import ExecutionStatus, ExecutionView, OperationView
from checkout.on_lambda import owed
from checkout.purchase.errors import PurchaseError
from checkout.purchase.states import TERMINAL
from checkout.store.models import Intent
from checkout.store.session import Database

# The beginnings and ends of AWS's event types.
_TYPES = {
    "Step": "STEP",
    "Wait": "WAIT",
    "Context": "CONTEXT",
    "Callback": "CALLBACK",
    "ChainedInvoke": "CHAINED_INVOKE",
}
_STATUSES = {
    "Started": "STARTED",
    "Succeeded": "SUCCEEDED",
    "Failed": "FAILED",
    "TimedOut": "TIMED_OUT",
    "Stopped": "STOPPED",
    "Cancelled": "CANCELLED",
}
_GONE = "ResourceNotFoundException"


class AwsUnavailableError(PurchaseError):
    """AWS did not say; nothing is lost by asking again."""

    code = "aws_unavailable"
    status = 503
    retryable = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Histories:
    """Histories of the executions of one database's purchases. `client` is boto3's."""

    database: Database
    client: Any
    function: str

    def get(self, intent_id: str) -> ExecutionView:
        """Where it stands. One that AWS has not been told of has no ARN: it is under way, or was cancelled."""
        with self.database.read() as session:
            arn = owed.arn_of(session, intent_id)
            intent = session.get(Intent, intent_id)
        if intent is None:
            raise ExecutionNotFoundError(f"there is no purchase {intent_id}")
        view = ExecutionView(
            arn=arn or "",
            name=intent_id,
            function=self.function,
            version=0,
            status=ExecutionStatus.STOPPED if intent.state in TERMINAL else ExecutionStatus.RUNNING,
            input="",
            result=None,
            error=None,
            parked=None,
            started_at=intent.created_at,
            ended_at=None,
        )
        return self._told(view) if arn else view

    def operations(self, intent_id: str) -> tuple[OperationView, ...]:
        """Its operations, in start order."""
        with self.database.read() as session:
            arn = owed.arn_of(session, intent_id)
            known = owed.was_started(session, intent_id)
        if arn is None:
            if not known:
                raise ExecutionNotFoundError(f"{intent_id} is no execution of AWS's")
            return ()
        with _asking(intent_id):
            pages = self.client.get_paginator("get_durable_execution_history").paginate(
                DurableExecutionArn=arn, IncludeExecutionData=True
            )
            return operations_of(event for page in pages for event in page["Events"])

    def _told(self, view: ExecutionView) -> ExecutionView:
        with _asking(view.name):
            told = self.client.get_durable_execution(DurableExecutionArn=view.arn)
        status, version = str(told["Status"]), str(told.get("Version", ""))
        paused = status not in ExecutionStatus.__members__  # PAUSING, PAUSED: under way, and waiting for an operator
        reason = told.get("PauseDetails", {}).get("Reason") or "an operator must look"
        return replace(
            view,
            version=int(version) if version.isdigit() else 0,  # $LATEST has no number
            status=ExecutionStatus.RUNNING if paused else ExecutionStatus(status),
            parked=str(reason) if paused else None,
            result=told.get("Result"),
            error=told.get("Error"),
            started_at=told["StartTimestamp"],
            ended_at=told.get("EndTimestamp"),
        )


@contextmanager
def _asking(intent_id: str) -> Iterator[None]:
    try:
        yield
    except ClientError as refused:
        if refused.response["Error"]["Code"] == _GONE:
            raise ExecutionNotFoundError(f"AWS keeps no execution of {intent_id} any more") from refused
        raise AwsUnavailableError(f"AWS refused to tell of {intent_id}: {refused}") from refused
    except BotoCoreError as away:
        raise AwsUnavailableError(f"AWS could not be asked about {intent_id}: {away}") from away


def operations_of(events: Iterator[dict[str, Any]]) -> tuple[OperationView, ...]:
    """The operations that a history tells of, each as its last event leaves it."""
    found: dict[str, OperationView] = {}
    for event in events:
        kind = next((kind for kind in _TYPES if event["EventType"].startswith(kind)), None)
        if kind is None:
            continue  # of the execution itself, or of an invocation
        status = _STATUSES[event["EventType"].removeprefix(kind)]
        details = event.get(f"{event['EventType']}Details") or {}
        before = found.get(event["Id"]) or OperationView(
            id=event["Id"],
            parent_id=event.get("ParentId"),
            name=event.get("Name"),
            type=_TYPES[kind],
            sub_type=event.get("SubType"),
            status=status,
            attempt=0,
            payload=None,
            error=None,
            callback_id=details.get("CallbackId"),
            next_attempt_at=None,
            started_at=event["EventTimestamp"],
            ended_at=None,
        )
        found[event["Id"]] = _after(before, status, details, event["EventTimestamp"])
    return tuple(found.values())


def _after(before: OperationView, status: str, details: dict[str, Any], at: Any) -> OperationView:
    """The operation after one more event; a step that failed and will be tried again is pending."""
    if status == "STARTED":
        return replace(before, status=status, attempt=before.attempt + (before.type == "STEP"), next_attempt_at=None)
    retry = details.get("RetryDetails") or {}
    pause_seconds = retry.get("NextAttemptDelaySeconds")
    again = at + timedelta(seconds=pause_seconds) if pause_seconds else None
    return replace(
        before,
        status="PENDING" if again else status,
        attempt=max(before.attempt, retry.get("CurrentAttempt", 0)),
        payload=(details.get("Result") or {}).get("Payload", before.payload),
        error=(details.get("Error") or {}).get("Payload"),
        next_attempt_at=again,
        ended_at=None if again else at,
    )
