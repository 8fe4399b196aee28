"""A buyer at the public API who does not give up: every command carries its key and is sent until it is answered."""

import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import httpx2

from tests.api.standing import BUYER

CREATE = "/api/v1/checkout-intents"
# An API that was killed is back within seconds; whoever waits longer than this has found a hang.
PATIENCE_SECONDS = 180.0
AGAIN_SECONDS = 0.1
LONG_POLL_SECONDS = 5


class CommandRefusedError(AssertionError):
    """A definite no, where the test expects a yes."""


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants, and how it is paid."""

    behaviour: str
    pays_with: str


@dataclass(kw_only=True)
class Wished:
    """What came of it, as the buyer knows."""

    wish: Wish
    email: str
    intent_id: str = ""
    state: str = ""
    acknowledged: Counter[str] = field(default_factory=Counter)


class Buyer:
    """Buys for one tenant. Safe to use from several threads."""

    def __init__(self, url: str, key: str) -> None:
        self._http = httpx2.Client(
            base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=20, verify=False, trust_env=False
        )

    def close(self) -> None:
        """Close its connections."""
        self._http.close()

    def buy(self, product_url: str, wish: Wish, number: int) -> Wished:
        """From the wish to the end, or until an operator is asked."""
        one = Wished(wish=wish, email=f"buyer{number}@example.com")
        self.create(product_url, one)
        if self.until(one, "awaiting_confirmation", "completed", "failed") == "awaiting_confirmation":
            self.confirm(one)
            self.until(one, "completed", "failed")
        return one

    def create(self, product_url: str, one: Wished) -> None:
        """The first command."""
        body = {"productUrl": product_url, "quantity": 1, "buyer": {**BUYER, "email": one.email}}
        one.intent_id = str(self.command(CREATE, body)["id"])
        one.acknowledged["create"] += 1

    def confirm(self, one: Wished) -> None:
        """The second."""
        method = {"type": "stripe_token", "stripeToken": one.wish.pays_with}
        self.command(f"{CREATE}/{one.intent_id}/confirm", {"paymentMethod": method})
        one.acknowledged["confirm"] += 1

    def until(self, one: Wished, *states: str, seconds: float = PATIENCE_SECONDS) -> str:
        """Poll until it is in one of these states or time is up; the state."""
        deadline = time.monotonic() + seconds
        while one.state not in states and time.monotonic() < deadline:
            answer = self._asked("GET", f"{CREATE}/{one.intent_id}", params={"wait": LONG_POLL_SECONDS})
            if answer is not None:
                one.state = answer.json()["state"]
            else:
                time.sleep(AGAIN_SECONDS)
        return one.state

    def command(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """Send it until it is answered; what was answered. CommandRefusedError."""
        key, deadline = uuid.uuid4().hex, time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            answer = self._asked("POST", path, json=body, headers={"Idempotency-Key": key})
            if answer is not None:
                if not answer.is_success:
                    raise CommandRefusedError(f"{path}: {answer.status_code} {answer.text}")
                told: dict[str, Any] = answer.json()
                return told
            time.sleep(AGAIN_SECONDS)
        raise AssertionError(f"{path} was never answered")

    def _asked(self, method: str, path: str, **more: Any) -> httpx2.Response | None:
        """An answer that is one; None for none, or for one that says to ask again."""
        try:
            answer = self._http.request(method, path, **more)
        except httpx2.TransportError:
            return None
        return None if answer.is_error and answer.json().get("retryable") else answer
