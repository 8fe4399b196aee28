"""The state machine: what is legal from where, and that nothing else changes anything."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkout.durable import machine
from checkout.durable.errors import InvalidUpdateError
from checkout.durable.machine import Applied, World
from checkout.durable.operation import Operation

NOW = datetime(2026, 1, 1, tzinfo=UTC)
TYPES = ("STEP", "CONTEXT", "WAIT", "CALLBACK", "CHAINED_INVOKE")
STATUSES = ("STARTED", "PENDING", "READY", "SUCCEEDED", "FAILED", "CANCELLED", "TIMED_OUT", "STOPPED")
ACTIONS = ("START", "SUCCEED", "FAIL", "RETRY", "CANCEL")
# Every legal (type, status before, action), None for an operation that does not exist, and the status after.
LEGAL = {
    ("STEP", None, "START"): "STARTED",
    ("STEP", None, "SUCCEED"): "SUCCEEDED",
    ("STEP", None, "FAIL"): "FAILED",
    ("STEP", None, "RETRY"): "PENDING",
    ("STEP", "READY", "START"): "STARTED",
    ("STEP", "READY", "SUCCEED"): "SUCCEEDED",
    ("STEP", "READY", "FAIL"): "FAILED",
    ("STEP", "READY", "RETRY"): "PENDING",
    ("STEP", "STARTED", "SUCCEED"): "SUCCEEDED",
    ("STEP", "STARTED", "FAIL"): "FAILED",
    ("STEP", "STARTED", "RETRY"): "PENDING",
    ("CONTEXT", None, "START"): "STARTED",
    ("CONTEXT", None, "SUCCEED"): "SUCCEEDED",
    ("CONTEXT", None, "FAIL"): "FAILED",
    ("CONTEXT", "STARTED", "SUCCEED"): "SUCCEEDED",
    ("CONTEXT", "STARTED", "FAIL"): "FAILED",
    ("WAIT", None, "START"): "STARTED",
    ("WAIT", "STARTED", "CANCEL"): "CANCELLED",
    ("CALLBACK", None, "START"): "STARTED",
    ("CHAINED_INVOKE", None, "START"): "STARTED",
}


def world(now: datetime = NOW) -> World:
    """A world in which every function can be invoked."""
    target = machine.Target(function="f", version=1, name="child", arn="arn")
    return World(now=now, new_callback_id=lambda: "cb", resolve=lambda _id, _name: target)


def update(kind: str, action: str, **more: Any) -> dict[str, Any]:
    """An update of operation `x` with the options its type and action need."""
    by_type: dict[str, dict[str, Any]] = {
        "WAIT": {"WaitOptions": {"WaitSeconds": 5}},
        "CALLBACK": {"CallbackOptions": {"TimeoutSeconds": 9, "HeartbeatTimeoutSeconds": 4}},
        "CHAINED_INVOKE": {"ChainedInvokeOptions": {"FunctionName": "f"}},
    }
    options = by_type.get(kind, {})
    if action == "RETRY":
        options["StepOptions"] = {"NextAttemptDelaySeconds": 3}
    return {"Id": "x", "Type": kind, "Action": action, **options, **more}


def standing(kind: str, status: str, **more: Any) -> Operation:
    """Operation `x` as it stands."""
    return Operation(id="x", type=kind, status=status, started_at=NOW, ordinal=1, touched=1, **more)


@pytest.mark.parametrize("kind", TYPES)
@pytest.mark.parametrize("before", [None, *STATUSES])
@pytest.mark.parametrize("action", ACTIONS)
def test_exactly_the_legal_transitions_are_taken(kind: str, before: str | None, action: str) -> None:
    """All 225 combinations: the table's go where it says, every other one is refused."""
    known = {} if before is None else {"x": standing(kind, before)}
    legal = LEGAL.get((kind, before, action))
    if legal is None:
        with pytest.raises(InvalidUpdateError):
            machine.checkpoint(known, [update(kind, action)], world())
    else:
        assert legal == machine.checkpoint(known, [update(kind, action)], world()).operations["x"].status


@pytest.mark.parametrize(
    "change",
    [{"Type": "CONTEXT"}, {"Name": "other"}, {"SubType": "Other"}, {"ParentId": "p"}],
)
def test_an_operation_keeps_its_identity(change: dict[str, str]) -> None:
    """Another type, name, sub-type or parent under the same id is refused."""
    known = {"x": standing("STEP", "STARTED", name="one", sub_type="Step"), "p": standing_parent()}
    with pytest.raises(InvalidUpdateError):
        machine.checkpoint(known, [update("STEP", "SUCCEED") | change], world())


def standing_parent() -> Operation:
    """A context that can be a parent."""
    return Operation(id="p", type="CONTEXT", status="STARTED", started_at=NOW, ordinal=1, touched=1)


