"""What API processes share through Redis: how often a key has called, and word of commits in other processes.

Both are better than what one process knows alone, and neither is needed: without Redis a process counts for itself, and
long polls look into the database once a second. Must never carry anything that somebody relies on.
"""

import threading
from collections.abc import Callable

import structlog
from limits import RateLimitItem, WindowStats
from limits.storage import RedisStorage
from limits.strategies import MovingWindowRateLimiter

from checkout.distributed.broker import NEWS, PREFIX, TROUBLE, Broker, connect

log = structlog.get_logger(__name__)

# A lost connection is made again after this; until then long polls look for themselves.
AGAIN_SECONDS = 1.0
# How soon the listening thread notices that it is to end.
LISTEN_SECONDS = 0.5


class SharedPace:
    """Moving windows counted in Redis, for all API processes together."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker
        self._limiter = MovingWindowRateLimiter(
            RedisStorage(broker.url, broker.redis.connection_pool, key_prefix=PREFIX + "pace")
        )

    def __call__(self, window: RateLimitItem, *identifiers: str) -> tuple[bool, WindowStats] | None:
        """Count one: whether it is within the window, and how the window stands; None when Redis is away."""
        return self._broker.asked(
            lambda: (
                self._limiter.hit(window, *identifiers),
                self._limiter.get_window_stats(window, *identifiers),
            )
        )


class Listening:
    """A thread that hears what other processes have committed, and tells whoever asked for it."""

    def __init__(self, redis_url: str) -> None:
        self._url = redis_url
        self._listeners: list[Callable[[str], None]] = []
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="news", daemon=True)

    def subscribe(self, listener: Callable[[str], None]) -> None:
        """Call `listener(name)` when an execution has changed anywhere; it must be quick and must not raise."""
        self._listeners.append(listener)

    def start(self) -> None:
        """Listen from now on."""
        self._thread.start()

    def stop(self) -> None:
        """Listen no more."""
        self._ending.set()
        self._thread.join()

    def _listen(self) -> None:
        while not self._ending.is_set():
            try:
                with connect(self._url) as redis, redis.pubsub(ignore_subscribe_messages=True) as channel:
                    channel.subscribe(NEWS)
                    while not self._ending.is_set():
                        self._tell(channel.get_message(timeout=LISTEN_SECONDS))
            except TROUBLE as trouble:
                log.warning("news.away", why=type(trouble).__name__)
                self._ending.wait(AGAIN_SECONDS)

    def _tell(self, message: object) -> None:
        if isinstance(message, dict) and isinstance(data := message.get("data"), bytes):
            for listener in tuple(self._listeners):
                listener(data.decode())
