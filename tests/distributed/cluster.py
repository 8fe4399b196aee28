"""A distributed service as it runs for real: API processes, workers, PostgreSQL, Redis, a payment sandbox and a shop.

Every part is a process of its own, started and ended here. Judged by what the sandbox and the shop wrote themselves.
"""

import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2
from cryptography.fernet import Fernet

from checkout import children, wiring
from checkout.api import keys
from checkout.children import Child
from checkout.demo import books
from checkout.demo.buying import Developer
from checkout.settings import Settings


@dataclass(kw_only=True)
class Cluster:
    """What runs, by name. `settings` are environment variables for every process of the service."""

    folder: Path
    database_url: str
    redis_url: str
    sandbox: Child
    shop: Child
    stack: ExitStack
    settings: dict[str, str] = field(default_factory=dict)
    secret_key: str = field(default_factory=lambda: Fernet.generate_key().decode())
    processes: dict[str, Child] = field(default_factory=dict)

    @property
    def environment(self) -> dict[str, str]:
        """What makes a process part of this service."""
        return {
            "CHECKOUT_DATABASE_URL": self.database_url,
            "CHECKOUT_REDIS_URL": self.redis_url,
            "CHECKOUT_SECRET_KEY": self.secret_key,
            "CHECKOUT_PAYMENT_SANDBOX_URL": self.sandbox.url,
            "CHECKOUT_ALLOWED_PRIVATE_HOSTS": json.dumps(self.shop.said["hosts"]),
            "CHECKOUT_DEMO_INSTRUMENTS": "true",
            "CHECKOUT_LEASE_SECONDS": "2",
            "STRIPE_API_KEY": "",
            **self.settings,
        }

    def start(self, name: str, *arguments: str, **settings: str) -> Child:
        """Start `checkout …` as a process of that name."""
        environment = {**self.environment, **settings}
        child = children.start(name, "checkout", *arguments, folder=self.folder, environment=environment)
        self.processes[name] = child
        self.stack.callback(child.stop)
        return child

    def api(self, name: str = "api", **settings: str) -> Child:
        """An API process on a free port."""
        return self.start(name, "serve", "--port", "0", **settings)

    def worker(self, name: str = "worker", concurrency: int = 1, **settings: str) -> Child:
        """A worker."""
        return self.start(name, "worker", "--concurrency", str(concurrency), **settings)

    @contextmanager
    def opened(self) -> Iterator[wiring.Deployment]:
        """The same database, looked at from this process."""
        settings = Settings(database_url=self.database_url, secret_key=self.secret_key)
        with wiring.opened(settings) as beside:
            yield beside

    def key(self, tenant: str, *scopes: str) -> str:
        """A new key; a developer's unless scopes are named."""
        with self.opened() as beside, beside.database.transaction() as session:
            _, key = keys.create_key(session, tenant, "", scopes or keys.DEVELOPER_SCOPES, now=beside.clock.now())
        return key

    @contextmanager
    def developer(self, api: Child, tenant: str = "t_1") -> Iterator[Developer]:
        """An agent developer at one of the API processes."""
        with httpx2.Client(timeout=30, trust_env=False, verify=False) as http:
            yield Developer(api.url, self.key(tenant), http)

    def orders(self, email: str) -> list[dict[str, Any]]:
        """The shop's own book: what a buyer ordered."""
        return [line for line in books.lines(Path(self.shop.said["book"])) if line["email"] == email]

    def money(self, intent_id: str) -> list[tuple[str, int]]:
        """The sandbox's own log: what moved for a purchase, in minor units."""
        lines = books.lines(self.folder / "money.jsonl")
        return [(line["kind"], line["amount_minor"]) for line in lines if line.get("reference") == intent_id]

    def product(self, name: str) -> str:
        """A product's address."""
        return str(self.shop.said["products"][name])


@contextmanager
def cluster(folder: Path, database_url: str, redis_url: str, **settings: str) -> Iterator[Cluster]:
    """Sandbox and shop run; API and workers are started by whoever asks. Everything ends with the block."""
    folder.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        sandbox = stack.enter_context(children.payment_sandbox(folder))
        book = ("--book", str(folder / "orders.jsonl"))
        shop = children.start("shop", "merchants.demo.ucp_shop", "--port", "0", *book, folder=folder)
        stack.callback(shop.stop)
        yield Cluster(
            folder=folder,
            database_url=database_url,
            redis_url=redis_url,
            sandbox=sandbox,
            shop=shop,
            stack=stack,
            settings=settings,
        )
