"""Timers are rows: they never fire early, fire once, and survive processes and clocks."""

from pathlib import Path
from typing import Any

import pytest
from aws_durable_execution_sdk_python import DurableContext, StepContext
from aws_durable_execution_sdk_python.config import Duration, StepConfig
from aws_durable_execution_sdk_python.retries import RetryStrategyConfig, create_retry_strategy

from checkout.durable.testing import TestBed
from checkout.store.clock import ManualClock


def naps(_event: Any, context: DurableContext) -> Any:
    """Waits ten seconds."""
    context.wait(Duration.from_seconds(10), name="nap")
    return "woke"


def retries(_event: Any, context: DurableContext) -> Any:
    """Fails twice, and is tried again after a second or more each time."""

    def flaky(step: StepContext) -> int:
        if step.attempt < 3:
            raise ConnectionError
        return step.attempt

    strategy = create_retry_strategy(RetryStrategyConfig(max_attempts=3, initial_delay=Duration.from_seconds(4)))
    return context.step(flaky, name="flaky", config=StepConfig(retry_strategy=strategy))


def test_a_wait_never_ends_early_and_ends_once(bed: TestBed) -> None:
    """Not a microsecond before; afterwards there is one WaitSucceeded, however often one looks."""
    bed.run(naps)
    bed.clock.advance(9.999_999)
    bed.service.run_until_idle()
    assert "STARTED" == bed.operation("nap").status
    bed.clock.advance(0.000_001)
    bed.service.run_until_idle()
    bed.service.run_until_idle()
    assert '"woke"' == bed.service.get("execution").result
    assert 1 == bed.event_types().count("WaitSucceeded")


def test_timers_survive_the_process(tmp_path: Path) -> None:
    """A second service on the same file fires what the first one set."""
    clock, url = ManualClock(), f"sqlite:///{tmp_path}/d.sqlite3"
    with TestBed(url, clock=clock) as first:
        first.run(naps)
    clock.advance(10)
    with TestBed(url, clock=clock) as second:
        second.service.register("function", naps)
        second.service.run_until_idle()
        assert '"woke"' == second.service.get("execution").result


@pytest.mark.parametrize("handler", [naps, retries])
def test_a_clock_set_back_fires_nothing_early_and_nothing_twice(bed: TestBed, handler: Any) -> None:
    """Back by an hour: what had fired stays fired, what is due comes when the clock gets there."""
    bed.run(handler)
    start = bed.clock.now()
    bed.clock.advance(-3600)
    bed.service.run_until_idle()
    assert "RUNNING" == bed.service.get("execution").status
    bed.clock.set(start)
    for _ in range(4):
        bed.clock.advance(20)
        bed.service.run_until_idle()
        before = bed.event_types()
        bed.clock.advance(-20)
        bed.service.run_until_idle()
        bed.clock.advance(20)
        assert before == bed.event_types()
    assert "SUCCEEDED" == bed.service.get("execution").status


def test_a_clock_set_forward_fires_everything_once(bed: TestBed) -> None:
    """Ahead by a day: waits end, retries run, each once."""
    bed.run(retries)
    bed.clock.advance(86_400)
    bed.service.run_until_idle()
    bed.clock.advance(86_400)
    bed.service.run_until_idle()
    assert "3" == bed.service.get("execution").result
    assert 3 == bed.event_types().count("StepStarted")


def test_a_retry_is_scheduled_in_whole_seconds_and_ready_when_due(bed: TestBed) -> None:
    """The view tells when the next attempt is; the attempt count grows by one each time."""
    bed.run(retries)
    flaky = bed.operation("flaky")
    assert ("PENDING", 1) == (flaky.status, flaky.attempt)
    assert flaky.next_attempt_at is not None
    delay = (flaky.next_attempt_at - bed.clock.now()).total_seconds()
    assert delay == int(delay) >= 1
    bed.clock.set(flaky.next_attempt_at)
    bed.service.run_until_idle()
    assert ("PENDING", 2) == (bed.operation("flaky").status, bed.operation("flaky").attempt)


def test_skipping_time_runs_to_the_end_at_once(skipping: TestBed) -> None:
    """A year of waiting takes no time, and the history shows the year."""

    def patient(_event: Any, context: DurableContext) -> str:
        for number in range(12):
            context.wait(Duration.from_days(30), name=f"month {number}")
        return "patient"

    started = skipping.clock.now()
    assert '"patient"' == skipping.run(patient).result
    assert 360 == (skipping.clock.now() - started).days
