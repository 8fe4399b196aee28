"""Chained invokes: a child execution, started with its parent's checkpoint, completes its parent with its own end."""

import json
from typing import Any

import pytest
from aws_durable_execution_sdk_python import DurableContext
from aws_durable_execution_sdk_python.config import ChildConfig
from aws_durable_execution_sdk_python.exceptions import InvokeError

from checkout.durable.settings import CHAINED_PAYLOAD_BYTES
from checkout.durable.testing import TestBed
from checkout.durable.views import ExecutionView


def parent(event: Any, context: DurableContext) -> Any:
    """Invokes a child once."""
    try:
        return context.invoke("child", event, name="call")
    except InvokeError as error:
        return [error.error_type, error.message]


def child_of(bed: TestBed) -> ExecutionView:
    """The child execution."""
    return bed.service.list(function="child").executions[0]


def waits(event: Any, context: DurableContext) -> Any:
    """A child that needs an answer first."""
    context.create_callback(name="ask").result()
    return context.step(lambda _: event * 2, name="double")


def test_a_parent_sleeps_until_its_child_returns(bed: TestBed) -> None:
    """Parent suspended, child suspended, nobody holds anything; the answer lets both end."""
    bed.service.register("child", waits)
    bed.run(parent, 21)
    assert [] == bed.service.sweeper.runnable()
    bed.service.succeed_callback(bed.callback_id("ask", of=child_of(bed).name), "go")
    bed.service.run_until_idle()
    assert "42" == bed.service.get("execution").result
    assert ["SUCCEEDED"] == [one.status for one in bed.service.operations("execution")]


def test_a_crash_between_parent_and_child_loses_neither(tmp_path: Any) -> None:
    """The child exists as soon as the invoke is recorded; a new process runs it, and it completes the parent."""
    url = f"sqlite:///{tmp_path}/d.sqlite3"
    with TestBed(url) as first:
        first.service.register("child", waits)
        first.service.register("function", parent)
        first.service.start("function", "execution", "21")
        first.service.drive("execution")
        clock, before = first.clock, child_of(first)
        assert "STARTED" == first.operation("call").status
    with TestBed(url, clock=clock) as second:
        second.service.register("child", waits)
        second.service.register("function", parent)
        second.service.run_until_idle()
        second.service.succeed_callback(second.callback_id("ask", of=before.name), "go")
        second.service.run_until_idle()
        assert "42" == second.service.get("execution").result
        assert [before.name] == [one.name for one in second.service.list(function="child").executions]


def test_a_parent_run_again_after_a_crash_does_not_invoke_twice(bed: TestBed) -> None:
    """The recorded invoke is found, not repeated."""
    bed.service.register("child", waits)
    bed.run(parent, 21)
    for _ in range(3):
        bed.service.retry("execution")
        bed.service.run_until_idle()
    assert 1 == len(bed.service.list(function="child").executions)


def test_a_stopped_child_stops_its_parents_operation(bed: TestBed) -> None:
    """The stop's error is the operation's."""
    bed.service.register("child", waits)
    bed.run(parent, 21)
    bed.service.stop(child_of(bed).name, error={"ErrorType": "Operator", "ErrorMessage": "enough"})
    bed.service.run_until_idle()
    assert ["Operator", "enough"] == json.loads(bed.service.get("execution").result or "null")
    assert "ChainedInvokeStopped" in bed.event_types()


def test_a_child_that_times_out_times_out_its_parents_operation(bed: TestBed) -> None:
    """With its own timeout, not the parent's."""
    bed.service.register("child", waits, execution_timeout_seconds=5)
    bed.run(parent, 21)
    bed.clock.advance(5)
    bed.service.run_until_idle()
    assert "TIMED_OUT" == bed.operation("call").status
    assert "ChainedInvokeTimedOut" in bed.event_types()


def test_a_child_whose_parent_has_ended_ends_alone(bed: TestBed) -> None:
    """Its result goes nowhere, and nothing breaks."""
    bed.service.register("child", waits)
    bed.run(parent, 21)
    bed.service.stop("execution")
    bed.service.succeed_callback(bed.callback_id("ask", of=child_of(bed).name), "go")
    bed.service.run_until_idle()
    assert ("SUCCEEDED", "STOPPED") == (child_of(bed).status, bed.service.get("execution").status)


def test_a_childs_result_has_a_limit(bed: TestBed) -> None:
    """What is too large for its parent fails the child, with a sentence that says so."""
    bed.service.register("child", lambda _event, _context: "x" * CHAINED_PAYLOAD_BYTES)
    bed.run(parent, 21)
    assert "FAILED" == child_of(bed).status
    assert "too large for a chained invoke" in (bed.service.get("execution").result or "")


@pytest.mark.parametrize("target", ["child", "child:1", "child:$LATEST", "function:child:2"])
def test_a_target_is_a_name_with_or_without_a_version(bed: TestBed, target: str) -> None:
    """As Lambda takes it; without a version the newest."""
    bed.service.register("child", lambda _event, _context: 1, version=1)
    bed.service.register("child", lambda _event, _context: 2, version=2)
    view = bed.run(lambda _event, context: context.invoke(target, None, name="call"))
    assert ("1" if target == "child:1" else "2") == view.result


def test_a_large_child_context_is_replayed_from_its_children(bed: TestBed) -> None:
    """Over 256 KB the result is not kept: the context is marked ReplayChildren, and its steps are not run again."""
    ran: list[int] = []

    def large(child: DurableContext) -> list[str]:
        def part(number: int) -> Any:
            def make(_step: Any) -> str:
                ran.append(number)
                return str(number) * 100_000

            return make

        return [child.step(part(number), name=f"part {number}") for number in range(3)]

    def handler(_event: Any, context: DurableContext) -> Any:
        parts = context.run_in_child_context(large, name="large", config=ChildConfig())
        context.create_callback(name="ask").result()
        return len("".join(parts))

    bed.run(handler)
    bed.service.succeed_callback(bed.callback_id("ask"), "go")
    bed.service.run_until_idle()
    assert "300000" == bed.service.get("execution").result
    assert [0, 1, 2] == ran
    context = next(one for one in bed.service.history("execution") if one["EventType"] == "ContextSucceeded")
    assert len(context["ContextSucceededDetails"]["Result"].get("Payload", "")) < 1000
