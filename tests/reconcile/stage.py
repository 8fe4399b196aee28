"""A payment sandbox and a demo shop as processes, and purchases made between them by this process.

Everything that `checkout reconcile` compares is there to be tampered with: our database as SQL, the sandbox through
Stripe's SDK, the shop's state on disk while it is down. The processes stand for all tests; each test has its own
database and its own time, which begins after everything the tests before it did at the provider.
"""

import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import stripe
from cryptography.fernet import Fernet

from checkout import children, wiring
from checkout.children import Child
from checkout.demo import books
from checkout.demo.stage import free_port
from checkout.purchase.commands import Asked, Pays
from checkout.purchase.terms import ReviewAnswer
from checkout.settings import Settings
from merchants.ucp.versions import VERSIONS
from tests.cli.command import Answer, Command
from tests.purchase.scripted import ADA

SHOP = "merchants.demo.ucp_shop"


@dataclass(kw_only=True)
class Processes:
    """What stands for all tests."""

    folder: Path
    sandbox: Child
    shop: Child
    ports: tuple[str, ...]
    ahead: timedelta = timedelta(0)

    def now(self) -> datetime:
        """The provider's time, and the service's: both are ahead of the machine's by the same."""
        return datetime.now(UTC) + self.ahead

    def later(self, by: timedelta) -> None:
        """Move everybody's clock."""
        moved = {"advance_seconds": by.total_seconds()}
        httpx2.post(f"{self.sandbox.url}/_sandbox/clock", json=moved).raise_for_status()
        self.ahead += by


