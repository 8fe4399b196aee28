"""Several processes on one PostgreSQL: each played by a service with connections of its own, on threads that race."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import pytest
from aws_durable_execution_sdk_python import DurableContext
from botocore.exceptions import ClientError

from checkout.durable import store
from checkout.durable.errors import CallbackAlreadyCompletedError, ExecutionNameConflictError
from checkout.durable.testing import TestBed
from checkout.durable.views import ExecutionView
from tests.durable.conftest import empty

# Enough processes and rounds to meet every interleaving that matters several times over.
PROCESSES, ROUNDS = 3, 12
LEASE = 15.0


@pytest.fixture
def beds(emptied: str) -> Iterator[list[TestBed]]:
    """Several processes, one clock."""
    with ExitStack() as stack:
        first = stack.enter_context(TestBed(emptied))
        empty(first)
        others = [stack.enter_context(TestBed(emptied, clock=first.clock)) for _ in range(PROCESSES - 1)]
        yield [first, *others]


def at_once(beds: list[TestBed], act: Callable[[TestBed], Any]) -> list[Any]:
    """What each process's `act` came to, all begun at one moment: a value or the error it raised."""
    gate = threading.Barrier(len(beds))

    def run(bed: TestBed) -> Any:
        gate.wait(30)
        try:
            return act(bed)
        except Exception as refused:  # noqa: BLE001 (what each one came to is what is judged)
            return refused

    with ThreadPoolExecutor(len(beds)) as threads:
        return list(threads.map(run, beds))


def key_of(bed: TestBed, name: str) -> int:
    """The execution's number."""
    with bed.database.read() as session:
        row = store.read_named(session, name)
    assert row is not None
    return row.id


def asks(_event: Any, context: DurableContext) -> Any:
    """A step, an answer from outside, a step."""
    context.step(lambda _: "before", name="before")
    answer = context.create_callback(name="ask").result()
    return context.step(lambda _: answer, name="after")


def test_a_name_started_by_many_at_once_is_one_execution(beds: list[TestBed]) -> None:
    """With one input they are all given the same; with another input it is a conflict, whoever was first."""
    for bed in beds:
        bed.service.register("function", asks)
    for number in range(ROUNDS):
        views = at_once(beds, lambda bed, name=f"same-{number}": bed.service.start("function", name, "{}"))  # type: ignore[misc]
        assert all(isinstance(view, ExecutionView) for view in views), views
        assert 1 == len({view.arn for view in views})
        inputs = iter(range(PROCESSES))
        came = at_once(
            beds,
            lambda bed, name=f"other-{number}", inputs=inputs: bed.service.start("function", name, str(next(inputs))),  # type: ignore[misc]
        )
        assert 1 == sum(isinstance(one, ExecutionView) for one in came), came
        assert PROCESSES - 1 == sum(isinstance(one, ExecutionNameConflictError) for one in came)
    assert 2 * ROUNDS == len(beds[0].service.list(limit=1000).executions)


def test_an_execution_claimed_by_many_at_once_is_claimed_once(beds: list[TestBed]) -> None:
    """The others find nothing to do, and wait for nobody."""
    for bed in beds:
        bed.service.register("function", asks)
    for number in range(ROUNDS):
        beds[0].service.start("function", f"n{number}", "{}")
        key = key_of(beds[0], f"n{number}")
        claims = at_once(beds, lambda bed, key=key: bed.service.worker.claim(key))  # type: ignore[misc]
        assert 1 == sum(claim is not None for claim in claims), claims


def test_a_callback_answered_by_many_at_once_is_answered_once(beds: list[TestBed]) -> None:
    """Every other answer is told so."""
    for bed in beds:
        bed.service.register("function", asks)
    for number in range(ROUNDS):
        beds[0].service.start("function", f"n{number}", "{}")
        beds[0].service.run_until_idle()
        callback = beds[0].callback_id("ask", of=f"n{number}")
        came = at_once(beds, lambda bed, callback=callback: bed.service.succeed_callback(callback, '"yes"'))  # type: ignore[misc]
        assert 1 == sum(one is None for one in came), came
        assert PROCESSES - 1 == sum(isinstance(one, CallbackAlreadyCompletedError) for one in came)


