"""What every route reads from a request: its body, the service behind it, and the execution an ARN names.

Knows Starlette's requests and AWS's limits on them; must never know an operation.
"""

import json
from typing import Annotated, Any

from fastapi import Depends, Path, Request

from checkout.durable.service import DurableService
from checkout.durable.views import ExecutionView
from checkout.durable_face.faults import INVALID, TOO_LARGE, UNREADABLE, AwsError, not_found
from checkout.durable_face.functions import Functions

# AWS takes six megabytes of payload; a checkpoint carries several, wrapped in JSON that escapes them.
LARGEST_BODY_BYTES = 32 * 1024 * 1024
ARN = r"arn:[a-zA-Z0-9-]+:lambda:[a-zA-Z0-9-]+:\d{12}:function:[\w-]+:[\w$.]+/durable-execution/[\w-]+/[\w-]+"
# AWS's page; it is also what 0 asks for.
PAGE_ITEMS = 100


async def _body(request: Request) -> bytes:
    """The whole body; refused before it fills the memory."""
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST_BODY_BYTES:
            raise AwsError(TOO_LARGE, f"a request is at most {LARGEST_BODY_BYTES} bytes")
    return bytes(body)


def _service(request: Request) -> DurableService:
    service: DurableService = request.app.state.service
    return service


def _functions(request: Request) -> Functions:
    functions: Functions = request.app.state.functions
    return functions


RawBody = Annotated[bytes, Depends(_body)]
Service = Annotated[DurableService, Depends(_service)]
Served = Annotated[Functions, Depends(_functions)]
Arn = Annotated[str, Path(max_length=1024, pattern=f"^{ARN}$")]


def _document(body: RawBody) -> dict[str, Any]:
    """The body as a JSON object; none at all is an empty one."""
    document = parsed(body or b"{}")
    if not isinstance(document, dict):
        raise AwsError(INVALID, "the body is no JSON object")
    return document


Document = Annotated[dict[str, Any], Depends(_document)]


def parsed(body: bytes) -> Any:
    """JSON; InvalidRequestContentException."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as unreadable:
        raise AwsError(UNREADABLE, f"the body could not be parsed as JSON: {unreadable}") from unreadable


def named(service: DurableService, arn: str) -> ExecutionView:
    """The execution of exactly this ARN: the same name in another function or another life is another execution."""
    view = service.get(arn)
    return view if view.arn == arn else not_found(f"the execution {arn}")


def page_of(max_items: int) -> int:
    """How many items a page has."""
    return max_items or PAGE_ITEMS
