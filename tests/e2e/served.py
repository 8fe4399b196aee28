"""`checkout serve` as a process of its own, on one folder: started, killed, started again, reached over HTTP.

The payment sandbox is another process, so that a killed service leaves the money's own log standing.
"""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx2

from checkout import children, wiring
from checkout.api import keys
from checkout.children import Child
from checkout.demo.stage import free_port
from checkout.settings import Settings
from tests.cli.command import Answer, Command

# A purchase takes milliseconds here, a take-over a lease; whoever waits longer has found a hang.
PATIENCE_SECONDS = 60.0
POLL_SECONDS = 0.02


@dataclass(kw_only=True)
class Served:
    """A service on a folder. `settings` are environment variables on top of the test's own."""

    folder: Path
    sandbox: Child
    settings: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    process: Child | None = None

    @property
    def url(self) -> str:
        """Where it listens, also after a restart."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def environment(self) -> dict[str, str]:
        """What makes this service, and a command beside it, work on this folder."""
        return {
            "CHECKOUT_DATABASE_URL": f"sqlite:///{self.folder / 'checkout.sqlite3'}",
            "CHECKOUT_PAYMENT_SANDBOX_URL": self.sandbox.url,
            # Nothing there speaks a protocol an adapter knows, so no adapter takes its URLs.
            "CHECKOUT_ALLOWED_PRIVATE_HOSTS": json.dumps([self.sandbox.url.removeprefix("http://")]),
            "CHECKOUT_LEASE_SECONDS": "2",
            "STRIPE_API_KEY": "",
            **self.settings,
        }

    @property
    def unsold_url(self) -> str:
        """A product URL that no adapter takes."""
        return f"{self.sandbox.url}/products/lamp"

    def start(self) -> None:
        """Start a process on the folder's database."""
        arguments = ("checkout", "serve", "--port", str(self.port))
        self.process = children.start("service", *arguments, folder=self.folder, environment=self.environment)

    def kill(self) -> None:
        """`kill -9`."""
        assert self.process
        self.process.kill()

    def stop(self) -> None:
        """SIGTERM."""
        if self.process:
            self.process.stop()

    def key(self, tenant: str, *scopes: str) -> str:
        """A new key, made beside the running service; a developer's unless scopes are named."""
        settings = Settings(database_url=self.environment["CHECKOUT_DATABASE_URL"])
        with wiring.opened(settings) as beside, beside.database.transaction() as session:
            _, key = keys.create_key(session, tenant, "", scopes or keys.DEVELOPER_SCOPES, now=beside.clock.now())
        return key

    @contextmanager
    def client(self, tenant: str, *scopes: str) -> Iterator[httpx2.Client]:
        """An HTTP client with a key of its own."""
        headers = {"Authorization": f"Bearer {self.key(tenant, *scopes)}"}
        with httpx2.Client(base_url=self.url, headers=headers, timeout=PATIENCE_SECONDS, verify=False) as client:
            yield client

    def command(self, *arguments: str) -> Answer:
        """`checkout …` beside the service."""
        return Command(environment=self.environment)(*arguments)

    def money(self, intent_id: str) -> list[tuple[str, int]]:
        """The sandbox's own log of a purchase: what moved, in minor units."""
        lines = [json.loads(line) for line in (self.folder / "money.jsonl").read_text().splitlines()]
        return [(line["kind"], line["amount_minor"]) for line in lines if line.get("reference") == intent_id]


@contextmanager
def served(folder: Path, **settings: str) -> Iterator[Served]:
    """A running service and its sandbox; both are ended with the block."""
    with children.payment_sandbox(folder) as sandbox:
        service = Served(folder=folder, sandbox=sandbox, settings=settings)
        try:
            service.start()
            yield service
        finally:
            service.stop()


def run(*arguments: str, environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    """`checkout …` as a process, to its end."""
    return subprocess.run(
        [sys.executable, "-m", "checkout", *arguments],
        env={**os.environ, "COLUMNS": "80", **environment},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


def until(client: httpx2.Client, intent_id: str, *states: str) -> dict[str, Any]:
    """Poll until the intent is in one of `states`."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        intent: dict[str, Any] = client.get(f"/api/v1/checkout-intents/{intent_id}", params={"wait": 2}).json()
        if intent["state"] in states:
            return intent
    raise AssertionError(f"{intent_id} never came to {states}: {intent}")


def offspring(pid: int) -> set[int]:
    """The processes that `pid` started, and theirs."""
    found: set[int] = set()
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in map(int, listed.read_text().split()):
            found |= {child} | offspring(child)
    return found


def alive(pids: set[int]) -> set[int]:
    """Those that still run; one that only waits to be reaped does not."""
    return {pid for pid in pids if _state(pid) not in (None, "Z", "X")}


def gone(pids: set[int]) -> None:
    """Wait until none of them runs."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while left := alive(pids):
        assert time.monotonic() < deadline, f"{left} still run"
        time.sleep(POLL_SECONDS)


def _state(pid: int) -> str | None:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][:1]
    except OSError:
        return None
