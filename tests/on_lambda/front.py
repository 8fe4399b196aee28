"""The API in front of purchases on AWS, on loopback: `checkout serve`, and the deployed handler behind AWS's wire.

Our own face of AWS's API plays AWS, or AWS's own local runner does: it invokes `docker/lambda/handler.py` in a process
of its own. Between the API and it is a line that can be cut. Knows how they are put together; nothing of any test.
"""

import http.client
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from enum import Enum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2
from aws_durable_execution_sdk_python.execution import DurableExecutionInvocationInput

from checkout import children
from checkout.api import keys
from checkout.children import Child
from checkout.demo import books
from checkout.demo.buying import Developer
from checkout.demo.stage import free_port
from checkout.durable_face.remote import RemoteHandler
from checkout.store.clock import SystemClock
from tests.durable_face.face import face
from tests.on_lambda.account import Surroundings, surroundings
from tests.on_lambda.web_runner import WebRunner, web_runner

FUNCTION = "purchase"


class Line(Enum):
    """How the API's way to AWS is."""

    UP = "up"
    CUT = "cut"  # nothing gets through
    DEAF = "deaf"  # AWS hears, and its answer is lost


class Wire(ThreadingHTTPServer):
    """The way from the API to AWS; `seen` are the calls that reached AWS."""

    daemon_threads = True

    def __init__(self, aws_url: str, runner: WebRunner | None = None) -> None:
        self.aws = urlsplit(aws_url)
        self.runner = runner
        self.arns: dict[str, str] = {}
        self.line = Line.UP
        self.seen: list[str] = []
        super().__init__(("127.0.0.1", 0), _Call)

    @property
    def url(self) -> str:
        """Where the API is told that AWS is."""
        return f"http://127.0.0.1:{self.server_address[1]}"


