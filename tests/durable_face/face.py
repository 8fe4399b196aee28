"""The face on a free loopback port of this process, over a service of the test's own, and boto3's client on it.

Knows how it is put together; nothing of any test.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import uvicorn
from botocore.config import Config

from checkout.durable.dispatch.local import LocalDispatcher
from checkout.durable.service import DurableService
from checkout.durable_face.app import create_face
from checkout.durable_face.functions import Function
from checkout.durable_face.signatures import Credentials
from checkout.store.clock import SystemClock
from checkout.store.session import Database

KEY_ID, SECRET = "AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
# For broken tests only; a machine that is busy with other things is slow, not broken.
PATIENCE_SECONDS = 60.0
POLL_SECONDS = 0.02


def lambda_client(url: str, *, secret: str = SECRET, attempts: int = 1) -> Any:
    """boto3's Lambda client on an endpoint; by default what breaks is seen, not tried again."""
    return boto3.client(
        "lambda",
        endpoint_url=url,
        region_name="us-west-2",
        aws_access_key_id=KEY_ID,
        aws_secret_access_key=secret,
        config=Config(retries={"total_max_attempts": attempts}),
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
class Face:
    """A served face."""

    url: str
    client: Any
    service: DurableService

    def start(self, function: str, name: str, payload: bytes = b"{}") -> str:
        """Start an execution; its ARN."""
        started = self.client.invoke(
            FunctionName=function, InvocationType="Event", DurableExecutionName=name, Payload=payload
        )
        return str(started["DurableExecutionArn"])

    def status(self, arn: str) -> str:
        """Where it stands."""
        return str(self.client.get_durable_execution(DurableExecutionArn=arn)["Status"])

    def ended(self, arn: str) -> Any:
        """Its answer once it has ended."""
        eventually(lambda: self.status(arn) not in ("RUNNING", "PAUSED", "PAUSING"), f"{arn} ends")
        return self.client.get_durable_execution(DurableExecutionArn=arn)

    def events(self, arn: str) -> list[dict[str, Any]]:
        """Its history."""
        pages = self.client.get_paginator("get_durable_execution_history").paginate(DurableExecutionArn=arn)
        return [event for page in pages for event in page["Events"]]

    def callback_id(self, arn: str, name: str = "question") -> str:
        """The id of its callback of this name, once there is one."""

        def look() -> list[str]:
            return [
                event["CallbackStartedDetails"]["CallbackId"]
                for event in self.events(arn)
                if event["EventType"] == "CallbackStarted" and event.get("Name") == name
            ]

        return str(eventually(look, f"{name} is asked")[-1])


@contextmanager
def face(
    folder: Path,
    handlers: Mapping[str, Callable[..., Any]],
    *,
    timeout_seconds: int | None = 600,
    credentials: Credentials | None = None,
    works: bool = True,
    database_url: str | None = None,
    ends_only_by_result: bool = False,
) -> Iterator[Face]:
    """Serve handlers, on a file in `folder` unless told otherwise; without `works` nobody runs them here."""
    database = Database.open(database_url or f"sqlite:///{folder / 'durable.sqlite3'}")
    database.prepare()
    service = DurableService(database, clock=SystemClock())
    for name, handler in handlers.items():
        service.register(
            name, handler, execution_timeout_seconds=timeout_seconds, ends_only_by_result=ends_only_by_result
        )
    functions = [Function(name=name, timeout_seconds=timeout_seconds) for name in handlers]
    dispatcher = LocalDispatcher(service) if works else None
    if dispatcher:
        dispatcher.start()
    try:
        with socket.create_server(("127.0.0.1", 0)) as listening:
            app = create_face(service, functions, credentials)
            config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=1)
            server = uvicorn.Server(config)
            thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
            thread.start()
            url = f"http://127.0.0.1:{listening.getsockname()[1]}"
            try:
                yield Face(url=url, client=lambda_client(url), service=service)
            finally:
                server.should_exit = True
                thread.join(PATIENCE_SECONDS)
    finally:
        if dispatcher:
            dispatcher.stop()
        service.close()
        database.close()
