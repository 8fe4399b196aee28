"""The permit over HTTP: once a task, for exactly what was confirmed, while everything it needs still stands."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any

import httpx2
import pytest
from sqlmodel import select

from checkout.purchase.ports import Limits
from checkout.store.models import AgentTask, Intent
from checkout.store.vault import digest
from tests.api.agent import CLAIM, CREATE, OFFER, ORDER, SESSION, Task
from tests.api.standing import VISA, Standing, eventually, until, wanted

SECRET = SESSION["storage"]["cookies"][0]["value"]


@pytest.fixture
def worker(stand: Standing) -> Iterator[httpx2.Client]:
    """An agent worker of the operator's own tenant; the queue is emptied for it."""
    with stand.client("operator", "agent") as client:
        while client.post(CLAIM, json={"worker": "sweep"}).status_code == 200:
            pass
        yield client


@pytest.fixture
def order(ada: httpx2.Client, worker: httpx2.Client) -> Task:
    """A claimed order task of a confirmed purchase."""
    intent_id = ada.post(CREATE, json=wanted("/agent")).json()["id"]
    Task(worker, "offer").say("succeed", OFFER)
    until(ada, intent_id, "awaiting_confirmation")
    ada.post(f"{CREATE}/{intent_id}/confirm", json={"paymentMethod": VISA})
    return Task(worker, "order")


def row_of(stand: Standing, task: Task) -> AgentTask:
    """The task as it is stored."""
    with stand.services.database.read() as session:
        return session.exec(select(AgentTask).where(AgentTask.callback_id == task.id)).one()


def changed(stand: Standing, task: Task, **columns: Any) -> None:
    """Bring the task's row into a state that would take minutes to come to."""
    with stand.services.database.transaction() as session:
        row = session.get_one(AgentTask, task.id)
        for name, value in columns.items():
            setattr(row, name, value)
        session.add(row)


def code_of(answer: httpx2.Response) -> tuple[int, str]:
    """Status and problem."""
    return answer.status_code, answer.json()["code"]


def test_a_permit_is_on_record_before_it_is_answered_and_lives_for_seconds(stand: Standing, order: Task) -> None:
    """Id, readings and session are stored; the session only sealed."""
    asked_at = stand.services.clock.now()
    granted = order.permit()
    assert 200 == granted.status_code, granted.text
    row = row_of(stand, order)
    assert row.permit_id == granted.json()["permitId"]
    assert row.permit_expires_at == datetime.fromisoformat(granted.json()["expiresAt"])
    assert row.permit_expires_at is not None
    assert timedelta(0) < row.permit_expires_at - asked_at < timedelta(seconds=15)
    assert "Place order" == (row.readings or {})["commit_control"]
    assert row.sealed_session
    assert SECRET in stand.services.vault.open(row.sealed_session)
    assert SECRET.encode() not in row.sealed_session


def test_of_two_requests_at_once_one_gets_the_permit(order: Task) -> None:
    """And the same worker asking again gets none: whoever lost the answer presses nothing."""
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: order.permit(), range(8)))
    assert [200, *[409] * 7] == sorted(answer.status_code for answer in answers)
    assert {"permit_already_granted"} == {answer.json()["code"] for answer in answers if answer.status_code == 409}


@pytest.mark.parametrize(
    ("different", "said"),
    [
        ({"totals": [{"amount_minor": 2100, "currency": "USD"}, {"amount_minor": 2101, "currency": "USD"}]}, "$21.01"),
        ({"totals": [{"amount_minor": 2100, "currency": "CAD"}] * 2}, "total"),
        ({"lines": [{"title": "A lamp", "quantity": 2, "text": "A lamp, two"}]}, "quantity"),
        ({"lines": [{"title": "A chair", "quantity": 1, "text": "A chair"}]}, "item"),
        ({"lines": []}, "0 lines"),
        ({"address_found": ["city"]}, "street"),
        ({"commit_control": "Continue"}, "does not place an order"),
    ],
)
def test_what_is_not_exactly_the_confirmed_order_gets_no_permit(
    stand: Standing, order: Task, different: dict[str, Any], said: str
) -> None:
    """The problem lists what differs, and the right readings still get the permit."""
    refused = order.permit(**different)
    assert (409, "permit_differs") == code_of(refused)
    assert said in " ".join(refused.json()["differences"])
    assert row_of(stand, order).permit_id is None
    assert 200 == order.permit().status_code


