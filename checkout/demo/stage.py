"""The demo's stage: service, payment sandbox and shops as processes on free loopback ports, and their own books.

The books are read from disk as the sandbox and the shops wrote them; nothing here trusts the service's word.
"""

import json
import os
import secrets
import socket
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from checkout import children
from checkout.children import Child
from checkout.demo import books
from checkout.demo.buying import DemoError, Developer
from checkout.demo.scenes import Shop

TENANT = "demo"
# Short, so that the audience sees the take-over: a killed service's purchase is claimed again after this, in seconds.
LEASE_SECONDS = 2
READY_SECONDS = 30
POLL_SECONDS = 0.02
# Connections that go out, and listeners that take any port, get theirs from 32,768 on; these stay free until they are
# bound.
PORTS = range(20_000, 32_000)
# A test number of Stripe's, for a shop and a bank that only play.
CARD = {"number": "4242424242424242", "exp_month": 12, "exp_year": 2031, "cvc": "737", "holder": "Ada Lovelace"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Agents:
    """What the browser agent works with: two more shops, a model (None: Anthropic's), a folder for its evidence."""

    shops: Mapping[Shop, Child]
    model: Child | None
    evidence: Path
    headed: bool = False

    def environment(self, ucp_shop: Child) -> dict[str, str]:
        """The settings that switch the agent on."""
        hosts = [host for shop in (ucp_shop, *self.shops.values()) for host in shop.said["hosts"]]
        paying = [host for shop in self.shops.values() for host in shop.said["payment_hosts"]]
        return {
            "CHECKOUT_AGENTS_ENABLED": "true",
            "CHECKOUT_ALLOWED_PRIVATE_HOSTS": json.dumps(hosts),
            "CHECKOUT_PAYMENT_HOSTS": json.dumps(paying),
            "CHECKOUT_AGENT_CARD": json.dumps(CARD),
            "CHECKOUT_EVIDENCE_FOLDER": str(self.evidence),
            "CHECKOUT_BROWSER_HEADED": json.dumps(self.headed),
            **({"CHECKOUT_MODEL_URL": self.model.url} if self.model else {}),
        }


@dataclass(slots=True)
class Stage:
    """Everything that runs, and where its books are."""

    folder: Path
    sandbox: Child
    shop: Child
    service: Child
    port: int
    api_key: str
    agents: Agents | None = None
    kills: int = 0

    def developer(self, http: httpx2.Client) -> Developer:
        """An agent developer at this service."""
        return Developer(self.service.url, self.api_key, http)

    def products(self, shop: Shop = Shop.UCP) -> dict[str, str]:
        """A product URL per product of a shop."""
        return dict(self._process(shop).said["products"])

    def money(self, intent_id: str) -> list[dict[str, Any]]:
        """What the sandbox's money log says of a purchase."""
        return [line for line in books.lines(self.folder / "money.jsonl") if line.get("reference") == intent_id]

    def orders(self, email: str) -> list[dict[str, Any]]:
        """What the UCP shop's order book says of a buyer; each purchase of the demo has a buyer of its own."""
        return [line for line in books.lines(Path(self.shop.said["book"])) if line["email"] == email]

    def sales(self, shop: Shop, email: str) -> list[books.Sale]:
        """The same of any shop, in the demo's words."""
        read = {Shop.UCP: books.of_ucp, Shop.BROWSER: books.of_browser_shop, Shop.OSCAR: books.of_oscar}[shop]
        return read(Path(self._process(shop).said["book"]), email)

    def shop_saw(self, event: str, product: str) -> bool:
        """Whether the shop's request log has this event for a product."""
        lines = books.lines(Path(self.shop.said["log"]))
        return any(line["event"] == event and line.get("product") == product for line in lines)

    @property
    def database(self) -> Path:
        """The service's database."""
        return self.folder / "checkout.sqlite3"

    def kill_and_restart(self) -> None:
        """`kill -9` the service, and start another process on the same database and port."""
        self.service.kill()
        self.kills += 1
        self.service = start_service(self.folder, self.sandbox, self.shop, self.port, self.agents)

    def _process(self, shop: Shop) -> Child:
        return self.shop if shop is Shop.UCP or not self.agents else self.agents.shops[shop]


def until(what: str, true: Callable[[], bool], seconds: float = READY_SECONDS) -> None:
    """Wait for something that a log will tell."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise DemoError(f"{what} did not happen within {seconds:.0f} s")
        time.sleep(POLL_SECONDS)


def start_service(folder: Path, sandbox: Child, shop: Child, port: int, agents: Agents | None = None) -> Child:
    """Start the service on the folder's database."""
    return children.start(
        "service",
        "checkout",
        "serve",
        "--port",
        str(port),
        folder=folder,
        environment=service_environment(folder, sandbox, shop, port, agents),
    )


def service_environment(
    folder: Path, sandbox: Child, shop: Child, port: int, agents: Agents | None = None
) -> dict[str, str]:
    """The settings that make this service the demo's."""
    return {
        "CHECKOUT_DATABASE_URL": f"sqlite:///{folder / 'checkout.sqlite3'}",
        "CHECKOUT_PAYMENT_SANDBOX_URL": sandbox.url,
        "CHECKOUT_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "CHECKOUT_ALLOWED_PRIVATE_HOSTS": json.dumps(shop.said["hosts"]),
        "CHECKOUT_DEMO_INSTRUMENTS": "true",
        "CHECKOUT_LEASE_SECONDS": str(LEASE_SECONDS),
        "STRIPE_API_KEY": "",
        **(agents.environment(shop) if agents else {}),
    }


@contextmanager
def stage(
    folder: Path,
    api_key: Callable[[dict[str, str]], str],
    *,
    evidence: Path | None = None,
    headed: bool = False,
) -> Iterator[Stage]:
    """Set the stage, and strike it: every process started here is ended here.

    With a folder for its evidence, the browser agent and the shops it buys from are on it too.
    """
    folder.mkdir(parents=True, exist_ok=True)
    started: list[Child] = []
    try:
        with children.payment_sandbox(folder) as sandbox:
            shop, more = _extras(folder, started, agents=evidence is not None)
            agents = None
            if evidence is not None:
                shops = {one: more[one.value] for one in (Shop.BROWSER, Shop.OSCAR)}
                agents = Agents(shops=shops, model=more.get("model"), evidence=evidence, headed=headed)
            port = free_port()
            key = api_key(service_environment(folder, sandbox, shop, port, agents))
            service = start_service(folder, sandbox, shop, port, agents)
            set_up = Stage(folder, sandbox, shop, service, port, key, agents)
            try:
                yield set_up
            finally:
                set_up.service.stop()
    finally:
        for child in started:
            child.stop()


def _extras(folder: Path, started: list[Child], *, agents: bool) -> tuple[Child, dict[str, Child]]:
    """The UCP shop, and by name what the agent needs; side by side, because each takes a second or two to come up."""
    wanted: dict[str, tuple[str, ...]] = {
        "shop": ("merchants.demo.ucp_shop", "--port", "0", "--book", str(folder / "orders.jsonl"))
    }
    if agents:
        book, log = folder / "browser_orders.jsonl", folder / "browser_requests.jsonl"
        wanted[Shop.BROWSER.value] = ("merchants.demo.browser_shop", "--book", str(book), "--log", str(log))
        wanted[Shop.OSCAR.value] = ("merchants.demo.oscar", "--folder", str(folder / "oscar"))
        if not os.environ.get("ANTHROPIC_API_KEY"):
            wanted["model"] = ("agents.stand_in", "--log", str(folder / "model.jsonl"))

    def start(name: str) -> Child:
        child = children.start(name, *wanted[name], folder=folder)
        started.append(child)
        return child

    with ThreadPoolExecutor(len(wanted)) as pool:
        processes = dict(zip(wanted, pool.map(start, wanted), strict=True))
    return processes.pop("shop"), processes


def free_port() -> int:
    """A loopback port that was free a moment ago; the restarted service must come back on the same one."""
    for port in secrets.SystemRandom().sample(PORTS, k=len(PORTS)):
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):  # taken
            return port
    raise DemoError(f"no port from {PORTS.start} to {PORTS.stop - 1} is free on this machine")
