"""Invoke: starts an execution, and for RequestResponse waits until it has ended, as AWS's API has it.

Waiting holds no thread: a caller that waits for an answer another caller must give would else stand in its way.
"""

import asyncio
import uuid
from contextlib import suppress
from typing import Annotated

from fastapi import APIRouter, Header, Path, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from checkout.durable.errors import InvalidPayloadError
from checkout.durable.service import DurableService
from checkout.durable.views import ExecutionStatus, ExecutionView
from checkout.durable_face.answers import answer
from checkout.durable_face.faults import BROKEN, INVALID, TOO_LARGE, UNREADABLE, AwsError
from checkout.durable_face.functions import Asked, Function
from checkout.durable_face.requests import RawBody, Served, Service

router = APIRouter()

EVENT, REQUEST_RESPONSE, DRY_RUN = "Event", "RequestResponse", "DryRun"
# AWS's bounds on what Invoke takes, in bytes.
LARGEST_PAYLOAD_BYTES = {EVENT: 1024 * 1024, REQUEST_RESPONSE: 6 * 1024 * 1024, DRY_RUN: 6 * 1024 * 1024}
# AWS's longest synchronous invocation; a durable function that may run longer is refused it.
LONGEST_ANSWER_SECONDS = 900


@router.post("/2015-03-31/functions/{FunctionName}/invocations")
async def invoke(
    request: Request,
    service: Service,
    served: Served,
    payload: RawBody,
    *,
    function_name: Annotated[str, Path(alias="FunctionName", max_length=256)],
    qualifier: Annotated[str | None, Query(alias="Qualifier", max_length=128)] = None,
    kind: Annotated[
        str, Header(alias="X-Amz-Invocation-Type", pattern=f"^({EVENT}|{REQUEST_RESPONSE}|{DRY_RUN})$")
    ] = REQUEST_RESPONSE,
    name: Annotated[
        str | None, Header(alias="X-Amz-Durable-Execution-Name", max_length=64, pattern=r"^[a-zA-Z0-9-_]+$")
    ] = None,
    tenant: Annotated[str | None, Header(alias="X-Amz-Tenant-Id")] = None,
) -> Response:
    """Start it, or find the execution this name already stands for."""
    function = served.find(Asked.of(function_name, qualifier))
    _check(function, kind, payload, tenant)
    if kind == DRY_RUN:
        return Response(status_code=204)
    view = await run_in_threadpool(_start, service, function, name or str(uuid.uuid4()), payload)
    headers = {"X-Amz-Durable-Execution-Arn": view.arn, "X-Amz-Executed-Version": str(view.version)}
    if kind == EVENT:
        return Response(status_code=202, headers={**headers, "x-amzn-RequestId": str(uuid.uuid4())})
    return _result(await _ended(request, service, view.name), headers)


def _check(function: Function, kind: str, payload: bytes, tenant: str | None) -> None:
    if tenant is not None:
        raise AwsError(INVALID, "the functions served here keep no tenants apart; leave TenantId out")
    if len(payload) > LARGEST_PAYLOAD_BYTES[kind]:
        raise AwsError(TOO_LARGE, f"a payload is at most {LARGEST_PAYLOAD_BYTES[kind]} bytes for {kind}")
    if kind == REQUEST_RESPONSE and (function.timeout_seconds or LONGEST_ANSWER_SECONDS + 1) > LONGEST_ANSWER_SECONDS:
        raise AwsError(
            INVALID,
            "a function whose executions may take longer than 15 minutes cannot be invoked synchronously; use Event,"
            f" or serve it with an execution timeout of at most {LONGEST_ANSWER_SECONDS} seconds",
        )


def _start(service: DurableService, function: Function, name: str, payload: bytes) -> ExecutionView:
    try:
        return service.start(function.name, name, payload.decode() or "{}", version=function.version)
    except (UnicodeDecodeError, InvalidPayloadError) as unreadable:
        raise AwsError(UNREADABLE, f"the payload could not be parsed as JSON: {unreadable}") from unreadable


async def _ended(request: Request, service: DurableService, name: str) -> ExecutionView:
    """The execution once it has ended. A caller that went away is waited for no longer."""
    loop, changed = asyncio.get_running_loop(), asyncio.Event()

    def told(changed_name: str) -> None:
        if changed_name == name:
            with suppress(RuntimeError):  # the loop has just been closed, and with it everybody who waited
                loop.call_soon_threadsafe(changed.set)

    end_subscription = service.subscribe(told)
    try:
        async with asyncio.timeout(LONGEST_ANSWER_SECONDS):
            while (view := await run_in_threadpool(service.get, name)).status is ExecutionStatus.RUNNING:
                if await request.is_disconnected():
                    break
                with suppress(TimeoutError):  # another process's commit is not told
                    await asyncio.wait_for(changed.wait(), service.settings.poll_seconds)
                changed.clear()
            return view
    except TimeoutError:
        raise AwsError(
            BROKEN, f"{name} has not ended in 15 minutes; it goes on, and GetDurableExecution tells"
        ) from None
    finally:
        end_subscription()


def _result(view: ExecutionView, headers: dict[str, str]) -> Response:
    if view.status is ExecutionStatus.SUCCEEDED:
        result = view.result if view.result is not None else "null"
        headers = {**headers, "x-amzn-RequestId": str(uuid.uuid4())}
        return Response(result.encode(), 200, headers, media_type="application/json")
    error = view.error or {}
    told = {"errorMessage": error.get("ErrorMessage", ""), "errorType": error.get("ErrorType", view.status.value)}
    return answer(told, headers={**headers, "X-Amz-Function-Error": "Unhandled"})
