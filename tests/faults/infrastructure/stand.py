"""The whole service as it runs for real, with a hand on every part: API, workers, PostgreSQL, Redis, provider, shop.

A part is killed, frozen, emptied or cut off from outside.
"""

import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.engine import make_url

from checkout.children import Child
from tests.faults.infrastructure.proxy import Proxy
from tests.faults.infrastructure.site import (
    CLOCKED,
    LEASE_SECONDS,
    SERVICE,
    Site,
    outside,
    proxied,
    proxied_child,
    signalled,
)
from tests.servers import PostgresServer, RedisServer

__all__ = ["LEASE_SECONDS", "Stand", "pool_of", "signalled", "stand"]


@dataclass(kw_only=True)
class Stand(Site):
    """What runs."""

    redis: RedisServer
    to_database: Proxy
    to_redis: Proxy
    # Set where the server is this test's own, and may be killed.
    server: PostgresServer | None = None
    workers: list[Child] = field(default_factory=list)
    # Purchases that a worker may have under way at once.
    concurrency: int = 2

    @property
    def environment(self) -> dict[str, str]:
        """The database and Redis are behind proxies, too."""
        database = make_url(self.database_url).set(host="127.0.0.1", port=self.to_database.port)
        return {
            **super().environment,
            "CHECKOUT_DATABASE_URL": database.render_as_string(hide_password=False),
            "CHECKOUT_REDIS_URL": f"redis://127.0.0.1:{self.to_redis.port}/0",
        }

    def hire(self, *, ahead_seconds: float | None = None) -> Child:
        """Another worker, on a machine whose clock is ahead or, below zero, behind."""
        module: tuple[str, ...] = (SERVICE,)
        if ahead_seconds is not None:
            self.set_clocks(ahead_seconds)
            module = (CLOCKED, str(self.clock))
        worker = self._start("worker", *module, "worker", "--concurrency", str(self.concurrency))
        self.workers.append(worker)
        return worker

    def fire(self, worker: Child) -> None:
        """`kill -9` of a worker and of its pool, as when a host goes."""
        for pid in [*pool_of(worker), worker.process.pid]:
            signalled(pid, signal.SIGKILL)
        worker.kill()
        self.workers.remove(worker)

    def retire(self, worker: Child) -> None:
        """SIGTERM, and wait for its end."""
        worker.stop()
        self.workers.remove(worker)


def pool_of(worker: Child) -> list[int]:
    """The processes of a worker's pool."""
    return [int(pid) for pid in _children(worker.process.pid)]


def _children(pid: int) -> list[str]:
    found: list[str] = []
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += listed.read_text().split()
        except OSError:
            continue
    return found


@contextmanager
def stand(folder: Path, database_url: str, server: PostgresServer | None = None, **settings: str) -> Iterator[Stand]:
    """Provider, shop, Redis and proxies run; API and workers are started by whoever asks. All ends with the block."""
    with ExitStack() as stack:
        provider, shop = outside(folder, stack)
        redis = stack.enter_context(RedisServer.started())
        database = make_url(database_url)
        yield Stand(
            folder=folder,
            database_url=database_url,
            server=server,
            redis=redis,
            provider=provider,
            shop=shop,
            to_database=proxied(stack, str(database.host), database.port or 5432, speaks_postgresql=True),
            to_redis=proxied(stack, "127.0.0.1", redis.port),
            to_provider=proxied_child(stack, provider),
            to_shop=proxied_child(stack, shop),
            stack=stack,
            settings=settings,
        )
