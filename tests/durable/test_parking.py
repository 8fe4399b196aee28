"""Parking: what must not end by accident waits for an operator instead, with a reason, and goes on from there."""

import time
from typing import Any

import pytest
from aws_durable_execution_sdk_python import DurableContext
from aws_durable_execution_sdk_python.config import StepConfig
from aws_durable_execution_sdk_python.retries import RetryStrategyConfig, create_retry_strategy
from aws_durable_execution_sdk_python.serdes import SerDes, SerDesContext

from checkout.durable.aws import history_json
from checkout.durable.errors import NotParkedError, StopRefusedError
from checkout.durable.testing import TestBed
from checkout.durable.views import ExecutionStatus
from tests.cli_durable.aws_shapes import faults

ONCE = StepConfig(retry_strategy=create_retry_strategy(RetryStrategyConfig(max_attempts=1)))


def raises(_event: Any, context: DurableContext) -> Any:
    """A bug."""
    context.step(lambda _: 1, name="one")
    raise KeyError("a bug")


def too_large(_event: Any, context: DurableContext) -> Any:
    """A step whose result no history keeps."""
    return context.step(lambda _: "x" * 300_000, name="large")


class Raw(SerDes[str]):
    """Results as they are, whatever is in them."""

    def serialize(self, value: str, _: SerDesContext) -> str:
        """The same."""
        return value

    def deserialize(self, data: str, _: SerDesContext) -> str:
        """The same."""
        return data


def no_text(_event: Any, context: DurableContext) -> Any:
    """A step whose result not every database keeps."""
    return context.step(lambda _: "a\0b", name="raw", config=StepConfig(serdes=Raw()))


def dies(_event: Any, _context: DurableContext) -> Any:
    """A handler that takes its process with it, every time."""
    raise SystemExit(1)


def waits(_event: Any, context: DurableContext) -> Any:
    """Waits for an answer."""
    return context.create_callback(name="ask").result()


@pytest.mark.parametrize(
    ("handler", "reason"),
    [
        (raises, "KeyError: 'a bug'"),
        (too_large, "at most 262144 are kept"),
        (no_text, "NUL"),
        (dies, "Runtime.ExitError"),
    ],
)
def test_a_function_that_ends_only_by_its_result_is_parked_instead_of_failing(
    skipping: TestBed, handler: Any, reason: str
) -> None:
    """An exception, a payload too large, a process that dies each time: it still runs, and says why it stands."""
    view = skipping.run(handler, ends_only_by_result=True)
    assert view.status is ExecutionStatus.RUNNING
    assert reason in (view.parked or "")
    assert "ExecutionPaused" == skipping.event_types()[-1]
    assert [] == faults("GetDurableExecutionHistory", history_json(skipping.service.history("execution")))
    skipping.clock.advance(86_400)
    skipping.service.run_until_idle()
    assert view == skipping.service.get("execution")


@pytest.mark.parametrize("handler", [raises, too_large, no_text, dies])
def test_any_other_function_fails(skipping: TestBed, handler: Any) -> None:
    """Without the promise the same mishaps end the execution."""
    assert skipping.run(handler).status is ExecutionStatus.FAILED


def test_a_replay_mismatch_parks_every_function(bed: TestBed) -> None:
    """Changed code never ends what older code began; with the old code back, it goes on."""
    names = ["old"]

    def handler(_event: Any, context: DurableContext) -> Any:
        context.step(lambda _: 1, name=names[0])
        return context.create_callback(name="ask").result()

    bed.run(handler)
    names[0] = "new"
    bed.service.succeed_callback(bed.callback_id("ask"), "yes")
    bed.service.run_until_idle()
    assert "the code does not match this history" in (bed.service.get("execution").parked or "")
    names[0] = "old"
    bed.service.resume("execution", reason="rolled back")
    bed.service.run_until_idle()
    assert '"yes"' == bed.service.get("execution").result


