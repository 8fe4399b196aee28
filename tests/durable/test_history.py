"""The history is AWS's: its vocabulary, its order, its shape."""

from contextlib import suppress
from typing import Any

from aws_durable_execution_sdk_python import DurableContext, StepContext
from aws_durable_execution_sdk_python.config import CallbackConfig, Duration, StepConfig, StepSemantics
from aws_durable_execution_sdk_python.exceptions import CallbackError, InvokeError
from aws_durable_execution_sdk_python.retries import RetryStrategyConfig, create_retry_strategy
from aws_durable_execution_sdk_python.waits import WaitForConditionConfig, WaitForConditionDecision

from checkout.durable.aws import history_json
from checkout.durable.testing import TestBed
from tests.cli_durable.aws_shapes import faults

RETRYING = StepConfig(retry_strategy=create_retry_strategy(RetryStrategyConfig(max_attempts=3)))


def everything(event: Any, context: DurableContext) -> Any:
    """Uses every operation there is."""

    def flaky(step: StepContext) -> str:
        if step.attempt < 3:
            raise ConnectionError("not yet")
        return "done"

    def decide(state: int, _attempt: int) -> WaitForConditionDecision:
        if state == 2:
            return WaitForConditionDecision.stop_polling()
        return WaitForConditionDecision.continue_waiting(Duration.from_seconds(7))

    context.step(lambda _: None, name="null")
    context.step(flaky, name="flaky", config=RETRYING)
    context.wait(Duration.from_seconds(5), name="nap")
    poll = WaitForConditionConfig(wait_strategy=decide, initial_state=0)
    context.wait_for_condition(lambda state, _: state + 1, config=poll, name="poll")
    context.parallel([lambda branch: branch.step(lambda _: 1, name="in branch")], name="all")
    context.map([1], lambda item, value, _index, _all: item.step(lambda _: value, name="in item"), name="each")
    context.run_in_child_context(lambda child: child.step(lambda _: 1, name="in child"), name="child")
    with suppress(CallbackError):
        context.wait_for_callback(lambda _id, _context: None, name="ask", config=None)
    with suppress(CallbackError):
        context.create_callback(name="late", config=CallbackConfig(timeout=Duration.from_seconds(9))).result()
    try:
        context.invoke("nobody", event, name="lost")
    except InvokeError:
        return context.invoke("other", event, name="found")


def other(_event: Any, context: DurableContext) -> Any:
    """Invoked by `everything`."""
    return context.step(lambda _: "other", name="other")


def told(bed: TestBed) -> list[dict[str, Any]]:
    """The history of `everything`, to its end."""
    bed.service.register("other", other)
    bed.run(everything, {"n": 1})
    bed.service.fail_callback(bed.callback_id("ask"), {"ErrorType": "Refused", "ErrorMessage": "no, thank you"})
    bed.service.run_until_idle()
    assert "SUCCEEDED" == bed.service.get("execution").status
    return bed.service.history("execution")


