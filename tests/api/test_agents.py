"""The hand-over to an agent worker over HTTP: claim, heartbeat, succeed, fail; forged, late and repeated callbacks."""

from collections.abc import Iterator
from typing import Any

import httpx2
import pytest
from sqlmodel import select

from checkout.purchase.ports import Limits
from checkout.store.models import AgentTask
from checkout.store.vault import digest
from tests.api.agent import CLAIM, CREATE, OFFER, ORDER, SOLD_OUT, Task
from tests.api.standing import VISA, Standing, until, wanted


@pytest.fixture
def worker(stand: Standing) -> Iterator[httpx2.Client]:
    """An agent worker of the operator's own tenant; the queue is emptied for it."""
    with stand.client("operator", "agent") as client:
        while client.post(CLAIM, json={"worker": "sweep"}).status_code == 200:
            pass
        yield client


def _asked(client: httpx2.Client) -> str:
    identity: str = client.post(CREATE, json=wanted("/agent")).json()["id"]
    return identity


def test_an_agent_quotes_and_orders(ada: httpx2.Client, worker: httpx2.Client) -> None:
    """From hand-over to completed, with an agent's offer and an agent's order, heartbeats between."""
    intent_id = _asked(ada)
    quote = Task(worker, "offer")
    assert "https://shop.example/agent" == quote.data["task"]["request"]["product_url"]
    assert 200 == quote.say("succeed", OFFER).status_code
    offered = until(ada, intent_id, "awaiting_confirmation")
    assert {"amountSubunits": 2100, "currencyCode": "USD"} == offered["offer"]["cost"]["total"]
    ada.post(f"{CREATE}/{intent_id}/confirm", json={"paymentMethod": VISA})
    order = Task(worker, "order")
    for _ in range(2):
        assert {"callbackId": order.id, "status": "waiting"} == order.say("heartbeat").json()
    assert "tok_visa" not in str(order.data)
    assert {"callbackId": order.id, "status": "completed"} == order.say("succeed", ORDER).json()
    completed = until(ada, intent_id, "completed")
    assert "A-1" == ada.get(f"{CREATE}/{intent_id}/order").json()["merchantOrderId"]
    assert completed["orderId"]


def test_an_agent_that_cannot_says_why(ada: httpx2.Client, worker: httpx2.Client) -> None:
    """`fail` ends the intent with the agent's code, sentence and link."""
    intent_id = _asked(ada)
    task = Task(worker, "offer")
    task.say("fail", {**SOLD_OUT, "continueUrl": "https://shop.example/agent"})
    failure = until(ada, intent_id, "failed")["failureReason"]
    assert ("product_out_of_stock", "The page says: sold out.") == (failure["code"], failure["message"])


def test_a_repeat_gets_the_first_answer_and_another_answer_is_refused(
    ada: httpx2.Client, worker: httpx2.Client
) -> None:
    """Identical: 200 again; other outcome, other verb or a heartbeat: 409, and the first stands."""
    intent_id = _asked(ada)
    task = Task(worker, "offer")
    answers = [task.say("succeed", OFFER) for _ in range(2)]
    assert [200, 200] == [answer.status_code for answer in answers]
    assert answers[0].json() == answers[1].json()
    for verb, body in (("succeed", {**OFFER, "title": "Another"}), ("fail", SOLD_OUT), ("heartbeat", None)):
        got = task.say(verb, body)
        assert (409, "callback_already_completed") == (got.status_code, got.json()["code"])
    assert 2100 == until(ada, intent_id, "awaiting_confirmation")["offer"]["cost"]["total"]["amountSubunits"]


def test_a_forged_callback_looks_like_an_unknown_one(ada: httpx2.Client, worker: httpx2.Client) -> None:
    """Wrong token, unknown id, a token of another task and an unclaimed task: the same 404."""
    _asked(ada)
    task = Task(worker, "offer")
    _asked(ada)
    other = Task(worker, "offer")
    shown: list[httpx2.Response] = []
    for verb, body in (("succeed", OFFER), ("fail", SOLD_OUT), ("heartbeat", None)):
        shown.extend(task.say(verb, body, token) for token in ("cbt_forged", other.token, digest(task.token), ""))
        headers = {"X-Callback-Token": task.token}
        shown.append(worker.post(f"/internal/callbacks/cb_unknown/{verb}", json=body, headers=headers))
    assert {(404, "callback_not_found")} == {(got.status_code, got.json()["code"]) for got in shown}
    assert 1 == len({got.json()["detail"] for got in shown})
    assert 200 == task.say("succeed", OFFER).status_code