def test_an_answer_that_races_with_a_checkpoint_is_neither_lost_nor_undone(beds: list[TestBed]) -> None:
    """The holder writes on what it remembers; when that has changed it reads again, and its next answer tells of it."""
    holder, outside = beds[0], beds[1]
    for bed in (holder, outside):
        bed.service.register("function", asks)
    for number in range(ROUNDS):
        name = f"n{number}"
        holder.service.start("function", name, "{}")
        invocation = holder.service.worker.claim(key_of(holder, name))
        assert invocation is not None
        token = invocation.event["CheckpointToken"]

        def write(*updates: dict[str, Any]) -> dict[str, Any]:
            nonlocal token
            answer = holder.service.client.checkpoint_durable_execution(
                DurableExecutionArn=invocation.arn,  # noqa: B023 (called within the round)
                CheckpointToken=token,
                Updates=updates,
            )
            token = answer["CheckpointToken"]
            return answer

        write({"Id": "ask", "Type": "CALLBACK", "Action": "START", "Name": "ask"})
        callback = holder.callback_id("ask", of=name)
        step = {"Id": "s", "Type": "STEP", "Action": "SUCCEED", "Name": "s", "Payload": "1"}
        told: list[Any] = at_once(
            [holder, outside],
            lambda bed, callback=callback, step=step, write=write: (  # type: ignore[misc]
                write(step) if bed is holder else bed.service.succeed_callback(callback, '"yes"')
            ),
        )
        assert not any(isinstance(one, Exception) for one in told), told
        seen = {
            one["Id"]: one["Status"]
            for answer in (told[0], write())
            for one in answer["NewExecutionState"]["Operations"]
        }
        assert {"s": "SUCCEEDED", "ask": "SUCCEEDED"} == seen
        history = holder.service.history(name)
        assert list(range(1, len(history) + 1)) == [event["EventId"] for event in history]


def test_sweepers_beside_each_other_fire_every_timer_once(beds: list[TestBed]) -> None:
    """Lapsed leases and due waits, handled by whoever comes first."""

    def naps(_event: Any, context: DurableContext) -> str:
        from aws_durable_execution_sdk_python.config import Duration  # noqa: PLC0415 (only here)

        context.wait(Duration.from_seconds(5), name="nap")
        return "done"

    for bed in beds:
        bed.service.register("function", naps)
    for number in range(ROUNDS):
        beds[0].service.start("function", f"n{number}", "{}")
    beds[0].service.run_until_idle()
    beds[0].clock.advance(5)
    swept = at_once(beds, lambda bed: bed.service.sweeper.sweep())
    assert ROUNDS == sum(swept), swept
    at_once(beds, lambda bed: bed.service.run_until_idle())
    for number in range(ROUNDS):
        types = beds[0].event_types(of=f"n{number}")
        assert (1, 1) == (types.count("WaitSucceeded"), types.count("ExecutionSucceeded"))


def test_a_dead_processs_executions_are_taken_over_by_the_others_once_its_lease_has_lapsed(beds: list[TestBed]) -> None:
    """No coordinator: each looks for itself, one is first, and what the dead one still says is refused."""
    dead, *living = beds
    for bed in beds:
        bed.service.register("function", asks)
    claims = []
    for number in range(ROUNDS):
        dead.service.start("function", f"n{number}", "{}")
        claims.append(dead.service.worker.claim(key_of(dead, f"n{number}")))
    dead.clock.advance(LEASE - 0.1)
    at_once(living, lambda bed: bed.service.run_until_idle())
    assert not any("InvocationCompleted" in dead.event_types(of=f"n{number}") for number in range(ROUNDS))
    dead.clock.advance(0.2)
    at_once(living, lambda bed: bed.service.run_until_idle())
    for number, claim in enumerate(claims):
        assert claim is not None
        assert 2 == dead.event_types(of=f"n{number}").count("InvocationCompleted"), dead.event_types(of=f"n{number}")
        with pytest.raises(ClientError, match="Invalid checkpoint token"):
            dead.service.client.checkpoint_durable_execution(
                DurableExecutionArn=claim.arn,
                CheckpointToken=claim.event["CheckpointToken"],
                Updates=[{"Id": "s", "Type": "STEP", "Action": "SUCCEED", "Name": "s", "Payload": "1"}],
            )


def test_children_that_end_while_their_parents_leases_are_renewed_lock_nobody_out(beds: list[TestBed]) -> None:
    """A child's end locks its parent; renewing skips what is locked. So no circle of waiting, however often."""

    def parent(_event: Any, context: DurableContext) -> Any:
        return context.invoke("child", {}, name="call")

    for bed in beds:
        bed.service.register("parent", parent)
        bed.service.register("child", lambda _event, _context: "done")
    for number in range(ROUNDS):
        beds[0].service.start("parent", f"n{number}", "{}")
    ending = threading.Event()

    def renew() -> None:
        while not ending.is_set():
            with beds[0].database.transaction() as session:
                keys = [key_of(beds[0], view.name) for view in beds[0].service.list(limit=1000).executions]
                store.renew(session, [(key, 1) for key in reversed(keys)], beds[0].clock.now())

    renewing = threading.Thread(target=renew)
    renewing.start()
    came = at_once(beds[1:], lambda bed: bed.service.run_until_idle())
    ending.set()
    renewing.join(30)
    beds[1].clock.advance(LEASE)
    beds[1].service.run_until_idle()
    assert [None] * len(came) == came
    assert {"SUCCEEDED"} == {view.status for view in beds[0].service.list(limit=1000).executions}
