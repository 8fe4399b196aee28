"""A process that is to end: it finishes the step under way, begins none, and another process goes on at once."""

import threading
from pathlib import Path
from typing import Any

import pytest
from aws_durable_execution_sdk_python import DurableContext, StepContext
from aws_durable_execution_sdk_python.config import StepConfig, StepSemantics
from aws_durable_execution_sdk_python.retries import RetryDecision

from checkout.durable.testing import TestBed

ONCE = StepConfig(
    step_semantics=StepSemantics.AT_MOST_ONCE_PER_RETRY, retry_strategy=lambda _error, _made: RetryDecision.no_retry()
)


class Two:
    """Two steps that must happen once; the first one waits to be let on."""

    def __init__(self) -> None:
        self.made: list[str] = []
        self.begun, self.let_on = threading.Event(), threading.Event()

    def handler(self, _event: Any, context: DurableContext) -> Any:
        """Both, one after the other."""
        return [
            context.step(self.first, name="first", config=ONCE),
            context.step(self.second, name="second", config=ONCE),
        ]

    def first(self, _step: StepContext) -> str:
        """Slow."""
        self.begun.set()
        assert self.let_on.wait(30)
        self.made.append("first")
        return "first"

    def second(self, _step: StepContext) -> str:
        """Quick."""
        self.made.append("second")
        return "second"


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A file for two processes."""
    return f"sqlite:///{tmp_path}/d.sqlite3"


def test_the_step_under_way_is_finished_and_the_rest_is_another_process_s_at_once(url: str) -> None:
    """No lease has to lapse, no step runs twice, and nothing counts as a failure."""
    two = Two()
    with TestBed(url) as ending, TestBed(url, clock=ending.clock) as staying:
        for bed in (ending, staying):
            bed.service.register("function", two.handler)
        ending.service.start("function", "execution", "{}")
        (key,) = ending.service.sweeper.runnable()
        thread = threading.Thread(target=ending.service.worker.drive, args=(key,))
        thread.start()
        assert two.begun.wait(10)
        ending.service.worker.hand_over()
        two.let_on.set()
        thread.join(10)
        assert ["first"] == two.made
        assert [key] == staying.service.sweeper.runnable()
        assert staying.service.worker.drive(key)
        assert ["first", "second"] == two.made
        ended = staying.service.get("execution")
        assert ("SUCCEEDED", '["first", "second"]') == (ended.status, ended.result)
        ends = [one for one in staying.service.history("execution") if one["EventType"] == "InvocationCompleted"]
        assert [{}, {}] == [one["InvocationCompletedDetails"].get("Error") for one in ends]


def test_a_process_that_is_to_end_claims_nothing(url: str) -> None:
    """What it is still told of, it leaves."""
    with TestBed(url) as bed:
        bed.service.register("function", lambda _event, _context: "done")
        bed.service.start("function", "execution", "{}")
        (key,) = bed.service.sweeper.runnable()
        bed.service.worker.hand_over()
        assert not bed.service.worker.drive(key)
        assert [key] == bed.service.sweeper.runnable()


def test_others_are_told_which_version_waits(url: str) -> None:
    """A notice names function and version, so that it reaches a process that can run it."""
    heard = []
    with TestBed(url) as bed:
        bed.service.register("function", lambda _event, _context: "done", version=3)
        bed.service.listen(lambda notice: heard.append((notice.function, notice.version)))
        bed.service.start("function", "execution", "{}")
    assert {("function", 3)} == set(heard)
    assert (("function", 3),) == bed.service.worker.versions()
