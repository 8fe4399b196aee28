"""From what went wrong to the problem that is answered: our errors, durable errors, validation, HTTP's own, the rest.

Knows every error tree the API may meet; must never pass on a value somebody sent, nor a stack trace.
"""

from collections.abc import Iterable
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import ValidationError
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException

from checkout.api import problems
from checkout.api.kinds import KINDS
from checkout.api.problems import ProblemError
from checkout.api.rendering import money
from checkout.durable.errors import DurableError
from checkout.purchase.errors import (
    AllowanceError,
    InvalidStateError,
    PermitDiffersError,
    PriceChangedError,
    PurchaseError,
)
from checkout.webhooks.errors import WebhookError

# A path is made of the sender's own names; a long one is cut.
MAX_PATH_CHARACTERS = 80
# Errors of these statuses are HTTP's own: the router, the body limit and the JSON reader raise them.
_BY_STATUS = {
    HTTPStatus.NOT_FOUND: ("route_not_found", "there is nothing at this address"),
    HTTPStatus.METHOD_NOT_ALLOWED: ("method_not_allowed", "this address does not take this method"),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ("body_too_large", "the body is larger than this service reads"),
    HTTPStatus.BAD_REQUEST: ("malformed_json", "the body cannot be read as JSON in UTF-8"),
}


def problem_of(error: Exception) -> ProblemError:  # noqa: C901, PLR0911 (a table: one line per kind of error)
    """The problem an error is answered with; `internal_error` for what nobody expected."""
    match error:
        case ProblemError():
            return error
        case RequestValidationError() | ValidationError():
            return of_validation(error.errors())
        case InvalidStateError():
            return ProblemError(code=error.code, detail=str(error), extra={"state": error.state})
        case PriceChangedError():
            return ProblemError(code=error.code, detail=str(error), extra={"offeredTotal": money(error.offered)})
        case PermitDiffersError():
            return ProblemError(code=error.code, detail=str(error), extra={"differences": list(error.differences)})
        case AllowanceError():
            return ProblemError(code=error.code, detail=str(error), headers={"Retry-After": str(error.seconds)})
        case PurchaseError() | DurableError() | WebhookError() if error.code in KINDS:
            return ProblemError(code=error.code, detail=str(error))
        case HTTPException() if known := _BY_STATUS.get(HTTPStatus(error.status_code)):
            return ProblemError(code=known[0], detail=known[1], headers=dict(error.headers or {}))
        case HTTPException() if error.status_code < HTTPStatus.INTERNAL_SERVER_ERROR:
            return ProblemError(code="bad_request", detail=error.detail, headers=dict(error.headers or {}))
        case OperationalError():
            return ProblemError(
                code="unavailable", detail="the database did not answer in time", headers={"Retry-After": "1"}
            )
        case _:
            return ProblemError(code="internal_error", detail="an unexpected failure; it was logged with `request_id`")


def of_validation(errors: Iterable[Any]) -> ProblemError:
    """Every field that does not fit, by path; a field with a code of its own decides the problem's code."""
    fields: dict[str, str] = {}
    code = "invalid_request"
    for error in errors:
        kind = str(error["type"])
        if kind == "json_invalid":
            return ProblemError(code="malformed_json", detail="the body is not valid JSON")
        path = _path(error["loc"])
        fields.setdefault(path, str(error["msg"])[:300])
        if kind in KINDS and code == "invalid_request":
            code, param = kind, path
    if code == "invalid_request":
        param = next(iter(fields), "body")
    return ProblemError(code=code, detail=f"{param}: {fields.get(param, 'is not valid')}", param=param, fields=fields)


def install(app: FastAPI) -> None:
    """Answer every expected error with a problem; the unexpected are caught and logged where requests enter."""

    def answer(request: Request, error: Exception) -> JSONResponse:
        problem = problem_of(error)
        if problem.code == "internal_error":
            raise error
        return problems.response(problem, request.state.request_id)

    for kind in (ProblemError, PurchaseError, DurableError, WebhookError, RequestValidationError, HTTPException):
        app.add_exception_handler(kind, answer)


def _path(location: Iterable[Any]) -> str:
    """`body.buyer.phone` as `buyer.phone`; a header or query parameter by its own name."""
    parts = [str(part) for part in location]
    named = parts[1:] if parts and parts[0] in ("body", "query", "header", "path") else parts
    path = ".".join(named) or (parts[0] if parts else "body")
    return "".join(character for character in path if character.isprintable())[:MAX_PATH_CHARACTERS]
