"""boto3's own Lambda client on a self-hosted service: starts, watches, answers, stops; and reads AWS's errors."""

import json
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from aws_durable_execution_sdk_python import DurableContext
from botocore.exceptions import ClientError

from tests import servers
from tests.cli_durable import flows
from tests.durable_face.face import Face, eventually, face


def greet(event: dict[str, Any], context: DurableContext) -> str:
    """One step."""
    return context.step(lambda _: f"hello {event.get('name', 'you')}", name="greet")


HANDLERS: dict[str, Callable[..., Any]] = {"greet": greet, "ask": flows.ask, "fail": flows.fail, "nap": flows.nap}


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def it(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Face]:
    """One face for the module, on each database; every test starts executions of its own."""
    with ExitStack() as stack:
        url = stack.enter_context(servers.postgres_url()) if request.param == "postgresql" else None
        yield stack.enter_context(face(tmp_path_factory.mktemp("face"), HANDLERS, database_url=url))


def refused(call: Callable[..., Any], **arguments: Any) -> tuple[str, int]:
    """The name and the HTTP status of the error a call raises."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    response = caught.value.response
    assert response["Error"]["Message"]
    assert response["ResponseMetadata"]["RequestId"]
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def test_a_synchronous_invocation_answers_with_the_result(it: Face) -> None:
    """200, the result as the handler returned it, the version, and the execution's ARN in AWS's header."""
    answer = it.client.invoke(FunctionName="greet", DurableExecutionName="g-1", Payload=b'{"name": "Ada"}')
    assert (200, "hello Ada", "1") == (
        answer["StatusCode"],
        json.loads(answer["Payload"].read()),
        answer["ExecutedVersion"],
    )
    assert "FunctionError" not in answer
    assert answer["DurableExecutionArn"] == answer["ResponseMetadata"]["HTTPHeaders"]["x-amz-durable-execution-arn"]
    assert "SUCCEEDED" == it.status(answer["DurableExecutionArn"])


def test_a_failed_handler_is_a_function_error_not_an_api_error(it: Face) -> None:
    """200 with FunctionError, as Lambda answers; the payload says what broke."""
    answer = it.client.invoke(FunctionName="fail")
    assert (200, "Unhandled") == (answer["StatusCode"], answer["FunctionError"])
    assert {"errorType": "ValueError", "errorMessage": "no such luck"} == json.loads(answer["Payload"].read())
    failed = it.ended(answer["DurableExecutionArn"])
    assert ("FAILED", "no such luck") == (failed["Status"], failed["Error"]["ErrorMessage"])


def test_an_event_is_taken_at_once_and_runs_by_itself(it: Face) -> None:
    """202 and an empty body; without a name AWS makes one up."""
    answer = it.client.invoke(FunctionName="greet", InvocationType="Event", Payload=b"{}")
    assert (202, b"") == (answer["StatusCode"], answer["Payload"].read())
    assert '"hello you"' == it.ended(answer["DurableExecutionArn"])["Result"]


def test_a_dry_run_starts_nothing(it: Face) -> None:
    """204; the name is still free."""
    answer = it.client.invoke(FunctionName="greet", InvocationType="DryRun", DurableExecutionName="dry-1")
    assert 204 == answer["StatusCode"]
    assert (
        []
        == it.client.list_durable_executions_by_function(FunctionName="greet", DurableExecutionName="dry-1")[
            "DurableExecutions"
        ]
    )


def test_the_same_name_and_payload_is_the_same_execution(it: Face) -> None:
    """Starting twice is starting once; with another payload it is an error that says so."""
    first = it.start("greet", "twice", b'{"name": "Ada"}')
    assert first == it.start("greet", "twice", b'{"name": "Ada"}')
    assert ("DurableExecutionAlreadyStartedException", 409) == refused(
        it.client.invoke, FunctionName="greet", DurableExecutionName="twice", Payload=b'{"name": "Bob"}'
    )


@pytest.mark.parametrize(
    "name",
    [
        "greet",
        "greet:1",
        "greet:$LATEST",
        "function:greet",
        "000000000000:function:greet",
        "arn:aws:lambda:zz-local-1:000000000000:function:greet:1",
    ],
)
def test_a_function_may_be_named_in_all_of_awss_ways(it: Face, name: str) -> None:
    """Name, partial ARN and ARN, each with or without a qualifier."""
    assert b'"hello you"' == it.client.invoke(FunctionName=name, Payload=b"{}")["Payload"].read()


def test_many_may_wait_for_answers_that_others_give(it: Face) -> None:
    """Fifty synchronous invocations hang on callbacks, more than a server has threads; their answers still get in."""
    many = 50
    with ThreadPoolExecutor(many) as pool:
        waiting = [
            pool.submit(it.client.invoke, FunctionName="ask", DurableExecutionName=f"many-{number}")
            for number in range(many)
        ]

        def started() -> list[Any]:
            found = it.service.list(name_prefix="many-", limit=many).executions
            return list(found) if len(found) == many else []

        for view in eventually(started, "all have started"):
            callback_id = eventually(partial(callback_of, it, view.name), "it asks")
            it.client.send_durable_execution_callback_success(CallbackId=callback_id, Result=b'"yes"')
        assert {b'"\\"yes\\""'} == {one.result()["Payload"].read() for one in waiting}


def callback_of(it: Face, name: str) -> str | None:
    """The callback's id as the service knows it, which is quicker than to ask for the history."""
    found = [one.callback_id for one in it.service.operations(name) if one.type == "CALLBACK"]
    return found[0] if found else None


