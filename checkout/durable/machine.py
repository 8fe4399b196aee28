"""The state machine: operations and what is asked of them in, operations and history events out. Pure; no I/O.

Everything that can happen to an operation is here: a checkpoint's updates, a timer that came due, an answer from
outside. Each is a function of the operations, the request and `now`. Must never know executions, rows or leases.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from checkout.durable import events, rules
from checkout.durable.errors import InvalidUpdateError
from checkout.durable.events import Event
from checkout.durable.operation import Operation
from checkout.durable.rules import Update

CALLBACK_TIMEOUT = {"ErrorType": "Callback.Timeout", "ErrorMessage": "Callback timed out"}
HEARTBEAT_TIMEOUT = {"ErrorType": "Callback.Heartbeat", "ErrorMessage": "Callback timed out on heartbeat"}
# AWS's bound on a callback's timeouts, in seconds.
LONGEST_CALLBACK_SECONDS = 99_999_999


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """The execution a chained invoke starts: its function, its version, its name and ARN, decided beforehand."""

    function: str
    version: int
    name: str
    arn: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Invoke:
    """A chained invoke that was accepted: start `target` with `payload`, and complete `operation_id` with its end."""

    operation_id: str
    target: Target
    payload: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """The handler ended its execution by checkpoint, as the SDK does with results too large to return."""

    status: str
    result: str | None
    error: dict[str, Any] | None


@dataclass(slots=True)
class Applied:
    """What a request changed: operations by id in the order they were touched, events in the order they happened."""

    operations: dict[str, Operation] = field(default_factory=dict)
    events: list[Event] = field(default_factory=list)
    invokes: list[Invoke] = field(default_factory=list)
    ending: Ending | None = None

    def add(self, operation: Operation, *happened: Event) -> None:
        """One operation changed."""
        self.operations.pop(operation.id, None)
        self.operations[operation.id] = operation
        self.events.extend(happened)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What the machine must be given because it may not find out: the time, fresh ids, who can be invoked.

    `resolve(operation_id, function_name)` gives the target of a chained invoke, or the error that refuses it.
    """

    now: datetime
    new_callback_id: Callable[[], str]
    resolve: Callable[[str, str], Target | dict[str, Any]]


def checkpoint(known: Mapping[str, Operation], updates: Sequence[Update], world: World) -> Applied:
    """Apply a checkpoint's updates in order; all of them, or InvalidUpdateError and none."""
    rules.check_batch(updates)
    applied = Applied()
    standing = dict(known)
    for update in updates:
        current = standing.get(update["Id"])
        rules.check_update(update, current, standing)
        _APPLY[update["Type"]](applied, update, current, world)
        standing.update(applied.operations)
    return applied


def fire_due(operations: Iterable[Operation], now: datetime) -> Applied:
    """Every timer that has come due: waits end, retries become ready, callbacks time out. Early ones stay."""
    applied = Applied()
    due = [one for one in operations if one.due_at is not None and one.due_at <= now]
    for operation in sorted(due, key=lambda one: (one.due_at or now, one.ordinal)):
        match operation.type:
            case "WAIT":
                ended = replace(operation, status="SUCCEEDED", ended_at=now, due_at=None)
                applied.add(ended, events.ended(ended, now))
            case "STEP":
                applied.add(replace(operation, status="READY", due_at=None))
            case _:
                by_timeout = operation.due_at == operation.deadline_at  # the nearer of the two is what came due
                failure = CALLBACK_TIMEOUT if by_timeout else HEARTBEAT_TIMEOUT
                ended = replace(operation, status="TIMED_OUT", ended_at=now, due_at=None, error=failure)
                applied.add(ended, events.ended(ended, now))
    return applied


def complete(
    operation: Operation, now: datetime, *, status: str, payload: str | None = None, error: dict[str, Any] | None = None
) -> Applied:
    """An answer from outside ends a callback or a chained invoke that is STARTED."""
    applied = Applied()
    ended = replace(operation, status=status, payload=payload, error=error, ended_at=now, due_at=None)
    applied.add(ended, events.ended(ended, now))
    return applied


def heartbeat(operation: Operation, now: datetime) -> Operation:
    """A callback's heartbeat: its heartbeat timer starts again; no event, and nobody is woken."""
    if operation.seconds == 0:
        return operation
    return replace(operation, due_at=_nearer(now + timedelta(seconds=operation.seconds), operation.deadline_at))


def _nearer(one: datetime | None, other: datetime | None) -> datetime | None:
    return min((moment for moment in (one, other) if moment is not None), default=None)


def _new(update: Update, now: datetime, **fields: Any) -> Operation:
    return Operation(
        id=update["Id"],
        type=update["Type"],
        status="STARTED",
        parent_id=update.get("ParentId"),
        name=update.get("Name"),
        sub_type=update.get("SubType"),
        started_at=now,
        **fields,
    )