@pytest.mark.parametrize(
    "batch",
    [
        [update("STEP", "START"), update("STEP", "START")],
        [update("STEP", "START"), update("STEP", "SUCCEED"), update("STEP", "FAIL")],
        [update("WAIT", "START"), update("WAIT", "CANCEL")],
        [{"Id": "e", "Type": "EXECUTION", "Action": "SUCCEED"}, update("STEP", "START")],
        [{"Id": "e", "Type": "EXECUTION", "Action": "SUCCEED"}, {"Id": "e2", "Type": "EXECUTION", "Action": "FAIL"}],
        [update("STEP", "START", ParentId="nobody")],
        [update("CONTEXT", "SUCCEED", Error={"ErrorMessage": "x"})],
        [update("STEP", "FAIL", Payload="1")],
        [update("STEP", "RETRY", Payload="1", Error={"ErrorMessage": "x"})],
        [{"Id": "x", "Type": "STEP", "Action": "RETRY"}],
        [update("STEP", "RETRY") | {"StepOptions": {"NextAttemptDelaySeconds": 0}}],
        [update("WAIT", "START") | {"WaitOptions": {"WaitSeconds": 31_622_401}}],
        [update("CALLBACK", "START") | {"CallbackOptions": {"TimeoutSeconds": -1}}],
        [update("CHAINED_INVOKE", "START") | {"ChainedInvokeOptions": {}}],
        [update("MAGIC", "START")],
        [update("STEP", "FAIL", Error={"ErrorMessage": "x" * 40_000})],
    ],
)
def test_a_batch_that_breaks_a_rule_is_refused(batch: list[dict[str, Any]]) -> None:
    """Duplicates, an end that is not last, strangers as parents, options out of range, too much."""
    with pytest.raises(InvalidUpdateError):
        machine.checkpoint({}, batch, world())


def test_a_parent_may_be_started_in_the_same_batch() -> None:
    """Contexts and their children ride together."""
    context = {"Id": "p", "Type": "CONTEXT", "Action": "START"}
    applied = machine.checkpoint({}, [context, update("STEP", "START", ParentId="p")], world())
    assert ["p", "x"] == list(applied.operations)
    assert ["ContextStarted", "StepStarted"] == [event.type for event in applied.events]


def test_the_nearer_of_a_callbacks_timeouts_is_the_one_that_fires() -> None:
    """The heartbeat after 4 s; after heartbeats, the timeout after 9 s; on a tie the timeout."""
    callback = machine.checkpoint({}, [update("CALLBACK", "START")], world()).operations["x"]
    assert "Callback.Heartbeat" == _fired(callback, 4)
    beaten = machine.heartbeat(callback, NOW + timedelta(seconds=3))
    assert {} == machine.fire_due([beaten], NOW + timedelta(seconds=6)).operations
    assert "Callback.Heartbeat" == _fired(beaten, 7)
    for second in (4, 6, 8):
        beaten = machine.heartbeat(beaten, NOW + timedelta(seconds=second))
    assert "Callback.Timeout" == _fired(beaten, 9)
    assert "Callback.Heartbeat" == _fired(callback, 60), "down for a minute: the heartbeat was missed first"


def _fired(callback: Operation, seconds: int) -> str:
    fired = machine.fire_due([callback], NOW + timedelta(seconds=seconds)).operations["x"]
    assert fired.error is not None
    return str(fired.error["ErrorType"])


@st.composite
def batches(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Updates of a few operations, most of them legal somewhere."""
    made = []
    for _ in range(draw(st.integers(1, 4))):
        kind = draw(st.sampled_from(TYPES))
        one = update(kind, draw(st.sampled_from(ACTIONS))) | {"Id": f"{kind}{draw(st.integers(0, 2))}"}
        made.append(one)
    return made


@given(st.lists(st.tuples(batches(), st.integers(0, 6)), max_size=25))
def test_whatever_is_asked_what_has_ended_stays_as_it_ended(asked: list[tuple[list[dict[str, Any]], int]]) -> None:
    """Any sequence of batches and timers: all or nothing per batch, ends are final, timers are of open ones."""
    known: dict[str, Operation] = {}
    now = NOW
    for batch, seconds in asked:
        now += timedelta(seconds=seconds)
        for applied in (_tried(known, batch, now), machine.fire_due(known.values(), now)):
            for operation in applied.operations.values():
                before = known.get(operation.id)
                assert before is None or not before.ended
                assert operation.ended == (operation.ended_at is not None)
                assert operation.due_at is None or operation.status in ("STARTED", "PENDING")
                assert operation.due_at is None or operation.due_at > now
            known |= applied.operations
        assert all(one.due_at is None or one.due_at > now for one in known.values())


def _tried(known: dict[str, Operation], batch: list[dict[str, Any]], now: datetime) -> Applied:
    before = dict(known)
    try:
        return machine.checkpoint(known, batch, world(now))
    except InvalidUpdateError:
        assert before == known
        return Applied()
