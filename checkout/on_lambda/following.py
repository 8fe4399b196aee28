"""The public state where the checkpoint's transaction is not ours: projected after each checkpoint AWS has accepted.

Between the two a process can die, so the public state may be late, never early. What a death left out is made good by
the next invocation, which is handed all operations and projects them first; the end is projected before it is reported,
so it cannot be left out. Projecting twice is projecting once. Knows AWS's wire and rows; must never know a handler.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from checkout.durable.views import Change, ExecutionStatus, ExecutionView, OperationView, Projector
from checkout.durable.wire import as_client_error
from checkout.store.session import Database

Document = Mapping[str, Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# What an operation is after each of AWS's actions.
_LEAVES = {"START": "STARTED", "SUCCEED": "SUCCEEDED", "FAIL": "FAILED", "RETRY": "PENDING", "CANCEL": "CANCELLED"}


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicState:
    """What others see of one execution, in a database of ours: the one that `name` stands for there.

    `projector` must be one that may be told the same again.
    """

    database: Database
    projector: Projector
    arn: str
    name: str

    def follow(self, operations: Iterable[Document]) -> None:
        """Take over what AWS has recorded."""
        views = tuple(operation_view(one) for one in operations if one["Type"] != "EXECUTION")
        if views:
            self._project(views)

    def end(self, result: str) -> None:
        """Take over how the execution ends."""
        self._project(status=ExecutionStatus.SUCCEEDED, result=result)

    def park(self, reason: str) -> None:
        """Show that an operator must look."""
        self._project(parked=reason)

    def _project(
        self,
        operations: tuple[OperationView, ...] = (),
        *,
        status: ExecutionStatus = ExecutionStatus.RUNNING,
        result: str | None = None,
        parked: str | None = None,
    ) -> None:
        function, _, rest = self.arn.rpartition("function:")[2].partition(":")
        version = rest.partition("/")[0]
        execution = ExecutionView(
            arn=self.arn,
            name=self.name,
            function=function,
            version=int(version) if version.isdigit() else 0,  # $LATEST has no number
            status=status,
            input="",  # AWS keeps it; no public state is made of it
            result=result,
            error=None,
            parked=parked,
            started_at=_EPOCH,
            ended_at=None,
        )
        with self.database.transaction() as session:
            self.projector(session, Change(execution=execution, operations=operations))


class FollowedClient:
    """`boto3_client=` for the SDK: AWS's client, with the public state of one execution following every answer."""

    def __init__(self, client: Any, public_state: PublicState) -> None:
        self._client = client
        self._public_state = public_state

    def checkpoint_durable_execution(self, **request: Any) -> Document:
        """AWS records it; then it is shown. Ends that AWS was told and does not repeat are read from the request."""
        answer: Document = self._client.checkpoint_durable_execution(**request)
        recorded = {one["Id"]: one for one in answer["NewExecutionState"].get("Operations", ())}
        told = {update["Id"]: _as_recorded(update) for update in request["Updates"]}
        self._follow((told | recorded).values())
        return answer

    def get_durable_execution_state(self, **request: Any) -> Document:
        """A further page of what was recorded before; it may not have been shown yet."""
        answer: Document = self._client.get_durable_execution_state(**request)
        self._follow(answer["Operations"])
        return answer

    def _follow(self, operations: Iterable[Document]) -> None:
        try:
            self._public_state.follow(operations)
        except SQLAlchemyError as broken:  # 5xx-shaped: it ends the invocation, and the next one makes it good
            raise as_client_error(broken, "CheckpointDurableExecution") from broken


def _as_recorded(update: Document) -> Document:
    """The operation that an update leaves; when it started is not told, and no public state is made of it."""
    labels = {name: update[name] for name in ("Id", "Type", "ParentId", "Name", "SubType") if name in update}
    outcome = {"Result": update.get("Payload"), "Error": update.get("Error")}
    return {**labels, "Status": _LEAVES[update["Action"]], "StartTimestamp": _EPOCH, "StepDetails": outcome}


def operation_view(wire: Document) -> OperationView:
    """AWS's Operation, with times as boto3 reads them or, in an invocation's event, as milliseconds."""
    details = wire.get("StepDetails") or wire.get("CallbackDetails") or wire.get("ContextDetails") or {}
    started_at = _moment(wire["StartTimestamp"])
    assert started_at is not None  # AWS's model requires it
    return OperationView(
        id=wire["Id"],
        parent_id=wire.get("ParentId"),
        name=wire.get("Name"),
        type=wire["Type"],
        sub_type=wire.get("SubType"),
        status=wire["Status"],
        attempt=details.get("Attempt", 0),
        payload=details.get("Result"),
        error=details.get("Error"),
        callback_id=details.get("CallbackId"),
        next_attempt_at=_moment(details.get("NextAttemptTimestamp")),
        started_at=started_at,
        ended_at=_moment(wire.get("EndTimestamp")),
    )


def _moment(told: datetime | int | None) -> datetime | None:
    if told is None or isinstance(told, datetime):
        return told
    return _EPOCH + timedelta(milliseconds=told)


def told_again(project: Projector, ended: Callable[[Any, str], bool]) -> Projector:
    """A projector that may be told the same again, of one that may until the end: `ended` tells by the name."""

    def projector(session: Any, change: Change) -> None:
        if not ended(session, change.execution.name):
            project(session, change)

    return projector
