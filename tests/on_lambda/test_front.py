"""The API with purchases on AWS: every command over HTTP, every execution behind AWS's wire, the books beside it."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlmodel import col, select
from typer.testing import CliRunner

from checkout.api.keys import Scope
from checkout.cli.app import app
from checkout.store.models import AwsCall
from tests.api.agent import CLAIM, OFFER, ORDER, Task
from tests.on_lambda.front import Front, Line, front
from tests.on_lambda.web_runner import eventually

INTENTS = "/api/v1/checkout-intents"


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """One for the module; every test buys for a buyer of its own."""
    with front(tmp_path_factory.mktemp("front")) as standing:
        yield standing


@pytest.fixture(scope="module")
def awss(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """The same in front of AWS's own local runner."""
    with front(tmp_path_factory.mktemp("awss"), awss_runner=True) as standing:
        yield standing


def sells(stand: Front) -> str:
    """A product that is sold."""
    return str(stand.around.shop.said["products"]["sells"])


def status(stand: Front, intent_id: str) -> str | None:
    """Where AWS says the purchase stands."""
    found = stand.executions(intent_id)
    return str(found[0]["Status"]) if found else None


def owed(stand: Front, intent_id: str) -> list[AwsCall]:
    """The calls of a purchase that are not done."""
    with stand.around.database.read() as session:
        return list(session.exec(select(AwsCall).where(AwsCall.intent_id == intent_id, col(AwsCall.done_at).is_(None))))


def test_a_purchase_is_made_over_the_api_and_kept_by_aws(stand: Front) -> None:
    """Created, offered, confirmed, ordered: one execution there, one order at the shop, one capture at the bank."""
    developer = stand.developer
    intent = developer.create(sells(stand), "buys@example.com")
    assert "retrieving_offer" == intent["state"]
    offered = developer.until(intent["id"], "awaiting_confirmation")
    confirmed = developer.confirm(intent["id"], "tok_visa")
    assert "placing_order" == confirmed["state"]
    done = developer.until(intent["id"], "completed", "failed")
    assert "completed" == done["state"]
    (sale,) = stand.sales("buys@example.com")
    total = sale["total_minor"]
    assert [("hold", total), ("capture", total)] == stand.money(intent["id"])
    assert offered["offer"]
    assert ["SUCCEEDED"] == [one["Status"] for one in stand.executions(intent["id"])]
    with stand.client(Scope.INTENTS_WRITE.value, Scope.INTENTS_READ.value) as client:
        body = {"paymentMethod": {"type": "stripe_token", "stripeToken": "tok_visa"}}
        again = client.post(f"{INTENTS}/{intent['id']}/confirm", json=body)
    assert (409, "invalid_checkout_intent_state") == (again.status_code, again.json()["code"])