def test_a_forged_or_dead_token_gets_no_permit(stand: Standing, order: Task) -> None:
    """Unknown, empty, or the hash itself: 404, and nothing is stored."""
    for token in ("cbt_forged", "", digest(order.token)):
        assert (404, "callback_not_found") == code_of(order.permit(token=token))
    assert row_of(stand, order).permit_id is None


def test_a_quote_gets_no_permit(ada: httpx2.Client, worker: httpx2.Client) -> None:
    """It places nothing."""
    ada.post(CREATE, json=wanted("/agent"))
    assert (409, "permit_not_an_order") == code_of(Task(worker, "offer").permit())


def test_readings_that_are_none_are_refused_by_name(order: Task) -> None:
    """422, and the task stays open."""
    refused = order.permit(totals=[{"amount_minor": 2100, "currency": "USD"}])
    assert (422, "invalid_request") == code_of(refused)
    assert SECRET not in refused.text
    assert 200 == order.permit().status_code


def test_a_task_about_to_end_gets_no_permit(stand: Standing, order: Task) -> None:
    """There would be no time to say how it ended."""
    changed(stand, order, deadline=stand.services.clock.now() + timedelta(seconds=30))
    assert (409, "permit_too_late") == code_of(order.permit())


def test_a_worker_that_was_silent_gets_no_permit(stand: Standing, order: Task) -> None:
    """It may be looked up already; a heartbeat makes it good, as long as the purchase waits."""
    changed(stand, order, heartbeat_at=stand.services.clock.now() - timedelta(seconds=61))
    assert (409, "permit_too_late") == code_of(order.permit())
    order.say("heartbeat")
    assert 200 == order.permit().status_code


@pytest.mark.parametrize("left", [None, timedelta(minutes=59)])
def test_a_hold_that_is_gone_or_about_to_lapse_gets_no_permit(
    stand: Standing, order: Task, left: timedelta | None
) -> None:
    """An order on it could not be captured."""
    with stand.services.database.transaction() as session:
        intent = session.get_one(Intent, order.data["task"]["request"]["intent_id"])
        intent.hold_expires_at = stand.services.clock.now() + left if left else None
        session.add(intent)
    assert (409, "permit_too_late") == code_of(order.permit())
    assert row_of(stand, order).permit_id is None


def test_a_purchase_that_went_on_without_the_worker_gives_no_permit(
    stand: Standing, ada: httpx2.Client, worker: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The order's time is over: 410."""
    monkeypatch.setattr(stand.shop, "limits", Limits(agent_order_seconds=1, look_up_attempts=1))
    intent_id = ada.post(CREATE, json=wanted("/agent")).json()["id"]
    Task(worker, "offer").say("succeed", OFFER)
    until(ada, intent_id, "awaiting_confirmation")
    ada.post(f"{CREATE}/{intent_id}/confirm", json={"paymentMethod": VISA})
    late = Task(worker, "order")
    eventually(lambda: late.say("heartbeat").status_code == 410)
    assert (410, "callback_expired") == code_of(late.permit())
    assert row_of(stand, late).permit_id is None


def test_the_session_is_deleted_when_the_purchase_ends(stand: Standing, ada: httpx2.Client, order: Task) -> None:
    """And it never stood readable in the database, nor in anything a developer or an operator reads."""
    assert 200 == order.permit().status_code
    intent_id = order.data["task"]["request"]["intent_id"]
    assert SECRET not in stand.history(intent_id)
    order.say("succeed", ORDER)
    completed = until(ada, intent_id, "completed")
    row = row_of(stand, order)
    assert (None, "done") == (row.sealed_session, row.status)
    assert SECRET not in str(completed)
    assert SECRET.encode() not in stand.stored()
