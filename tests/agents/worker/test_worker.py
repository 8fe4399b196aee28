"""A worker at a real service over HTTP, what it does scripted: how every end is told, and what a stop does."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import httpx2
import pytest
from pydantic import TypeAdapter
from sqlmodel import select

from agents.errors import PermitRefusedError, TaskLostError
from agents.ports import Service
from agents.service import ServiceClient, ServiceUnreachableError
from agents.terms import Kind, Outcome, Readings, SavedSession, Task
from agents.worker import Worker
from checkout.purchase import codec
from checkout.store.models import AgentTask
from merchants.sdk import Absent, Offer, Order, Refused, Unclear
from payments.money import Money
from tests.api.agent import CLAIM, CREATE, OFFER, SESSION, readings
from tests.api.standing import VISA, Standing, standing, until, wanted

READ = TypeAdapter(Readings).validate_python(readings())
SAVED = TypeAdapter(SavedSession).validate_python(SESSION)
QUOTE: Offer = codec.from_json(OFFER)
ORDER = Order(merchant_order_id="A-1", total=Money(2100, "USD"), evidence={"heading": "Thank you"})


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    """A service."""
    with standing(tmp_path_factory.mktemp("worker")) as service:
        yield service


@pytest.fixture
def ada(stand: Standing) -> Iterator[httpx2.Client]:
    """A developer; nothing of another test's waits for a worker."""
    with stand.client("operator", "agent") as sweeper:
        while sweeper.post(CLAIM, json={"worker": "sweep"}).status_code == 200:
            pass
    with stand.client("t_1") as client:
        yield client


@dataclass
class Script:
    """What is done to each task in turn; remembers the tasks, which are what a buying agent would be given."""

    acts: list[Callable[[Task, Service], Outcome]]
    tasks: list[Task] = field(default_factory=list)

    def __call__(self, task: Task, service: Service) -> Outcome:
        """Do the next act."""
        self.tasks.append(task)
        return self.acts[len(self.tasks) - 1](task, service)


@contextmanager
def worker_of(stand: Standing, *acts: Callable[[Task, Service], Outcome]) -> Iterator[tuple[Worker, Script]]:
    """A worker with its own key, and its script."""
    script = Script(list(acts))
    with ServiceClient(stand.url, stand.key("operator", "agent")) as client:
        yield Worker(name="w1", client=client, do=script, poll_seconds=0.01), script


def quote(_task: Task, service: Service) -> Outcome:
    """Bring the offer."""
    service.at("reading the total")
    return QUOTE


def order(_task: Task, service: Service) -> Outcome:
    """Ask, press, see."""
    service.permit(READ, SAVED)
    service.witnessed({"order_number": "A-1", "total": "$21.00"})
    return ORDER


def breaks(_task: Task, _service: Service) -> Outcome:
    """Fail as nobody expected, with a secret in the sentence."""
    raise RuntimeError("the field says 4242 4242 4242 4242")


def breaks_after_permit(_task: Task, service: Service) -> Outcome:
    """The same with the permit in hand."""
    service.permit(READ, SAVED)
    raise RuntimeError("the browser crashed")


def asked(ada: httpx2.Client) -> str:
    """A new intent that an agent must quote."""
    identity: str = ada.post(CREATE, json=wanted("/agent")).json()["id"]
    return identity


def work(worker: Worker, tasks: int = 1) -> None:
    """Work on so many tasks."""
    while tasks:
        tasks -= worker.work_once()


def confirmed(ada: httpx2.Client, intent_id: str) -> None:
    """The buyer says yes."""
    until(ada, intent_id, "awaiting_confirmation")
    ada.post(f"{CREATE}/{intent_id}/confirm", json={"paymentMethod": VISA})


def row_of(stand: Standing, task: Task) -> AgentTask:
    """The task as the service has it."""
    with stand.services.database.read() as session:
        return session.exec(select(AgentTask).where(AgentTask.callback_id == task.callback_id)).one()


