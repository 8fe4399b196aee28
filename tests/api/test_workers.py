"""What the service makes of workers that live, die, come late and give back: heartbeats, take-over, look-up tasks."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import httpx2
import pytest
from sqlmodel import select

from checkout.durable.store_tables import OperationRow
from checkout.purchase.tasks import MAX_CLAIMS
from checkout.store.models import AgentTask
from tests.api.agent import CLAIM, CREATE, OFFER, ORDER, Task
from tests.api.standing import VISA, Standing, eventually, until, wanted


@pytest.fixture
def worker(stand: Standing) -> Iterator[httpx2.Client]:
    """An agent worker of the operator's own tenant; the queue is emptied for it."""
    with stand.client("operator", "agent") as client:
        while client.post(CLAIM, json={"worker": "sweep"}).status_code == 200:
            pass
        yield client


@pytest.fixture
def quote(ada: httpx2.Client, worker: httpx2.Client) -> Task:
    """A claimed quote."""
    ada.post(CREATE, json=wanted("/agent"))
    return Task(worker, "offer")


def intent_of(task: Task) -> str:
    """Its purchase."""
    identity: str = task.data["task"]["request"]["intent_id"]
    return identity


def silent(stand: Standing, task: Task, seconds: float = 61) -> None:
    """The task's worker has not been heard of for so long."""
    with stand.services.database.transaction() as session:
        row = session.get_one(AgentTask, task.id)
        row.heartbeat_at = stand.services.clock.now() - timedelta(seconds=seconds)
        session.add(row)


def row_of(stand: Standing, task_id: str) -> AgentTask:
    """The task as it is stored."""
    with stand.services.database.read() as session:
        return session.exec(select(AgentTask).where(AgentTask.callback_id == task_id)).one()


def test_a_heartbeat_says_what_the_worker_does_and_saw(stand: Standing, quote: Task) -> None:
    """Both are optional; evidence adds up, and a card number in it is taken out."""
    assert 200 == quote.say("heartbeat").status_code
    assert 200 == quote.say("heartbeat", {"step": "turn 3 on a contact page"}).status_code
    assert 200 == quote.say("heartbeat", {"evidence": {"order_number": "A-1"}}).status_code
    assert 200 == quote.say("heartbeat", {"evidence": {"page": "paid with 4242 4242 4242 4242"}}).status_code
    row = row_of(stand, quote.id)
    assert "turn 3 on a contact page" == row.step
    assert {"order_number": "A-1", "page": "[card number removed]"} == row.witnessed


def test_a_dead_workers_quote_goes_to_another_and_the_dead_ones_token_with_it(
    stand: Standing, ada: httpx2.Client, worker: httpx2.Client, quote: Task
) -> None:
    """Not while it lives; after a minute of silence a new token is minted, and the old one is unknown at once."""
    silent(stand, quote, seconds=50)
    assert 204 == worker.post(CLAIM, json={"worker": "w2"}).status_code
    silent(stand, quote)
    other = Task(worker, "offer")
    assert quote.id == other.id
    for verb, body in (("heartbeat", None), ("succeed", OFFER)):
        assert 404 == quote.say(verb, body).status_code
    assert 200 == other.say("succeed", OFFER).status_code
    until(ada, intent_of(quote), "awaiting_confirmation")


def test_a_quote_that_every_worker_died_of_fails(
    stand: Standing, ada: httpx2.Client, worker: httpx2.Client, quote: Task
) -> None:
    """Claimed three times, given up by the next who asks."""
    for _ in range(MAX_CLAIMS - 1):
        silent(stand, quote)
        assert quote.id == Task(worker, "offer").id
    silent(stand, quote)
    assert 204 == worker.post(CLAIM, json={"worker": "w4"}).status_code
    failure = until(ada, intent_of(quote), "failed")["failureReason"]
    assert "offer_retrieval_failed" == failure["code"]
    assert "fell silent" in failure["message"]


def test_an_order_is_never_claimed_twice(
    stand: Standing, ada: httpx2.Client, worker: httpx2.Client, quote: Task
) -> None:
    """Its worker may have pressed already; neither silence nor giving back lets another begin."""
    quote.say("succeed", OFFER)
    until(ada, intent_of(quote), "awaiting_confirmation")
    ada.post(f"{CREATE}/{intent_of(quote)}/confirm", json={"paymentMethod": VISA})
    order = Task(worker, "order")
    silent(stand, order)
    assert 204 == worker.post(CLAIM, json={"worker": "w2"}).status_code
    headers = {"X-Callback-Token": order.token}
    refused = worker.post(f"/internal/agent-tasks/{order.id}/give-back", headers=headers)
    assert (422, "invalid_request") == (refused.status_code, refused.json()["code"])
    assert 200 == order.say("succeed", ORDER).status_code
    until(ada, intent_of(quote), "completed")


def test_an_order_waits_as_long_as_a_worker_lives(
    stand: Standing, ada: httpx2.Client, worker: httpx2.Client, quote: Task
) -> None:
    """The only worker is busy with another quote: its heartbeats keep the order's time from running out."""

    def due_at() -> datetime:
        with stand.services.database.read() as session:
            due = session.exec(select(OperationRow.due_at).where(OperationRow.callback_id == waiting[0])).one()
        assert due
        return due

    def is_waiting() -> bool:
        with stand.services.database.read() as session:
            of_this = select(AgentTask).where(AgentTask.intent_id == intent_of(quote), AgentTask.status == "queued")
            waiting.extend(task.callback_id for task in session.exec(of_this))
        return bool(waiting)

    waiting: list[str] = []
    quote.say("succeed", OFFER)
    until(ada, intent_of(quote), "awaiting_confirmation")
    ada.post(CREATE, json=wanted("/agent"))
    other = Task(worker, "offer")
    ada.post(f"{CREATE}/{intent_of(quote)}/confirm", json={"paymentMethod": VISA})
    eventually(is_waiting)
    before = due_at()
    assert 200 == other.say("heartbeat").status_code
    assert before < due_at()
    assert intent_of(quote) == intent_of(Task(worker, "order"))


def test_a_quote_given_back_is_another_workers_at_once(stand: Standing, worker: httpx2.Client, quote: Task) -> None:
    """It counts as never claimed, and the token that gave it back is dead."""
    headers = {"X-Callback-Token": quote.token}
    assert 200 == worker.post(f"/internal/agent-tasks/{quote.id}/give-back", headers=headers).status_code
    assert 404 == quote.say("heartbeat").status_code
    again = Task(worker, "offer")
    assert (quote.id, 1) == (again.id, row_of(stand, quote.id).claims)


@pytest.mark.parametrize("kind", [["offer", "order"], ["look_up", "order", "offer"]])
def test_a_worker_may_name_its_kinds(worker: httpx2.Client, kind: list[str]) -> None:
    """All three are known."""
    assert worker.post(CLAIM, json={"worker": "w", "kinds": kind}).status_code == 204


@pytest.mark.parametrize("body", [{"step": ""}, {"step": "x" * 256}, {"evidence": []}, {"unknown": 1}, []])
def test_a_heartbeat_that_is_none_is_refused(quote: Task, body: Any) -> None:
    """422; the task stays."""
    assert 422 == quote.say("heartbeat", body).status_code
    assert 200 == quote.say("heartbeat").status_code
