"""An AWS account as far as the purchase needs one, on loopback: the deployed handler, AWS's runner, a queue.

The handler is `docker/lambda/handler.py` in a process of its own, configured by its environment alone; shop and bank
are the demo's, as processes with books of their own. Knows how they are put together; nothing of any test.
"""

import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet

from checkout import children
from checkout.children import Child
from checkout.purchase import codec
from checkout.purchase.states import State
from checkout.purchase.terms import Confirmed, PurchaseRequest
from checkout.store.models import Intent, PaymentToken
from checkout.store.session import Database
from checkout.store.vault import Vault
from tests.on_lambda.web_runner import CREDENTIALS, WebRunner, web_runner
from tests.purchase.scripted import ADA, request
from tests.stores import store_url


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Everything that runs, and where the books are."""

    folder: Path
    runner: WebRunner
    database: Database
    vault: Vault
    shop: Child
    sandbox: Child
    messages: list[dict[str, Any]]

    @property
    def unsold_url(self) -> str:
        """A product URL that no adapter takes: nothing there speaks a protocol one knows."""
        return f"{self.sandbox.url}/products/lamp"

    def buy(self, intent_id: str, product_url: str, *, confirmed: bool) -> str:
        """What the API writes when a developer asks, and the execution it starts; its ARN."""
        now = datetime.now(UTC)
        asked: PurchaseRequest = replace(
            request(intent_id),
            intent_id=intent_id,
            product_url=product_url,
            created_at=now,
            confirm_before=now + timedelta(minutes=45),
            confirmed=self.confirmation(intent_id) if confirmed else None,
        )
        with self.database.transaction() as session:
            session.add(
                Intent(
                    id=intent_id,
                    tenant=asked.tenant,
                    state=State.RETRIEVING_OFFER.value,
                    created_at=now,
                    updated_at=now,
                    confirm_before=asked.confirm_before,
                    request={"buyer": {"firstName": ADA.first_name}},
                )
            )
        return self.runner.start("purchase", intent_id, codec.to_json(asked))

    def confirmation(self, intent_id: str) -> Confirmed:
        """The buyer's token, sealed in its row as the API does."""
        token = PaymentToken(
            id=f"ptk_{intent_id}",
            intent_id=intent_id,
            sealed=self.vault.seal("tok_visa"),
            created_at=datetime.now(UTC),
        )
        with self.database.transaction() as session:
            session.add(token)
        return Confirmed(payment_token_id=f"ptk_{intent_id}")

    def intent(self, intent_id: str) -> Intent:
        """The public state."""
        with self.database.read() as session:
            return session.get_one(Intent, intent_id)

    def money(self, intent_id: str) -> list[tuple[str, int]]:
        """The bank's own log of a purchase: what moved, in minor units."""
        lines = [json.loads(line) for line in (self.folder / "money.jsonl").read_text().splitlines()]
        return [(line["kind"], line["amount_minor"]) for line in lines if line.get("reference") == intent_id]


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What is there whoever runs the purchase: shop, bank, queue, database; and the settings that name them."""

    folder: Path
    key: bytes
    database: Database
    shop: Child
    sandbox: Child
    messages: list[dict[str, Any]]
    environment: dict[str, str]


@contextmanager
def surroundings(folder: Path) -> Iterator[Surroundings]:
    """All of them, until the block ends."""
    with store_url(folder) as url:
        yield from _surroundings(folder, url)


def _surroundings(folder: Path, url: str) -> Iterator[Surroundings]:
    database, key = Database.open(url), Fernet.generate_key()
    database.create_tables()
    messages: list[dict[str, Any]] = []
    with ThreadPoolExecutor(1) as beside:
        book = ("--port", "0", "--book", str(folder / "orders.jsonl"))
        starting = beside.submit(children.start, "shop", "merchants.demo.ucp_shop", *book, folder=folder)
        opened = ExitStack()
        sandbox = opened.enter_context(children.payment_sandbox(folder))
        shop = starting.result()
    with opened, _queue(messages) as queue_url:
        try:
            environment = {
                **CREDENTIALS,
                "CHECKOUT_DATABASE_URL": url,
                "CHECKOUT_SECRET_KEY": key.decode(),
                "CHECKOUT_PAYMENT_SANDBOX_URL": sandbox.url,
                "CHECKOUT_ALLOWED_PRIVATE_HOSTS": json.dumps(
                    [*shop.said["hosts"], sandbox.url.removeprefix("http://")]
                ),
                "CHECKOUT_DEMO_INSTRUMENTS": "true",
                "CHECKOUT_AGENTS_ENABLED": "true",
                "AGENT_QUEUE_URL": f"{queue_url}/000000000000/tasks",
                "STRIPE_API_KEY": "",
                "AWS_ENDPOINT_URL_SQS": queue_url,
            }
            yield Surroundings(
                folder=folder,
                key=key,
                database=database,
                shop=shop,
                sandbox=sandbox,
                messages=messages,
                environment=environment,
            )
        finally:
            shop.stop()
            database.close()


@contextmanager
def account(folder: Path) -> Iterator[Account]:
    """All of it, until the block ends."""
    with surroundings(folder) as around, _deployed(folder, around.environment) as runner:
        yield Account(
            folder=folder,
            runner=runner,
            database=around.database,
            vault=Vault(around.key),
            shop=around.shop,
            sandbox=around.sandbox,
            messages=around.messages,
        )


@contextmanager
def _deployed(folder: Path, environment: dict[str, str]) -> Iterator[WebRunner]:
    """The handler's process and the runner, each knowing the other's address."""
    with web_runner(folder) as runner:
        environment = {**environment, "AWS_ENDPOINT_URL_LAMBDA": runner.url}
        handler = children.start("lambda", "tests.on_lambda.local_lambda", folder=folder, environment=environment)
        try:
            runner.invoke_at(handler.url)
            yield runner
        finally:
            handler.stop()


class _Queue(ThreadingHTTPServer):
    def __init__(self, messages: list[dict[str, Any]]) -> None:
        self.messages = messages
        super().__init__(("127.0.0.1", 0), _Message)


class _Message(BaseHTTPRequestHandler):
    server: _Queue

    def do_POST(self) -> None:
        """SQS's SendMessage in its JSON protocol."""
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        assert "AmazonSQS.SendMessage" == self.headers["X-Amz-Target"]
        self.server.messages.append(asked)
        content = json.dumps({"MessageId": str(len(self.server.messages))}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.0")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
        """Nothing: the tests read the messages."""


@contextmanager
def _queue(messages: list[dict[str, Any]]) -> Iterator[str]:
    queue = _Queue(messages)
    thread = threading.Thread(target=queue.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{queue.server_address[1]}"
    finally:
        queue.shutdown()
        queue.server_close()
        thread.join()
