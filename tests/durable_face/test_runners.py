"""Handlers outside the service's process: the official SDK's own client, on boto3, checkpoints through the face."""

import json
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from aws_durable_execution_sdk_python import DurableContext, StepContext, durable_execution
from aws_durable_execution_sdk_python.config import Duration
from aws_durable_execution_sdk_python.exceptions import CheckpointError
from aws_durable_execution_sdk_python.lambda_service import LambdaClient
from botocore.exceptions import ClientError

from checkout.durable.invocation import Invocation
from checkout.durable_face.remote import RemoteHandler
from tests.cli_durable import flows
from tests.durable_face.face import Face, eventually, face, lambda_client
from tests.on_lambda.local_lambda import context, local_lambda

MANY = 9
# The number of the first execution in a fresh database.
FIRST = 1


def counted(number: int, _step: StepContext) -> int:
    """What a step returns."""
    return number


def work(event: dict[str, Any], context: DurableContext) -> list[int]:
    """Many steps, a nap and a question, so that there is something to page through."""
    done = [context.step(partial(counted, number), name=f"step-{number}") for number in range(event["steps"])]
    context.wait(Duration.from_seconds(1), name="nap")
    context.create_callback("question").result()
    return done


@pytest.fixture
def idle(tmp_path: Path) -> Iterator[Face]:
    """A face behind which nobody runs handlers."""
    with face(tmp_path, {"work": work, "ask": flows.ask}, works=False) as standing:
        yield standing


def claimed(it: Face) -> Invocation:
    """What the next invocation of the one execution there is is handed, once it is due."""

    def claim() -> Invocation | None:
        it.service.sweeper.settle(FIRST)
        return it.service.worker.claim(FIRST)

    invocation: Invocation = eventually(claim, "it is due")
    return invocation


def run(it: Face, invocation: Invocation, handler: Callable[..., Any], client: Any) -> Any:
    """One invocation by a runner of its own, which knows nothing but the event and its boto3 client."""
    output = durable_execution(handler, boto3_client=client)(json.loads(json.dumps(invocation.event)), context())
    it.service.worker.finish(invocation, output)
    return output


def test_an_outside_runner_carries_an_execution_through(idle: Face) -> None:
    """Checkpoints, pages of state, a timer, a callback: three invocations, each of another client."""
    arn = idle.start("work", "w-1", json.dumps({"steps": MANY}).encode())
    assert "PENDING" == run(idle, claimed(idle), work, lambda_client(idle.url))["Status"]
    assert "PENDING" == run(idle, claimed(idle), work, lambda_client(idle.url))["Status"]
    idle.client.send_durable_execution_callback_success(CallbackId=idle.callback_id(arn))
    assert "SUCCEEDED" == run(idle, claimed(idle), work, lambda_client(idle.url))["Status"]
    assert list(range(MANY)) == json.loads(idle.ended(arn)["Result"])
    assert MANY == sum(event["EventType"] == "StepSucceeded" for event in idle.events(arn))


def test_state_comes_in_pages(idle: Face) -> None:
    """Whatever the page size, the SDK's client reads every operation once, in order."""
    arn = idle.start("work", "w-2", json.dumps({"steps": MANY}).encode())
    run(idle, claimed(idle), work, lambda_client(idle.url))
    token = claimed(idle).event["CheckpointToken"]
    client = LambdaClient(client=lambda_client(idle.url))
    for size in (1, 4, 1000):
        names, marker = [], ""
        while True:
            page = client.get_execution_state(arn, token, marker, size)
            names += [one.name for one in page.operations]
            if not (marker := page.next_marker or ""):
                break
        assert [*(f"step-{number}" for number in range(MANY)), "nap"] == names


def test_a_stale_token_ends_the_invocation_and_changes_nothing(idle: Face) -> None:
    """An earlier invocation's runner is refused in words that tell the SDK to stop and no more."""
    arn = idle.start("ask", "q-1")
    first = claimed(idle)
    idle.service.worker.finish(first, None, {"ErrorType": "Runtime.ExitError", "ErrorMessage": "gone"})
    before = idle.events(arn)
    client = LambdaClient(client=lambda_client(idle.url))
    with pytest.raises(CheckpointError, match="Invalid checkpoint token") as refused:
        client.checkpoint(arn, first.event["CheckpointToken"], [], None)
    assert refused.value.is_retryable()
    assert before == idle.events(arn)


