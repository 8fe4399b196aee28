"""Errors as Stripe tells them: a type, a code, a sentence, an HTTP status.

    ApiError
    ├── ParameterError      400  a parameter is unknown, missing or mistyped; never remembered under a key
    ├── UnauthorizedError   401  no key, or not a test key; never remembered
    ├── RateLimitedError    429  the limiter stands before everything; never remembered
    ├── KeyReusedError      400  the idempotency key was used for another endpoint or other parameters
    ├── KeyInUseError       409  a request with this key is still under way
    ├── ProviderError       5xx  the provider's own trouble: whether it was executed is not said
    └── RefusedError        400, 402, 404  executed and refused; remembered under its key like a success

Knows the shape; which rule was broken is said by whoever raises.
"""

from collections.abc import Mapping
from typing import Any

from payments.sandbox.wire import Response, answer


class ApiError(Exception):
    """An answer that is an error. `retryable` says whether the same request may succeed later."""

    status = 400
    type = "invalid_request_error"
    remembered = False
    retryable = False

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        param: str | None = None,
        status: int | None = None,
        extra: Mapping[str, Any] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code
        self.param = param
        self.status = status or type(self).status
        self.extra = dict(extra or {})
        self.headers = dict(headers or {})

    def response(self) -> Response:
        """The answer on the wire."""
        error: dict[str, Any] = {"type": self.type, "message": self.message}
        if self.code:
            error |= {
                "code": self.code,
                "doc_url": f"https://stripe.com/docs/error-codes/{self.code.replace('_', '-')}",
            }
        if self.param:
            error["param"] = self.param
        return answer(self.status, {"error": error | self.extra}, **self.headers)


class ParameterError(ApiError):
    """A parameter is unknown, missing or mistyped."""


class UnauthorizedError(ApiError):
    """No API key, or one that is no test key."""

    status = 401


class RateLimitedError(ApiError):
    """Too many requests; nothing was executed."""

    status = 429
    retryable = True


class KeyReusedError(ApiError):
    """The idempotency key belongs to another request."""

    type = "idempotency_error"


class KeyInUseError(ApiError):
    """A request with this idempotency key is under way; ask again later."""

    status = 409
    type = "idempotency_error"
    retryable = True


class ProviderError(ApiError):
    """The provider's own trouble."""

    status = 500
    type = "api_error"
    remembered = True
    retryable = True


class RefusedError(ApiError):
    """The request was executed and refused."""

    remembered = True


class CardDeclinedError(RefusedError):
    """The bank said no."""

    status = 402
    type = "card_error"


def not_found(kind: str, object_id: str, param: str, status: int = 404) -> RefusedError:
    """No such object; Stripe answers 404 for the one in the path and 400 for one in the parameters."""
    return RefusedError(f"No such {kind}: '{object_id}'", code="resource_missing", param=param, status=status)
