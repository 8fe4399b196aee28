"""The operators' verbs: stop an execution, let a parked one go on, try a failing one now instead of later.

Knows what may be done to whom; each verb is one transaction, which may be the caller's. Must never invoke a handler.
"""

from typing import Any

from sqlmodel import Session

from checkout.durable import events, lifecycle, store
from checkout.durable.callbacks import check_error
from checkout.durable.changes import Changes, Core
from checkout.durable.errors import ExecutionEndedError, ExecutionNotFoundError, NotParkedError, StopRefusedError
from checkout.durable.execution import Execution, name_of


class Operations:
    """What operators do."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def stop(self, name: str, error: dict[str, Any] | None, *, override: bool, session: Session | None) -> Execution:
        """End it here and now as STOPPED; a running handler's next checkpoint is refused. Stopping twice is once."""
        if error is not None:
            check_error(error)
        with self._core.database.joined(session) as own:
            execution = self._lock(own, name)
            if not execution.running:
                if execution.status == "STOPPED":
                    return execution
                raise ExecutionEndedError(f"{execution.name} has ended {execution.status}")
            if execution.ends_only_by_result and not override:
                raise StopRefusedError(
                    f"{execution.function} ends only by its own result; cancel it through its own door"
                )
            changes = Changes(self._core, own, execution)
            lifecycle.end(changes, "STOPPED", error=error)
            changes.flush()
            return execution

    def resume(self, name: str, reason: str) -> Execution:
        """A parked execution goes on: its handler is invoked again, from its history."""
        with self._core.database.transaction() as session:
            execution = self._lock(session, name)
            if execution.parked is None:
                raise NotParkedError(f"{execution.name} is not parked; it is {execution.status}")
            changes = Changes(self._core, session, execution)
            execution.parked = execution.parked_at = None
            if execution.lease_until is None:  # else the pause had not begun yet
                changes.record(events.execution_resumed(execution.operation_id, execution.name, reason, changes.now))
            execution.failures = 0
            execution.wake(changes.now)
            changes.flush()
            return execution

    def retry(self, name: str) -> Execution:
        """Invoke now what waits for its next invocation after failures; its count of failures starts again."""
        with self._core.database.transaction() as session:
            execution = self._lock(session, name)
            if not execution.running:
                raise ExecutionEndedError(f"{execution.name} has ended {execution.status}")
            changes = Changes(self._core, session, execution)
            execution.failures = 0
            if execution.wake_at is not None:
                execution.wake(changes.now)
            changes.flush(project=False)
            return execution

    def _lock(self, session: Session, name_or_arn: str) -> Execution:
        execution = store.lock_named(session, name_of(name_or_arn))
        if execution is None:
            raise ExecutionNotFoundError(f"there is no execution {name_or_arn}")
        return execution
