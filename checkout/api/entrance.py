"""Where every request enters and every answer leaves: request id, security headers, access log, last resort.

Logs the route's template, never the address or a body, so that nothing a caller sends reaches the log.
"""

import secrets
import traceback
from http import HTTPStatus
from typing import Any

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from checkout.api import problems
from checkout.api.failures import problem_of
from checkout.api.problems import ProblemError
from checkout.store.clock import monotonic

log = structlog.get_logger(__name__)

# Answers are data for programs: nothing is to be framed, sniffed, cached or rendered.
SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}
# Any token may be sent as a method; only these are logged as they are.
METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Entrance:
    """The outermost layer of the API."""

    def __init__(self, app: ASGIApp, *, max_body_bytes: int) -> None:
        self._app = app
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request_id = f"req_{secrets.token_hex(12)}"
        state: dict[str, Any] = scope.setdefault("state", {})
        state["request_id"] = request_id
        began = monotonic()
        status = 0

        async def answer(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                headers["x-request-id"] = request_id
                for name, value in {**SECURITY, **state.get("pace", {})}.items():
                    headers.setdefault(name, value)
            await send(message)

        with structlog.contextvars.bound_contextvars(request_id=request_id):
            try:
                if self._declares_too_much(scope):
                    problem = ProblemError(code="body_too_large", detail="the body is larger than this service reads")
                    await problems.response(problem, request_id)(scope, receive, answer)
                else:
                    await self._app(scope, receive, answer)
            except Exception as error:
                problem = problem_of(error)
                if problem.code == "internal_error":
                    # As text made here: however the log is configured, it shows no local variables.
                    text = "".join(traceback.format_exception(error))
                    log.error("request.failed", exception=text)  # noqa: TRY400 (the traceback is in it, as text)
                if status:
                    raise  # the answer has begun; the connection is all that is left to end
                await problems.response(problem, request_id)(scope, receive, answer)
            finally:
                self._log(scope, status, monotonic() - began)

    def _declares_too_much(self, scope: Scope) -> bool:
        declared = Headers(scope=scope).get("content-length", "")
        return declared.isdigit() and int(declared) > self._max_body_bytes

    def _log(self, scope: Scope, status: int, seconds: float) -> None:
        route = scope.get("route")
        caller = scope["state"].get("caller")
        # A worker that asks for work and gets none is no event.
        tell = log.debug if status == HTTPStatus.NO_CONTENT else log.info
        tell(
            "request",
            method=scope["method"] if scope["method"] in METHODS else "other",
            route=getattr(route, "path", None),
            status=status,
            milliseconds=round(seconds * 1000, 1),
            key=caller.key_id if caller else None,
            tenant=caller.tenant if caller else None,
        )
