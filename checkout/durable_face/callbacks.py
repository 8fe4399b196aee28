"""Answering callbacks by their ids, as AWS's API has it. Whoever has the id may answer; the first answer stands."""

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from checkout.durable_face.answers import answer
from checkout.durable_face.faults import INVALID, AwsError
from checkout.durable_face.requests import Document, RawBody, Service

router = APIRouter(prefix="/2025-12-01/durable-execution-callbacks")

# AWS's alphabet has a slash.
CallbackId = Annotated[str, Path(max_length=1024, pattern=r"^[A-Za-z0-9+/]+={0,2}$")]


@router.post("/{callback_id:path}/succeed")
def send_durable_execution_callback_success(service: Service, callback_id: CallbackId, result: RawBody) -> Response:
    """The body is the result, as it is; none is no result."""
    try:
        payload = result.decode() or None
    except UnicodeDecodeError as garbled:
        raise AwsError(INVALID, "a result is text in UTF-8") from garbled
    service.succeed_callback(callback_id, payload)
    return answer({})


@router.post("/{callback_id:path}/fail")
def send_durable_execution_callback_failure(service: Service, callback_id: CallbackId, error: Document) -> Response:
    """The body is AWS's ErrorObject, relayed word for word."""
    service.fail_callback(callback_id, error)
    return answer({})


@router.post("/{callback_id:path}/heartbeat")
def send_durable_execution_callback_heartbeat(service: Service, callback_id: CallbackId) -> Response:
    """The silence timer starts again."""
    service.heartbeat_callback(callback_id)
    return answer({})
