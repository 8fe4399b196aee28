"""The same handlers behind AWS's own local runner and behind ours, over the same wire: the same histories.

Both invoke the handlers at one Lambda endpoint, each handler with a boto3 client of its runner's; one boto3 reads both.
AWS's test runner for deployed functions, which knows nothing but AWS's API, drives ours as it drives Lambda.
"""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aws_durable_execution_sdk_python import DurableContext, StepContext, durable_execution
from aws_durable_execution_sdk_python.config import CallbackConfig, Duration, JitterStrategy, StepConfig
from aws_durable_execution_sdk_python.exceptions import CallbackError, StepError
from aws_durable_execution_sdk_python.lambda_service import ErrorObject
from aws_durable_execution_sdk_python.retries import RetryStrategyConfig, create_retry_strategy
from aws_durable_execution_sdk_python.waits import WaitForConditionConfig, WaitForConditionDecision
from aws_durable_execution_sdk_python_testing.runner import DurableFunctionCloudTestRunner

from checkout.durable_face.remote import RemoteHandler
from examples.durable import order_approval
from tests.durable_face.face import KEY_ID, SECRET, Face, eventually, face, lambda_client
from tests.on_lambda.local_lambda import Handler, local_lambda
from tests.on_lambda.web_runner import WebRunner, web_runner

# Ids, tokens and limits are each runner's own. (An operation's Id is not: it follows from its place in the handler.)
OWN = frozenset({"RequestId", "CallbackId", "StackTrace", "ExecutionTimeout"})
TWICE = StepConfig(
    retry_strategy=create_retry_strategy(
        RetryStrategyConfig(max_attempts=2, initial_delay=Duration.from_seconds(1), jitter_strategy=JitterStrategy.NONE)
    )
)


def flaky(step: StepContext) -> str:
    """Fails on its first attempt."""
    if step.attempt == 1:
        raise ConnectionError("not yet")
    return "done"


def broken(_step: StepContext) -> None:
    """Always fails."""
    raise ValueError("never")


def tour(event: dict[str, Any], context: DurableContext) -> list[Any]:
    """A step, a retried one, a caught failure, a wait, a child context, a polled condition, two questions."""
    seen: list[Any] = [context.step(lambda _: event["n"] + 1, name="first"), context.step(flaky, "flaky", TWICE)]
    try:
        context.step(broken, name="broken", config=TWICE)
    except StepError as error:
        seen.append(error.message)
    context.wait(Duration.from_seconds(1), name="nap")
    seen.append(context.run_in_child_context(lambda child: child.step(lambda _: None, name="inner"), name="child"))
    config = WaitForConditionConfig(
        initial_state=0,
        wait_strategy=lambda state, _: (
            WaitForConditionDecision.stop_polling()
            if state == 2
            else WaitForConditionDecision.continue_waiting(Duration.from_seconds(1))
        ),
    )
    seen.append(context.wait_for_condition(lambda state, _: state + 1, config=config, name="poll"))
    seen.append(context.create_callback("good", CallbackConfig(timeout=Duration.from_hours(1))).result())
    try:
        context.create_callback("bad", CallbackConfig(heartbeat_timeout=Duration.from_hours(1))).result()
    except CallbackError as error:
        seen.append(error.message)
    return seen


def failing(_event: Any, context: DurableContext) -> None:
    """One step, then an end in an exception of its own."""
    context.step(lambda _: 1, name="one")
    raise RuntimeError("broken in the open")


def timed_out(_event: Any, context: DurableContext) -> Any:
    """A question nobody answers in time."""
    return context.create_callback("question", CallbackConfig(timeout=Duration.from_seconds(1))).result()


