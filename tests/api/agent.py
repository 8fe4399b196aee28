"""A scripted agent worker: what it brings back, and a task in its hands."""

import time
from typing import Any

import httpx2

from checkout.purchase import codec
from merchants.sdk import Cost, Offer
from payments.money import Money
from tests.api.standing import eventually

CREATE = "/api/v1/checkout-intents"
CLAIM = "/internal/agent-tasks/claim"
TOTAL = Money(2100, "USD")
OFFER = codec.to_json(
    Offer(
        merchant="agent",
        item_id="lamp",
        title="A lamp",
        quantity=1,
        cost=Cost(subtotal=TOTAL, total=TOTAL),
        shipping_options=(),
        selected_shipping_option_id=None,
        payment_handler=None,
        merchant_state={},
    )
)
ORDER = {"type": "Order", "merchant_order_id": "A-1", "total": {"amount_minor": 2100, "currency": "USD"}}
SESSION: dict[str, Any] = {
    "storage": {"cookies": [{"name": "sid", "value": "a-sessions-secret", "domain": "shop.example"}], "origins": []},
    "url": "https://shop.example/checkout/review",
}
SOLD_OUT = {"code": "product_out_of_stock", "message": "The page says: sold out."}


def readings(**changed: Any) -> dict[str, Any]:
    """What a page that says exactly the confirmed order reads as, or nearly."""
    total = {"amount_minor": TOTAL.amount_minor, "currency": TOTAL.currency}
    return {
        "url": "https://shop.example/checkout/review",
        "totals": [total, total],
        "lines": [{"title": "A lamp", "quantity": 1, "text": "A lamp, one"}],
        "address_found": ["address1", "city", "postal_code"],
        "commit_control": "Place order",
        **changed,
    }


class Task:
    """A claimed task."""

    def __init__(self, worker: httpx2.Client, kind: str) -> None:
        self.worker = worker
        got = self._claim(kind)
        self.data: dict[str, Any] = got
        self.id: str = got["callbackId"]
        self.token: str = got["token"]

    def _claim(self, kind: str) -> dict[str, Any]:
        found: list[dict[str, Any]] = []

        def claimed() -> bool:
            got = self._post(CLAIM, json={"worker": "w1", "kinds": [kind]})
            found.extend([got.json()] if got.status_code == 200 else [])
            return bool(found)

        eventually(claimed)
        return found[0]

    def say(self, verb: str, body: Any = None, token: str | None = None) -> httpx2.Response:
        """Call back."""
        headers = {"X-Callback-Token": self.token if token is None else token}
        return self._post(f"/internal/callbacks/{self.id}/{verb}", json=body, headers=headers)

    def permit(self, token: str | None = None, **changed: Any) -> httpx2.Response:
        """Ask leave to place the order."""
        headers = {"X-Callback-Token": self.token if token is None else token}
        body = {"readings": readings(**changed), "session": SESSION}
        return self._post(f"/internal/agent-tasks/{self.id}/permit", json=body, headers=headers)

    def _post(self, path: str, **sent: Any) -> httpx2.Response:
        """Send it, and again as soon as the key's pace allows, as a real worker does."""
        while (answer := self.worker.post(path, **sent)).status_code == httpx2.codes.TOO_MANY_REQUESTS:
            time.sleep(int(answer.headers["retry-after-ms"]) / 1000)
        return answer
