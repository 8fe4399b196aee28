"""How an execution begins, is let go, is parked and ends: each a change of one transaction, each with its events.

Knows the order AWS's history has: an invocation is completed before its execution ends or pauses. Must never know who
invokes handlers or how.
"""

import json
import uuid
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from checkout.durable import events, machine, store, wakeups
from checkout.durable.changes import Changes, Core
from checkout.durable.execution import Execution
from checkout.durable.operation import Operation
from checkout.durable.registry import Registration
from checkout.durable.rules import size_bytes
from checkout.durable.seats import Claimed, Seat
from checkout.durable.settings import CHAINED_PAYLOAD_BYTES
from checkout.durable.store_write import Unit
from checkout.durable.views import ExecutionStatus
from checkout.store.session import after_commit, after_failure

Failure = dict[str, Any]

# How AWS names an invocation whose process died.
PROCESS_DIED: Failure = {
    "ErrorType": "Runtime.ExitError",
    "ErrorMessage": "The process that ran the invocation ended or stopped answering",
}


def begin(
    core: Core,
    session: Unit,
    registration: Registration,
    name: str,
    payload: str,
    *,
    operation_id: str | None = None,
    parent: tuple[int, str] | None = None,
) -> Execution | None:
    """A new execution, runnable at once; `parent` is the execution and operation that invoked it. None: name taken."""
    now = core.clock.now()
    timeout = registration.execution_timeout_seconds
    timeout_at = now + timedelta(seconds=timeout) if timeout else None
    execution = Execution(
        id=0,
        name=name,
        operation_id=operation_id or str(uuid.uuid4()),
        function=registration.function,
        version=registration.version,
        status=ExecutionStatus.RUNNING.value,
        input=payload,
        started_at=now,
        wake_at=now,
        timeout_at=timeout_at,
        timer_at=timeout_at,
        retention_days=registration.retention_days,
        ends_only_by_result=registration.ends_only_by_result,
        projected=registration.projector is not None,
        parent_execution_id=parent[0] if parent else None,
        parent_operation_id=parent[1] if parent else None,
    )
    started = events.execution_started(execution.operation_id, name, payload, timeout, now)
    seat = claim_here(core, session, execution, now, tuple)
    if not store.create(session, execution, started):
        if seat is not None:
            seat.give_up()
        return None
    Changes(core, session, execution).announce(project=True)
    return execution


def claim_here(
    core: Core, unit: Unit, execution: Execution, now: datetime, operations: Callable[[], Sequence[Operation]]
) -> Seat | None:
    """If it waits for a worker and one is free in this process, claim it with the write that is about to follow.

    It is run once that is on disk. Gives the seat that is kept for it.
    """
    runs_here = core.registry.exact(execution.function, execution.version) is not None
    if core.seats is None or core.handing_over.is_set() or not runs_here or not execution.claimable(now):
        return None
    seat = core.seats.keep()
    if seat is None:
        return None
    after_failure(unit, seat.give_up)
    claim(core, execution, now)
    after_commit(unit, partial(seat.take, Claimed(execution=execution, operations=operations())))
    return seat


def claim(core: Core, execution: Execution, now: datetime) -> None:
    """It is this process's to run, for as long as a lease."""
    execution.claim(owner=core.owner, request_id=str(uuid.uuid4()), now=now, until=core.settings.lease(now))


def close_invocation(changes: Changes, failure: Failure | None = None) -> None:
    """The invocation is over: its event is written, and with its lease its token is void. A requested pause begins."""
    execution, now = changes.execution, changes.now
    if execution.request_id is None:
        return
    changes.record(events.invocation_completed(execution.request_id, execution.invoked_at or now, now, failure))
    execution.request_id = execution.invoked_at = execution.owner = execution.lease_until = None
    execution.seen = execution.known
    if execution.parked is not None:
        _record_pause(changes)


def end(changes: Changes, status: str, *, result: str | None = None, error: Failure | None = None) -> None:
    """The execution ends; whoever invoked it is told in the same transaction."""
    execution, now = changes.execution, changes.now
    if execution.parent_execution_id is not None and size_bytes(result) > CHAINED_PAYLOAD_BYTES:
        status, result = ExecutionStatus.FAILED.value, None
        error = {"ErrorMessage": f"the result is over {CHAINED_PAYLOAD_BYTES} bytes, too large for a chained invoke"}
    execution.parked = execution.parked_at = None
    close_invocation(changes)
    changes.record(events.execution_ended(execution.operation_id, execution.name, status, result, error, now))
    execution.status, execution.result, execution.ended_at = status, result, now
    execution.error = None if error is None else json.dumps(error)
    execution.wake_at = execution.timer_at = execution.timeout_at = None
    execution.delete_at = now + timedelta(days=execution.retention_days)
    _complete_parent(changes, status, result, error)