def test_a_callback_is_answered_once(it: Face) -> None:
    """Heartbeats do not use it up; the first answer stands, and later ones are told that it is closed."""
    arn = it.start("ask", "q-1")
    callback_id = it.callback_id(arn)
    it.client.send_durable_execution_callback_heartbeat(CallbackId=callback_id)
    it.client.send_durable_execution_callback_success(CallbackId=callback_id, Result=b'{"price": 3}')
    closed = ("CallbackTimeoutException", 400)
    assert closed == refused(it.client.send_durable_execution_callback_success, CallbackId=callback_id)
    assert closed == refused(it.client.send_durable_execution_callback_failure, CallbackId=callback_id, Error={})
    assert closed == refused(it.client.send_durable_execution_callback_heartbeat, CallbackId=callback_id)
    assert {"price": 3} == json.loads(json.loads(it.ended(arn)["Result"]))


def test_a_failed_callback_reaches_the_handler_word_for_word(it: Face) -> None:
    """Type, message, data and stack stand in the history as they were sent."""
    arn = it.start("ask", "q-2")
    error = {"ErrorType": "Declined", "ErrorMessage": "not today", "ErrorData": '{"a": 1}', "StackTrace": ["here"]}
    it.client.send_durable_execution_callback_failure(CallbackId=it.callback_id(arn), Error=error)
    assert "FAILED" == it.ended(arn)["Status"]
    (failed,) = [event for event in it.events(arn) if event["EventType"] == "CallbackFailed"]
    assert error == failed["CallbackFailedDetails"]["Error"]["Payload"]


def test_a_stopped_execution_stays_stopped(it: Face) -> None:
    """It tells when; stopping again, or stopping what has ended otherwise, tells the same time again."""
    arn = it.start("ask", "q-3")
    it.callback_id(arn)
    stopped = it.client.stop_durable_execution(DurableExecutionArn=arn, Error={"ErrorMessage": "enough"})
    assert ("STOPPED", {"ErrorMessage": "enough"}) == (it.status(arn), it.ended(arn)["Error"])
    assert stopped["StopTimestamp"] == it.client.stop_durable_execution(DurableExecutionArn=arn)["StopTimestamp"]
    ended = it.start("greet", "g-3")
    told = it.ended(ended)["EndTimestamp"]
    assert told == it.client.stop_durable_execution(DurableExecutionArn=ended)["StopTimestamp"]
    assert "SUCCEEDED" == it.status(ended)