@dataclass(kw_only=True)
class Stage:
    """One test's service on them: how to buy, and how to tamper."""

    folder: Path
    processes: Processes
    since: str
    earlier: frozenset[str]
    database_url: str
    secret_key: str = field(default_factory=lambda: Fernet.generate_key().decode())

    @property
    def sandbox(self) -> Child:
        """The payment sandbox."""
        return self.processes.sandbox

    @property
    def shop(self) -> Child:
        """The demo shop."""
        return self.processes.shop

    @property
    def environment(self) -> dict[str, str]:
        """How a command finds all this."""
        return {
            "CHECKOUT_DATABASE_URL": self.database_url,
            "CHECKOUT_SECRET_KEY": self.secret_key,
            "CHECKOUT_PAYMENT_SANDBOX_URL": self.sandbox.url,
            "CHECKOUT_ALLOWED_PRIVATE_HOSTS": json.dumps(self.shop.said["hosts"]),
            "CHECKOUT_DEMO_INSTRUMENTS": "true",
        }

    @property
    def settings(self) -> Settings:
        """The same as settings, with a short patience for what a test makes unclear."""
        return Settings(
            database_url=self.database_url,
            secret_key=self.secret_key,
            payment_sandbox_url=self.sandbox.url,
            allowed_private_hosts=self.shop.said["hosts"],
            demo_instruments=True,
            look_up_attempts=1,
            _env_file=None,
        )

    @property
    def stripe(self) -> stripe.StripeClient:
        """The official SDK at the sandbox: what somebody does there behind our back."""
        return stripe.StripeClient("sk_test_tamper", base_addresses={"api": self.sandbox.url})

    def buy(self, product: str = "sells", pays_with: str = "tok_visa", *, quantity: int = 1) -> str:
        """A purchase, driven until it has ended or waits for somebody; its id."""
        with self.deployed() as deployment:
            asked = Asked(
                product_url=self.shop.said["products"][product],
                quantity=quantity,
                buyer=ADA,
                wire={"buyer": {}, "productUrl": self.shop.said["products"][product]},
            )
            pays = Pays(method="stripe_token", token=pays_with, echo={})
            with deployment.database.transaction() as session:
                intent_id = deployment.purchases.create(session, "t_1", asked, pays).id
            deployment.durable.run_until(intent_id)
        return intent_id

    def until_it_asks(self, intent_id: str) -> None:
        """Let time pass until the purchase asks an operator."""
        while not self.sql("SELECT review_callback_id FROM intents WHERE id = ?", intent_id)[0][0]:
            self.processes.later(timedelta(minutes=5))
            with self.deployed() as deployment:
                deployment.durable.run_until(intent_id)

    def fault(self, **fault: object) -> None:
        """Let requests go wrong at the provider."""
        httpx2.post(f"{self.sandbox.url}/_sandbox/faults", json=fault).raise_for_status()

    def no_faults(self) -> None:
        """Let everything go well there again."""
        httpx2.delete(f"{self.sandbox.url}/_sandbox/faults").raise_for_status()

    def answer(self, intent_id: str, answer: ReviewAnswer) -> None:
        """An operator's answer, and what follows."""
        with self.deployed() as deployment:
            with deployment.database.transaction() as session:
                deployment.purchases.answer(session, intent_id, answer)
            deployment.durable.run_until(intent_id)

    @contextmanager
    def deployed(self) -> Iterator[wiring.Deployment]:
        """The service's parts in this process."""
        with wiring.opened(self.settings, self.processes) as deployment:
            yield deployment

    def reconcile(self, *arguments: str, **environment: str) -> Answer:
        """`checkout reconcile …`, from this test's beginning on unless told otherwise."""
        command = Command(environment={**self.environment, **environment}, columns=160)
        return command("reconcile", "--merchants-per-second", "100", "--since", self.since, *arguments)

    def found(self, *arguments: str) -> dict[str, int]:
        """What it finds: code → how often."""
        answer = self.reconcile("--json", *arguments)
        found: dict[str, int] = answer.json()["found"]
        assert answer.code == (1 if found else 0), answer
        return found

    def sql(self, statement: str, *values: object) -> list[tuple[Any, ...]]:
        """Tamper with our database file."""
        database = sqlite3.connect(self.folder / "checkout.sqlite3")
        try:
            rows = database.execute(statement, values).fetchall()
            database.commit()
        finally:
            database.close()
        return rows

    def payment_of(self, intent_id: str) -> str:
        """The payment a purchase made."""
        return str(self.sql("SELECT payment_id FROM intents WHERE id = ?", intent_id)[0][0])

    def money_made(self, reference: str | None, *, capture: bool = False, amount: int = 777) -> str:
        """A payment made at the provider behind our back; its id."""
        intent = self.stripe.v1.payment_intents.create(
            {
                "amount": amount,
                "currency": "usd",
                "capture_method": "automatic" if capture else "manual",
                "payment_method": "pm_card_mastercard",
                "confirm": True,
                "metadata": {"reference": reference} if reference else {},
            }
        )
        return intent.id

    def asked_of_provider(self) -> list[str]:
        """The methods of every request the sandbox has seen."""
        return [one["method"] for one in httpx2.get(f"{self.sandbox.url}/_sandbox/requests").json()]

    def asked_of_shop(self) -> list[str]:
        """The methods of every request the shop has seen."""
        lines = Path(self.shop.said["log"]).read_text().splitlines()
        return [line["method"] for line in map(json.loads, lines) if line["event"] == "received"]

    def reshape_shop(self, change: Callable[[dict[str, Any]], dict[str, Any]], *, forget_orders: bool = False) -> None:
        """Stop the shop, rewrite this test's sessions (and its orders), start it again at the same doors."""
        self.shop.stop()
        book = Path(self.shop.said["book"])
        if forget_orders:
            kept = [line for line in books.lines(book) if line["session_id"] in self.earlier]
            book.write_text("".join(json.dumps(line) + "\n" for line in kept))
        path = book.with_suffix(".state.jsonl")
        lines = [
            {**line, "session": change(line["session"])} if _session(line) not in {None, *self.earlier} else line
            for line in books.lines(path)
        ]
        path.write_text("".join(json.dumps(line) + "\n" for line in lines))
        self.processes.shop = start_shop(self.processes.folder, self.processes.ports)


def _session(line: dict[str, Any]) -> str | None:
    return str(line["session"]["session_id"]) if line["kind"] == "session" else None


def start_shop(folder: Path, ports: tuple[str, ...]) -> Child:
    """The demo shop at these ports, on its books of before."""
    doors = [word for port in ports for word in ("--port", port)]
    return children.start("shop", SHOP, *doors, "--book", str(folder / "orders.jsonl"), folder=folder)


@contextmanager
def processes(folder: Path) -> Iterator[Processes]:
    """A sandbox and a shop, ended with the block."""
    ports = tuple(str(free_port()) for _ in VERSIONS)
    with children.payment_sandbox(folder) as sandbox:
        started = Processes(folder=folder, sandbox=sandbox, shop=start_shop(folder, ports), ports=ports)
        try:
            yield started
        finally:
            started.shop.stop()


def stage(folder: Path, on: Processes, database_url: str | None = None) -> Stage:
    """A new database (a SQLite file unless one is given), and a moment after which nothing has happened yet."""
    on.later(timedelta(seconds=2))  # the provider's times are whole seconds
    state = Path(on.shop.said["book"]).with_suffix(".state.jsonl")
    earlier = frozenset(found for line in books.lines(state) if (found := _session(line)))
    return Stage(
        folder=folder,
        processes=on,
        since=on.now().replace(microsecond=0).isoformat(),
        earlier=earlier,
        database_url=database_url or f"sqlite:///{folder / 'checkout.sqlite3'}",
    )
