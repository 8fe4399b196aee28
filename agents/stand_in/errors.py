"""Errors as Anthropic's servers send them: a status, a type, a sentence, sometimes a stable code.

ApiError
"""

from http import HTTPStatus
from typing import Any

# The type each status goes by.
TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    405: "invalid_request_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    529: "overloaded_error",
}


class ApiError(Exception):
    """A request that is answered with an error."""

    def __init__(
        self,
        message: str,
        *,
        status: int = HTTPStatus.BAD_REQUEST,
        details: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = int(status)
        self.details = details
        self.headers = headers or {}

    def body(self, request_id: str) -> dict[str, Any]:
        """The envelope."""
        error: dict[str, Any] = {"type": TYPES[self.status], "message": str(self)}
        if self.details:
            error["details"] = self.details
        return {"type": "error", "error": error, "request_id": request_id}
