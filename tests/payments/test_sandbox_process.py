"""The sandbox as a process of its own: the real SDK over real sockets, faults on the wire, `kill -9`, webhooks out."""

import json
import queue
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import httpx2
import pytest

from payments import stripe_http
from payments.events import verified
from payments.gateway import Captured, Held, Prepared, Released, Unknown
from payments.sandbox.money_log import read_money_log
from payments.stripe_gateway import StripeGateway
from tests.payments.processes import Listening, listening
from tests.payments.rig import TOTAL, asked

pytestmark = pytest.mark.processes
SECRET = "whsec_1234567890"


@contextmanager
def sandbox(folder: Path) -> Iterator[tuple[Listening, StripeGateway]]:
    """A sandbox on files in `folder`, and a gateway on it."""
    with listening("payments.sandbox", "--port", "0", "--log", str(folder / "money.jsonl")) as process:
        gateway = StripeGateway.connect("sk_test_1", process.url)
        try:
            yield process, gateway
        finally:
            gateway.close()


def control(process: Listening, path: str, content: Any) -> None:
    """Ask one of the sandbox's own endpoints."""
    with httpx2.Client(trust_env=False) as client:
        client.post(f"{process.url}/_sandbox/{path}", content=json.dumps(content)).raise_for_status()


def prepared(gateway: StripeGateway) -> Prepared:
    """A payment that moves no money yet."""
    outcome = gateway.prepare(asked(), key="p")
    assert isinstance(outcome, Prepared), outcome
    return outcome


def test_a_purchase_survives_the_sandboxs_death(tmp_path: Path) -> None:
    """Held before `kill -9`, captured after: the same payment, and each movement once in the log."""
    with sandbox(tmp_path) as (process, gateway):
        payment = prepared(gateway)
        assert isinstance(gateway.hold(payment, key="h"), Held)
        process.kill()
        assert isinstance(gateway.hold(payment, key="h"), Unknown)
    with sandbox(tmp_path) as (_, gateway):
        assert isinstance(gateway.hold(payment, key="h"), Held)
        assert isinstance(gateway.capture(payment.payment_id, TOTAL, key="c"), Captured)
    assert ["hold", "capture"] == [line.kind.value for line in read_money_log(tmp_path / "money.jsonl")]


@pytest.mark.parametrize("kind", ["before", "after", "409", "429", "500"])
def test_a_fault_on_the_wire_is_settled_by_reading(tmp_path: Path, kind: str) -> None:
    """Over sockets a dropped answer is a closed connection; the hold is made once all the same."""
    with sandbox(tmp_path) as (process, gateway):
        payment = prepared(gateway)
        control(process, "faults", {"kind": kind, "path": ".*/confirm"})
        assert isinstance(gateway.hold(payment, key="h"), Held)
    assert 1 == len(read_money_log(tmp_path / "money.jsonl"))


def test_a_hanging_answer_is_given_up_and_read_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The call ends at its own limit, long before the answer would come, and nothing was concluded from silence."""
    monkeypatch.setattr(stripe_http, "POST_SECONDS", 0.3)
    with sandbox(tmp_path) as (process, gateway):
        payment = prepared(gateway)
        control(process, "faults", {"kind": "hang", "path": ".*/confirm", "seconds": 30})
        assert isinstance(gateway.hold(payment, key="h"), Unknown)
        assert Released(payment_id=payment.payment_id) == gateway.release(payment.payment_id, key="r")


def test_webhooks_arrive_signed_and_again_after_a_refusal(tmp_path: Path) -> None:
    """A receiver that fails once gets the event again."""
    arrived: queue.Queue[tuple[bytes, str]] = queue.Queue()
    answers = iter([500])

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            arrived.put((body, self.headers["Stripe-Signature"]))
            self.send_response(next(answers, 200))
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    receiver = HTTPServer(("127.0.0.1", 0), Receiver)
    threading.Thread(target=receiver.serve_forever, daemon=True).start()
    try:
        with sandbox(tmp_path) as (process, gateway):
            url = f"http://127.0.0.1:{receiver.server_address[1]}/hooks"
            control(process, "webhooks", {"url": url, "secret": SECRET, "enabled_events": ["payment_intent.created"]})
            payment = prepared(gateway)
            for _ in range(2):
                body, signature = arrived.get(timeout=20)
                assert payment.payment_id == verified(body, signature, SECRET, now=time.time).payment_id
    finally:
        receiver.shutdown()
        receiver.server_close()
