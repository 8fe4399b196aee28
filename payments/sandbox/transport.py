"""The sandbox inside the caller's process: an HTTP client for the official SDK that calls the core directly.

`wire` stands between the two, and may do to a call whatever a network does: pass it on, refuse it before, drop its
answer after, or refuse everything once its process counts as dead. It refuses by raising AnswerDroppedError.
"""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlsplit

import stripe

from payments.sandbox.core import Sandbox
from payments.sandbox.wire import AnswerDroppedError, Request, Response

Send = Callable[[], Response]
Wire = Callable[[Request, Send], Response]


def straight(_request: Request, send: Send) -> Response:
    """A wire that only passes on."""
    return send()


class Headers(dict[str, str]):
    """Response headers, found in any case, as the SDK expects them."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        super().__init__({name.lower(): value for name, value in headers.items()})

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name.lower())

    def __contains__(self, name: object) -> bool:
        return super().__contains__(name.lower() if isinstance(name, str) else name)

    def get(self, name: str, default: Any = None) -> Any:
        """The value of a header."""
        return super().get(name.lower(), default)


class InProcessClient(stripe.HTTPClient):
    """The SDK's HTTP client over a sandbox in this process."""

    name = "sandbox"

    def __init__(self, sandbox: Sandbox, wire: Wire = straight) -> None:
        super().__init__()
        self._sandbox = sandbox
        self._wire = wire

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        *,
        _usage: list[str] | None = None,
    ) -> tuple[str, int, Mapping[str, str]]:
        """One call; a dropped answer is the SDK's own connection error."""
        parts = urlsplit(url)
        request = Request(
            method=method.upper(),
            path=parts.path,
            query=parts.query,
            body=post_data or "",
            headers={name.lower(): value for name, value in (headers or {}).items()},
        )
        try:
            response = self._wire(request, lambda: self._sandbox.handle(request))
        except AnswerDroppedError as dropped:
            raise stripe.APIConnectionError(  # type: ignore[no-untyped-call]
                str(dropped), should_retry=True
            ) from dropped
        return response.body, response.status, Headers(response.headers)

    def close(self) -> None:
        """Nothing is open."""
