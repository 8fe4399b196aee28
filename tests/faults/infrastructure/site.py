"""What every set-up that is tried has: a process that serves, a provider and a shop behind proxies, a place for files.

Every part is a process; between them stand proxies that can lose what they carry. Nothing here is imported by what is
tried: it is judged by what provider and shop wrote themselves.
"""

import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.fernet import Fernet

from checkout import children, wiring
from checkout.api import keys
from checkout.children import Child
from checkout.demo.stage import free_port
from checkout.settings import Settings
from tests.faults.infrastructure.proxy import Proxy

# Long enough for every step of a test's purchase on a loaded machine, and short enough to wait for it to lapse.
LEASE_SECONDS = 2
ROOT = Path(__file__).parents[3]
SERVICE = "checkout"
# The same program with a clock that another process sets.
CLOCKED = "tests.faults.infrastructure.clocked"


def nobody() -> None:
    """Nothing is to be done."""


@dataclass(kw_only=True)
class Site:
    """What runs. `settings` are environment variables for every process of the service."""

    folder: Path
    database_url: str
    provider: Child
    shop: Child
    to_provider: Proxy
    to_shop: Proxy
    stack: ExitStack
    settings: dict[str, str] = field(default_factory=dict)
    secret_key: str = field(default_factory=lambda: Fernet.generate_key().decode())
    port: int = field(default_factory=free_port)
    service: Child | None = None
    started: int = 0
    # What is mended only when the purchases that are tried are over.
    when_over: ExitStack = field(default_factory=ExitStack)
    # What a trouble does before each purchase's call is let through.
    before_each: Callable[[], None] = nobody

    @property
    def environment(self) -> dict[str, str]:
        """What makes a process part of this service: everything it speaks to is behind a proxy."""
        hosts = [f"127.0.0.1:{self.to_shop.port}", *self.shop.said["hosts"], f"127.0.0.1:{self.to_provider.port}"]
        return {
            "CHECKOUT_DATABASE_URL": self.database_url,
            "CHECKOUT_SECRET_KEY": self.secret_key,
            "CHECKOUT_PAYMENT_SANDBOX_URL": f"http://127.0.0.1:{self.to_provider.port}",
            "CHECKOUT_ALLOWED_PRIVATE_HOSTS": json.dumps(hosts),
            "CHECKOUT_DEMO_INSTRUMENTS": "true",
            "CHECKOUT_LEASE_SECONDS": str(LEASE_SECONDS),
            "CHECKOUT_LOOK_UP_MAX_DELAY_SECONDS": "2",
            "CHECKOUT_WRITES_PER_SECOND": "1000",
            "CHECKOUT_READS_PER_SECOND": "1000",
            "STRIPE_API_KEY": "",
            "PYTHONPATH": str(ROOT),
            **self.settings,
        }

    @property
    def url(self) -> str:
        """Where the API listens, also after a restart."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def clock(self) -> Path:
        """The seconds by which the clocks of clocked processes are ahead."""
        return self.folder / "ahead"

    def set_clocks(self, seconds: float) -> None:
        """From now on, and all at once."""
        new = self.folder / "ahead.new"
        new.write_text(str(seconds))
        new.replace(self.clock)

    def serve(self, *, clocked: bool = False) -> None:
        """Start what serves the API; once more, after it was killed."""
        module = (CLOCKED, str(self.clock)) if clocked else (SERVICE,)
        self.service = self._start("api", *module, "serve", "--port", str(self.port))

    def product(self, behaviour: str) -> str:
        """The page of a product, behind the proxy."""
        page: str = self.shop.said["products"][behaviour]
        return page.replace(self.shop.url, f"http://127.0.0.1:{self.to_shop.port}")

    @contextmanager
    def beside(self) -> Iterator[wiring.Deployment]:
        """The same database, looked at from this process and past the proxies."""
        with wiring.opened(Settings(database_url=self.database_url, secret_key=self.secret_key)) as deployment:
            yield deployment

    def key(self, tenant: str, *scopes: str) -> str:
        """A new key; a developer's unless scopes are named."""
        with self.beside() as beside, beside.database.transaction() as session:
            _, key = keys.create_key(session, tenant, "", scopes or keys.DEVELOPER_SCOPES, now=beside.clock.now())
        return key

    def _start(self, name: str, *arguments: str) -> Child:
        self.started += 1
        child = children.start(f"{name}-{self.started}", *arguments, folder=self.folder, environment=self.environment)
        self.stack.callback(child.stop)
        return child


def signalled(pid: int, number: int) -> bool:
    """Send a signal; False if there is no such process any more."""
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return False
    return True


def freeze(pool: list[int]) -> None:
    """SIGSTOP."""
    for pid in pool:
        signalled(pid, signal.SIGSTOP)


def thaw(pool: list[int]) -> None:
    """SIGCONT."""
    for pid in pool:
        signalled(pid, signal.SIGCONT)


def outside(folder: Path, stack: ExitStack) -> tuple[Child, Child]:
    """Provider and shop, until the stack is closed."""
    folder.mkdir(parents=True, exist_ok=True)
    provider = stack.enter_context(children.payment_sandbox(folder))
    book = ("--port", "0", "--book", str(folder / "orders.jsonl"))
    shop = children.start("shop", "merchants.demo.ucp_shop", *book, folder=folder)
    stack.callback(shop.stop)
    return provider, shop


def proxied(stack: ExitStack, host: str, port: int, *, speaks_postgresql: bool = False) -> Proxy:
    """A proxy that is closed with the stack."""
    proxy = Proxy(host, port, speaks_postgresql=speaks_postgresql)
    stack.callback(proxy.close)
    return proxy


def proxied_child(stack: ExitStack, child: Child) -> Proxy:
    """A proxy before a child."""
    host, _, port = child.url.removeprefix("http://").partition(":")
    return proxied(stack, host, int(port))
