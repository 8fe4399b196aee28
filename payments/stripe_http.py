"""The HTTP client given to Stripe's SDK: one pool for all threads, closed on purpose, and no call without an end.

Knows sockets and limits; must never know what is said over them. A connection that never came about is told apart from
one that was lost after sending (`NotSentError`), because only the first is certain to have changed nothing.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

import httpx2
import stripe

# Stripe answers a connection attempt within a round trip; longer means it is out of reach.
CONNECT_SECONDS = 2.0
# Banks answer a hold within two or three seconds. What takes longer is read back, not waited for.
POST_SECONDS = 5.0
GET_SECONDS = 3.0


class NotSentError(stripe.APIConnectionError):
    """No connection came about, so nothing was executed."""


class BoundedClient(stripe.HTTPClient):
    """Stripe's HTTP client over httpx2; `request` ends within CONNECT_SECONDS and the method's own limit."""

    name = "httpx2"

    def __init__(
        self, *, proxied: bool = True, get_seconds: float = GET_SECONDS, now: Callable[[], float] = time.monotonic
    ) -> None:
        """`proxied`: go through the proxy the environment names, if it names one; `get_seconds`: a read's limit."""
        super().__init__()
        self._get_seconds = get_seconds
        self._client = httpx2.Client(follow_redirects=False, trust_env=proxied)
        self._now = now

    def request(  # type: ignore[override]
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        *,
        _usage: list[str] | None = None,
    ) -> tuple[bytes, int, Mapping[str, str]]:
        """One call, with no retry: whether to send again is decided after reading back, not here.

        The body is bytes, as in the SDK's own clients; only their base class says text.
        """
        limit = self._get_seconds if method.lower() == "get" else POST_SECONDS
        timeout = httpx2.Timeout(limit, connect=CONNECT_SECONDS, pool=CONNECT_SECONDS)
        deadline = self._now() + CONNECT_SECONDS + limit
        try:
            with self._client.stream(
                method.upper(), url, headers=dict(headers or {}), content=post_data, timeout=timeout
            ) as response:
                return self._body(response, deadline), response.status_code, response.headers
        except (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout) as never_sent:
            raise NotSentError(_sentence(never_sent), should_retry=True) from never_sent  # type: ignore[no-untyped-call]
        except httpx2.HTTPError as lost:
            raise stripe.APIConnectionError(_sentence(lost), should_retry=True) from lost  # type: ignore[no-untyped-call]

    def close(self) -> None:
        """Close every connection, whichever thread opened it."""
        self._client.close()

    def _body(self, response: httpx2.Response, deadline: float) -> bytes:
        """The whole body; a limit per read alone would let a trickle of bytes go on for ever."""
        parts = []
        for part in response.iter_bytes():
            parts.append(part)
            if self._now() > deadline:
                raise httpx2.ReadTimeout("the answer trickled in for too long", request=response.request)
        return b"".join(parts)


def _sentence(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"
