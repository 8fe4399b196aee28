"""Problems as they are answered, of the kinds in `kinds.py`.

Bodies are RFC 9457 problem details that also carry the fields Rye's client reads (`name`, `message`, `fields`,
`state`). Must never hold a secret, a stack trace or a value somebody sent.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from fastapi.responses import JSONResponse

from checkout.api.kinds import KINDS

MEDIA_TYPE = "application/problem+json"


# Names by status, as Rye's service gives them; the rest follow their pattern.
_NAMES = {
    400: "BadRequestError",
    401: "AuthenticationError",
    403: "PermissionDeniedError",
    404: "NotFoundError",
    409: "ConflictError",
    410: "GoneError",
    413: "ContentTooLargeError",
    415: "UnsupportedMediaTypeError",
    422: "ValidateError",
    429: "TooManyRequestsError",
}


@dataclass(slots=True)
class ProblemError(Exception):
    """Ends a request with a problem. `extra` are members of its own; `fields` maps a path to what is wrong there."""

    code: str
    detail: str
    param: str | None = None
    fields: Mapping[str, str] | None = None
    extra: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        Exception.__init__(self, self.detail)


def document(problem: ProblemError, request_id: str) -> dict[str, Any]:
    """The body."""
    kind = KINDS[problem.code]
    body: dict[str, Any] = {
        "type": f"urn:agentic-checkout:problem:{kind.code}",
        "title": kind.title,
        "status": kind.status,
        "detail": problem.detail,
        "code": kind.code,
        "retryable": kind.retryable,
        "next_step": kind.next_step,
        "request_id": request_id,
        "name": kind.name or _NAMES.get(kind.status) or HTTPStatus(kind.status).phrase.replace(" ", "") + "Error",
        "message": problem.detail,
    }
    if problem.param:
        body["param"] = problem.param
    if problem.fields:
        body["fields"] = {path: {"message": message} for path, message in problem.fields.items()}
    return body | dict(problem.extra)


def response(problem: ProblemError, request_id: str) -> JSONResponse:
    """The whole answer. `x-should-retry` tells Rye's client what it would otherwise guess from the status."""
    kind = KINDS[problem.code]
    headers = {"x-should-retry": "true" if kind.retryable else "false", **problem.headers}
    return JSONResponse(document(problem, request_id), status_code=kind.status, headers=headers, media_type=MEDIA_TYPE)
