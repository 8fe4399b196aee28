"""How long a gateway call goes on and under which keys it sends: its time, its tries. Knows no call and no money."""

from collections.abc import Callable

from payments.stripe_answers import Failure
from payments.stripe_http import CONNECT_SECONDS, GET_SECONDS, POST_SECONDS

# A whole gateway call ends within this, read-backs included: less than the lease a purchase is worked on under.
CALL_SECONDS = 14.0
# Sending again is for answers lost on the way; what keeps failing is the caller's to retry, later.
SENDS = 2
# An answer kept from an earlier call costs a call and is no answer; each such key is given up for the next.
MAX_CALLS = 5


class Budget:
    """The time left for one gateway call. A request is started only if its own limit still fits."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._end = now() + CALL_SECONDS

    def allows_post(self) -> bool:
        """Whether a mutating call fits, with the read that may have to follow it."""
        return self._left() >= POST_SECONDS + GET_SECONDS + 2 * CONNECT_SECONDS

    def allows_get(self) -> bool:
        """Whether a read fits."""
        return self._left() >= GET_SECONDS + CONNECT_SECONDS

    def _left(self) -> float:
        return self._end - self._now()


class Keys:
    """The keys of one mutating call: the same one while its outcome is open, another once its answer is for good."""

    def __init__(self, key: str) -> None:
        self.current = key
        self._base = key
        self._calls = 0
        self._unanswered = 0

    def allow_another_call(self) -> bool:
        """Whether sending once more is still this gateway call's business."""
        return self._unanswered < SENDS and self._calls < MAX_CALLS

    def note(self, answer: Failure) -> None:
        """Take what came back into account."""
        self._calls += 1
        if answer.replayed:
            self.current = f"{self._base}:{self._calls + 1}"
        else:
            self._unanswered += 1
