"""The whole service behind its public API, with the outside and the time in the test's hands.

API, payment sandbox and demo shop stand on loopback ports of this process; they share one clock that stands still, and
nothing runs but when `work` is called. So a test knows what every request finds. The sandbox's money log and the shops'
books are the truth; the agent's shop is a book of the test's own.
"""

import json
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx2

from checkout import wiring
from checkout.api import keys
from checkout.purchase import books
from checkout.settings import Settings
from checkout.store.clock import ManualClock
from checkout.store.models import Intent
from merchants.demo import goods
from merchants.demo.books import Books
from merchants.demo.server import ShopServer
from merchants.demo.shop import Shop
from payments.sandbox.core import Sandbox
from payments.sandbox.money_log import MoneyLine
from payments.sandbox.server import Server
from tests.api.standing import _served
from tests.faults.evidence import Evidence

API = "/api/v1/checkout-intents"
AGENT = "agent"
# Longer than any call here takes; one that takes longer hangs.
PATIENCE_SECONDS = 20.0


class TickingClock(ManualClock):
    """It moves on by the least there is whenever it is read, so that what comes first is first in every run alike.

    Ids are random; were they to decide between two tasks of one moment, no run could be repeated.
    """

    def now(self) -> datetime:
        """The time, a microsecond later than ever before."""
        self.advance(1e-6)
        return super().now()


@dataclass(kw_only=True)
class House:
    """What stands, for a whole module; `seen` counts what the machine met, so that a test can tell it met enough."""

    clock: ManualClock
    sandbox: Sandbox
    sandbox_url: str
    shop: Shop
    shop_url: str
    deployment: wiring.Deployment
    client: httpx2.Client
    agent_orders: dict[str, dict[str, Any]] = field(default_factory=dict)
    seen: Counter[str] = field(default_factory=Counter)

    def key(self, tenant: str, *scopes: str) -> str:
        """A new API key; a developer's unless scopes are named."""
        with self.deployment.database.transaction() as session:
            _, key = keys.create_key(session, tenant, "", scopes or keys.DEVELOPER_SCOPES, now=self.clock.now())
        return key

    def call(
        self, key: str, method: str, path: str, body: Any = None, *, once: str | None = None, **headers: str
    ) -> httpx2.Response:
        """One request; `once` is its Idempotency-Key."""
        sent = {"Authorization": f"Bearer {key}", **{name.replace("_", "-"): value for name, value in headers.items()}}
        sent |= {"Idempotency-Key": once} if once else {}
        return self.client.request(method, path, json=body, headers=sent)

    def work(self) -> None:
        """Run everything that can run now."""
        self.deployment.durable.run_until_idle()

    def product_url(self, product: str) -> str:
        """A page of the demo shop's, or one that no adapter takes."""
        if product == AGENT:
            return f"{self.sandbox_url}/products/lamp"
        return f"{self.shop_url}/products/{goods.Behaviour(product).replace('_', '-')}"

    def intent(self, intent_id: str) -> Intent:
        """The row, read from outside."""
        with self.deployment.database.read() as session:
            return session.get_one(Intent, intent_id)

    def orders(self, intent_id: str, email: str) -> list[dict[str, Any]]:
        """What the shops' books say of a purchase."""
        agents = [self.agent_orders[intent_id]] if intent_id in self.agent_orders else []
        return [*agents, *(dict(order) for order in self.shop.books.orders.all() if order["email"] == email)]

    def money(self, intent_id: str) -> list[MoneyLine]:
        """What the sandbox's log says of it."""
        return [line for line in self.sandbox.money if line.reference == intent_id]

    def evidence(self, intent_id: str, email: str, *, may_ask: bool) -> Evidence:
        """What the promises are judged by. What was acknowledged the model itself remembers."""
        with self.deployment.database.read() as session:
            entries = books.entries_of(session, intent_id)
        return Evidence(
            intent=self.intent(intent_id),
            entries=entries,
            history=self.deployment.durable.history(intent_id),
            money=self.money(intent_id),
            orders=self.orders(intent_id, email),
            acknowledged={},
            may_ask=may_ask,
            secrets=("tok_visa", "tok_chargeDeclined", "success_token"),
        )


@contextmanager
def house(folder: Path) -> Iterator[House]:
    """Stand it up in `folder`, and take it down with the block."""
    clock = TickingClock()
    sandbox, shop = Sandbox(clock=clock), Shop(Books(clock=clock.now))
    bank, doors = Server(sandbox), ShopServer(shop)
    thread = threading.Thread(target=bank.serve, daemon=True)
    thread.start()
    doors.start()
    shop_url = next(iter(doors.urls.values()))
    hosts = [url.removeprefix("http://") for url in (*doors.urls.values(), bank.url)]
    settings = Settings(
        database_url=f"sqlite:///{folder / 'checkout.sqlite3'}",
        payment_sandbox_url=bank.url,
        allowed_private_hosts=json.dumps(hosts),
        demo_instruments=True,
        agents_enabled=True,
        agent_embedded=False,
        reads_per_second=100_000,
        writes_per_second=100_000,
        look_up_attempts=3,
        look_up_max_delay_seconds=1,
    )
    try:
        with (
            wiring.opened(settings, clock) as deployment,
            _served(deployment.api()) as url,
            httpx2.Client(base_url=url, timeout=PATIENCE_SECONDS, verify=False) as client,
        ):
            yield House(
                clock=clock,
                sandbox=sandbox,
                sandbox_url=bank.url,
                shop=shop,
                shop_url=shop_url,
                deployment=deployment,
                client=client,
            )
    finally:
        doors.stop()
        bank.close()
        thread.join(PATIENCE_SECONDS)
