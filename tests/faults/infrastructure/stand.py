"""The whole service as it runs for real, with a hand on every part: API, workers, PostgreSQL, Redis, provider, shop.

Every part is a process; between them stand proxies that can lose what they carry. Nothing here is imported by what is
tried: a part is killed, frozen, emptied or cut off from outside, and judged by what provider and shop wrote themselves.
"""

import json
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.fernet import Fernet
from sqlalchemy.engine import make_url

from checkout import children, wiring
from checkout.api import keys
from checkout.children import Child
from checkout.demo.stage import free_port
from checkout.settings import Settings
from tests.faults.infrastructure.proxy import Proxy
from tests.servers import RedisServer

# Long enough for every step of a test's purchase on a loaded machine, and short enough to wait for it to lapse.
LEASE_SECONDS = 2


@dataclass(kw_only=True)
class Stand:
    """What runs. `settings` are environment variables for every process of the service."""

    folder: Path
    database_url: str
    redis: RedisServer
    provider: Child
    shop: Child
    to_database: Proxy
    to_redis: Proxy
    to_provider: Proxy
    to_shop: Proxy
    stack: ExitStack
    settings: dict[str, str] = field(default_factory=dict)
    secret_key: str = field(default_factory=lambda: Fernet.generate_key().decode())
    port: int = field(default_factory=free_port)
    service: Child | None = None
    workers: list[Child] = field(default_factory=list)
    started: int = 0
    # What is mended only when the purchase that is tried is over.
    when_over: ExitStack = field(default_factory=ExitStack)

    @property
    def environment(self) -> dict[str, str]:
        """What makes a process part of this service: everything it speaks to is behind a proxy."""
        database = make_url(self.database_url).set(host="127.0.0.1", port=self.to_database.port)
        return {
            "CHECKOUT_DATABASE_URL": database.render_as_string(hide_password=False),
            "CHECKOUT_REDIS_URL": f"redis://127.0.0.1:{self.to_redis.port}/0",
            "CHECKOUT_SECRET_KEY": self.secret_key,
            "CHECKOUT_PAYMENT_SANDBOX_URL": f"http://127.0.0.1:{self.to_provider.port}",
            "CHECKOUT_ALLOWED_PRIVATE_HOSTS": json.dumps([f"127.0.0.1:{self.to_shop.port}", *self.shop.said["hosts"]]),
            "CHECKOUT_DEMO_INSTRUMENTS": "true",
            "CHECKOUT_LEASE_SECONDS": str(LEASE_SECONDS),
            "CHECKOUT_LOOK_UP_MAX_DELAY_SECONDS": "2",
            "CHECKOUT_WRITES_PER_SECOND": "1000",
            "CHECKOUT_READS_PER_SECOND": "1000",
            "STRIPE_API_KEY": "",
            **self.settings,
        }

    @property
    def url(self) -> str:
        """Where the API listens, also after a restart."""
        return f"http://127.0.0.1:{self.port}"

    def serve(self) -> None:
        """Start the API; once more, after it was killed."""
        self.service = self._start("api", "serve", "--port", str(self.port))

    def hire(self, concurrency: int = 2) -> Child:
        """Another worker."""
        worker = self._start("worker", "worker", "--concurrency", str(concurrency))
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

    def product(self, behaviour: str) -> str:
        """The page of a product, behind the proxy."""
        page: str = self.shop.said["products"][behaviour]
        return page.replace(self.shop.url, f"http://127.0.0.1:{self.to_shop.port}")

    @contextmanager
    def beside(self) -> Iterator[wiring.Deployment]:
        """The same database, looked at from this process and past the proxies."""
        with wiring.opened(Settings(database_url=self.database_url, secret_key=self.secret_key)) as deployment:
            yield deployment

    def key(self, tenant: str) -> str:
        """A developer's new key."""
        with self.beside() as beside, beside.database.transaction() as session:
            _, key = keys.create_key(session, tenant, "", keys.DEVELOPER_SCOPES, now=beside.clock.now())
        return key

    def _start(self, name: str, *arguments: str) -> Child:
        self.started += 1
        child = children.start(
            f"{name}-{self.started}", "checkout", *arguments, folder=self.folder, environment=self.environment
        )
        self.stack.callback(child.stop)
        return child


def pool_of(worker: Child) -> list[int]:
    """The processes of a worker's pool."""
    return [int(pid) for pid in _children(worker.process.pid)]


def signalled(pid: int, number: int) -> bool:
    """Send a signal; False if there is no such process any more."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


def _children(pid: int) -> list[str]:
    found: list[str] = []
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        try:
            found += listed.read_text().split()
        except OSError:
            continue
    return found


@contextmanager
def stand(folder: Path, database_url: str, **settings: str) -> Iterator[Stand]:
    """Provider, shop, Redis and proxies run; API and workers are started by whoever asks. All ends with the block."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        provider = stack.enter_context(children.payment_sandbox(folder))
        book = ("--port", "0", "--book", str(folder / "orders.jsonl"))
        shop = children.start("shop", "merchants.demo.ucp_shop", *book, folder=folder)
        stack.callback(shop.stop)
        redis = stack.enter_context(RedisServer.started())
        database = make_url(database_url)
        yield Stand(
            folder=folder,
            database_url=database_url,
            redis=redis,
            provider=provider,
            shop=shop,
            to_database=_proxy(stack, str(database.host), database.port or 5432),
            to_redis=_proxy(stack, "127.0.0.1", redis.port),
            to_provider=_proxy_to(stack, provider),
            to_shop=_proxy_to(stack, shop),
            stack=stack,
            settings=settings,
        )


def _proxy(stack: ExitStack, host: str, port: int) -> Proxy:
    proxy = Proxy(host, port)
    stack.callback(proxy.close)
    return proxy


def _proxy_to(stack: ExitStack, child: Child) -> Proxy:
    host, _, port = child.url.removeprefix("http://").partition(":")
    return _proxy(stack, host, int(port))