def test_a_callback_after_the_purchase_ended_is_gone(ada: httpx2.Client, worker: httpx2.Client) -> None:
    """Cancelled while the agent worked: 410 to whatever it says."""
    intent_id = _asked(ada)
    task = Task(worker, "offer")
    ada.post(f"{CREATE}/{intent_id}/cancel")
    for verb, body in (("succeed", OFFER), ("fail", SOLD_OUT), ("heartbeat", None)):
        got = task.say(verb, body)
        assert (410, "callback_expired") == (got.status_code, got.json()["code"])


def test_a_late_callback_is_gone_and_the_intent_has_failed(
    stand: Standing, ada: httpx2.Client, worker: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An agent that takes longer than it may: the intent fails in time, and 410 to whatever comes after."""
    monkeypatch.setattr(stand.shop, "limits", Limits(agent_offer_seconds=1))
    intent_id = _asked(ada)
    task = Task(worker, "offer")
    assert "offer_retrieval_failed" == until(ada, intent_id, "failed")["failureReason"]["code"]
    for verb, body in (("succeed", OFFER), ("fail", SOLD_OUT), ("heartbeat", None)):
        got = task.say(verb, body)
        assert (410, "callback_expired") == (got.status_code, got.json()["code"])


@pytest.mark.parametrize(
    ("body", "param"),
    [
        (ORDER, "type"),
        ({"type": "Unclear", "message": "?"}, "type"),
        ({"type": "Absent", "message": "?"}, "type"),
        ({"type": "Completed"}, "type"),
        ({**OFFER, "quantity": "many"}, "quantity"),
        ({name: value for name, value in OFFER.items() if name != "cost"}, "cost"),
        ({}, "type"),
        ([], "body"),
    ],
)
def test_an_answer_that_does_not_fit_the_task_is_refused_and_the_task_stays_open(
    ada: httpx2.Client, worker: httpx2.Client, body: Any, param: str
) -> None:
    """422 by path; then the right answer is still taken."""
    _asked(ada)
    task = Task(worker, "offer")
    got = task.say("succeed", body)
    assert (422, param) == (got.status_code, got.json()["param"])
    assert 422 == task.say("fail", {"code": "no_such_code", "message": "?"}).status_code
    assert 200 == task.say("succeed", OFFER).status_code


def test_a_task_is_claimed_once_by_kind_and_its_token_is_only_a_hash(
    stand: Standing, ada: httpx2.Client, worker: httpx2.Client
) -> None:
    """A second claim gets nothing, other kinds are left alone, and the row does not hold the token."""
    _asked(ada)
    task = Task(worker, "offer")
    assert 204 == worker.post(CLAIM, json={"worker": "w2", "kinds": ["order"]}).status_code
    assert 204 == worker.post(CLAIM, json={"worker": "w2"}).status_code
    with stand.services.database.read() as session:
        row = session.exec(select(AgentTask).where(AgentTask.callback_id == task.id)).one()
    assert (digest(task.token), "w1", "claimed") == (row.token_hash, row.worker, row.status)
    assert task.token not in row.model_dump_json()


def test_a_card_number_in_evidence_is_taken_out_and_the_order_stands(
    stand: Standing, ada: httpx2.Client, worker: httpx2.Client
) -> None:
    """An order must not be lost over a page that shows a card number."""
    intent_id = _asked(ada)
    Task(worker, "offer").say("succeed", OFFER)
    until(ada, intent_id, "awaiting_confirmation")
    ada.post(f"{CREATE}/{intent_id}/confirm", json={"paymentMethod": VISA})
    order = Task(worker, "order")
    got = order.say("succeed", {**ORDER, "evidence": {"page": "paid with 5555 5555 5555 4444"}})
    assert 200 == got.status_code
    until(ada, intent_id, "completed")
    assert b"5555 5555" not in stand.stored()