HANDLERS: dict[str, Callable[..., Any]] = {
    "tour": tour,
    "failing": failing,
    "timed_out": timed_out,
    "order": order_approval.handler.__wrapped__,  # type: ignore[attr-defined]  # set by functools.wraps
}
REFUSED = {"ErrorType": "Refused", "ErrorMessage": "no, thank you"}
ORDER = {"order_id": "A-1", "amount_minor": 12_500, "currency": "EUR"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Both:
    """The two runners."""

    aws: WebRunner
    ours: Face


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    """One Lambda endpoint, both runners on it; ours also runs the handlers in its own process, as `local-…`."""
    folder: Path = tmp_path_factory.mktemp("both")
    functions: dict[str, Handler] = {}
    with local_lambda(functions) as endpoint:
        handlers = {name: RemoteHandler(endpoint, f"ours-{name}") for name in HANDLERS}
        local = {f"local-{name}": handler for name, handler in HANDLERS.items()}
        with web_runner(folder, endpoint, skip_time=False) as aws, face(folder, {**handlers, **local}) as ours:
            for name, handler in HANDLERS.items():
                functions[name] = durable_execution(handler, boto3_client=lambda_client(aws.url))
                functions[f"ours-{name}"] = durable_execution(handler, boto3_client=lambda_client(ours.url))
            yield Both(aws=aws, ours=ours)


def told(runner: WebRunner | Face, function: str, name: str, payload: Any, answers: dict[str, Any]) -> Any:
    """An execution from its start to its end: status, result, error, and its history without what is each runner's."""
    if isinstance(runner, WebRunner):
        arn = runner.start(function, name, payload)
    else:
        arn = runner.start(function, name, json.dumps(payload).encode())
    for callback, answer in answers.items():
        callback_id = runner.callback_id(arn, callback)
        # Answered while the handler still runs, it would be another story.
        eventually(lambda: runner.events(arn)[-1]["EventType"] == "InvocationCompleted", "it waits")
        if isinstance(answer, dict):
            runner.client.send_durable_execution_callback_failure(CallbackId=callback_id, Error=answer)
        else:
            runner.client.send_durable_execution_callback_success(CallbackId=callback_id, Result=answer)
    ended = runner.ended(arn)
    return (
        ended["Status"],
        ended.get("Result"),
        plain(ended.get("Error")),
        [event_of(one) for one in runner.events(arn)],
    )


def event_of(event: dict[str, Any]) -> dict[str, Any]:
    """An event without its time and, if it is the execution's own, without the execution's name and id."""
    own = {"Id", "Name"} if event["EventType"].startswith("Execution") else set()
    return {key: one for key, one in plain(event).items() if key not in own}


def plain(value: Any) -> Any:
    """A value without what is each runner's own, without times, and without what AWS's local runner has of its own.

    It marks errors of callbacks as truncated, which are whole, and says a delay of 0 where no attempt follows.
    """
    if isinstance(value, list):
        return [plain(one) for one in value]
    if not isinstance(value, dict):
        return value
    members = {key: plain(one) for key, one in value.items() if key not in OWN and not key.endswith("Timestamp")}
    members.pop("Truncated", None)
    if members.get("NextAttemptDelaySeconds") == 0:
        del members["NextAttemptDelaySeconds"]
    return members


def missing(theirs: Any, ours: Any, where: str = "") -> list[str]:
    """What they say and we do not, or say otherwise; their runner leaves out details that AWS's model requires."""
    if isinstance(theirs, dict) and isinstance(ours, dict):
        return [fault for key, one in theirs.items() for fault in missing(one, ours.get(key), f"{where}.{key}")]
    return [] if theirs == ours else [f"{where}: they say {theirs!r}, we say {ours!r}"]


@pytest.mark.parametrize(
    ("name", "payload", "answers", "status"),
    [
        ("tour", {"n": 1}, {"good": b'"yes"', "bad": REFUSED}, "SUCCEEDED"),
        ("failing", {}, {}, "FAILED"),
        ("timed_out", {}, {}, "FAILED"),
        ("order", ORDER, {"await-approval create callback id": b'{"approved": true}'}, "SUCCEEDED"),
    ],
)
def test_both_leave_the_same_history(both: Both, name: str, payload: Any, answers: dict[str, Any], status: str) -> None:
    """Event by event and value by value; our own is the same for a handler at an endpoint and in our process."""
    with ThreadPoolExecutor() as pool:
        running = [
            pool.submit(told, runner, function, function, payload, answers)
            for runner, function in ((both.aws, name), (both.ours, name), (both.ours, f"local-{name}"))
        ]
        (*theirs, their_events), (*ours, our_events), in_our_process = (one.result() for one in running)
    assert status == theirs[0]
    assert theirs == ours
    kinds = ("EventId", "EventType", "SubType", "Name", "Id", "ParentId")
    assert [[one.get(kind) for kind in kinds] for one in their_events] == [
        [one.get(kind) for kind in kinds] for one in our_events
    ]
    assert [] == missing(dict(enumerate(their_events)), dict(enumerate(our_events)))
    assert (*ours, our_events) == in_our_process


def test_awss_runner_for_deployed_functions_drives_ours(both: Both, monkeypatch: pytest.MonkeyPatch) -> None:
    """It invokes, polls, finds the callbacks, answers them and reads the operations out of the history."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", KEY_ID)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", SECRET)
    runner = DurableFunctionCloudTestRunner("local-tour", lambda_endpoint=both.ours.url, poll_interval=0.05)
    arn = runner.run_async(input={"n": 1})  # type: ignore[arg-type]  # the package says str, and encodes it as JSON
    runner.send_callback_success(runner.wait_for_callback(arn, "good"), b'"yes"')
    runner.send_callback_heartbeat(runner.wait_for_callback(arn, "bad"))
    runner.send_callback_failure(runner.wait_for_callback(arn, "bad"), ErrorObject.from_dict(dict(REFUSED)))
    result = runner.wait_for_result(arn)
    assert "SUCCEEDED" == str(result.status.value)
    assert [2, "done", "never", None, 2, '"yes"', "no, thank you"] == json.loads(result.result or "")
    assert 2 == result.get_step("flaky").attempt
    assert "inner" == result.get_context("child").get_step("inner").name
    failed = DurableFunctionCloudTestRunner("local-failing", lambda_endpoint=both.ours.url, poll_interval=0.05).run()
    assert failed.error
    assert "broken in the open" == failed.error.message