def test_a_worker_quotes_and_orders(stand: Standing, ada: httpx2.Client) -> None:
    """It is given the buyer and the confirmed offer, typed; its step and what it saw are on record."""
    intent_id = asked(ada)
    with worker_of(stand, quote, order) as (worker, script):
        work(worker)
        confirmed(ada, intent_id)
        work(worker)
    until(ada, intent_id, "completed")
    quoted, ordered = script.tasks
    assert (Kind.OFFER, None, "Ada") == (quoted.kind, quoted.offer, quoted.request.buyer.first_name)
    assert (Kind.ORDER, QUOTE, None) == (ordered.kind, ordered.offer, ordered.session)
    row = row_of(stand, ordered)
    assert "A-1" == (row.witnessed or {})["order_number"]
    assert row.permit_id
    assert ordered.token not in repr(ordered)


@pytest.mark.parametrize(
    ("act", "code"),
    [
        (lambda *_: Refused(code="captcha_blocked", message="The shop asks for a captcha."), "captcha_blocked"),
        (lambda *_: Refused(code="no_public_code", message="?"), "unknown"),
        (breaks, "offer_retrieval_failed"),
    ],
)
def test_a_quote_that_fails_says_why_and_never_what_a_field_said(
    stand: Standing,
    ada: httpx2.Client,
    capsys: pytest.CaptureFixture[str],
    act: Callable[[Task, Service], Outcome],
    code: str,
) -> None:
    """A refusal with its own code; whatever broke, by its kind alone."""
    intent_id = asked(ada)
    with worker_of(stand, act) as (worker, _):
        work(worker)
        assert (act is breaks) == worker.broken
    failure = until(ada, intent_id, "failed")["failureReason"]
    assert code == failure["code"]
    shown = capsys.readouterr()
    assert "4242" not in f"{failure}{shown.out}{shown.err}"


def test_an_order_that_breaks_without_a_permit_was_not_placed(stand: Standing, ada: httpx2.Client) -> None:
    """A definite no: nothing may have been pressed."""
    intent_id = asked(ada)
    with worker_of(stand, quote, breaks) as (worker, _):
        work(worker)
        confirmed(ada, intent_id)
        work(worker)
    assert "order_placement_failed" == until(ada, intent_id, "failed")["failureReason"]["code"]


def test_an_order_that_breaks_after_its_permit_is_unclear(stand: Standing, ada: httpx2.Client) -> None:
    """Nobody knows, so it is no failure yet."""
    intent_id = asked(ada)
    with worker_of(stand, quote, breaks_after_permit) as (worker, script):
        work(worker)
        confirmed(ada, intent_id)
        work(worker)
    assert "done" == row_of(stand, script.tasks[1]).status
    assert "placing_order" == ada.get(f"{CREATE}/{intent_id}").json()["state"]
    history = stand.history(intent_id)
    assert "the agent worker broke: RuntimeError" in history


def test_a_permit_is_asked_once_and_a_refused_one_says_why(stand: Standing, ada: httpx2.Client) -> None:
    """Another total: refused with the service's own sentence; asking again does not reach the service."""
    intent_id = asked(ada)
    refusals: list[PermitRefusedError] = []

    def dearer(_task: Task, service: Service) -> Outcome:
        more = Money(2200, "USD")
        for reading in (TypeAdapter(Readings).validate_python({**readings(), "totals": (more, more)}), READ):
            with pytest.raises(PermitRefusedError) as refused:
                service.permit(reading, SAVED)
            refusals.append(refused.value)
        return Refused(code="order_placement_failed", message=str(refusals[0]))

    with worker_of(stand, quote, dearer) as (worker, _):
        work(worker)
        confirmed(ada, intent_id)
        work(worker)
    assert ["permit_differs", "permit_already_granted"] == [refusal.reason for refusal in refusals]
    assert "$22.00" in until(ada, intent_id, "failed")["failureReason"]["message"]


