"""The two calls of AWS's Lambda API that the durable SDK makes, answered from our database.

Shaped like boto3's client: keyword arguments and dictionaries in, dictionaries out, botocore's ClientError for what is
refused. The SDK decides by that error what follows: "Invalid checkpoint token" and 5xx end the invocation only; any
other 4xx fails the execution. Must never know a handler.
"""

import base64
import binascii
import secrets
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from hashlib import blake2b
from typing import Any, Self

from botocore.exceptions import ClientError
from sqlalchemy.exc import SQLAlchemyError

from checkout.durable import lifecycle, machine, rules, store
from checkout.durable.changes import Changes, Core, Overtaken
from checkout.durable.errors import DurableError, HandingOverError, InvalidUpdateError, StaleTokenError
from checkout.durable.execution import Execution, arn_of, name_of
from checkout.durable.held import Held, Holdings
from checkout.durable.machine import Applied, Invoke, Target, World
from checkout.durable.operation import Operation
from checkout.durable.store_write import Unit
from checkout.store.clock import SystemClock

Stamp = Callable[[datetime], Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """The fencing token: good for one checkpoint of one invocation."""

    execution_id: int
    operation_id: str
    invocation: int
    sequence: int

    @classmethod
    def of(cls, execution: Execution) -> Self:
        """The one token that is good now."""
        return cls(
            execution_id=execution.id,
            operation_id=execution.operation_id,
            invocation=execution.invocation,
            sequence=execution.sequence,
        )

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read it back; StaleTokenError for anything we never gave out."""
        try:
            key, operation_id, invocation, sequence = base64.b64decode(text, validate=True).decode().split(" ")
            return cls(
                execution_id=int(key), operation_id=operation_id, invocation=int(invocation), sequence=int(sequence)
            )
        except (ValueError, binascii.Error) as unreadable:
            raise StaleTokenError("this is no token of ours") from unreadable

    def __str__(self) -> str:
        plain = f"{self.execution_id} {self.operation_id} {self.invocation} {self.sequence}"
        return base64.b64encode(plain.encode()).decode()


class Wire:
    """`boto3_client=` for the SDK: every call carries its token, so one client serves all executions."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self.holdings = Holdings()

    def checkpoint_durable_execution(
        self,
        *,
        DurableExecutionArn: str,  # noqa: N803 (boto3's spelling)
        CheckpointToken: str,  # noqa: N803 (same)
        Updates: Sequence[Mapping[str, Any]] = (),  # noqa: N803 (same)
        ClientToken: str | None = None,  # noqa: ARG002, N803 (the SDK sends none: a lost answer ends the invocation)
    ) -> dict[str, Any]:
        """Apply the updates in one transaction; the answer carries the next token and all that changed unseen."""
        try:
            token = self._token(DurableExecutionArn, CheckpointToken)
            if self._core.handing_over.is_set() and all(update.get("Action") == "START" for update in Updates):
                raise HandingOverError("this process is to end; whatever is not begun is another's")
            held = self.holdings.recall(token.execution_id, token.invocation)
            return (held and self._from_memory(held, token, Updates)) or self._from_disk(token, Updates)
        except (DurableError, SQLAlchemyError) as refused:
            raise as_client_error(refused, "CheckpointDurableExecution") from refused

    def get_durable_execution_state(
        self,
        *,
        DurableExecutionArn: str,  # noqa: N803 (boto3's spelling)
        CheckpointToken: str,  # noqa: N803 (same)
        Marker: str = "",  # noqa: N803 (same)
        MaxItems: int = 100,  # noqa: N803 (same)
    ) -> dict[str, Any]:
        """One page of the operations, from `Marker` on."""
        try:
            with self._core.database.read() as session:
                token = self._token(DurableExecutionArn, CheckpointToken)
                execution = self._check(store.read(session, token.execution_id), token)
                after, count = int(Marker or 0), max(1, min(MaxItems, 1000))
                found = store.operations_page(session, execution.id, after=after, count=count)
        except (DurableError, SQLAlchemyError) as refused:
            raise as_client_error(refused, "GetDurableExecutionState") from refused
        stamp = self.stamp()
        marker = {"NextMarker": str(found[-1].ordinal)} if len(found) == count else {}
        return {"Operations": [one.wire(stamp) for one in found], **marker}

    def stamp(self) -> Stamp:
        """How times are told to the SDK. It compares them with this machine's clock, which ours need not be."""
        if isinstance(self._core.clock, SystemClock):
            return lambda moment: moment
        ahead = datetime.now(UTC) - self._core.clock.now()
        return lambda moment: moment + ahead

    @staticmethod
    def _token(arn: str, text: str) -> Token:
        token = Token.parse(text)
        if name_of(arn) == arn or not arn.endswith(f"/{token.operation_id}"):
            raise StaleTokenError(f"this is no token of {arn}")
        return token

    @staticmethod
    def _check(execution: Execution | None, token: Token) -> Execution:
        """The execution, if `token` is the latest one given out for it."""
        if execution is None or not execution.running or execution.lease_until is None:
            raise StaleTokenError("this execution is not being invoked")
        if Token.of(execution) != token:
            raise StaleTokenError(f"{execution.arn} has given out a later token")
        return execution

    def _from_memory(self, held: Held, token: Token, updates: Sequence[rules.Update]) -> dict[str, Any] | None:
        """Checkpoint on what this process remembers: one write, nothing read. None if that may not be how it is.

        A handler that asks without updating wants to know what others did, and what is due may have been put off.
        """
        now = self._core.clock.now()
        if not updates or any(one.due_at is not None and one.due_at <= now for one in held.operations.values()):
            return None
        database = self._core.database
        single = held.execution.alone and all(one["Type"] != "CHAINED_INVOKE" for one in updates)
        try:
            with database.single() if single else database.transaction() as unit:
                changes = Changes(self._core, unit, self._check(held.execution, token), held.operations)
                answer = self._checkpoint(changes, held.operations, updates)
        except (Overtaken, StaleTokenError, InvalidUpdateError):
            return None
        self.holdings.keep(changes.execution, changes.all_operations())
        return answer

    def _from_disk(self, token: Token, updates: Sequence[rules.Update]) -> dict[str, Any]:
        """Checkpoint on what the database says, the execution locked."""
        remembered = self.holdings.recall(token.execution_id, token.invocation)
        with self._core.database.transaction() as session:
            execution = self._check(store.lock(session, token.execution_id), token)
            if remembered:
                known = {one.id: one for one in store.operations(session, execution.id)}
            else:
                ids, now = rules.parents(updates), self._core.clock.now()
                known = store.touching(session, execution.id, ids=ids, seen=execution.known, now=now)
            changes = Changes(self._core, session, execution, known if remembered else None)
            answer = self._checkpoint(changes, known, updates)
        if remembered:
            self.holdings.keep(execution, changes.all_operations())
        return answer

    def _checkpoint(
        self, changes: Changes, known: Mapping[str, Operation], updates: Sequence[rules.Update]
    ) -> dict[str, Any]:
        execution, now = changes.execution, changes.now
        world = World(now=now, new_callback_id=new_callback_id, resolve=partial(self._resolve, execution))
        applied = machine.checkpoint(known, updates, world)
        changes.take(applied)
        standing = {**known, **changes.operations}
        changes.take(machine.fire_due(standing.values(), now))
        for invoke in applied.invokes:
            self._start_child(changes.session, execution, invoke)
        standing |= changes.operations
        unseen = [one for one in standing.values() if one.touched > execution.known]
        if not updates and not unseen and execution.parked is None:
            return {"CheckpointToken": str(Token.of(execution)), "NewExecutionState": {"Operations": []}}
        return self._answer(changes, applied, sorted(unseen, key=lambda one: one.ordinal))

    def _answer(self, changes: Changes, applied: Applied, unseen: Sequence[Operation]) -> dict[str, Any]:
        execution = changes.execution
        answer: dict[str, Any] = {"NewExecutionState": {"Operations": []}}
        execution.sequence += 1
        if any(one.ended for one in applied.operations.values()):
            execution.failures = 0  # it makes progress, so it is not broken
        execution.lease_until = self._core.settings.prolonged(execution.lease_until, changes.now)
        if applied.ending is not None:
            self._end(changes, applied.ending)
        elif execution.parked is None:  # else no token: the SDK stops here and answers PENDING
            stamp = self.stamp()
            execution.seen = execution.touched
            answer["CheckpointToken"] = str(Token.of(execution))
            answer["NewExecutionState"]["Operations"] = [one.wire(stamp) for one in unseen]
        changes.flush(project=bool(changes.operations) or applied.ending is not None)
        return answer

    def _end(self, changes: Changes, ending: machine.Ending) -> None:
        if ending.status == "SUCCEEDED":
            lifecycle.end(changes, ending.status, result=ending.result)
        else:
            lifecycle.close_invocation(changes)
            lifecycle.fail_or_park(changes, ending.error or {})

    def _resolve(self, execution: Execution, operation_id: str, function_name: str) -> Target | dict[str, Any]:
        """The child execution for a chained invoke. Its name follows from its parent's, so it cannot start twice."""
        function, _, qualifier = function_name.rpartition("function:")[2].partition(":")
        version = int(qualifier) if qualifier.isdigit() else self._core.registry.newest_version(function)
        if version is None or self._core.registry.exact(function, version) is None:
            return {
                "ErrorType": "ResourceNotFoundException",
                "ErrorMessage": f"no function {function_name} is registered",
            }
        digest = blake2b(f"{execution.operation_id} {operation_id}".encode(), digest_size=16).hexdigest()
        name = f"{execution.name[:31]}-{digest}"
        return Target(
            function=function,
            version=version,
            name=name,
            arn=arn_of(function, version, name, str(uuid.UUID(digest))),
        )

    def _start_child(self, session: Unit, parent: Execution, invoke: Invoke) -> None:
        target = invoke.target
        registration = self._core.registry.exact(target.function, target.version)
        if registration is None:
            raise InvalidUpdateError(f"{target.function} is no longer registered")
        started = lifecycle.begin(
            self._core,
            session,
            registration,
            target.name,
            invoke.payload,
            operation_id=target.arn.rpartition("/")[2],
            parent=(parent.id, invoke.operation_id),
        )
        if started is None:
            raise InvalidUpdateError(f"the name {target.name} of the invoked execution is taken")


def new_callback_id() -> str:
    """An id nobody can guess, in AWS's alphabet less the signs that trouble a URL."""
    return secrets.token_hex(32)


def as_client_error(refused: Exception, operation: str) -> ClientError:
    """The error boto3 would raise: what the handler may not do is 4xx, trouble of our own is 5xx and retryable."""
    code, status, message = "ServiceException", 500, f"{type(refused).__name__}: {refused}"
    if isinstance(refused, StaleTokenError):
        code, status, message = "InvalidParameterValueException", 400, f"Invalid checkpoint token: {refused}"
    elif isinstance(refused, InvalidUpdateError):
        code, status, message = "InvalidParameterValueException", 400, str(refused)
    return ClientError(
        {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}, operation
    )