def test_histories_page_both_ways(it: Face) -> None:
    """Every page size tells the same events, forward and backward; without data they are marked as truncated."""
    arn = it.start("nap", "n-1", b'{"seconds": 1}')
    it.ended(arn)
    events = it.events(arn)
    assert list(range(1, len(events) + 1)) == [event["EventId"] for event in events]
    for size in (2, len(events), 1000):
        assert events == _history(it, arn, MaxItems=size)
        assert events[::-1] == _history(it, arn, MaxItems=size, ReverseOrder=True)
    bare = _history(it, arn, IncludeExecutionData=False)
    assert {"Truncated": True} == bare[0]["ExecutionStartedDetails"]["Input"]
    assert [event["EventType"] for event in events] == [event["EventType"] for event in bare]


def test_lists_filter_order_and_page(it: Face) -> None:
    """By name, statuses, version and time; the newest first or the oldest; a marker leads to the next page."""
    before = datetime.now(UTC) - timedelta(seconds=1)
    asked = [it.start("ask", f"list-{number}") for number in range(3)]
    it.client.stop_durable_execution(DurableExecutionArn=asked[1])
    since = {"FunctionName": "ask", "StartedAfter": before}
    assert asked[::-1] == _arns(it, **since)
    assert asked == _arns(it, ReverseOrder=True, **since)
    assert asked == _arns(it, ReverseOrder=True, MaxItems=2, **since)
    assert [asked[2], asked[0]] == _arns(it, Statuses=["RUNNING"], MaxItems=1, **since)
    assert asked[::-1] == _arns(it, Statuses=["RUNNING", "STOPPED"], Qualifier="1", **since)
    assert [asked[1]] == _arns(it, DurableExecutionName="list-1", FunctionName="ask")
    assert [] == _arns(it, Statuses=["TIMED_OUT", "PAUSED", "DELETING"], **since)
    assert [] == _arns(it, FunctionName="ask", StartedBefore=before, DurableExecutionName="list-1")
    for arn in (asked[0], asked[2]):
        it.client.stop_durable_execution(DurableExecutionArn=arn)


def test_without_execution_data_only_the_frame_is_told(it: Face) -> None:
    """Input, result and error are left out, and the answer says so."""
    arn = it.start("greet", "g-4")
    it.ended(arn)
    whole = it.client.get_durable_execution(DurableExecutionArn=arn)
    bare = it.client.get_durable_execution(DurableExecutionArn=arn, IncludeExecutionData=False)
    assert {"InputPayload", "Result"} == whole.keys() - bare.keys()
    assert (True, False) == (whole["ExecutionDataIncluded"], bare["ExecutionDataIncluded"])


NOBODY = "arn:aws:lambda:zz-local-1:000000000000:function:greet:1/durable-execution/nobody/00000000"
NOT_FOUND, INVALID, UNREADABLE = (
    ("ResourceNotFoundException", 404),
    ("InvalidParameterValueException", 400),
    ("InvalidRequestContentException", 400),
)


