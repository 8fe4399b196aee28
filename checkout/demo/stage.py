"""The demo's stage: service, payment sandbox and shop as processes on free loopback ports, and their own books.

The books are read from disk as the sandbox and the shop wrote them; nothing here trusts the service's word.
"""

import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2

from checkout import children
from checkout.children import Child
from checkout.demo.buying import DemoError, Developer

TENANT = "demo"
# Short, so that the audience sees the take-over: a killed service's purchase is claimed again after this, in seconds.
LEASE_SECONDS = 2
READY_SECONDS = 30
POLL_SECONDS = 0.02


@dataclass(slots=True)
class Stage:
    """Everything that runs, and where its books are."""

    folder: Path
    sandbox: Child
    shop: Child
    service: Child
    port: int
    api_key: str
    kills: int = 0

    def developer(self, http: httpx2.Client) -> Developer:
        """An agent developer at this service."""
        return Developer(self.service.url, self.api_key, http)

    def products(self) -> dict[str, str]:
        """A product URL per behaviour of the shop."""
        return dict(self.shop.said["products"])

    def money(self, intent_id: str) -> list[dict[str, Any]]:
        """What the sandbox's money log says of a purchase."""
        return [line for line in _lines(self.folder / "money.jsonl") if line.get("reference") == intent_id]

    def orders(self, email: str) -> list[dict[str, Any]]:
        """What the shop's order book says of a buyer; each purchase of the demo has a buyer of its own."""
        return [line for line in _lines(Path(self.shop.said["book"])) if line["email"] == email]

    def shop_saw(self, event: str, product: str) -> bool:
        """Whether the shop's request log has this event for a product."""
        lines = _lines(Path(self.shop.said["log"]))
        return any(line["event"] == event and line.get("product") == product for line in lines)

    def kill_and_restart(self) -> None:
        """`kill -9` the service, and start another process on the same database and port."""
        self.service.kill()
        self.kills += 1
        self.service = start_service(self.folder, self.sandbox, self.shop, self.port)


def until(what: str, true: Callable[[], bool], seconds: float = READY_SECONDS) -> None:
    """Wait for something that a log will tell."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            raise DemoError(f"{what} did not happen within {seconds:.0f} s")
        time.sleep(POLL_SECONDS)


def start_service(folder: Path, sandbox: Child, shop: Child, port: int) -> Child:
    """Start the service on the folder's database."""
    return children.start(
        "service",
        "checkout",
        "serve",
        "--port",
        str(port),
        folder=folder,
        environment=service_environment(folder, sandbox, shop, port),
    )


def service_environment(folder: Path, sandbox: Child, shop: Child, port: int) -> dict[str, str]:
    """The settings that make this service the demo's."""
    return {
        "CHECKOUT_DATABASE_URL": f"sqlite:///{folder / 'checkout.sqlite3'}",
        "CHECKOUT_PAYMENT_SANDBOX_URL": sandbox.url,
        "CHECKOUT_PUBLIC_URL": f"http://127.0.0.1:{port}",
        "CHECKOUT_ALLOWED_PRIVATE_HOSTS": json.dumps(shop.said["hosts"]),
        "CHECKOUT_DEMO_INSTRUMENTS": "true",
        "CHECKOUT_LEASE_SECONDS": str(LEASE_SECONDS),
        "STRIPE_API_KEY": "",
    }


@contextmanager
def stage(folder: Path, api_key: Callable[[dict[str, str]], str]) -> Iterator[Stage]:
    """Set the stage, and strike it: every process started here is ended here."""
    folder.mkdir(parents=True, exist_ok=True)
    started: list[Child] = []
    try:
        with children.payment_sandbox(folder) as sandbox:
            shop = children.start(
                "shop",
                "merchants.demo.ucp_shop",
                "--port",
                "0",
                "--book",
                str(folder / "orders.jsonl"),
                folder=folder,
            )
            started.append(shop)
            port = free_port()
            key = api_key(service_environment(folder, sandbox, shop, port))
            set_up = Stage(folder, sandbox, shop, start_service(folder, sandbox, shop, port), port, key)
            try:
                yield set_up
            finally:
                set_up.service.stop()
    finally:
        for child in started:
            child.stop()


def free_port() -> int:
    """A loopback port that was free a moment ago; the restarted service must come back on the same one."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        return int(listening.getsockname()[1])


def _lines(path: Path) -> list[dict[str, Any]]:
    """The whole lines of a log that is still being written."""
    if not path.exists():
        return []
    whole, _, _ = path.read_text().rpartition("\n")
    return [json.loads(line) for line in whole.splitlines()]
