"""Handlers that run elsewhere: at an endpoint that answers Lambda's Invoke, such as a Lambda container on this machine.

The endpoint is handed the invocation's event as AWS hands it to a function; its own boto3 client then checkpoints
through our face. Knows HTTP and the shape of an invocation; must never know what the handler does.
"""

from collections.abc import Mapping
from typing import Any

import httpx2
from aws_durable_execution_sdk_python.execution import DurableExecutionInvocationInput

# Lambda's longest invocation and some more, so that the endpoint's own word about it comes first.
LONGEST_SECONDS = 930.0
CONNECT_SECONDS = 5.0


class RemoteHandlerError(Exception):
    """The endpoint did not run the handler, or the handler broke: the invocation is tried again. Retryable."""

    code = "remote_handler_failed"
    retryable = True


class RemoteHandler:
    """The function `name` at a Lambda endpoint. It takes an invocation as it is: it must not be decorated."""

    takes_invocations = True

    def __init__(self, url: str, name: str) -> None:
        self._url = f"{url.rstrip('/')}/2015-03-31/functions/{name}/invocations"
        self._http = httpx2.Client(timeout=httpx2.Timeout(LONGEST_SECONDS, connect=CONNECT_SECONDS))

    def __call__(self, invocation: DurableExecutionInvocationInput, _context: object) -> Mapping[str, Any]:
        """Invoke it there, once; raises RemoteHandlerError."""
        # AWS's local tools start an execution of their own on a plain Invoke; the header says that this is none.
        headers = {"X-Amz-Invocation-Type": "RequestResponse", "X-Dex-Handler-Invoke": "true"}
        try:
            answer = self._http.post(self._url, json=invocation.to_json_dict(), headers=headers)
            output = answer.json()
        except (httpx2.HTTPError, ValueError) as lost:
            raise RemoteHandlerError(f"{self._url}: {type(lost).__name__}: {lost}") from lost
        if not answer.is_success or "x-amz-function-error" in answer.headers or "Status" not in output:
            raise RemoteHandlerError(f"{self._url}: {answer.status_code} {answer.text[:500]}")
        return dict(output)
