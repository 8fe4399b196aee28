"""`checkout durable serve` as a process, and the AWS command line on it: start, watch, answer, stop."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from checkout import children
from checkout.children import Child
from tests.durable_face.face import KEY_ID, SECRET, eventually, lambda_client

pytestmark = pytest.mark.processes

AWS = str(Path(sys.executable).with_name("aws"))
FLOWS = "tests.cli_durable.flows"


class AwsCommand:
    """`aws lambda … --endpoint-url URL`, with dummy credentials and no configuration of anybody's."""

    def __init__(self, url: str, home: Path) -> None:
        self._url = url
        self._home = home

    def run(self, operation: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """To its end."""
        return subprocess.run(
            [AWS, "lambda", operation, *arguments, "--endpoint-url", self._url, "--output", "json"],
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self._home),
                "AWS_ACCESS_KEY_ID": KEY_ID,
                "AWS_SECRET_ACCESS_KEY": SECRET,
                "AWS_DEFAULT_REGION": "us-west-2",
                "AWS_EC2_METADATA_DISABLED": "true",
                "AWS_MAX_ATTEMPTS": "1",
            },
            capture_output=True,
            text=True,
            check=False,
        )

    def __call__(self, operation: str, *arguments: str) -> Any:
        """Its answer; it must not fail."""
        ran = self.run(operation, *arguments)
        assert 0 == ran.returncode, ran.stderr
        return json.loads(ran.stdout) if ran.stdout.strip() else None

    def refusal(self, operation: str, *arguments: str) -> str:
        """The name of the error it ends with."""
        ran = self.run(operation, *arguments)
        assert 0 != ran.returncode
        return ran.stderr.partition("(")[2].partition(")")[0]


def served(folder: Path, *arguments: str, **environment: str) -> Child:
    """A running `checkout durable serve` on the folder's database."""
    return children.start(
        "durable",
        "checkout",
        "durable",
        "serve",
        *arguments,
        folder=folder,
        environment={"CHECKOUT_DATABASE_URL": f"sqlite:///{folder / 'durable.sqlite3'}", **environment},
    )


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Child]:
    """One server for the module."""
    folder = tmp_path_factory.mktemp("served")
    child = served(folder, f"{FLOWS}:nap", f"ask={FLOWS}:ask", "--execution-timeout", "600")
    yield child
    child.stop()


@pytest.fixture
def aws(process: Child, tmp_path: Path) -> AwsCommand:
    """The command line on it."""
    return AwsCommand(process.url, tmp_path)


def test_the_command_line_starts_watches_and_answers(aws: AwsCommand, process: Child, tmp_path: Path) -> None:
    """Invoke, history, heartbeat, success, get, list: each is a command people know."""
    out = tmp_path / "out.json"
    invoked = aws(
        "invoke",
        *("--function-name", "ask", "--invocation-type", "Event", "--durable-execution-name", "cli-1"),
        *("--payload", '{"n": 1}', str(out)),
    )
    arn = invoked["DurableExecutionArn"]
    assert (202, b"") == (invoked["StatusCode"], out.read_bytes())
    (callback_id,) = eventually(lambda: callbacks(process.url, arn), "it asks")
    events = aws("get-durable-execution-history", "--durable-execution-arn", arn, "--include-execution-data")["Events"]
    assert callback_id in [one.get("CallbackStartedDetails", {}).get("CallbackId") for one in events]
    assert "RUNNING" == aws("get-durable-execution", "--durable-execution-arn", arn)["Status"]
    answer = ("--callback-id", callback_id)
    aws("send-durable-execution-callback-heartbeat", *answer)
    result = ("--result", '"yes"')
    aws("send-durable-execution-callback-success", *answer, *result)
    assert "CallbackTimeoutException" == aws.refusal("send-durable-execution-callback-success", *answer, *result)
    eventually(lambda: status_of(process.url, arn) == "SUCCEEDED", "it ends")
    got = aws("get-durable-execution", "--durable-execution-arn", arn)
    assert ('{"n": 1}', '"\\"yes\\""') == (got["InputPayload"], got["Result"])
    names = [
        one["DurableExecutionName"]
        for one in aws("list-durable-executions-by-function", "--function-name", "ask", "--statuses", "SUCCEEDED")[
            "DurableExecutions"
        ]
    ]
    assert ["cli-1"] == names


def test_the_command_line_waits_for_a_synchronous_answer(aws: AwsCommand, tmp_path: Path) -> None:
    """The result is in the file it names."""
    out = tmp_path / "out.json"
    name = ("--function-name", "flows-nap", "--payload", '{"seconds": 1}')
    answer = aws("invoke", *name, str(out))
    assert (200, {"napped": 1}) == (answer["StatusCode"], json.loads(out.read_text()))