def test_an_operator_sees_the_purchase_as_aws_recorded_it(stand: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    """What `checkout runs show` prints is asked of AWS: the execution and its history."""
    developer = stand.developer
    intent = developer.create(sells(stand), "shown@example.com")
    developer.until(intent["id"], "awaiting_confirmation")
    for name, value in stand.environment.items():
        monkeypatch.setenv(name, value)
    shown = CliRunner().invoke(app, ["runs", "show", intent["id"], "--json"])
    assert 0 == shown.exit_code, shown.output
    story: dict[str, Any] = json.loads(shown.stdout)
    assert "RUNNING" == story["execution"]["status"]
    assert stand.executions(intent["id"])[0]["DurableExecutionArn"] == story["execution"]["arn"]
    operations = [(one["name"], one["status"]) for one in story["operations"]]
    assert [("fetch-offer", "SUCCEEDED"), ("await-confirmation", "STARTED")] == operations


def test_a_declined_card_ends_it_with_nothing_held(stand: Front) -> None:
    """The bank's no reaches the developer; nothing is ordered."""
    developer = stand.developer
    intent = developer.create(sells(stand), "declined@example.com")
    developer.until(intent["id"], "awaiting_confirmation")
    developer.confirm(intent["id"], "tok_visa_chargeDeclined")
    ended = developer.until(intent["id"], "completed", "failed")
    assert ("failed", "payment_failed") == (ended["state"], ended["failureReason"]["code"])
    assert "declined" in ended["failureReason"]["message"]
    assert [] == stand.sales("declined@example.com")


def test_a_cancelled_purchase_is_over_here_at_once_and_there_soon(stand: Front) -> None:
    """The answer says failed; AWS is told to stop, and a confirmation that comes later is refused."""
    developer = stand.developer
    intent = developer.create(sells(stand), "cancels@example.com")
    developer.until(intent["id"], "awaiting_confirmation")
    with stand.client(Scope.INTENTS_WRITE.value) as client:
        cancelled = client.post(f"{INTENTS}/{intent['id']}/cancel", json={})
        assert (200, "failed") == (cancelled.status_code, cancelled.json()["state"])
        body = {"paymentMethod": {"type": "stripe_token", "stripeToken": "tok_visa"}}
        assert 409 == client.post(f"{INTENTS}/{intent['id']}/confirm", json=body).status_code
    eventually(lambda: status(stand, intent["id"]) == "STOPPED", "AWS has stopped it")
    assert [] == stand.money(intent["id"])


def test_an_agents_purchase_goes_through_the_workers_routes(stand: Front) -> None:
    """Quoted and ordered by a worker over HTTP; what it says again, or otherwise, is answered from our own rows."""
    developer = stand.developer
    intent = developer.create(stand.unsold_url, "agents@example.com")
    with stand.client(Scope.AGENT.value) as worker:
        quote = Task(worker, "offer")
        answer = OFFER
        assert 200 == quote.say("succeed", answer).status_code
        assert 200 == quote.say("succeed", answer).status_code
        assert "callback_already_completed" == quote.say("succeed", {**answer, "title": "another"}).json()["code"]
        developer.until(intent["id"], "awaiting_confirmation")
        developer.confirm(intent["id"], "tok_visa")
        order = Task(worker, "order")
        assert 200 == order.say("heartbeat", {"step": "looking at the cart"}).status_code
        granted = order.permit()
        assert 200 == granted.status_code, granted.text
        assert 200 == order.say("succeed", ORDER).status_code
        ended = developer.until(intent["id"], "completed", "failed")
        assert "completed" == ended["state"], ended
        assert 204 == worker.post(CLAIM, json={"worker": "w2"}).status_code
    assert [("hold", 2100), ("capture", 2100)] == stand.money(intent["id"])
    eventually(lambda: any(path.endswith("/heartbeat") for path in stand.wire.seen), "the heartbeat is passed on")


@pytest.mark.processes
@pytest.mark.full
@pytest.mark.parametrize("line", [Line.CUT, Line.DEAF])
def test_what_a_killed_api_owed_is_made_good_by_the_next_one_once(stand: Front, line: Line) -> None:
    """AWS away, or its answer lost; the API dies; its successor makes the call, and it is one execution."""
    stand.wire.line = line
    intent = stand.developer.create(sells(stand), f"killed-{line.value}@example.com")
    eventually(lambda: [one for one in owed(stand, intent["id"]) if one.attempts], "it is tried")
    assert stand.service
    stand.service.kill()
    stand.wire.line = Line.UP
    assert owed(stand, intent["id"])
    stand.serve()
    stand.developer.until(intent["id"], "awaiting_confirmation")
    assert 1 == len(stand.executions(intent["id"]))
    eventually(lambda: not owed(stand, intent["id"]), "nothing is owed any more")
    stand.wire.line = line
    assert "placing_order" == stand.developer.confirm(intent["id"], "tok_visa")["state"]
    stand.service.kill()
    stand.wire.line = Line.UP
    stand.serve()
    assert "completed" == stand.developer.until(intent["id"], "completed", "failed")["state"]
    assert 1 == len(stand.sales(f"killed-{line.value}@example.com"))
    assert ["hold", "capture"] == [kind for kind, _ in stand.money(intent["id"])]


@pytest.mark.full
@pytest.mark.parametrize(
    "journey",
    [
        test_a_purchase_is_made_over_the_api_and_kept_by_aws,
        test_an_operator_sees_the_purchase_as_aws_recorded_it,
        test_a_declined_card_ends_it_with_nothing_held,
        test_a_cancelled_purchase_is_over_here_at_once_and_there_soon,
        test_an_agents_purchase_goes_through_the_workers_routes,
    ],
)
def test_the_journeys_are_the_same_in_front_of_awss_own_runner(
    awss: Front, journey: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its ids of callbacks have slashes and a length of their own, and its refusals other names."""
    if journey is test_an_operator_sees_the_purchase_as_aws_recorded_it:
        journey(awss, monkeypatch)
    else:
        journey(awss)
