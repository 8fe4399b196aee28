"""Lambda's Invoke, as far as AWS's local runner calls it: a request in, one run of a handler, its output back.

As a process it serves `docker/lambda/handler.py` under the name `purchase`, configured by its environment alone, as
Lambda would. Knows HTTP and handlers; nothing of durable executions.
"""

import importlib.util
import json
import sys
import threading
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

HANDLER = Path(__file__).parents[2] / "docker" / "lambda" / "handler.py"
Handler = Callable[[Any, Any], Any]


def the_handler() -> Handler:
    """`handler` of docker/lambda/handler.py, in a module of its own: its parts are made anew."""
    spec = importlib.util.spec_from_file_location("lambda_handler", HANDLER)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    handler: Handler = module.handler
    return handler


def context() -> Any:
    """What of Lambda's context the SDK reads."""
    return SimpleNamespace(
        aws_request_id=str(uuid.uuid4()),
        log_group_name=None,
        log_stream_name=None,
        function_name="purchase",
        memory_limit_in_mb="512",
        function_version="$LATEST",
        invoked_function_arn="arn:aws:lambda:us-west-2:123456789012:function:purchase",
        tenant_id=None,
        client_context=None,
        identity=None,
        get_remaining_time_in_millis=lambda: 900_000,
        log=lambda _: None,
    )


class _Endpoint(ThreadingHTTPServer):
    def __init__(self, functions: Mapping[str, Handler]) -> None:
        self.functions = functions
        super().__init__(("127.0.0.1", 0), _Request)


class _Request(BaseHTTPRequestHandler):
    server: _Endpoint

    def do_POST(self) -> None:
        """POST /2015-03-31/functions/NAME/invocations."""
        name = self.path.split("/")[3].partition(":")[0].partition("%")[0]
        event = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        try:
            self._answer(self.server.functions[name](event, context()))
        except Exception as broken:  # noqa: BLE001 (Lambda reports whatever a handler raises)
            self._answer({"errorType": type(broken).__name__, "errorMessage": str(broken)}, error="Unhandled")

    def _answer(self, output: Any, *, error: str | None = None) -> None:
        content = json.dumps(output).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(content)))
        self.send_header("x-amzn-RequestId", str(uuid.uuid4()))
        if error:
            self.send_header("X-Amz-Function-Error", error)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
        """Nothing: the tests read what the functions did."""


@contextmanager
def local_lambda(functions: Mapping[str, Handler]) -> Iterator[str]:
    """The endpoint's URL, while it serves these functions."""
    endpoint = _Endpoint(functions)
    thread = threading.Thread(target=endpoint.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{endpoint.server_address[1]}"
    finally:
        endpoint.shutdown()
        endpoint.server_close()
        thread.join()


if __name__ == "__main__":
    with local_lambda({"purchase": the_handler()}) as where:
        sys.stdout.write(json.dumps({"url": where}) + "\n")
        sys.stdout.flush()
        threading.Event().wait()
