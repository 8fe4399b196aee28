"""How fast one API key may call: moving windows of one second, reads and writes apart.

Counted for all API processes together where they share a memory, else, and while that is away, in this process's own.
Knows keys' ids and counts. Headers follow the IETF RateLimit draft 8, as Rye's service sends them.
"""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from limits import RateLimitItem, RateLimitItemPerSecond, WindowStats
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter

from checkout.api.problems import ProblemError

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})

# Counts one request in a window, by the window's name and the key's id: whether it is within it, and how the window
# stands then; None when it cannot say.
Counting = Callable[[RateLimitItem, str, str], tuple[bool, WindowStats] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Paced:
    """The verdict on one request: the headers to send, and how long to wait if it came too early."""

    headers: Mapping[str, str]
    wait_milliseconds: int | None = None

    def refuse_if_early(self) -> None:
        """Raise the 429 that a request over its limit is answered with."""
        if self.wait_milliseconds is not None:
            seconds = math.ceil(self.wait_milliseconds / 1000)
            raise ProblemError(
                code="rate_limited",
                detail=f"this key sends too many requests; wait {self.wait_milliseconds} ms",
                extra={"retryAfter": str(seconds)},
                headers={"Retry-After": str(seconds), "retry-after-ms": str(self.wait_milliseconds)},
            )


class Pace:
    """Counts requests by key."""

    def __init__(self, *, reads_per_second: int, writes_per_second: int, shared: Counting | None = None) -> None:
        self._shared = shared
        self._limiter = MovingWindowRateLimiter(MemoryStorage())
        self._windows = {
            "reads": RateLimitItemPerSecond(reads_per_second),
            "writes": RateLimitItemPerSecond(writes_per_second),
        }

    def count(self, key_id: str, method: str) -> Paced:
        """Count one request."""
        name = "reads" if method in SAFE_METHODS else "writes"
        window = self._windows[name]
        together = self._shared(window, name, key_id) if self._shared else None
        allowed, stats = together or self._alone(window, name, key_id)
        wait = max(0.0, stats.reset_time - time.time())
        headers = {
            "RateLimit-Policy": f'"{name}";q={window.amount};w=1',
            "RateLimit": f'"{name}";r={max(0, stats.remaining)};t={math.ceil(wait)}',
        }
        # At least a millisecond: a client takes zero for "no advice" and falls back to half a second.
        return Paced(headers=headers, wait_milliseconds=None if allowed else max(1, math.ceil(wait * 1000)))

    def _alone(self, window: RateLimitItem, name: str, key_id: str) -> tuple[bool, WindowStats]:
        allowed = self._limiter.hit(window, name, key_id)
        return allowed, self._limiter.get_window_stats(window, name, key_id)
