"""One process of a distributed service, connected to the others. What `wiring` holds when there is a Redis.

Nothing is connected until something is sent or `telling` begins, so it may be made before a fork and used after it.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from checkout.distributed.broker import Broker
from checkout.distributed.hints import Listening, SharedPace
from checkout.distributed.outbox import Outbox
from checkout.durable.service import DurableService


class Connected:
    """The parts: what is sent, what is counted together, what is heard."""

    def __init__(self, redis_url: str) -> None:
        self.broker = Broker(redis_url)
        self.outbox = Outbox(self.broker)
        self.pace = SharedPace(self.broker)
        self.news = Listening(redis_url)

    @contextmanager
    def telling(self, service: DurableService) -> Iterator[None]:
        """Tell others of this process's commits, until the block ends."""
        self.outbox.follow(service)
        with self.outbox:
            yield

    @contextmanager
    def hearing(self) -> Iterator[None]:
        """Hear of others' commits, until the block ends."""
        self.news.start()
        try:
            yield
        finally:
            self.news.stop()

    def close(self) -> None:
        """Let go of connections."""
        self.broker.close()
