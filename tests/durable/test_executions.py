"""Executions: one per name, listed, stopped, timed out, deleted when their retention is over."""

import json
from typing import Any

import pytest
from aws_durable_execution_sdk_python import DurableContext, durable_execution

from checkout.durable.errors import (
    ExecutionEndedError,
    ExecutionNameConflictError,
    ExecutionNotFoundError,
    FunctionNotRegisteredError,
    InvalidNameError,
    InvalidPayloadError,
    PayloadTooLargeError,
)
from checkout.durable.settings import EXECUTION_PAYLOAD_BYTES, DurableSettings
from checkout.durable.testing import TestBed
from checkout.durable.views import Change


def waits(_event: Any, context: DurableContext) -> Any:
    """Waits for ever."""
    return context.create_callback(name="ask").result()


def echo(event: Any, context: DurableContext) -> Any:
    """One step."""
    return context.step(lambda _: event, name="echo")


@durable_execution
def plain(event: Any, context: DurableContext) -> Any:
    """Decorated for Lambda, with no client of ours."""
    return context.step(lambda _: [event], name="plain")


def test_the_same_name_and_input_is_the_first_execution(bed: TestBed) -> None:
    """Starting twice is starting once, also after the end."""
    bed.service.register("echo", echo)
    first = bed.service.start("echo", "one", "1")
    assert first == bed.service.start("echo", "one", "1")
    bed.service.run_until_idle()
    assert ("SUCCEEDED", first.arn) == (bed.service.start("echo", "one", "1").status, first.arn)
    assert 1 == bed.event_types(of="one").count("ExecutionStarted")


def test_the_same_name_with_another_input_or_function_is_a_conflict(bed: TestBed) -> None:
    """A name stands for one piece of work."""
    bed.service.register("echo", echo)
    bed.service.register("waits", waits)
    bed.service.start("echo", "one", "1")
    with pytest.raises(ExecutionNameConflictError, match="another input"):
        bed.service.start("echo", "one", "2")
    with pytest.raises(ExecutionNameConflictError, match="another function"):
        bed.service.start("waits", "one", "1")


def test_a_start_that_is_rolled_back_never_was(bed: TestBed) -> None:
    """`start` joins the caller's transaction."""
    bed.service.register("echo", echo)

    def start_and_fail() -> None:
        with bed.database.transaction() as session:
            bed.service.start("echo", "one", "1", session=session)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        start_and_fail()
    with pytest.raises(ExecutionNotFoundError):
        bed.service.get("one")


@pytest.mark.parametrize("name", ["", "a b", "a/b", "ü", "x" * 65, "a.b"])
def test_a_name_aws_would_refuse_is_refused(bed: TestBed, name: str) -> None:
    """Names go into ARNs."""
    bed.service.register("echo", echo)
    with pytest.raises(InvalidNameError):
        bed.service.start("echo", name, "1")
    with pytest.raises(InvalidNameError):
        bed.service.register(name, echo)


def test_unknown_functions_and_inputs_too_large_are_refused(bed: TestBed) -> None:
    """Before anything is written."""
    with pytest.raises(FunctionNotRegisteredError):
        bed.service.start("echo", "one", "1")
    bed.service.register("echo", echo)
    with pytest.raises(PayloadTooLargeError):
        bed.service.start("echo", "one", json.dumps("x" * EXECUTION_PAYLOAD_BYTES))
    with pytest.raises(InvalidPayloadError):
        bed.service.start("echo", "one", "{not json")
    assert () == bed.service.list().executions


def test_an_execution_is_found_by_name_and_by_arn(bed: TestBed) -> None:
    """The ARN ends in the id of the execution's own operation, as the SDK needs."""
    view = bed.run(echo, "x")
    assert view == bed.service.get(view.arn)
    assert view.arn.endswith(bed.service.history("execution")[0]["Id"])
    with pytest.raises(ExecutionNotFoundError):
        bed.service.history("nobody")


def test_a_handler_decorated_for_lambda_runs_as_it_is(bed: TestBed) -> None:
    """It is handed our client with its invocation."""
    assert '["x"]' == bed.run(plain, "x").result


