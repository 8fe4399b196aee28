"""What AWS's API refuses, in its own words: name, HTTP status, and how our errors become its.

Knows AWS's error names and the durable service's errors. Must never say more than the refused request may know.

AwsError
└── one class: which of AWS's errors it is stands in `name`, its status in `STATUS`
"""

import logging
from collections.abc import Mapping
from typing import Any, NoReturn

from botocore.exceptions import ClientError
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from checkout.durable import errors
from checkout.durable_face.answers import answer

logger = logging.getLogger(__name__)

INVALID = "InvalidParameterValueException"
NOT_FOUND = "ResourceNotFoundException"
ALREADY_STARTED = "DurableExecutionAlreadyStartedException"
CALLBACK_CLOSED = "CallbackTimeoutException"
UNREADABLE = "InvalidRequestContentException"
TOO_LARGE = "RequestTooLargeException"
BROKEN = "ServiceException"

# Every error this service answers with. The last four are those of AWS's front door, which no API's model lists.
STATUS: Mapping[str, int] = {
    INVALID: 400,
    UNREADABLE: 400,
    CALLBACK_CLOSED: 400,
    NOT_FOUND: 404,
    ALREADY_STARTED: 409,
    TOO_LARGE: 413,
    BROKEN: 500,
    "MissingAuthenticationTokenException": 403,
    "InvalidSignatureException": 403,
    "UnrecognizedClientException": 403,
    "UnknownOperationException": 404,
}
# AWS spells the sentence's member in two ways, error by error; clients that read the model insist on it.
LOWER_CASE = frozenset({INVALID, UNREADABLE, TOO_LARGE})

_OURS: tuple[tuple[type[errors.DurableError], str], ...] = (
    (errors.CallbackNotFoundError, NOT_FOUND),
    (errors.CallbackError, CALLBACK_CLOSED),
    (errors.ExecutionNotFoundError, NOT_FOUND),
    (errors.FunctionNotRegisteredError, NOT_FOUND),
    (errors.ExecutionNameConflictError, ALREADY_STARTED),
    (errors.DurableError, INVALID),
)


class AwsError(Exception):
    """A request refused in AWS's words; nothing changed. Retryable exactly when its status is 5xx, as boto3 does."""

    def __init__(self, name: str, sentence: str) -> None:
        super().__init__(sentence)
        self.name = name

    @property
    def status(self) -> int:
        """Its HTTP status."""
        return STATUS[self.name]

    @property
    def retryable(self) -> bool:
        """Whether a client may send the same again."""
        return self.status >= 500  # noqa: PLR2004 (HTTP's border between the client's fault and the server's)

    def response(self) -> Response:
        """The answer a client reads it from."""
        sentence = "message" if self.name in LOWER_CASE else "Message"
        body = {"Type": "Service" if self.retryable else "User", sentence: str(self)}
        return answer(body, status=self.status, headers={"x-amzn-ErrorType": self.name})


def not_found(what: str) -> NoReturn:
    """Refuse what is not there."""
    raise AwsError(NOT_FOUND, f"{what} does not exist")


def aws_error_of(error: errors.DurableError) -> AwsError:
    """AWS's word for one of ours."""
    return AwsError(next(name for kind, name in _OURS if isinstance(error, kind)), str(error))


def install(app: FastAPI) -> None:
    """Have every error leave in AWS's shape."""

    def refused(_request: Request, error: Any) -> Response:
        return _in_aws_words(error).response()

    for kind in (
        *(AwsError, errors.DurableError, ClientError, RequestValidationError),
        *(HTTPException, UnicodeEncodeError, SQLAlchemyError),
    ):
        app.add_exception_handler(kind, refused)
    app.add_exception_handler(Exception, refused)


def _in_aws_words(error: Exception) -> AwsError:
    name, sentence = BROKEN, "the service is out of order; try again"
    match error:
        case AwsError():
            return error
        case errors.DurableError():
            return aws_error_of(error)
        case ClientError():  # the wire answers the SDK with boto3's own error, which already has AWS's words
            name, sentence = error.response["Error"]["Code"], error.response["Error"]["Message"]
        case RequestValidationError():
            first = error.errors()[0]
            name, sentence = INVALID, f"{first['loc'][-1]}: {first['msg']}"
        case HTTPException(status_code=400) | UnicodeEncodeError():  # half a surrogate is JSON, and no text
            name, sentence = UNREADABLE, "the body could not be read"
        case HTTPException():
            name, sentence = "UnknownOperationException", "no operation has this method and path"
        case _:
            logger.error("a request broke", exc_info=error)
    return AwsError(name, sentence)