def test_a_repeated_checkpoint_gets_the_first_answer(idle: Face) -> None:
    """boto3 repeats a call whose answer was lost with the same ClientToken; one with another token is stale."""
    arn = idle.start("ask", "q-2")
    asked = {
        "DurableExecutionArn": arn,
        "CheckpointToken": claimed(idle).event["CheckpointToken"],
        "Updates": [{"Id": "one", "Type": "STEP", "Action": "SUCCEED", "Name": "one", "Payload": "1"}],
    }
    answers = [idle.client.checkpoint_durable_execution(**asked, ClientToken="again") for _ in range(2)]
    assert answers[0]["CheckpointToken"] == answers[1]["CheckpointToken"]
    assert answers[0]["NewExecutionState"] == answers[1]["NewExecutionState"]
    assert 1 == sum(event["EventType"] == "StepSucceeded" for event in idle.events(arn))
    with pytest.raises(ClientError, match="Invalid checkpoint token"):
        idle.client.checkpoint_durable_execution(**asked, ClientToken="another")


@pytest.mark.parametrize(
    "update",
    [
        {"Id": "one", "Type": "STEP"},
        {"Id": "one", "Type": "NAP", "Action": "START"},
        {"Id": "one", "Type": "STEP", "Action": "JUMP"},
        {"Id": "not an id!", "Type": "STEP", "Action": "START"},
        {"Id": "one", "Type": "WAIT", "Action": "START", "WaitOptions": {"WaitSeconds": 0}},
        {"Id": "one", "Type": "WAIT", "Action": "START", "WaitOptions": {"WaitSeconds": "1"}},
        {"Id": "one", "Type": "STEP", "Action": "SUCCEED", "Payload": 1},
        {"Id": "one", "Type": "STEP", "Action": "RETRY"},
        {"Id": "one", "Type": "CALLBACK", "Action": "START", "CallbackOptions": {"TimeoutSeconds": -1}},
        {"Id": "one", "Type": "CHAINED_INVOKE", "Action": "START"},
        {"Id": "one", "Type": "STEP", "Action": "START", "Colour": "red"},
        "one",
    ],
)
def test_a_malformed_update_is_a_4xx_and_changes_nothing(idle: Face, update: Any) -> None:
    """What boto3 would not send, somebody else may; it is told so, and the token is still good."""
    arn = idle.start("ask", "q-3")
    token = claimed(idle).event["CheckpointToken"]
    client = lambda_client(idle.url)
    client.meta.config.parameter_validation = False
    serializer = client._serializer
    client._serializer = type("Loose", (), {"serialize_to_request": staticmethod(_loose(serializer, update))})()
    with pytest.raises(ClientError) as refused:
        client.checkpoint_durable_execution(DurableExecutionArn=arn, CheckpointToken=token, Updates=[])
    assert "InvalidParameterValueException" == refused.value.response["Error"]["Code"]
    assert ["ExecutionStarted"] == [event["EventType"] for event in idle.events(arn)]
    assert idle.client.checkpoint_durable_execution(DurableExecutionArn=arn, CheckpointToken=token, Updates=[])


def _loose(serializer: Any, update: Any) -> Callable[[Any, Any], Any]:
    def serialize(parameters: Any, model: Any) -> Any:
        request = serializer.serialize_to_request(parameters, model)
        body = json.loads(request["body"])
        request["body"] = json.dumps({**body, "Updates": [update]}).encode()
        return request

    return serialize


def test_a_handler_at_a_lambda_endpoint_runs_there_and_checkpoints_over_http(tmp_path: Path) -> None:
    """The service invokes it as AWS does; a broken endpoint is only a broken invocation, tried again."""
    functions: dict[str, Callable[[Any, Any], Any]] = {}
    with local_lambda(functions) as endpoint, face(tmp_path, {"work": RemoteHandler(endpoint, "work")}) as it:
        arn = it.start("work", "w-1", b'{"steps": 3}')
        eventually(
            lambda: [one for one in it.events(arn) if one["EventType"] == "InvocationCompleted"], "one has broken"
        )
        functions["work"] = durable_execution(work, boto3_client=lambda_client(it.url))
        it.client.send_durable_execution_callback_success(CallbackId=it.callback_id(arn))
        assert [0, 1, 2] == json.loads(it.ended(arn)["Result"])
        broken = it.events(arn)[1]["InvocationCompletedDetails"]["Error"]["Payload"]
        assert "RemoteHandlerError" in broken["ErrorType"]
