"""Through the API: endpoints, what they are told of a whole purchase, and where the secret is not."""

import json
from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import pytest
from sqlmodel import Session
from structlog.testing import capture_logs

from checkout.api.requests import CreateCheckoutIntent
from checkout.webhooks.deliverer import Deliverer
from checkout.webhooks.endpoints import Endpoints
from checkout.webhooks.sending import Sender
from merchants.fetch import Fetcher
from tests.api.standing import VISA, Standing, eventually, standing, until, wanted
from tests.webhooks.receiver import Receiver, receiving

HOOKS = "/api/v1/webhook-endpoints"
INTENTS = "/api/v1/checkout-intents"


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    """One receiver."""
    with receiving() as one:
        yield one


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory, receiver: Receiver) -> Iterator[Standing]:
    """A service that may tell it."""
    with standing(tmp_path_factory.mktemp("hooks"), allowed_private_hosts=(receiver.pair,)) as service:
        yield service


@pytest.fixture
def ada(stand: Standing, receiver: Receiver) -> Iterator[httpx2.Client]:
    """A developer without endpoints, and a receiver that has got nothing."""
    receiver.does, receiver.got = [200], []
    with stand.client("t_1") as client:
        yield client
        for one in client.get(HOOKS).json()["data"]:
            client.delete(f"{HOOKS}/{one['id']}")


@contextmanager
def delivering(stand: Standing, receiver: Receiver, seconds: float = 1.0) -> Iterator[Deliverer]:
    """The threads that send, as a serving process has them."""
    services = stand.services
    sender = Sender(
        Fetcher(allowed=(receiver.pair,)), services.vault, services.clock, (receiver.pair,), seconds=seconds
    )
    deliverer = Deliverer(services.database, services.clock, sender.attempt)
    with deliverer.running():
        yield deliverer


def test_a_purchase_is_told_state_by_state_and_the_secret_is_nowhere_else(
    stand: Standing, ada: httpx2.Client, receiver: Receiver
) -> None:
    """Signed, in order; not in a log, an answer, or the database's file."""
    with capture_logs() as logs, delivering(stand, receiver):
        made = ada.post(HOOKS, json={"url": receiver.url}, headers={"Idempotency-Key": "hook-1"})
        again = ada.post(HOOKS, json={"url": receiver.url}, headers={"Idempotency-Key": "hook-1"})
        assert (201, made.json(), "true") == (again.status_code, again.json(), again.headers["idempotent-replayed"])
        endpoint, secret = made.json()["id"], made.json()["secret"]
        intent_id = ada.post(INTENTS, json=wanted()).json()["id"]
        until(ada, intent_id, "awaiting_confirmation")
        ada.post(f"{INTENTS}/{intent_id}/confirm", json={"paymentMethod": VISA})
        until(ada, intent_id, "completed")
        receiver.has(4)
        eventually(lambda: not ada.get(f"{HOOKS}/{endpoint}/deliveries", params={"status": "pending"}).json()["data"])
    events = [got.verified(secret) for got in receiver.got]
    told = [event["data"]["state"] for event in events]
    assert ["retrieving_offer", "awaiting_confirmation", "placing_order", "completed"] == told
    assert {intent_id} == {event["data"]["id"] for event in events}
    sequences = [event["sequence"] for event in events]
    assert sequences == sorted(set(sequences))
    page = ada.get(f"{HOOKS}/{endpoint}/deliveries", params={"limit": 3}).json()
    assert [event["id"] for event in events[:0:-1]] == [one["eventId"] for one in page["data"]]
    rest = ada.get(f"{HOOKS}/{endpoint}/deliveries", params={"after": page["pageInfo"]["endCursor"]}).json()
    assert [events[0]["id"]] == [one["eventId"] for one in rest["data"]]
    shown = [ada.get(f"{HOOKS}/{endpoint}").text, ada.get(HOOKS).text, str(page)]
    shown.append(ada.patch(f"{HOOKS}/{endpoint}", json={"description": "mine"}).text)
    for place in (*shown, str(logs)):
        assert secret not in place
        assert secret.removeprefix("whsec_") not in place
    assert secret.removeprefix("whsec_").encode() not in stand.stored()
    assert "for=ada" not in str(logs)
    assert [1] * 4 == [log["attempt"] for log in logs if log["event"] == "webhooks.attempted"]


def test_a_receiver_that_refused_is_told_again_on_request(
    stand: Standing, ada: httpx2.Client, receiver: Receiver
) -> None:
    """The list says what was wrong; a redelivery has the same id."""
    receiver.does = [503, 200]
    with delivering(stand, receiver):
        types = ["checkout_intent.failed"]
        endpoint = ada.post(HOOKS, json={"url": receiver.url, "eventTypes": types}).json()["id"]
        intent_id = ada.post(INTENTS, json=wanted("/sold-out")).json()["id"]
        until(ada, intent_id, "failed")
        path = f"{HOOKS}/{endpoint}/deliveries"
        eventually(lambda: len(receiver.got) == 1 and ada.get(path).json()["data"][0]["lastError"] is not None)
        (one,) = ada.get(path).json()["data"]
        said = (one["status"], one["attempts"], one["answeredStatus"], one["lastError"])
        assert ("pending", 1, 503, "the receiver answered 503") == said
        assert one["nextAttemptAt"] is not None
        assert 200 == ada.post(f"{path}/{one['id']}/redeliver").status_code
        receiver.has(1)
        eventually(lambda: ada.get(path).json()["data"][0]["status"] == "delivered")
        assert 1 == len({got.headers["webhook-id"] for got in receiver.got})
        assert 404 == ada.post(f"{path}/whd_0/redeliver").status_code