def test_a_task_that_is_no_longer_ours_ends_at_its_next_step(stand: Standing, ada: httpx2.Client) -> None:
    """The buyer cancelled: the heartbeat hears of it, the step raises, and nothing is reported."""
    intent_id = asked(ada)
    heard = threading.Event()

    def cancelled(_task: Task, service: Service) -> Outcome:
        ada.post(f"{CREATE}/{intent_id}/cancel")
        with pytest.raises(TaskLostError):
            service.witnessed({"page": "1"})
        heard.set()
        service.at("one more step")
        raise AssertionError("it went on")

    with worker_of(stand, cancelled) as (worker, _):
        work(worker)
        assert heard.is_set()
        assert not worker.broken


def test_a_worker_that_is_to_end_gives_a_quote_back_and_another_brings_it(stand: Standing, ada: httpx2.Client) -> None:
    """At its next step, without waiting for the silence."""
    intent_id = asked(ada)

    def stopped(_task: Task, service: Service) -> Outcome:
        worker.ending.set()
        service.at("another step")
        raise AssertionError("it went on")

    with worker_of(stand, stopped) as (worker, _):
        worker.run()
    with worker_of(stand, quote) as (other, _):
        work(other)
    until(ada, intent_id, "awaiting_confirmation")


def test_a_worker_that_is_to_end_finishes_its_order(stand: Standing, ada: httpx2.Client) -> None:
    """The buyer's money is held; the order is placed and reported, and no further task is taken."""
    intent_id = asked(ada)

    def stopped(task: Task, service: Service) -> Outcome:
        worker.ending.set()
        service.at("another step")
        return order(task, service)

    with worker_of(stand, quote, stopped) as (worker, script):
        work(worker)
        confirmed(ada, intent_id)
        while len(script.tasks) < 2:
            worker.run()
    until(ada, intent_id, "completed")


@pytest.mark.parametrize("found", [ORDER, Absent(message="twice looked"), Unclear(message="neither")])
def test_a_look_up_is_handed_the_session_and_answers(
    stand: Standing, ada: httpx2.Client, capsys: pytest.CaptureFixture[str], found: Order | Absent | Unclear
) -> None:
    """Its outcome is in the row for the purchase to read; it completes no callback. No log shows the session."""
    intent_id = asked(ada)
    with worker_of(stand, quote, breaks_after_permit, lambda *_: found) as (worker, script):
        work(worker)
        confirmed(ada, intent_id)
        work(worker)
        with stand.services.database.transaction() as session:
            permitted = session.get_one(AgentTask, script.tasks[1].callback_id)
            session.add(
                AgentTask(
                    callback_id=f"lku_{intent_id}",
                    intent_id=intent_id,
                    tenant=permitted.tenant,
                    kind="look_up",
                    status="queued",
                    task=permitted.task,
                    created_at=permitted.created_at,
                    deadline=permitted.deadline,
                    sealed_session=permitted.sealed_session,
                )
            )
        work(worker)
    assert SAVED == script.tasks[2].session
    assert QUOTE == script.tasks[2].offer
    row = row_of(stand, script.tasks[2])
    assert ("done", codec.to_json(found)) == (row.status, row.answer)
    logged = "".join(capsys.readouterr())  # where to depends on what ran before in this process
    assert "agent-tasks/{callback_id:path}/permit" in logged
    for secret in (SESSION["storage"]["cookies"][0]["value"], script.tasks[2].token):
        assert secret not in logged


def test_a_service_that_is_away_or_refuses_the_key_gives_no_work(stand: Standing) -> None:
    """Both are one error, in a sentence without the key."""
    for url, key in (("http://127.0.0.1:1", "ck_any"), (stand.url, "ck_wrong"), (stand.url, stand.key("t_1"))):
        with ServiceClient(url, key) as client, pytest.raises(ServiceUnreachableError) as said:
            client.claim("w1")
        assert key not in str(said.value)