@pytest.mark.parametrize(
    ("operation", "arguments", "error"),
    [
        ("invoke", {"FunctionName": "nobody"}, NOT_FOUND),
        ("invoke", {"FunctionName": "greet:7"}, NOT_FOUND),
        ("invoke", {"FunctionName": "greet", "Qualifier": "live"}, NOT_FOUND),
        ("invoke", {"FunctionName": "greet:1", "Qualifier": "2"}, INVALID),
        ("invoke", {"FunctionName": "not a name!"}, INVALID),
        ("invoke", {"FunctionName": "greet", "DurableExecutionName": "not a name!"}, INVALID),
        ("invoke", {"FunctionName": "greet", "InvocationType": "Later"}, INVALID),
        ("invoke", {"FunctionName": "greet", "TenantId": "t-1"}, INVALID),
        ("invoke", {"FunctionName": "greet", "Payload": b"{"}, UNREADABLE),
        ("invoke", {"FunctionName": "greet", "Payload": b"\xff"}, UNREADABLE),
        (
            "invoke",
            {"FunctionName": "greet", "InvocationType": "Event", "Payload": b'"' + b"x" * 1_048_577 + b'"'},
            ("RequestTooLargeException", 413),
        ),
        ("get_durable_execution", {"DurableExecutionArn": NOBODY}, NOT_FOUND),
        ("get_durable_execution", {"DurableExecutionArn": "nobody"}, INVALID),
        ("get_durable_execution_history", {"DurableExecutionArn": NOBODY}, NOT_FOUND),
        ("get_durable_execution_history", {"DurableExecutionArn": NOBODY, "MaxItems": 1001}, INVALID),
        ("stop_durable_execution", {"DurableExecutionArn": NOBODY}, NOT_FOUND),
        ("resume_durable_execution", {"DurableExecutionArn": NOBODY}, NOT_FOUND),
        ("list_durable_executions_by_function", {"FunctionName": "nobody"}, NOT_FOUND),
        ("list_durable_executions_by_function", {"FunctionName": "greet", "Marker": "x"}, INVALID),
        ("send_durable_execution_callback_success", {"CallbackId": "nobody"}, NOT_FOUND),
        ("send_durable_execution_callback_success", {"CallbackId": "no-body"}, INVALID),
        ("send_durable_execution_callback_failure", {"CallbackId": "nobody", "Error": {}}, NOT_FOUND),
        ("send_durable_execution_callback_heartbeat", {"CallbackId": "nobody"}, NOT_FOUND),
        ("checkpoint_durable_execution", {"DurableExecutionArn": NOBODY, "CheckpointToken": "abcd"}, INVALID),
        ("get_durable_execution_state", {"DurableExecutionArn": NOBODY, "CheckpointToken": "abcd"}, INVALID),
    ],
)
def test_what_is_wrong_is_refused_in_awss_words(
    it: Face, operation: str, arguments: dict[str, Any], error: tuple[str, int]
) -> None:
    """The error's name and status are AWS's, so that a client's handling of them works here."""
    assert error == refused(getattr(it.client, operation), **arguments)


def test_the_same_name_in_another_function_is_another_execution(it: Face) -> None:
    """An ARN names one execution; one that differs in any part names none."""
    arn = it.start("greet", "g-5")
    for wrong in (arn.replace("function:greet", "function:fail"), f"{arn}0", arn.replace("zz-local-1", "us-east-1")):
        assert NOT_FOUND == refused(it.client.get_durable_execution, DurableExecutionArn=wrong)
        assert NOT_FOUND == refused(it.client.stop_durable_execution, DurableExecutionArn=wrong)


def test_a_function_that_may_take_long_is_not_invoked_synchronously(tmp_path: Any) -> None:
    """As on AWS: above fifteen minutes, or without a limit, only as an event."""
    for timeout_seconds in (None, 901):
        folder = tmp_path / str(timeout_seconds)
        folder.mkdir()
        with face(folder, {"greet": greet}, timeout_seconds=timeout_seconds) as patient:
            assert INVALID == refused(patient.client.invoke, FunctionName="greet")
            assert "SUCCEEDED" == patient.ended(patient.start("greet", "g-1"))["Status"]


def _history(it: Face, arn: str, **arguments: Any) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = []
    answer = it.client.get_durable_execution_history(DurableExecutionArn=arn, **arguments)
    events += answer["Events"]
    while marker := answer.get("NextMarker"):
        answer = it.client.get_durable_execution_history(DurableExecutionArn=arn, Marker=marker, **arguments)
        events += answer["Events"]
    return events


def _arns(it: Face, **arguments: Any) -> list[str]:
    found: list[str] = []
    answer = it.client.list_durable_executions_by_function(**arguments)
    found += [one["DurableExecutionArn"] for one in answer["DurableExecutions"]]
    while marker := answer.get("NextMarker"):
        answer = it.client.list_durable_executions_by_function(Marker=marker, **arguments)
        found += [one["DurableExecutionArn"] for one in answer["DurableExecutions"]]
    return found