def test_a_list_is_filtered_and_paged_the_newest_first(bed: TestBed) -> None:
    """Every filter restricts; pages join without gap or repetition."""
    bed.service.register("echo", echo)
    bed.service.register("waits", waits)
    for number in range(5):
        bed.service.start("echo", f"e{number}", "1")
        bed.clock.advance(1)
    middle = bed.clock.now()
    bed.service.start("waits", "w_1", "1")
    bed.service.run_until_idle()
    names = [view.name for view in bed.service.list().executions]
    assert ["w_1", "e4", "e3", "e2", "e1", "e0"] == names
    paged, cursor = [], None
    while True:
        page = bed.service.list(limit=4, cursor=cursor)
        paged += [view.name for view in page.executions]
        if (cursor := page.next_cursor) is None:
            break
    assert names == paged
    for filters, expected in (
        ({"function": "waits"}, ["w_1"]),
        ({"status": "RUNNING"}, ["w_1"]),
        ({"parked": True}, []),
        ({"name_prefix": "e"}, names[1:]),
        ({"name_prefix": "w%"}, []),
        ({"started_after": middle}, []),
        ({"started_before": middle}, names[1:]),
    ):
        assert expected == [view.name for view in bed.service.list(**filters).executions]


def test_a_stopped_execution_has_ended_and_stopping_again_is_fine(bed: TestBed) -> None:
    """ExecutionStopped carries the error given; what has ended otherwise cannot be stopped."""
    bed.run(waits)
    error = {"ErrorType": "Operator", "ErrorMessage": "enough"}
    assert ("STOPPED", error) == (bed.service.stop("execution", error=error).status, bed.service.get("execution").error)
    assert "STOPPED" == bed.service.stop("execution").status
    assert "ExecutionStopped" == bed.event_types()[-1]
    bed.service.register("echo", echo)
    bed.service.start("echo", "ended", "1")
    bed.service.run_until_idle()
    with pytest.raises(ExecutionEndedError):
        bed.service.stop("ended")


def test_stopping_while_a_handler_runs_completes_its_invocation_first(bed: TestBed) -> None:
    """The running handler's next checkpoint is refused, and it writes nothing more."""
    stopped_in_step: list[str] = []

    def handler(_event: Any, context: DurableContext) -> Any:
        context.step(lambda _: stopped_in_step.append(bed.service.stop("execution").status), name="stop me")
        return "never"

    bed.run(handler)
    assert ["STOPPED"] == stopped_in_step
    assert ("STOPPED", None) == (bed.service.get("execution").status, bed.service.get("execution").result)
    assert ["InvocationCompleted", "ExecutionStopped"] == bed.event_types()[-2:]


def test_an_execution_times_out(bed: TestBed) -> None:
    """ExecutionTimedOut comes when the time is over, and the wait it stood in never ends."""
    bed.run(waits, execution_timeout_seconds=60)
    bed.clock.advance(59)
    bed.service.run_until_idle()
    assert "RUNNING" == bed.service.get("execution").status
    bed.clock.advance(1)
    bed.service.run_until_idle()
    assert "TIMED_OUT" == bed.service.get("execution").status
    assert "ExecutionTimedOut" == bed.event_types()[-1]


def test_retention_deletes_ended_executions_in_batches_and_nothing_else() -> None:
    """Fourteen days after its end all of it is gone; a running one stays however old it is."""
    with TestBed(settings=DurableSettings(batch=2)) as bed:
        bed.run(waits, name="old")
        bed.service.register("echo", echo, retention_days=14)
        for number in range(5):
            bed.service.start("echo", f"e{number}", "1")
        bed.service.run_until_idle()
        bed.clock.advance(14 * 86_400 - 1)
        bed.service.run_until_idle()
        assert 6 == len(bed.service.list().executions)
        bed.clock.advance(1)
        assert 2 == bed.service.sweeper.sweep()
        bed.service.run_until_idle()
        assert ["old"] == [view.name for view in bed.service.list().executions]
        with bed.database.read() as session:
            events = session.connection().exec_driver_sql("SELECT count(DISTINCT execution_id) FROM durable_events")
            assert 1 == events.scalar_one()