def fail_or_park(changes: Changes, error: Failure, *, status: str = "FAILED") -> None:
    """Something other than the handler's result would end the execution. It does, unless its function forbids that."""
    if not changes.execution.ends_only_by_result:
        end(changes, status, error=error)
        return
    park(changes, f"{error.get('ErrorType') or status}: {error.get('ErrorMessage') or 'no message'}")


def park(changes: Changes, reason: str) -> None:
    """An operator must look before it goes on. A running invocation is stopped at its next checkpoint, not cut."""
    execution = changes.execution
    if execution.parked is not None:
        return  # the first reason stands
    execution.parked, execution.parked_at = reason, changes.now
    execution.timeout_at = None
    if execution.lease_until is None:
        _record_pause(changes)


def suspend(changes: Changes) -> bool:
    """Nobody runs it now: wake it for what it has not acted on, else leave it to timers and answers from outside.

    False if it waits for nothing at all.
    """
    execution = changes.execution
    operations = changes.all_operations()
    waiting = [one for one in operations if one.waits]
    due_at = min((one.due_at for one in waiting if one.due_at is not None), default=None)
    execution.timer_at = _nearer(due_at, execution.timeout_at)
    unseen = execution.touched > execution.known
    behind = execution.touched != execution.claimed and wakeups.left_behind(operations, execution.claimed)
    if unseen or behind:
        execution.wake(changes.now)
    return unseen or bool(waiting)


def back_off(changes: Changes, failure: Failure) -> None:
    """An invocation broke: try again later, longer each time; after too many in a row give up."""
    execution, settings = changes.execution, changes.core.settings
    execution.failures += 1
    suspend(changes)
    if execution.failures >= settings.invocation_attempts:
        fail_or_park(changes, failure)
        return
    delay = min(2.0 ** (execution.failures - 1), settings.invocation_backoff_seconds)
    execution.wake_at = changes.now + timedelta(seconds=delay)


def hand_over(changes: Changes) -> None:
    """The process that runs it is to end: whoever is free goes on at once. Nothing broke, so nothing is counted."""
    close_invocation(changes)
    suspend(changes)
    changes.execution.wake(changes.now)


def settle(changes: Changes) -> bool:
    """Whatever time has brought: a lapsed lease, timers, the execution's timeout. False if nothing was due."""
    execution, now = changes.execution, changes.now
    lapsed = execution.lease_until is not None and execution.lease_until <= now
    if lapsed:
        close_invocation(changes, PROCESS_DIED)
        back_off(changes, PROCESS_DIED)
        if execution.failures == 1 and execution.running:
            execution.wake(now)  # one death is an accident: go on at once
    looked = execution.timer_at is not None and execution.timer_at <= now
    if not execution.running or not looked:
        return lapsed
    if execution.timeout_at is not None and execution.timeout_at <= now:
        fail_or_park(changes, _timed_out(execution, execution.timeout_at), status="TIMED_OUT")
    if execution.running:
        changes.take(machine.fire_due(store.due_operations(changes.session, execution.id, now), now))
        execution.timer_at = _nearer(store.next_due(changes.session, execution.id, now), execution.timeout_at)
        if changes.operations:
            execution.wake(now)
    return True


def _nearer(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((moment for moment in (one, other) if moment is not None), default=None)


def _record_pause(changes: Changes) -> None:
    execution = changes.execution
    changes.record(
        events.execution_paused(
            execution.operation_id,
            execution.name,
            execution.parked or "",
            execution.parked_at or changes.now,
            changes.now,
        )
    )


def _timed_out(execution: Execution, timeout_at: datetime) -> Failure:
    length = round((timeout_at - execution.started_at).total_seconds())
    return {"ErrorType": "Execution.Timeout", "ErrorMessage": f"the execution timed out after {length} seconds"}


def _complete_parent(changes: Changes, status: str, result: str | None, error: Failure | None) -> None:
    child = changes.execution
    if child.parent_execution_id is None or child.parent_operation_id is None:
        return
    parent = store.lock(changes.session, child.parent_execution_id)
    if parent is None or not parent.running:
        return
    operation = store.operation(changes.session, parent.id, child.parent_operation_id)
    if operation is None or operation.ended:
        return
    above = Changes(changes.core, changes.session, parent)
    above.take(machine.complete(operation, above.now, status=status, payload=result, error=error))
    parent.wake(above.now)
    above.flush()