def of(history: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    """The events of the operation called `name`."""
    return [event for event in history if event.get("Name") == name]


def test_every_event_has_the_shape_of_awss_own_model(skipping: TestBed) -> None:
    """The validator of botocore finds nothing missing, unknown or mistyped in a history that uses everything."""
    assert [] == faults("GetDurableExecutionHistory", history_json(told(skipping)))


def test_event_ids_count_from_execution_started_without_gaps(skipping: TestBed) -> None:
    """The first is ExecutionStarted, the last the execution's end; ids are 1, 2, 3 and so on."""
    history = told(skipping)
    assert list(range(1, len(history) + 1)) == [event["EventId"] for event in history]
    assert ("ExecutionStarted", "ExecutionSucceeded") == (history[0]["EventType"], history[-1]["EventType"])


def test_every_invocation_is_completed_before_the_execution_ends(skipping: TestBed) -> None:
    """The last event but one is InvocationCompleted, with its times, its request id and an empty error."""
    last = told(skipping)[-2]
    assert "InvocationCompleted" == last["EventType"]
    assert {"StartTimestamp", "EndTimestamp", "RequestId", "Error"} == set(last["InvocationCompletedDetails"])
    assert {} == last["InvocationCompletedDetails"]["Error"]


def test_parent_and_subtype_stand_on_every_event_of_an_operation(skipping: TestBed) -> None:
    """Children of contexts, branches and items name their parent; every operation names its sub-type."""
    history = told(skipping)
    operations = [event for event in history if event["EventType"][:9] not in ("Execution", "Invocatio")]
    assert all("SubType" in event and "Id" in event for event in operations)
    for inner, outer, sub_type in (
        ("in branch", "parallel-branch-0", "ParallelBranch"),
        ("in item", "map-item-0", "MapIteration"),
        ("in child", "child", "RunInChildContext"),
        ("ask submitter", "ask", "WaitForCallback"),
    ):
        parent = of(history, outer)[0]
        assert sub_type == parent["SubType"]
        assert {parent["Id"]} == {event["ParentId"] for event in of(history, inner)}


def test_retry_details_stand_on_failures_that_retry_and_on_the_success_after(skipping: TestBed) -> None:
    """Attempts are counted from 1, the next delay is in whole seconds; a first success has no count."""
    history = told(skipping)
    flaky = of(history, "flaky")
    assert ["StepStarted", "StepFailed"] * 2 + ["StepStarted", "StepSucceeded"] == [one["EventType"] for one in flaky]
    retries = [one["StepFailedDetails"]["RetryDetails"] for one in flaky if one["EventType"] == "StepFailed"]
    assert [1, 2] == [retry["CurrentAttempt"] for retry in retries]
    assert all(isinstance(retry["NextAttemptDelaySeconds"], int) for retry in retries)
    assert {"CurrentAttempt": 3} == flaky[-1]["StepSucceededDetails"]["RetryDetails"]
    assert {} == of(history, "null")[-1]["StepSucceededDetails"]["RetryDetails"]


def test_a_poll_is_started_and_succeeded_with_its_state_and_the_next_delay(skipping: TestBed) -> None:
    """wait_for_condition writes the same Id for every poll, and no failure."""
    polls = of(told(skipping), "poll")
    assert ["StepStarted", "StepSucceeded"] * 2 == [event["EventType"] for event in polls]
    assert 1 == len({event["Id"] for event in polls})
    first, last = polls[1]["StepSucceededDetails"], polls[3]["StepSucceededDetails"]
    assert {"Payload": "1", "Truncated": False} == first["Result"]
    assert {"CurrentAttempt": 1, "NextAttemptDelaySeconds": 7} == first["RetryDetails"]
    assert "2" == last["Result"]["Payload"]


def test_callbacks_tell_their_id_and_timeouts_and_relay_errors_word_for_word(skipping: TestBed) -> None:
    """CallbackStarted has CallbackId, Timeout, HeartbeatTimeout; a failure is what the outside said."""
    history = told(skipping)
    started, failed = of(history, "ask create callback id")
    assert {"CallbackId", "Timeout", "HeartbeatTimeout"} == set(started["CallbackStartedDetails"])
    relayed = {"ErrorType": "Refused", "ErrorMessage": "no, thank you"}
    assert {"Payload": relayed, "Truncated": False} == failed["CallbackFailedDetails"]["Error"]
    late_started, late = of(history, "late")
    assert 9 == late_started["CallbackStartedDetails"]["Timeout"]
    assert "Callback.Timeout" == late["CallbackTimedOutDetails"]["Error"]["Payload"]["ErrorType"]


def test_a_chained_invoke_names_function_input_version_and_the_childs_arn(skipping: TestBed) -> None:
    """The ARN on ChainedInvokeStarted is the child's own; an unknown function fails without an input."""
    history = told(skipping)
    details = of(history, "found")[0]["ChainedInvokeStartedDetails"]
    assert ("other", '{"n": 1}', "1") == (
        details["FunctionName"],
        details["Input"]["Payload"],
        details["ExecutedVersion"],
    )
    assert "SUCCEEDED" == skipping.service.get(details["DurableExecutionArn"]).status
    assert ["ChainedInvokeStarted", "ChainedInvokeFailed"] == [event["EventType"] for event in of(history, "lost")]
    assert "Input" not in of(history, "lost")[0]["ChainedInvokeStartedDetails"]


def test_payloads_are_raw_text_and_a_null_result_is_a_result(skipping: TestBed) -> None:
    """Strings keep their quotes, null is `null`, nothing is truncated; a wait's end repeats its duration."""
    history = told(skipping)
    assert {"Payload": "null", "Truncated": False} == of(history, "null")[-1]["StepSucceededDetails"]["Result"]
    assert '"done"' == of(history, "flaky")[-1]["StepSucceededDetails"]["Result"]["Payload"]
    assert {"Duration": 5} == of(history, "nap")[-1]["WaitSucceededDetails"]
    assert 5 == of(history, "nap")[0]["WaitStartedDetails"]["Duration"]


def test_without_execution_data_payloads_are_left_out_and_marked_truncated(skipping: TestBed) -> None:
    """IncludeExecutionData=false shows what happened, not with what."""
    told(skipping)
    bare = skipping.service.history("execution", include_execution_data=False)
    assert {"Truncated": True} == bare[0]["ExecutionStartedDetails"]["Input"]
    assert '"done"' not in repr(bare)
    assert [] == faults("GetDurableExecutionHistory", history_json(bare))


def test_a_heartbeat_leaves_no_event(bed: TestBed) -> None:
    """Heartbeats restart a timer; the history does not grow by them."""

    def handler(_event: Any, context: DurableContext) -> Any:
        beating = CallbackConfig(heartbeat_timeout=Duration.from_seconds(10))
        return context.create_callback(name="ask", config=beating).result()

    bed.run(handler)
    before = bed.service.history("execution")
    bed.clock.advance(5)
    bed.service.heartbeat_callback(bed.callback_id("ask"))
    assert before == bed.service.history("execution")


def test_an_interrupted_step_leaves_the_trace_its_semantics_demand(bed: TestBed) -> None:
    """Run again after a crash: at-least-once writes no second StepStarted, at-most-once writes StepFailed first."""
    ran: list[str] = []

    def handler(_event: Any, context: DurableContext) -> Any:
        once = StepConfig(step_semantics=StepSemantics.AT_MOST_ONCE_PER_RETRY, retry_strategy=RETRYING.retry_strategy)
        for name, config in (("eager", RETRYING), ("once", once)):

            def crash_first(_step: StepContext, name: str = name) -> str:
                ran.append(name)
                if ran.count(name) == 1:
                    context.state.create_checkpoint()  # whatever was queued is on disk now
                    raise SystemExit(1)
                return name

            context.step(crash_first, name=name, config=config)

    bed.service.register("function", handler)
    bed.service.start("function", "execution", "{}")
    for _ in range(6):
        bed.service.run_until_idle()
        bed.clock.advance(10)
    assert "SUCCEEDED" == bed.service.get("execution").status
    history = bed.service.history("execution")
    assert ["StepStarted", "StepSucceeded"] == [event["EventType"] for event in of(history, "eager")]
    assert ["StepStarted", "StepFailed", "StepStarted", "StepSucceeded"] == [
        event["EventType"] for event in of(history, "once")
    ]
    died = [event for event in history if event.get("InvocationCompletedDetails", {}).get("Error")]
    assert ["Runtime.ExitError"] * 2 == [
        event["InvocationCompletedDetails"]["Error"]["Payload"]["ErrorType"] for event in died
    ]