def test_a_rotated_secret_is_shown_once_and_signs(stand: Standing, ada: httpx2.Client, receiver: Receiver) -> None:
    """With the one before it."""
    with delivering(stand, receiver):
        made = ada.post(HOOKS, json={"url": receiver.url, "eventTypes": ["checkout_intent.failed"]}).json()
        turned = ada.post(f"{HOOKS}/{made['id']}/rotate-secret").json()
        assert made["secret"] != turned["secret"]
        assert turned["previousSecretExpiresAt"] is not None
        ada.post(INTENTS, json=wanted("/sold-out"))
        receiver.has(1)
    (got,) = receiver.got
    assert got.verified(made["secret"]) == got.verified(turned["secret"])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"url": "http://agent.example/"}, "webhook_url_refused"),
        ({"url": "https://169.254.169.254/"}, "webhook_url_refused"),
        ({"url": None}, "invalid_request"),
        ({"disabled": None}, "invalid_request"),
        ({"eventTypes": ["checkout_intent.burnt"]}, "invalid_request"),
        ({"eventTypes": []}, "invalid_request"),
        ({"tenant": "t_2"}, "invalid_request"),
        ({"secret": "whsec_mine"}, "invalid_request"),
    ],
)
def test_a_change_that_is_refused_changes_nothing(ada: httpx2.Client, change: dict[str, object], code: str) -> None:
    """By its code, at the status of all such refusals."""
    made = ada.post(HOOKS, json={"url": "https://agent.example/"}).json()
    before = ada.get(f"{HOOKS}/{made['id']}").json()
    refused = ada.patch(f"{HOOKS}/{made['id']}", json=change)
    assert (422, code) == (refused.status_code, refused.json()["code"])
    assert before == ada.get(f"{HOOKS}/{made['id']}").json()


def test_disabled_by_its_owner_nothing_is_kept_and_a_redelivery_says_so(
    stand: Standing, ada: httpx2.Client, receiver: Receiver
) -> None:
    """Until it is enabled again; an eleventh endpoint is refused, and a deleted one is unknown."""
    made = ada.post(HOOKS, json={"url": receiver.url}).json()
    path = f"{HOOKS}/{made['id']}"
    first = ada.post(INTENTS, json=wanted("/sold-out")).json()["id"]
    until(ada, first, "failed")
    disabled = ada.patch(path, json={"disabled": True}).json()
    assert (True, "disabled through the API") == (disabled["disabled"], disabled["disabledReason"])
    until(ada, ada.post(INTENTS, json=wanted("/sold-out")).json()["id"], "failed")
    kept = ada.get(f"{path}/deliveries").json()["data"]
    assert {first} == {one["checkoutIntentId"] for one in kept}
    refused = ada.post(f"{path}/deliveries/{kept[0]['id']}/redeliver")
    assert (409, "webhook_endpoint_disabled") == (refused.status_code, refused.json()["code"])
    with delivering(stand, receiver):
        ada.patch(path, json={"disabled": False})
        receiver.has(2)
    assert ["retrieving_offer", "failed"] == receiver.states()
    for _ in range(9):
        assert 201 == ada.post(HOOKS, json={"url": receiver.url}).status_code
    full = ada.post(HOOKS, json={"url": receiver.url})
    assert (409, "webhook_endpoints_full") == (full.status_code, full.json()["code"])
    assert {"id": made["id"], "deleted": True} == ada.delete(path).json()
    assert 404 == ada.get(path).status_code


def test_a_receiver_that_hangs_does_not_hold_up_another(stand: Standing, ada: httpx2.Client) -> None:
    """Its two threads wait; the others send."""
    with receiving() as quick, receiving() as slow:
        slow.does = ["hang"]
        allowed = (quick.pair, slow.pair)
        services = stand.services
        sender = Sender(Fetcher(allowed=allowed), services.vault, services.clock, allowed, seconds=60)
        for one in (slow, quick):
            _endpoint(stand, one)
        with Deliverer(services.database, services.clock, sender.attempt).running():
            ids = [ada.post(INTENTS, json=wanted("/sold-out")).json()["id"] for _ in range(6)]
            quick.has(12)
            assert 2 >= len(slow.got)
            slow.released.set()
    assert set(ids) == {got.event["data"]["id"] for got in quick.accepted}


def _endpoint(stand: Standing, receiver: Receiver) -> None:
    """An endpoint past the API's own list of private hosts."""
    services = stand.services
    allowed = (receiver.pair,)
    endpoints = Endpoints(services.vault, services.clock, Fetcher(allowed=allowed).check_url, allowed)
    with services.database.transaction() as session:
        endpoints.create(session, "t_1", receiver.url, None, None)


def test_an_intent_whose_creation_fails_at_the_end_was_told_to_nobody(stand: Standing, ada: httpx2.Client) -> None:
    """Its row, its execution and its event are one transaction."""
    made = ada.post(HOOKS, json={"url": "https://agent.example/"}).json()
    body = CreateCheckoutIntent.model_validate_json(json.dumps(wanted()))
    purchases = stand.services.purchases

    def create(session: Session) -> None:
        purchases.create(session, "t_1", body.asked())
        session.flush()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        stand.services.database.once(create)
    assert [] == ada.get(f"{HOOKS}/{made['id']}/deliveries").json()["data"]
