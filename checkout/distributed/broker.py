"""Redis as this process speaks to it: send a hint, remember that it was sent, tell news, take one's turn at sweeping.

Whatever goes wrong with Redis is one answer, "away", and for a moment nothing is asked of it at all; so Redis being
down costs nobody more than one short time-out a second. Must never be asked what is true: that is in the database.
"""

import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

import structlog
from kombu.exceptions import KombuError
from kombu.exceptions import OperationalError as BrokerError
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from checkout.distributed.app import CALL_SECONDS, CONNECT_SECONDS, publisher
from checkout.store.clock import monotonic

log = structlog.get_logger(__name__)
T = TypeVar("T")

TROUBLE = (KombuError, BrokerError, RedisError, OSError)
# How long nothing is asked of a Redis that did not answer.
AWAY_SECONDS = 1.0
# A hint that was sent is not sent again within this by anybody's sweeper; a worker that takes it up lifts the mark.
RESEND_SECONDS = 5
# Whoever sweeps says so once a second; after this another one's turn has come.
TURN_MILLISECONDS = 2500
# Everything of ours in Redis, in case it is shared.
PREFIX = "checkout:"
NEWS = PREFIX + "news"

# Keep one's turn or take a free one, in one step.
_TAKE_TURN = """
local holder = redis.call('GET', KEYS[1])
if holder and holder ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
return 1
"""


class Broker:
    """One process's connection. Safe to use from several threads; opened with the first call, never before a fork."""

    def __init__(self, redis_url: str) -> None:
        self.url = redis_url
        self.redis = connect(redis_url)
        self._app = publisher(redis_url)
        self._away_until = 0.0
        self._said_away = False
        self._lock = threading.Lock()

    @property
    def away(self) -> bool:
        """Whether it has just not answered."""
        return monotonic() < self._away_until

    def send(self, task: str, queue: str, one: int | str) -> bool:
        """Send a hint about one id; False when it could not be sent."""

        def publish() -> bool:
            self.redis.set(_mark(task, one), 1, ex=RESEND_SECONDS)
            self._app.send_task(task, args=[one], queue=queue, retry=False, ignore_result=True)
            return True

        return self.asked(publish) or False

    def taken_up(self, task: str, one: int | str) -> None:
        """Its hint has arrived: the next one may be sent at once."""
        self.asked(lambda: self.redis.delete(_mark(task, one)))

    def unsent(self, task: str, every: Sequence[int]) -> list[int]:
        """Those of which nobody has sent a hint lately."""
        if not every:
            return []
        marks = self.asked(lambda: self.redis.mget([_mark(task, one) for one in every]))
        return [one for one, mark in zip(every, marks or [], strict=False) if mark is None]

    def tell(self, names: Sequence[str]) -> None:
        """Say to every process that listens that these executions have changed."""

        def publish() -> None:
            with self.redis.pipeline(transaction=False) as pipeline:
                for name in names:
                    pipeline.publish(NEWS, name)
                pipeline.execute()

        self.asked(publish)

    def my_turn(self, name: str) -> bool | None:
        """Whether this one is to sweep now, of all that ask; None when Redis is away."""
        taken = self.asked(lambda: self.redis.eval(_TAKE_TURN, 1, f"{PREFIX}sweeper", name, TURN_MILLISECONDS))
        return None if taken is None else bool(taken)

    def close(self) -> None:
        """Let go of connections."""
        self.redis.close()
        self._app.close()

    def asked(self, ask: Callable[[], T]) -> T | None:
        """What Redis answers; None when it does not, and for a moment afterwards."""
        if self.away:
            return None
        try:
            answer = ask()
        except TROUBLE as trouble:
            self._away_until = monotonic() + AWAY_SECONDS
            self._tell(away=True, why=type(trouble).__name__)
            return None
        self._tell(away=False)
        return answer

    def _tell(self, *, away: bool, why: str = "") -> None:
        """Log when it goes and when it is back, once."""
        with self._lock:
            changed, self._said_away = away != self._said_away, away
        if changed and away:
            log.warning("redis.away", why=why)
        elif changed:
            log.info("redis.back")


def connect(redis_url: str) -> Redis:
    """A client that gives up quickly and tries nothing twice."""
    return Redis.from_url(
        redis_url,
        socket_timeout=CALL_SECONDS,
        socket_connect_timeout=CONNECT_SECONDS,
        retry=Retry(NoBackoff(), 0),
    )


def _mark(task: str, one: int | str) -> str:
    return f"{PREFIX}sent:{task}:{one}"
