"""A whole service standing on a loopback port: real database, durable service, purchase and HTTP server; fake shop.

One stands for a test module. Everything is reached through HTTP; the shop's book and the database file are the truth.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import uvicorn
from cryptography.fernet import Fernet
from fastapi import FastAPI

from checkout.api import keys
from checkout.api.app import create_app
from checkout.api.calling import Running
from checkout.api.services import Services
from checkout.durable.dispatch.local import LocalDispatcher
from checkout.durable.service import DurableService
from checkout.purchase.commands import FUNCTION, Purchases
from checkout.purchase.projection import project
from checkout.purchase.saga import VERSION, purchase
from checkout.settings import Settings
from checkout.store.clock import SystemClock
from checkout.store.session import Database
from checkout.store.vault import Vault
from merchants.fetch import Fetcher
from tests.api.shop import Shop
from tests.stores import everything, store_url

LAMP = "https://shop.example/lamp"
VISA = {"type": "stripe_token", "stripeToken": "tok_visa"}
BUYER: dict[str, Any] = {
    "firstName": "Ada",
    "lastName": "Lovelace",
    "email": "ada@example.com",
    "phone": "+1 212 555 0123",
    "address1": "1 Engine Way",
    "city": "New York",
    "province": "NY",
    "postalCode": "10001",
    "country": "US",
}
# A purchase here takes milliseconds; a test that waits longer has found a hang.
PATIENCE_SECONDS = 20.0


def wanted(path: str = "/lamp", **fields: Any) -> dict[str, Any]:
    """A create body."""
    return {"productUrl": f"https://shop.example{path}", "quantity": 1, "buyer": BUYER, **fields}


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The service and what tests hold of it."""

    url: str
    running: Running
    services: Services
    shop: Shop

    def key(self, tenant: str = "t_1", *scopes: str) -> str:
        """A new key; a developer's unless scopes are named."""
        with self.services.database.transaction() as session:
            _, plaintext = keys.create_key(
                session, tenant, "test", scopes or keys.DEVELOPER_SCOPES, now=self.services.clock.now()
            )
        return plaintext

    def stored(self) -> bytes:
        """Everything the database keeps: the file as it is, or every row of every table."""
        url = self.services.settings.database_url
        return Path(url.removeprefix("sqlite:///")).read_bytes() if url.startswith("sqlite") else everything(url)

    def history(self, intent_id: str) -> str:
        """All that the durable service has on record of a purchase, as text."""
        assert isinstance(self.services.durable, DurableService)
        return str(self.services.durable.history(intent_id))

    @contextmanager
    def client(self, tenant: str = "t_1", *scopes: str) -> Iterator[httpx2.Client]:
        """An HTTP client with a new key of its own."""
        headers = {"Authorization": f"Bearer {self.key(tenant, *scopes)}"}
        # Plain HTTP on loopback: loading the machine's certificates would be most of a test's time.
        with httpx2.Client(base_url=self.url, headers=headers, timeout=PATIENCE_SECONDS, verify=False) as client:
            yield client


def eventually(so: Callable[[], bool]) -> None:
    """Return once it is so; for what another thread does and no event tells."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not so():
        assert time.monotonic() < deadline, "it never came to be so"
        threading.Event().wait(0.005)


def until(client: httpx2.Client, intent_id: str, *states: str) -> dict[str, Any]:
    """Poll until the intent is in one of `states`."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        intent: dict[str, Any] = client.get(f"/api/v1/checkout-intents/{intent_id}", params={"wait": 1}).json()
        if intent["state"] in states:
            return intent
    raise AssertionError(f"{intent_id} never came to {states}: {intent}")


@contextmanager
def standing(folder: Path, **settings: Any) -> Iterator[Standing]:
    """Stand up a service in `folder`, on the database of this run."""
    with store_url(folder) as url, _standing(url, settings) as stand:
        yield stand


@contextmanager
def _standing(database_url: str, settings: dict[str, Any]) -> Iterator[Standing]:
    chosen: dict[str, Any] = {"reads_per_second": 1000, "writes_per_second": 1000, "agents_enabled": True, **settings}
    configured = Settings(database_url=database_url, **chosen)
    database, clock, vault = Database.open(configured.database_url), SystemClock(), Vault(Fernet.generate_key())
    durable = DurableService(database, clock=clock)
    shop = Shop(database=database, vault=vault, clock=clock)
    durable.register(
        FUNCTION,
        partial(purchase, ports=shop),
        version=VERSION,
        projector=partial(project, now=clock.now),
        ends_only_by_result=True,
    )
    database.create_tables()
    services = Services(
        database=database,
        vault=vault,
        purchases=Purchases(durable, vault, clock, configured),
        durable=durable,
        clock=clock,
        settings=configured,
        check_url=Fetcher(allowed=configured.allowed_private_hosts).check_url,
        platform_profile=lambda version: {"ucp": {"version": version or "2026-08-25"}},
    )
    dispatcher = LocalDispatcher(durable)
    dispatcher.start()
    try:
        app = create_app(services)
        with _served(app) as url:
            yield Standing(url=url, running=app.state.running, services=services, shop=shop)
    finally:
        shop.door.set()
        dispatcher.stop()
        database.close()


@contextmanager
def _served(app: FastAPI) -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config = uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=1, lifespan="off")
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(PATIENCE_SECONDS)