def test_a_resumed_execution_goes_on_from_its_history(bed: TestBed) -> None:
    """Finished steps do not run again; the reason stands in the history."""
    ran, broken = [], [True]

    def handler(_event: Any, context: DurableContext) -> Any:
        context.step(lambda _: ran.append(1), name="once")
        if broken:
            raise RuntimeError("mend me")
        return "mended"

    bed.run(handler, ends_only_by_result=True)
    broken.clear()
    bed.service.resume("execution", reason="mended in release 2")
    bed.service.run_until_idle()
    assert '"mended"' == bed.service.get("execution").result
    assert bed.service.get("execution").parked is None
    assert [1] == ran
    resumed = next(one for one in bed.service.history("execution") if one["EventType"] == "ExecutionResumed")
    assert "mended in release 2" == resumed["ExecutionResumedDetails"]["Reason"]["Payload"]
    with pytest.raises(NotParkedError):
        bed.service.resume("execution", reason="again")


def test_answers_and_timers_are_kept_while_parked(bed: TestBed) -> None:
    """An answer that arrives meanwhile is recorded, invokes nobody, and is there after the resume."""
    broken = [True]

    def handler(_event: Any, context: DurableContext) -> Any:
        callback = context.create_callback(name="ask")
        if broken:
            raise RuntimeError("mend me")
        return callback.result()

    bed.run(handler, ends_only_by_result=True)
    broken.clear()
    bed.service.succeed_callback(bed.callback_id("ask"), "kept")
    assert [] == bed.service.sweeper.runnable()
    bed.service.run_until_idle()
    assert "RUNNING" == bed.service.get("execution").status
    bed.service.resume("execution", reason="mended")
    bed.service.run_until_idle()
    assert '"kept"' == bed.service.get("execution").result


def test_stop_is_refused_unless_overridden(bed: TestBed) -> None:
    """The function's own door may stop it after its own checks; nobody else may."""
    bed.run(waits, ends_only_by_result=True)
    with pytest.raises(StopRefusedError):
        bed.service.stop("execution")
    assert "RUNNING" == bed.service.get("execution").status
    assert "STOPPED" == bed.service.stop("execution", override=True).status


def test_an_execution_timeout_parks_what_may_not_time_out(bed: TestBed) -> None:
    """The time is over, the work is not: an operator decides, and after the resume there is no timeout."""
    bed.run(waits, ends_only_by_result=True, execution_timeout_seconds=60)
    bed.clock.advance(60)
    bed.service.run_until_idle()
    assert "Execution.Timeout" in (bed.service.get("execution").parked or "")
    bed.service.resume("execution", reason="take your time")
    bed.service.succeed_callback(bed.callback_id("ask"), "late")
    bed.service.run_until_idle()
    assert '"late"' == bed.service.get("execution").result


def test_parking_does_not_cut_a_running_handler(bed: TestBed) -> None:
    """Its step is recorded; it stops at that checkpoint, and the pause begins when it has stopped."""

    def handler(_event: Any, context: DurableContext) -> Any:
        def slow(_step: Any) -> str:
            # Its start is written meanwhile; the checkpoint that stops it is to be its result's.
            while not bed.service.operations("execution"):
                time.sleep(0.01)
            bed.clock.advance(10)
            bed.service.leases.renew_all()
            bed.service.sweeper.sweep()
            return "slow"

        context.step(slow, name="slow")
        return context.step(lambda _: "after", name="after")

    view = bed.run(handler, ends_only_by_result=True, execution_timeout_seconds=10)
    assert view.parked is not None
    assert [("slow", "SUCCEEDED")] == [(one.name, one.status) for one in bed.service.operations("execution")]
    assert ["StepSucceeded", "InvocationCompleted", "ExecutionPaused"] == bed.event_types()[-3:]
    bed.service.resume("execution", reason="go on")
    bed.service.run_until_idle()
    assert '"after"' == bed.service.get("execution").result


def test_a_parked_execution_is_told_to_its_projector_and_so_is_its_resume(bed: TestBed) -> None:
    """Public state can say that somebody must look."""
    told: list[str | None] = []
    bed.run(raises, ends_only_by_result=True, projector=lambda _session, change: told.append(change.execution.parked))
    bed.service.resume("execution", reason="try")
    assert [None, None, "KeyError: 'a bug'", None] == told


def test_parked_executions_can_be_listed(bed: TestBed) -> None:
    """That is the operators' list."""
    bed.run(raises, ends_only_by_result=True)
    assert ["execution"] == [view.name for view in bed.service.list(parked=True).executions]
