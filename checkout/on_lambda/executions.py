"""Purchases whose executions are AWS's: a command changes our own rows, and owes AWS the call that makes it so there.

What a command may do is decided from our rows alone, under the lock of the intent's row: AWS is never asked within a
transaction. So a state that AWS has left a moment ago may still be acted on, and AWS then refuses the call: each verb
says why that loses nothing. Knows rows and what the public state makes of an answer; reading is `histories`'.
"""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

from sqlmodel import Session, col, select

from checkout.durable.errors import (
    CallbackAlreadyCompletedError,
    CallbackExpiredError,
    CallbackNotFoundError,
    ExecutionNotFoundError,
    StopRefusedError,
)
from checkout.durable.views import Change, ExecutionStatus, ExecutionView, OperationView, Projector
from checkout.on_lambda import owed
from checkout.on_lambda.calling import Calls
from checkout.on_lambda.histories import Histories
from checkout.on_lambda.owed import Verb
from checkout.purchase import codec, tasks
from checkout.purchase.terms import TaskKind
from checkout.store.clock import Clock
from checkout.store.models import AgentTask, Intent
from checkout.store.session import after_commit
from merchants.sdk import Order


@dataclass(frozen=True, slots=True, kw_only=True)
class LambdaExecutions:
    """`Executions` of a Lambda durable function. `heartbeat_seconds` is what its orders wait for an agent's word."""

    clock: Clock
    projector: Projector
    calls: Calls
    histories: Histories
    heartbeat_seconds: float
    _listeners: list[Callable[[str], None]] = field(default_factory=list)

    @contextmanager
    def running(self) -> Iterator[None]:
        """Make the calls that are owed, until the block ends."""
        with self.calls.running():
            yield

    def start(self, function: str, name: str, payload: str, *, session: Session) -> object:  # noqa: ARG002 (there is one)
        """Owe the invocation, by the intent's id: however often AWS is told, it is one execution."""
        self._owe(session, name, Verb.INVOKE, body=payload)
        return None

    def lock(self, name_or_arn: str, *, session: Session) -> None:
        """Lock the intent's row, as whoever projects AWS's checkpoints does."""
        found = session.exec(select(Intent.id).where(Intent.id == name_or_arn).with_for_update()).first()
        if found is None:
            raise ExecutionNotFoundError(f"there is no purchase {name_or_arn}")

    def stop(self, name_or_arn: str, *, override: bool, session: Session) -> object:
        """The purchase is over here and now; AWS is told.

        Until it has heard, the handler may go on, and can hold no money: the payment token is gone with the public
        state's end, and a step that has begun with it shows before it does, which the caller has looked for.
        """
        if not override:
            raise StopRefusedError("a purchase ends by its own result")
        if not owed.forget_start(session, name_or_arn):
            self._owe(session, name_or_arn, Verb.STOP)
        self._project(session, name_or_arn, status=ExecutionStatus.STOPPED)
        return None

    def succeed_callback(self, callback_id: str, payload: str | None = None, *, session: Session) -> None:
        """Take an answer. If AWS has timed the question out a moment before, the purchase goes on as if there was none.

        An order is therefore kept with its task: whoever looks a lost order up finds it there.
        """
        task = session.get(AgentTask, callback_id)
        if task is not None:
            self._refuse_late(task)
            if task.kind == TaskKind.ORDER.value and isinstance(order := codec.loads(payload or ""), Order):
                task.witnessed = {**(task.witnessed or {}), "order": codec.to_json(order)}
                session.add(task)
            self._answer(session, task.intent_id, callback_id, Verb.SUCCEED, payload)
            return
        intent, name = self._asking(session, callback_id)
        self._answer(session, intent.id, callback_id, Verb.SUCCEED, payload)
        self._project(session, intent.id, _answered(name, callback_id, payload, self.clock.now()))

    def fail_callback(self, callback_id: str, error: dict[str, Any], *, session: Session) -> None:
        """Take an agent's word that it cannot be done."""
        task = session.get(AgentTask, callback_id)
        if task is None:
            raise CallbackNotFoundError("no callback has this id")
        self._refuse_late(task)
        self._answer(session, task.intent_id, callback_id, Verb.FAIL, json.dumps(error))

    def heartbeat_callback(self, callback_id: str, *, session: Session) -> None:
        """A worker is alive. AWS may miss it; then the order is looked up early, and a permit is waited for as ever."""
        task = session.get(AgentTask, callback_id)
        if task is None:
            raise CallbackNotFoundError("no callback has this id")
        self._refuse_late(task)
        if task.kind == TaskKind.ORDER.value:  # nothing else must be heard of before its time is over
            task.heartbeat_at = self.clock.now()
            session.add(task)
            after_commit(session, partial(self.calls.beat, callback_id))

    def get(self, name_or_arn: str) -> ExecutionView:
        """What AWS says of it; ExecutionNotFoundError, AwsUnavailableError."""
        return self.histories.get(name_or_arn)

    def operations(self, name_or_arn: str) -> tuple[OperationView, ...]:
        """Its operations by AWS's history; ExecutionNotFoundError, AwsUnavailableError."""
        return self.histories.operations(name_or_arn)

    def subscribe(self, listener: Callable[[str], None]) -> Callable[[], None]:
        """Of this process's commands. What AWS's handler projects is another process's, and looked for as such."""
        self._listeners.append(listener)
        return partial(self._listeners.remove, listener)

    def _asking(self, session: Session, callback_id: str) -> tuple[Intent, str]:
        """The purchase that asks a person, and what its question is called."""
        if owed.is_answered(session, callback_id):
            raise CallbackAlreadyCompletedError("the callback was answered before; that answer stands")
        for column, name in (
            (Intent.confirmation_callback_id, "await-confirmation"),
            (Intent.review_callback_id, "await-review"),
        ):
            intent = session.exec(select(Intent).where(col(column) == callback_id)).first()
            if intent is None:
                continue
            if column is Intent.confirmation_callback_id and intent.confirm_before <= self.clock.now():
                raise CallbackExpiredError("the callback has timed out")
            return intent, name
        raise CallbackNotFoundError("no callback has this id")

    def _refuse_late(self, task: AgentTask) -> None:
        """What AWS would say by now: the task's time is over, or its worker fell silent."""
        now = self.clock.now()
        heard = task.heartbeat_at or task.created_at
        silent = task.kind == TaskKind.ORDER.value and heard + timedelta(seconds=self.heartbeat_seconds) <= now
        if task.deadline <= now or silent or task.status == tasks.CANCELLED:
            raise CallbackExpiredError("the callback has timed out")

    def _answer(self, session: Session, intent_id: str, callback_id: str, verb: Verb, body: str | None) -> None:
        if owed.is_answered(session, callback_id):
            raise CallbackAlreadyCompletedError("the callback was answered before; that answer stands")
        self._owe(session, intent_id, verb, body=body, callback_id=callback_id)

    def _owe(self, session: Session, intent_id: str, verb: Verb, **about: str | None) -> None:
        owed.owe(session, intent_id, verb, now=self.clock.now(), **about)
        after_commit(session, self.calls.look)

    def _project(
        self,
        session: Session,
        intent_id: str,
        operation: OperationView | None = None,
        *,
        status: ExecutionStatus = ExecutionStatus.RUNNING,
    ) -> None:
        """Show at once what AWS will have recorded."""
        execution = ExecutionView(
            arn="",
            name=intent_id,
            function="",
            version=0,
            status=status,
            input="",
            result=None,
            error=None,
            parked=None,
            started_at=datetime.min.replace(tzinfo=UTC),
            ended_at=None,
        )
        self.projector(session, Change(execution=execution, operations=(operation,) if operation else ()))
        for listener in tuple(self._listeners):
            after_commit(session, partial(listener, intent_id))


def _answered(name: str, callback_id: str, payload: str | None, now: datetime) -> OperationView:
    """The callback as it is once it was answered."""
    return OperationView(
        id="",
        parent_id=None,
        name=name,
        type="CALLBACK",
        sub_type="Callback",
        status="SUCCEEDED",
        attempt=0,
        payload=payload,
        error=None,
        callback_id=callback_id,
        next_attempt_at=None,
        started_at=now,
        ended_at=now,
    )