def _step(applied: Applied, update: Update, current: Operation | None, world: World) -> None:
    now = world.now
    step = current or _new(update, now)
    match update["Action"]:
        case "START":
            step = replace(step, status="STARTED", due_at=None)
            applied.add(step, events.started(step, {}, now))
        case "RETRY":
            delay = rules.seconds(update["StepOptions"], "NextAttemptDelaySeconds", least=1)
            step = replace(
                step,
                status="PENDING",
                attempt=step.attempt + 1,
                payload=update.get("Payload"),
                error=update.get("Error"),
                due_at=now + timedelta(seconds=delay),
            )
            applied.add(step, events.retried(step, delay, now))
        case action:
            step = replace(
                step,
                status="SUCCEEDED" if action == "SUCCEED" else "FAILED",
                attempt=step.attempt + 1,
                payload=update.get("Payload"),
                error=update.get("Error"),
                ended_at=now,
            )
            # AWS counts attempts on a success only when there was more than one.
            counts = step.attempt > 1 or action == "FAIL"
            applied.add(step, events.ended(step, now, retry={"CurrentAttempt": step.attempt} if counts else {}))


def _context(applied: Applied, update: Update, current: Operation | None, world: World) -> None:
    context = current or _new(update, world.now)
    if update["Action"] == "START":
        applied.add(context, events.started(context, {}, world.now))
        return
    context = replace(
        context,
        status="SUCCEEDED" if update["Action"] == "SUCCEED" else "FAILED",
        payload=update.get("Payload"),
        error=update.get("Error"),
        replay_children=bool(update.get("ContextOptions", {}).get("ReplayChildren", False)),
        ended_at=world.now,
    )
    applied.add(context, events.ended(context, world.now))


def _wait(applied: Applied, update: Update, current: Operation | None, world: World) -> None:
    now = world.now
    if update["Action"] == "CANCEL":
        if current is None:
            raise InvalidUpdateError("a wait that does not exist cannot be cancelled")
        wait = replace(current, status="CANCELLED", error=update.get("Error"), ended_at=now, due_at=None)
        applied.add(wait, events.ended(wait, now))
        return
    duration = rules.seconds(update.get("WaitOptions", {}), "WaitSeconds", least=1)
    end = now + timedelta(seconds=duration)
    wait = _new(update, now, seconds=duration, due_at=end, deadline_at=end)
    applied.add(wait, events.started(wait, {"Duration": duration, "ScheduledEndTimestamp": end}, now))


def _callback(applied: Applied, update: Update, _current: Operation | None, world: World) -> None:
    options = update.get("CallbackOptions", {})
    timeout = rules.seconds(options, "TimeoutSeconds", least=0, most=LONGEST_CALLBACK_SECONDS)
    beat = rules.seconds(options, "HeartbeatTimeoutSeconds", least=0, most=LONGEST_CALLBACK_SECONDS)
    deadline = world.now + timedelta(seconds=timeout) if timeout else None
    callback = _new(
        update,
        world.now,
        callback_id=world.new_callback_id(),
        seconds=beat,
        deadline_at=deadline,
        due_at=_nearer(deadline, world.now + timedelta(seconds=beat) if beat else None),
    )
    details = {"CallbackId": callback.callback_id, "HeartbeatTimeout": beat, "Timeout": timeout}
    applied.add(callback, events.started(callback, details, world.now))


def _chained_invoke(applied: Applied, update: Update, _current: Operation | None, world: World) -> None:
    options = update.get("ChainedInvokeOptions")
    if not options or not isinstance(options.get("FunctionName"), str):
        raise InvalidUpdateError("a chained invoke needs ChainedInvokeOptions with a FunctionName")
    invoke = _new(update, world.now)
    details: dict[str, Any] = {"FunctionName": options["FunctionName"]}
    if options.get("TenantId") is not None:
        details["TenantId"] = options["TenantId"]
    target = world.resolve(update["Id"], options["FunctionName"])
    if isinstance(target, Target):
        payload = update.get("Payload") or "{}"  # an invoke without payload delivers an empty object, as Lambda does
        details |= {
            "Input": events.text(payload),
            "ExecutedVersion": str(target.version),
            "DurableExecutionArn": target.arn,
        }
        applied.add(invoke, events.started(invoke, details, world.now))
        applied.invokes.append(Invoke(operation_id=invoke.id, target=target, payload=payload))
        return
    failed = replace(invoke, status="FAILED", error=target, ended_at=world.now)
    applied.add(failed, events.started(invoke, details, world.now), events.ended(failed, world.now))


def _execution(applied: Applied, update: Update, _current: Operation | None, _world: World) -> None:
    status = "SUCCEEDED" if update["Action"] == "SUCCEED" else "FAILED"
    applied.ending = Ending(status=status, result=update.get("Payload"), error=update.get("Error"))


_APPLY: dict[str, Callable[[Applied, Update, Operation | None, World], None]] = {
    "STEP": _step,
    "CONTEXT": _context,
    "WAIT": _wait,
    "CALLBACK": _callback,
    "CHAINED_INVOKE": _chained_invoke,
    "EXECUTION": _execution,
}
