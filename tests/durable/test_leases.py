"""Leases: one worker at a time; a dead one's execution is taken over, a slow one keeps its own."""

import threading
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from aws_durable_execution_sdk_python import DurableContext, state
from sqlalchemy.exc import OperationalError

from checkout.durable import shim
from checkout.durable.settings import DurableSettings
from checkout.durable.testing import TestBed
from checkout.durable.views import ExecutionStatus

LEASE = 15.0


def pair(path: Path, settings: DurableSettings | None = None) -> tuple[TestBed, TestBed]:
    """Two services, as two processes would have them, on one file and one clock."""
    url = f"sqlite:///{path}/d.sqlite3"
    first = TestBed(url, settings=settings)
    return first, TestBed(url, clock=first.clock, settings=settings)


def test_a_claimed_execution_is_claimed_by_nobody_else(tmp_path: Path) -> None:
    """While the lease holds, others find nothing to do."""
    first, second = pair(tmp_path)
    with first, second:
        for bed in (first, second):
            bed.service.register("function", lambda _event, _context: "done")
        first.service.start("function", "execution", "{}")
        key = first.service.sweeper.runnable()[0]
        assert first.service.worker.claim(key) is not None
        assert second.service.worker.claim(key) is None
        assert [] == second.service.sweeper.runnable()
        second.clock.advance(LEASE - 1)
        second.service.run_until_idle()
        assert "RUNNING" == second.service.get("execution").status


def test_a_frozen_worker_is_taken_over_and_its_writes_are_refused(tmp_path: Path) -> None:
    """It wakes after its lease, finishes its step, and nothing of that is written; the other one's result stands."""
    first, second = pair(tmp_path)
    in_step, thaw = threading.Event(), threading.Event()

    def handler_of(who: str) -> Any:
        def handler(_event: Any, context: DurableContext) -> Any:
            before = context.step(lambda _: f"before {who}", name="before")

            def slow(_step: Any) -> str:
                if who == "frozen":
                    in_step.set()
                    assert thaw.wait(30)
                return f"slow {who}"

            return [before, context.step(slow, name="slow")]

        return handler

    with first, second:
        first.service.register("function", handler_of("frozen"))
        second.service.register("function", handler_of("healthy"))
        first.service.start("function", "execution", "{}")
        frozen = threading.Thread(target=first.service.drive, args=("execution",))
        frozen.start()
        assert in_step.wait(10)
        second.clock.advance(LEASE)
        second.service.run_until_idle()
        expected = '["before frozen", "slow healthy"]'
        assert expected == second.service.get("execution").result
        history = second.service.history("execution")
        thaw.set()
        frozen.join(10)
        assert expected == first.service.get("execution").result
        assert history == first.service.history("execution")
        died = [one for one in history if one.get("InvocationCompletedDetails", {}).get("Error")]
        assert ["Runtime.ExitError"] == [
            one["InvocationCompletedDetails"]["Error"]["Payload"]["ErrorType"] for one in died
        ]


def test_a_lease_is_renewed_during_a_long_step(tmp_path: Path) -> None:
    """The lease thread keeps a slow handler's execution its own, so nobody runs the step a second time."""
    first, second = pair(tmp_path, DurableSettings(lease_seconds=0.3))
    in_step, go_on, ran = threading.Event(), threading.Event(), []

    def handler(_event: Any, context: DurableContext) -> Any:
        def slow(_step: Any) -> str:
            ran.append(1)
            in_step.set()
            assert go_on.wait(30)
            return "slow"

        return context.step(slow, name="slow")

    with first, second:
        for bed in (first, second):
            bed.service.register("function", handler)
        first.service.start("function", "execution", "{}")
        slow = threading.Thread(target=first.service.drive, args=("execution",))
        slow.start()
        assert in_step.wait(10)
        renewed = threading.Event()
        for _ in range(3):  # each time nearly a whole lease passes, once the lease thread has renewed it
            until = second.service.sweeper.next_moment()
            second.clock.advance(0.2)
            for _ in range(200):
                if second.service.sweeper.next_moment() != until:
                    break
                renewed.wait(0.02)
            second.service.run_until_idle()
        go_on.set()
        slow.join(10)
        assert '"slow"' == first.service.get("execution").result
    assert [1] == ran


