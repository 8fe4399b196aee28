"""A real process: what it has committed is told although it was killed."""

import json
from pathlib import Path

import pytest

from tests.api.standing import BUYER
from tests.e2e.served import served, until
from tests.webhooks.receiver import receiving

pytestmark = pytest.mark.processes

HOOKS = "/api/v1/webhook-endpoints"
INTENTS = "/api/v1/checkout-intents"


@pytest.mark.full
def test_what_was_committed_is_told_after_the_process_was_killed(tmp_path: Path) -> None:
    """The receiver is down while it happens; the process that saw it dies; the next one tells it, in order."""
    with receiving() as first:
        port, pair, url = int(first.pair.rpartition(":")[2]), first.pair, first.url
    with served(tmp_path, CHECKOUT_ALLOWED_PRIVATE_HOSTS=json.dumps([pair])) as service:
        with service.client("t_1") as ada:
            made = ada.post(HOOKS, json={"url": url})
            assert 201 == made.status_code, made.text
            secret = made.json()["secret"]
            body = {"productUrl": "https://shop.example/lamp", "quantity": 1, "buyer": BUYER}
            intent_id = ada.post(INTENTS, json=body).json()["id"]
            until(ada, intent_id, "failed")
            service.kill()
        with receiving(port) as receiver:
            service.start()
            receiver.has(2)
        events = [got.verified(secret) for got in receiver.accepted]
    assert ["retrieving_offer", "failed"] == [event["data"]["state"] for event in events]
    assert {intent_id} == {event["data"]["id"] for event in events}
    assert events[0]["sequence"] < events[1]["sequence"]
