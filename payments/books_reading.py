"""The HTTP client that only reads, and politely: one call after another at a pace, and later when asked to wait.

Knows the wire's manners; must never know what is read. Anything but a GET is refused here, so that a reader of books
cannot move money whatever it is asked to do.
"""

import time
from collections.abc import Callable, Mapping
from typing import Any

import stripe

# Stripe allows 25 reads a second in test mode and 100 live; a comparison at night takes less than half of the smaller.
READS_PER_SECOND = 10.0
# Lists of a hundred payments with their charges take longer to write than one payment.
READ_SECONDS = 15.0
# Reading again changes nothing; four times with growing pauses outlasts a deployment at the provider.
TRIES = 4
FIRST_PAUSE_SECONDS = 0.5
LATER = frozenset({409, 429, 500, 502, 503, 504})


class WriteRefusedError(RuntimeError):
    """Somebody tried to change something through a reader."""


class ReadingClient(stripe.HTTPClient):
    """Stripe's HTTP client over another one; it sends GETs, `per_second` at most."""

    name = "reading"

    def __init__(
        self,
        inner: stripe.HTTPClient,
        *,
        per_second: float = READS_PER_SECOND,
        now: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        super().__init__()
        self._inner = inner
        self._gap_seconds = 1 / per_second
        self._now = now
        self._sleep = sleep
        self._next = now()

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str] | None,
        post_data: Any = None,
        *,
        _usage: list[str] | None = None,
    ) -> tuple[Any, int, Mapping[str, str]]:
        """One read, tried again while the provider says later or says nothing."""
        if method.lower() != "get":
            raise WriteRefusedError(f"a reader of books was asked for {method.upper()} {url}")
        pause_seconds = FIRST_PAUSE_SECONDS
        for left in reversed(range(TRIES)):
            self._wait_for_turn()
            try:
                body, status, answered = self._inner.request(method, url, headers, post_data)
            except stripe.APIConnectionError:
                if not left:
                    raise
            else:
                if status not in LATER or not left:
                    return body, status, answered
            self._sleep(pause_seconds)
            pause_seconds *= 2
        raise AssertionError("the last try returns or raises")

    def close(self) -> None:
        """Close the connections."""
        self._inner.close()  # type: ignore[no-untyped-call]

    def _wait_for_turn(self) -> None:
        now = self._now()
        if now < self._next:
            self._sleep(self._next - now)
        self._next = max(now, self._next) + self._gap_seconds