def test_ones_own_leases_are_renewed_before_lapsed_ones_are_looked_for(bed: TestBed) -> None:
    """A clock that jumps ahead must not make a process take its own running work from itself."""
    bed.service.register("function", lambda _event, context: context.step(jump, name="jump"))

    def jump(_step: Any) -> str:
        bed.clock.advance(86_400)
        bed.service.leases.renew_all()
        bed.service.sweeper.sweep()
        return "mine"

    bed.service.start("function", "execution", "{}")
    bed.service.run_until_idle()
    assert '"mine"' == bed.service.get("execution").result
    assert 1 == bed.event_types().count("InvocationCompleted")


def test_an_invocation_that_breaks_is_tried_again_later_each_time(bed: TestBed) -> None:
    """After 1, 2, 4 … seconds; a good invocation in between starts the count again."""
    starts: list[float] = []
    first = bed.clock.now()

    def handler(_event: Any, _context: DurableContext) -> Any:
        starts.append((bed.clock.now() - first).total_seconds())
        raise SystemExit(1)

    bed.service.register("function", handler)
    bed.service.start("function", "execution", "{}")
    for _ in range(64):
        bed.service.run_until_idle()
        bed.clock.advance(0.5)
    assert [0, 1, 3, 7, 15, 31] == starts


def test_an_invocation_that_always_breaks_fails_in_the_end(skipping: TestBed) -> None:
    """After the last attempt the execution fails with the last error; every attempt stands in the history."""

    def handler(_event: Any, _context: DurableContext) -> Any:
        raise SystemExit(1)

    view = skipping.run(handler)
    assert view.status is ExecutionStatus.FAILED
    assert view.error is not None
    assert "Runtime.ExitError" == view.error["ErrorType"]
    assert DurableSettings().invocation_attempts == skipping.event_types().count("InvocationCompleted")


def test_retry_does_now_what_would_be_tried_later(bed: TestBed) -> None:
    """An operator need not wait for the back-off."""
    broken = [True]

    def handler(_event: Any, _context: DurableContext) -> Any:
        if broken:
            raise SystemExit(1)
        return "done"

    bed.run(handler)
    broken.clear()
    bed.service.run_until_idle()
    assert "RUNNING" == bed.service.get("execution").status
    bed.service.retry("execution")
    bed.service.run_until_idle()
    assert '"done"' == bed.service.get("execution").result


def test_progress_starts_the_count_of_failures_again(skipping: TestBed) -> None:
    """Twenty steps, a death after each: far more than the cap, and it ends well."""
    ran: set[int] = set()

    def handler(_event: Any, context: DurableContext) -> Any:
        for number in range(20):
            context.step(lambda _: None, name=f"s{number}")
            if number not in ran:
                ran.add(number)
                raise SystemExit(1)
        return "done"

    assert '"done"' == skipping.run(handler).result


def test_nothing_depends_on_the_shim(monkeypatch: pytest.MonkeyPatch) -> None:
    """With the SDK as it is, a little later, the same history."""
    shim.apply()
    original = state.ExecutionState.stop_checkpointing.__wrapped__  # type: ignore[attr-defined]
    monkeypatch.setattr(state.ExecutionState, "stop_checkpointing", original)
    monkeypatch.setattr(state, "_BLOCKED_CALLER_WAIT_SECONDS", 0.001)
    with TestBed(fast_stop=False) as bed:
        bed.run(lambda _event, context: context.step(lambda _: 1, name="one"))
        assert ["ExecutionStarted", "StepStarted", "StepSucceeded", "InvocationCompleted", "ExecutionSucceeded"] == (
            bed.event_types()
        )


def test_a_lapsed_lease_that_could_not_be_written_is_looked_at_again(tmp_path: Path) -> None:
    """The database is in trouble when the lease lapses, and nobody commits anything afterwards: still it is found."""
    first, second = pair(tmp_path)
    with first, second:
        for bed in (first, second):
            bed.service.register("function", lambda _event, _context: "done")
        first.service.start("function", "execution", "{}")
        assert first.service.worker.claim(first.service.sweeper.runnable()[0]) is not None
        second.clock.advance(LEASE + 1)
        broken = OperationalError("", {}, Exception("database or disk is full"))
        with patch.object(second.database, "transaction", side_effect=broken):
            assert 0 == second.service.sweeper.sweep()
        moment = second.service.sweeper.next_moment()
        assert moment is not None
        second.clock.advance((moment - second.clock.now()).total_seconds())
        assert 1 == second.service.sweeper.sweep()
        assert second.service.sweeper.runnable()