def test_the_command_line_fails_a_callback_and_stops_an_execution(aws: AwsCommand, process: Child) -> None:
    """What went wrong is relayed; a stop says why."""
    client = lambda_client(process.url)
    arns = [
        client.invoke(FunctionName="ask", InvocationType="Event", DurableExecutionName=name)["DurableExecutionArn"]
        for name in ("cli-2", "cli-3")
    ]
    (callback_id,) = eventually(lambda: callbacks(process.url, arns[0]), "it asks")
    error = ("--error", "ErrorType=Declined,ErrorMessage=not today")
    aws("send-durable-execution-callback-failure", "--callback-id", callback_id, *error)
    status = client.get_durable_execution
    eventually(lambda: status(DurableExecutionArn=arns[0])["Status"] == "FAILED", "it fails")
    assert "not today" == status(DurableExecutionArn=arns[0])["Error"]["ErrorMessage"]
    stopped = aws("stop-durable-execution", "--durable-execution-arn", arns[1], "--error", "ErrorMessage=enough")
    assert stopped["StopTimestamp"]
    assert ("STOPPED", "enough") == (
        status(DurableExecutionArn=arns[1])["Status"],
        status(DurableExecutionArn=arns[1])["Error"]["ErrorMessage"],
    )
    nobody = arns[1].replace("cli-3", "nobody")
    assert "ResourceNotFoundException" == aws.refusal("stop-durable-execution", "--durable-execution-arn", nobody)


def test_a_killed_server_loses_nothing(tmp_path: Path) -> None:
    """What was accepted is on disk: a new process on the same database goes on; SIGTERM ends that with exit code 0."""
    first = served(tmp_path, f"ask={FLOWS}:ask")
    client = lambda_client(first.url)
    arn = client.invoke(FunctionName="ask", InvocationType="Event", DurableExecutionName="k-1")["DurableExecutionArn"]
    first.kill()
    second = served(tmp_path, f"ask={FLOWS}:ask")
    try:
        client = lambda_client(second.url)
        (callback_id,) = eventually(lambda: callbacks(second.url, arn), "it asks")
        client.send_durable_execution_callback_success(CallbackId=callback_id, Result=b"1")
        eventually(lambda: client.get_durable_execution(DurableExecutionArn=arn)["Status"] == "SUCCEEDED", "it ends")
        second.process.send_signal(signal.SIGTERM)
        assert 0 == second.process.wait(20)
    finally:
        second.stop()


def test_what_starts_gets_the_newest_version_unless_a_qualifier_picks_another(tmp_path: Path) -> None:
    """As on Lambda: an execution is invoked by the code it began on, whatever else is served beside it."""
    editions = [f"edition:1={FLOWS}:first_edition", f"edition:2={FLOWS}:second_edition"]
    both = served(tmp_path, *editions)
    try:
        client = lambda_client(both.url)
        newest = client.invoke(FunctionName="edition", InvocationType="Event")
        pinned = client.invoke(FunctionName="edition:1", InvocationType="Event")
        assert ("2", "1") == (newest["ExecutedVersion"], pinned["ExecutedVersion"])
        arns = (newest["DurableExecutionArn"], pinned["DurableExecutionArn"])
        assert ["second", "first"] == [answered(both.url, arn) for arn in arns]
    finally:
        both.stop()


def callbacks(url: str, arn: str) -> list[str]:
    """The ids of the callbacks an execution has asked for."""
    events = lambda_client(url).get_durable_execution_history(DurableExecutionArn=arn)["Events"]
    started = [one for one in events if one["EventType"] == "CallbackStarted"]
    return [one["CallbackStartedDetails"]["CallbackId"] for one in started]


def status_of(url: str, arn: str) -> str:
    """Where an execution stands."""
    return str(lambda_client(url).get_durable_execution(DurableExecutionArn=arn)["Status"])


def answered(url: str, arn: str) -> Any:
    """The result of an execution, once its question is answered."""
    client = lambda_client(url)
    (callback_id,) = eventually(lambda: callbacks(url, arn), "it asks")
    client.send_durable_execution_callback_success(CallbackId=callback_id)
    get = client.get_durable_execution
    eventually(lambda: get(DurableExecutionArn=arn)["Status"] == "SUCCEEDED", "it ends")
    return json.loads(get(DurableExecutionArn=arn)["Result"])


def test_with_credentials_every_request_must_be_signed_by_them(tmp_path: Path) -> None:
    """The command line and boto3 are let in with the pair, by address and by name; with another secret they are not."""
    pair = {"CHECKOUT_DURABLE_ACCESS_KEY_ID": KEY_ID, "CHECKOUT_DURABLE_SECRET_ACCESS_KEY": SECRET}
    child = served(tmp_path, f"ask={FLOWS}:ask", **pair)
    try:
        listing = ("list-durable-executions-by-function", "--function-name", "ask")
        assert [] == AwsCommand(child.url, tmp_path)(*listing)["DurableExecutions"]
        by_name = lambda_client(child.url.replace("127.0.0.1", "localhost"))
        assert [] == by_name.list_durable_executions_by_function(FunctionName="ask")["DurableExecutions"]
        forger = lambda_client(child.url, secret="another")
        with pytest.raises(forger.exceptions.ClientError, match="InvalidSignatureException"):
            forger.list_durable_executions_by_function(FunctionName="ask")
    finally:
        child.stop()