def test_a_projector_is_told_of_every_change_in_its_transaction(bed: TestBed) -> None:
    """Start, checkpoints, the answer from outside, the end: each with the operations it touched."""
    told: list[tuple[str, list[tuple[str | None, str]]]] = []

    def project(_session: Any, change: Change) -> None:
        told.append((change.execution.status.value, [(one.name, one.status) for one in change.operations]))

    def handler(_event: Any, context: DurableContext) -> Any:
        context.step(lambda _: 1, name="one")
        return context.create_callback(name="ask").result()

    bed.run(handler, projector=project)
    bed.service.succeed_callback(bed.callback_id("ask"), "yes")
    bed.service.run_until_idle()
    assert [
        ("RUNNING", []),
        ("RUNNING", [("one", "SUCCEEDED")]),
        ("RUNNING", [("ask", "STARTED")]),
        ("RUNNING", [("ask", "SUCCEEDED")]),
        ("SUCCEEDED", []),
    ] == told


def test_a_projector_that_fails_takes_the_change_with_it(bed: TestBed) -> None:
    """Nothing is written without its projection; the invocation is tried again and goes through once it works."""
    broken = [True]

    def project(_session: Any, change: Change) -> None:
        if broken and change.operations:
            raise LookupError("no row")

    bed.run(echo, "x", projector=project)
    assert () == bed.service.operations("execution")
    broken.clear()
    bed.clock.advance(1)
    bed.service.run_until_idle()
    assert '"x"' == bed.service.get("execution").result


def test_a_projector_that_fails_at_the_end_does_not_lose_the_result(bed: TestBed) -> None:
    """The invocation counts as broken by it, the history says by what; once it works, the execution ends."""
    broken = [True]

    def project(_session: Any, change: Change) -> None:
        if broken and change.execution.status == "SUCCEEDED":
            raise LookupError("no row")

    bed.run(echo, "x", projector=project)
    failed = bed.service.history("execution")[-1]["InvocationCompletedDetails"]["Error"]["Payload"]
    assert {"ErrorType": "LookupError", "ErrorMessage": "no row"} == failed
    broken.clear()
    bed.clock.advance(1)
    bed.service.run_until_idle()
    assert '"x"' == bed.service.get("execution").result
    assert 1 == bed.event_types().count("StepStarted")


def test_a_process_without_the_projector_changes_nothing(tmp_path: Any) -> None:
    """Public state would fall behind: an answer given there is refused, and its sweeper leaves the execution alone."""
    url = f"sqlite:///{tmp_path}/d.sqlite3"
    with TestBed(url) as keeper, TestBed(url, clock=keeper.clock) as stranger:
        keeper.run(waits, projector=lambda _session, _change: None, execution_timeout_seconds=5)
        with pytest.raises(FunctionNotRegisteredError):
            stranger.service.succeed_callback(keeper.callback_id("ask"), "yes")
        keeper.clock.advance(5)
        stranger.service.run_until_idle()
        assert "RUNNING" == keeper.service.get("execution").status
        keeper.service.run_until_idle()
        assert "TIMED_OUT" == keeper.service.get("execution").status


def test_a_handlers_log_lines_carry_the_arn_of_their_execution(bed: TestBed, caplog: pytest.LogCaptureFixture) -> None:
    """Through the context's and the step's logger, once each: a replay logs nothing again."""

    def handler(_event: Any, context: DurableContext) -> Any:
        context.logger.info("in the handler")
        context.step(lambda step: step.logger.info("in the step"), name="one")
        return context.create_callback(name="ask").result()

    caplog.set_level("INFO")
    view = bed.run(handler)
    bed.service.succeed_callback(bed.callback_id("ask"), "yes")
    bed.service.run_until_idle()
    lines = [(record.message, record.__dict__["executionArn"]) for record in caplog.records if record.name == "root"]
    assert [("in the handler", view.arn), ("in the step", view.arn)] == lines


def test_inputs_and_results_are_json_text(bed: TestBed) -> None:
    """They go in and come out as they are."""
    view = bed.run(echo, {"a": [1, None, "ü"]})
    assert {"a": [1, None, "ü"]} == json.loads(view.result or "")
