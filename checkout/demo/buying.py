"""An agent developer, as the demo plays one: three calls and two polls over plain HTTP.

Knows the public API and nothing behind it. A service that is away (killed, restarting) is tried again: every call that
changes something carries its own idempotency key, so trying again is safe.
"""

import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx2

# How long one purchase of the demo may take, in seconds; the longest waits for a lease to lapse.
PATIENCE_SECONDS = 45
RETRY_EVERY_SECONDS = 0.1
LONG_POLL_SECONDS = 5

ADA = {
    "firstName": "Ada",
    "lastName": "Lovelace",
    "phone": "+12025550123",
    "address1": "1 Engine Way",
    "city": "Los Angeles",
    "province": "CA",
    "postalCode": "90001",
    "country": "US",
}


class DemoError(RuntimeError):
    """The service did something the demo did not expect; the sentence says what."""


@dataclass(slots=True)
class Developer:
    """One developer with one API key."""

    service_url: str
    api_key: str
    http: httpx2.Client

    def create(
        self,
        product_url: str,
        email: str,
        *,
        quantity: int = 1,
        variant: Mapping[str, str] | None = None,
        constraints: Mapping[str, int] | None = None,
    ) -> dict[str, Any]:
        """The first call: what to buy, and for whom."""
        body: dict[str, Any] = {"buyer": {**ADA, "email": email}, "productUrl": product_url, "quantity": quantity}
        if variant:
            body["variantSelections"] = [{"label": label, "value": value} for label, value in variant.items()]
        if constraints:
            body["constraints"] = dict(constraints)
        return self._call("POST", "/api/v1/checkout-intents", body)

    def confirm(self, intent_id: str, token: str) -> dict[str, Any]:
        """The second call: yes, and this pays."""
        method = {"type": "stripe_token", "stripeToken": token}
        return self._call("POST", f"/api/v1/checkout-intents/{intent_id}/confirm", {"paymentMethod": method})

    def read(self, intent_id: str, wait_seconds: int = 0) -> dict[str, Any]:
        """A poll; with `wait_seconds` the service answers when something changed."""
        return self._call("GET", f"/api/v1/checkout-intents/{intent_id}?wait={wait_seconds}")

    def until(self, intent_id: str, *states: str) -> dict[str, Any]:
        """Poll until the intent is in one of `states`."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while time.monotonic() < deadline:
            intent = self.read(intent_id, LONG_POLL_SECONDS)
            if intent["state"] in states:
                return intent
        raise DemoError(f"{intent_id} stays {intent['state']}; expected {' or '.join(states)}")

    def _call(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self.api_key}"}
        if method == "POST":
            headers["Idempotency-Key"] = str(uuid.uuid4())
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                answer = self.http.request(method, self.service_url + path, json=body, headers=headers)
            except httpx2.TransportError as away:
                if time.monotonic() > deadline:
                    raise DemoError(f"the service stays away: {away}") from away
                time.sleep(RETRY_EVERY_SECONDS)
                continue
            if answer.is_success:
                document: dict[str, Any] = answer.json()
                return document
            raise DemoError(f"{method} {path} answered {answer.status_code}: {answer.text[:500]}")
