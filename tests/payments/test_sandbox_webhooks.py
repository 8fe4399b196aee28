"""The sandbox's webhooks: signed, delivered at least once, doubled and disordered on demand."""

import pytest
import stripe

from payments.events import verified
from payments.sandbox.webhooks import Delivery
from tests.payments.rig import Rig

URL = "http://127.0.0.1:9/hooks"
SECRET = "whsec_1234567890"


class Receiver:
    """Takes deliveries, and answers with a status."""

    def __init__(self, status: int = 200) -> None:
        self.status = status
        self.types: list[str] = []
        self.ids: list[str] = []

    def __call__(self, delivery: Delivery) -> int:
        """Verify with the SDK and with our own code, then answer."""
        event = stripe.Webhook.construct_event(delivery.body, delivery.signature, SECRET)
        ours = verified(delivery.body.encode(), delivery.signature, SECRET)
        assert (event.id, event.type) == (ours.event_id, ours.type)
        self.types.append(event.type)
        self.ids.append(event.id)
        return self.status


def listening(rig: Rig, **switches: object) -> None:
    """Register an address for everything that happens from now on."""
    rig.control("POST", "webhooks", {"url": URL, "secret": SECRET, **switches})


def test_everything_that_happens_is_delivered_signed_and_once(rig: Rig) -> None:
    """Events in order; a second round has nothing left."""
    rig.gateway.client.v1.payment_intents.create({"amount": 1, "currency": "usd"})
    listening(rig)
    rig.held()
    receiver = Receiver()
    assert 3 == rig.sandbox.deliver(receiver)
    expected = ["payment_intent.created", "charge.succeeded", "payment_intent.amount_capturable_updated"]
    assert expected == receiver.types
    assert 0 == rig.sandbox.deliver(receiver)


def test_an_expired_hold_is_told_by_a_webhook(rig: Rig) -> None:
    """Nobody asked; it happened by itself."""
    rig.held()
    listening(rig, enabled_events=["payment_intent.canceled"])
    rig.clock.advance(days=5)
    receiver = Receiver()
    rig.sandbox.deliver(receiver)
    assert ["payment_intent.canceled"] == receiver.types


@pytest.mark.parametrize("status", [500, 404, 0])
def test_a_refused_delivery_is_tried_again_later(rig: Rig, status: int) -> None:
    """After a pause, as often as it takes, until it is accepted."""
    now = [1_000_000.0]
    rig.sandbox.courier.now = lambda: now[0]
    listening(rig, enabled_events=["payment_intent.created"])
    rig.prepared()
    statuses: list[int] = [status, status, 200]
    posted: list[str] = []

    def post(delivery: Delivery) -> int:
        posted.append(delivery.event_id)
        return statuses.pop(0)

    for expected, pause in [(1, 0), (0, 0.5), (1, 1), (0, 1), (1, 5), (0, 10_000)]:
        now[0] += pause
        assert expected == rig.sandbox.deliver(post)
    assert 1 == len(set(posted))


def test_duplicates_and_disorder_come_on_demand(rig: Rig) -> None:
    """What Stripe warns of can be had."""
    listening(rig, duplicate=True, reorder=True)
    rig.held()
    receiver = Receiver()
    rig.sandbox.deliver(receiver)
    newest_first = ["payment_intent.amount_capturable_updated", "charge.succeeded", "payment_intent.created"]
    assert [one for one in newest_first for _ in range(2)] == receiver.types
    assert 3 == len(set(receiver.ids))


def test_an_event_can_be_delivered_again(rig: Rig) -> None:
    """As by hand in the dashboard."""
    listening(rig)
    rig.prepared()
    receiver = Receiver()
    rig.sandbox.deliver(receiver)
    rig.control("POST", f"events/{receiver.ids[0]}/redeliver")
    rig.sandbox.deliver(receiver)
    assert receiver.ids[:1] * 2 == receiver.ids


def test_the_secret_is_not_shown(rig: Rig) -> None:
    """Addresses can be listed, secrets cannot."""
    listening(rig)
    (shown,) = rig.control("GET", "webhooks")
    assert URL == shown["url"]
    assert SECRET not in str(shown)