class _Call(BaseHTTPRequestHandler):
    server: Wire

    def _pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.server.line is Line.CUT:
            return  # the connection ends without a word
        if self.server.runner is not None and self.path.endswith("/invocations"):
            self._start(self.server.runner, body)
            return
        aws = http.client.HTTPConnection(str(self.server.aws.hostname), self.server.aws.port, timeout=60)
        aws.request(self.command, self.path, body, dict(self.headers))
        answer = aws.getresponse()
        content = answer.read()
        aws.close()
        self.server.seen.append(self.path)
        if self.server.line is Line.DEAF:
            return
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("content-length", "transfer-encoding", "connection", "date", "server"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def _start(self, runner: WebRunner, body: bytes) -> None:
        """Invoke, for AWS's local runner, which has a call of its own for it and does not know a name again."""
        name = self.headers["X-Amz-Durable-Execution-Name"]
        if name not in self.server.arns:
            self.server.arns[name] = runner.start(FUNCTION, name, json.loads(body))
        self.send_response(202)
        self.send_header("X-Amz-Durable-Execution-Arn", self.server.arns[name])
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST = _pass_on  # noqa: N815 (the base class's names)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
        """Nothing: the tests read what was seen."""


@dataclass(slots=True, kw_only=True)
class Front:
    """Everything that runs, and where the books are."""

    around: Surroundings
    aws: Any
    wire: Wire
    http: httpx2.Client
    port: int
    service: Child | None = None
    _keys: dict[str, str] = field(default_factory=dict)

    @property
    def developer(self) -> Developer:
        """A developer of tenant t_1."""
        assert self.service
        return Developer(self.service.url, self.key(*keys.DEVELOPER_SCOPES), self.http)

    @property
    def unsold_url(self) -> str:
        """A product URL that no adapter takes."""
        return f"{self.around.sandbox.url}/products/lamp"

    def key(self, *scopes: str) -> str:
        """The API key with these scopes."""
        if str(scopes) not in self._keys:
            with self.around.database.transaction() as session:
                _, self._keys[str(scopes)] = keys.create_key(session, "t_1", "test", scopes, now=SystemClock().now())
        return self._keys[str(scopes)]

    @contextmanager
    def client(self, *scopes: str) -> Iterator[httpx2.Client]:
        """An HTTP client with a key."""
        assert self.service
        headers = {"Authorization": f"Bearer {self.key(*scopes)}"}
        with httpx2.Client(base_url=self.service.url, headers=headers, timeout=30, verify=False) as client:
            yield client

    def money(self, intent_id: str) -> list[tuple[str, int]]:
        """The bank's own log of a purchase."""
        lines = books.lines(self.around.folder / "money.jsonl")
        return [(line["kind"], line["amount_minor"]) for line in lines if line.get("reference") == intent_id]

    def sales(self, email: str) -> list[dict[str, Any]]:
        """The shop's own book of a buyer."""
        return [line for line in books.lines(Path(self.around.shop.said["book"])) if line["email"] == email]

    def executions(self, intent_id: str) -> list[dict[str, Any]]:
        """What AWS keeps under this name."""
        listed = self.aws.list_durable_executions_by_function(FunctionName=FUNCTION, DurableExecutionName=intent_id)
        return list(listed["DurableExecutions"])

    def stop(self) -> None:
        """End the API."""
        assert self.service
        self.service.stop()

    def serve(self) -> None:
        """Start the API."""
        self.service = children.start(
            "service",
            "checkout",
            "serve",
            "--port",
            str(self.port),
            folder=self.around.folder,
            environment=self.environment,
        )

    @property
    def environment(self) -> dict[str, str]:
        """The API's settings."""
        return {
            **self.around.environment,
            "CHECKOUT_LAMBDA_FUNCTION": FUNCTION,
            "CHECKOUT_AGENT_EMBEDDED": "false",
            "CHECKOUT_WRITES_PER_SECOND": "1000",
            "AWS_ENDPOINT_URL_LAMBDA": self.wire.url,
        }


class _Deployed:
    """The function as AWS invokes it, once it is known where it runs."""

    takes_invocations = True

    def __init__(self) -> None:
        self.at: RemoteHandler | None = None

    def run_at(self, url: str) -> None:
        """It runs there."""
        self.at = RemoteHandler(url, FUNCTION)

    def __call__(self, invocation: DurableExecutionInvocationInput, context: object) -> Mapping[str, Any]:
        assert self.at
        return self.at(invocation, context)


@contextmanager
def front(folder: Path, *, awss_runner: bool = False) -> Iterator[Front]:
    """All of it, until the block ends; AWS is our own face, or AWS's own local runner."""
    playing = _runner(folder) if awss_runner else _face(folder)
    with (
        surroundings(folder) as around,
        playing as played,
        _wire(played) as wire,
        httpx2.Client(timeout=30, verify=False) as http,
        ExitStack() as closing,
    ):
        standing = Front(around=around, aws=played.client, wire=wire, http=http, port=free_port())
        with ThreadPoolExecutor(1) as beside:
            serving = beside.submit(standing.serve)
            handler = children.start(
                "lambda",
                "tests.on_lambda.local_lambda",
                folder=folder,
                environment={**around.environment, "AWS_ENDPOINT_URL_LAMBDA": played.url},
            )
            closing.callback(handler.stop)
            played.invoke_at(handler.url)
            serving.result()
        closing.callback(standing.stop)
        yield standing


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """Who plays AWS: its address, a client there, how it is told where the function runs."""

    url: str
    client: Any
    invoke_at: Callable[[str], None]
    runner: WebRunner | None = None


@contextmanager
def _face(folder: Path) -> Iterator[Played]:
    function = _Deployed()
    with face(folder, {FUNCTION: function}, timeout_seconds=None) as ours:
        yield Played(url=ours.url, client=ours.client, invoke_at=function.run_at)


@contextmanager
def _runner(folder: Path) -> Iterator[Played]:
    with web_runner(folder) as runner:
        yield Played(url=runner.url, client=runner.client, invoke_at=runner.invoke_at, runner=runner)


@contextmanager
def _wire(played: Played) -> Iterator[Wire]:
    wire = Wire(played.url, played.runner)
    thread = threading.Thread(target=wire.serve_forever, daemon=True)
    thread.start()
    try:
        yield wire
    finally:
        wire.shutdown()
        wire.server_close()
        thread.join()
