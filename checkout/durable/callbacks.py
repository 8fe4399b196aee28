"""Answers from outside: a callback succeeds, fails or beats its heart, by its id, once.

Knows when an answer is too late, whoever noticed it first. An answer is taken or refused with a definite error in one
transaction, which may be the caller's.
"""

import json
from contextlib import suppress
from typing import Any

from sqlmodel import Session

from checkout.durable import lifecycle, machine, store
from checkout.durable.changes import Changes, Core, Overtaken
from checkout.durable.errors import (
    CallbackAlreadyCompletedError,
    CallbackExpiredError,
    CallbackNotFoundError,
    InvalidPayloadError,
    PayloadTooLargeError,
)
from checkout.durable.operation import Operation
from checkout.durable.rules import is_text, size_bytes
from checkout.durable.settings import ERROR_BYTES, OPERATION_PAYLOAD_BYTES
from checkout.durable.store_write import Unit

# The members of AWS's ErrorObject; StackTrace is a list of strings, the others are strings.
_ERROR_MEMBERS = frozenset({"ErrorMessage", "ErrorType", "ErrorData", "StackTrace"})


class Callbacks:
    """The outside's door into executions."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def succeed(self, callback_id: str, payload: str | None, session: Session | None) -> None:
        """The callback's result is `payload`, handed to the waiting code as it is."""
        if size_bytes(payload) > OPERATION_PAYLOAD_BYTES:
            raise PayloadTooLargeError(f"a callback's payload is at most {OPERATION_PAYLOAD_BYTES} bytes")
        if not is_text(payload):
            raise InvalidPayloadError("a callback's payload must not have a NUL in it")
        self._complete(callback_id, session, status="SUCCEEDED", payload=payload)

    def fail(self, callback_id: str, error: dict[str, Any], session: Session | None) -> None:
        """The callback fails; the error is relayed word for word."""
        check_error(error)
        self._complete(callback_id, session, status="FAILED", error=error)

    def heartbeat(self, callback_id: str, session: Session | None) -> None:
        """The heartbeat timer starts again."""
        with self._core.database.joined(session) as own:
            changes, operation = self._open(own, callback_id)
            beaten = machine.heartbeat(operation, changes.now)
            if beaten.due_at != operation.due_at:
                changes.replace_quietly(beaten)
                changes.flush(project=False)

    def _complete(self, callback_id: str, session: Session | None, **outcome: Any) -> None:
        if session is None:
            # Nothing else is written with it, so it need not be locked: it is written if it is still as it was read.
            with suppress(Overtaken), self._core.database.single() as unit:
                changes, operation = self._open(unit, callback_id, lock=False)
                if not changes.execution.alone:
                    raise Overtaken
                self._take(changes, operation, outcome)
                return
        with self._core.database.joined(session) as own:
            changes, operation = self._open(own, callback_id)
            self._take(changes, operation, outcome)

    @staticmethod
    def _take(changes: Changes, operation: Operation, outcome: dict[str, Any]) -> None:
        changes.take(machine.complete(operation, changes.now, **outcome))
        execution = changes.execution
        execution.wake(changes.now)
        lifecycle.claim_here(changes.core, changes.session, execution, changes.now, changes.all_operations)
        changes.flush()

    def _open(self, session: Unit, callback_id: str, *, lock: bool = True) -> tuple[Changes, Operation]:
        """The callback's operation, still open at this moment."""
        found = store.find_called(session, callback_id, lock=lock)
        if found is None:
            raise CallbackNotFoundError("no callback has this id")
        execution, operation = found
        changes = Changes(self._core, session, execution)
        if operation.status == "TIMED_OUT" or (operation.due_at is not None and operation.due_at <= changes.now):
            raise CallbackExpiredError("the callback has timed out")
        if operation.ended:
            raise CallbackAlreadyCompletedError("the callback was answered before; that answer stands")
        if not execution.running:
            raise CallbackExpiredError(f"{execution.name} no longer waits: it ended {execution.status}")
        return changes, operation


def check_error(error: dict[str, Any]) -> None:
    """Refuse what is not AWS's ErrorObject, or is too large for a history."""
    stack = error.get("StackTrace", [])
    texts = [value for key, value in error.items() if key != "StackTrace"]
    if error.keys() - _ERROR_MEMBERS or not all(isinstance(one, str) for one in texts) or not isinstance(stack, list):
        raise InvalidPayloadError(f"an error has the members {', '.join(sorted(_ERROR_MEMBERS))}, as strings")
    if len(json.dumps(error)) > ERROR_BYTES:
        raise PayloadTooLargeError(f"an error object is at most {ERROR_BYTES} bytes")
