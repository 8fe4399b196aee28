"""AWS's own local runner as a process, and boto3's client on it.

It runs no handler itself: it invokes them at a Lambda endpoint, and answers the API's other calls. Starting is the one
call it has in a shape of its own.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import httpx2
from botocore.config import Config

from checkout.demo.stage import free_port

PROGRAM = "from aws_durable_execution_sdk_python_testing.cli import main; raise SystemExit(main())"
# What a client needs to sign; nothing here checks it.
CREDENTIALS: Mapping[str, str] = {
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
    "AWS_DEFAULT_REGION": "us-west-2",
    "AWS_EC2_METADATA_DISABLED": "true",
}
CALLBACK_ENDS = frozenset({"CallbackSucceeded", "CallbackFailed", "CallbackTimedOut"})
# For broken tests only; a machine that is busy with other things is slow, not broken.
PATIENCE_SECONDS = 60.0
POLL_SECONDS = 0.05


def lambda_client(url: str) -> Any:
    """boto3's Lambda client on an endpoint; a broken answer is seen, not tried again."""
    return boto3.client(
        "lambda",
        endpoint_url=url,
        region_name="us-west-2",
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        config=Config(retries={"total_max_attempts": 1}),
    )


def eventually(look: Callable[[], Any], what: str) -> Any:
    """The first true thing `look` returns; fails the test with `what` when none comes."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(POLL_SECONDS)
    raise AssertionError(f"it never came to be so: {what}")


@dataclass(frozen=True, slots=True, kw_only=True)
class WebRunner:
    """The runner, and what AWS's API says of its executions."""

    url: str
    client: Any

    def invoke_at(self, lambda_url: str) -> None:
        """Have handlers invoked at another endpoint from now on."""
        body = {"EndpointUrl": lambda_url}
        assert httpx2.put(f"{self.url}/lambda-endpoint", json=body, verify=False).is_success

    def start(self, function: str, name: str, payload: Any) -> str:
        """Start an execution; its ARN."""
        asked = {
            "AccountId": "123456789012",
            "FunctionName": function,
            "FunctionQualifier": "$LATEST",
            "ExecutionName": name,
            "ExecutionTimeoutSeconds": 100_000,
            "ExecutionRetentionPeriodDays": 7,
            "InvocationId": name,
            "Input": json.dumps(payload),
        }
        started = httpx2.post(f"{self.url}/start-durable-execution", json=asked, verify=False, timeout=PATIENCE_SECONDS)
        assert started.is_success, started.text
        return str(started.json()["ExecutionArn"])

    def status(self, arn: str) -> str:
        """Where it stands."""
        return str(self.client.get_durable_execution(DurableExecutionArn=arn)["Status"])

    def ended(self, arn: str) -> Any:
        """Its answer once it has ended."""
        eventually(lambda: self.status(arn) != "RUNNING", f"{arn} ends")
        return self.client.get_durable_execution(DurableExecutionArn=arn)

    def events(self, arn: str) -> list[dict[str, Any]]:
        """Its history."""
        pages = self.client.get_paginator("get_durable_execution_history").paginate(
            DurableExecutionArn=arn, IncludeExecutionData=True
        )
        return [event for page in pages for event in page["Events"]]

    def callback_id(self, arn: str, name: str) -> str:
        """The id of the newest open callback of this name, once there is one."""

        def look() -> str | None:
            events = self.events(arn)
            ended = {event["Id"] for event in events if event["EventType"] in CALLBACK_ENDS}
            started = [
                event["CallbackStartedDetails"]["CallbackId"]
                for event in events
                if event["EventType"] == "CallbackStarted" and event.get("Name") == name and event["Id"] not in ended
            ]
            return str(started[-1]) if started else None

        return str(eventually(look, f"{name} is asked"))


@contextmanager
def web_runner(folder: Path, lambda_url: str = "http://127.0.0.1:1", *, skip_time: bool = True) -> Iterator[WebRunner]:
    """The runner, invoking handlers at `lambda_url`, or wherever `invoke_at` says later."""
    port = free_port()
    arguments = ["start-server", "--host", "127.0.0.1", "--port", str(port), "--lambda-endpoint", lambda_url]
    with (folder / "runner.log").open("wb") as log:
        process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *arguments, "--skip-time" if skip_time else "--no-skip-time"],
            env={**os.environ, **CREDENTIALS},
            stdout=log,
            stderr=log,
        )
    url = f"http://127.0.0.1:{port}"
    try:
        eventually(lambda: _healthy(url), f"AWS's runner comes up, see {folder}/runner.log")
        yield WebRunner(url=url, client=lambda_client(url))
    finally:
        process.terminate()
        process.wait(PATIENCE_SECONDS)


def _healthy(url: str) -> bool:
    try:
        return httpx2.get(f"{url}/health", verify=False).is_success
    except httpx2.TransportError:
        return False
