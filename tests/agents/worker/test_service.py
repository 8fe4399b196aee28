"""The worker's client when the wire fails: what is repeated, what is not, and when a worker must think itself dead."""

import json
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest
from pydantic import TypeAdapter

from agents import service as subject
from agents.errors import PermitRefusedError, TaskLostError
from agents.service import ServiceClient, TaskService
from agents.terms import Kind, Readings, SavedSession, Task
from merchants.sdk import OfferRequest, Order, Refused
from payments.money import Money
from tests.agents.world import BUYER
from tests.api.agent import readings
from tests.api.standing import eventually

TASK = Task(
    callback_id="cb_1",
    token="cbt_secret",
    kind=Kind.ORDER,
    intent_id="ci_1",
    request=OfferRequest(product_url="https://shop.example/lamp", quantity=1, buyer=BUYER),
    offer=None,
    deadline=datetime(2026, 1, 1, tzinfo=UTC),
)
READ = TypeAdapter(Readings).validate_python(readings())
SAVED = SavedSession(storage={"cookies": [], "origins": []}, url="https://shop.example/review")
ORDER = Order(merchant_order_id="A-1", total=Money(2100, "USD"))
Answer = Callable[[httpx2.Request], httpx2.Response]


def gone(request: httpx2.Request) -> httpx2.Response:
    """No answer."""
    raise httpx2.ReadTimeout("too slow", request=request)


def says(status: int, /, **body: Any) -> Answer:
    """This answer."""
    return lambda _: httpx2.Response(status, json=body)


class Wire(httpx2.BaseTransport):
    """A service of scripted answers; the last one goes on. Remembers what it was sent."""

    def __init__(self, *answers: Answer) -> None:
        self.answers = list(answers)
        self.sent: list[tuple[str, Any]] = []

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """The next answer."""
        body = request.read()
        self.sent.append((request.url.path, json.loads(body) if body else None))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return answer(request)


def at(wire: Wire, *, silence_seconds: float = 60.0) -> TaskService:
    """The service for the task, over this wire."""
    client = ServiceClient("http://service.example", "ck_secret", transport=wire)
    return TaskService(client, TASK, threading.Event(), silence_seconds=silence_seconds)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Reports are tried for a moment only."""
    monkeypatch.setattr(subject, "REPORT_SECONDS", 0.3)
    monkeypatch.setattr(subject, "RETRY_FIRST_SECONDS", 0.01)


def test_a_permit_whose_answer_is_lost_is_refused_and_not_asked_again() -> None:
    """It may stand in the service's books; no click follows it, so nothing is lost."""
    wire = Wire(gone)
    service = at(wire)
    for reason in ("answer_lost", "permit_already_granted"):
        with pytest.raises(PermitRefusedError) as refused:
            service.permit(READ, SAVED)
        assert reason == refused.value.reason
    assert 1 == len(wire.sent)
    assert not service.permitted


@pytest.mark.parametrize(
    ("status", "error"),
    [(404, TaskLostError), (410, TaskLostError), (409, PermitRefusedError), (500, PermitRefusedError)],
)
def test_any_answer_but_a_permit_is_none(status: int, error: type[Exception]) -> None:
    """The task is lost, or the permit refused; the token is in no sentence."""
    with pytest.raises(error) as said:
        at(Wire(says(status, code="c", detail="a sentence"))).permit(READ, SAVED)
    assert "a sentence" == str(said.value)


def test_a_permits_time_is_the_services() -> None:
    """As it was written, with its zone."""
    permit = at(Wire(says(200, permitId="prm_1", expiresAt="2026-01-01T00:00:10Z"))).permit(READ, SAVED)
    assert datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=10) == permit.expires_at


def test_a_session_too_large_to_send_leaves_its_storage_behind() -> None:
    """The cookies are what finds an order; the readings go as they are."""
    wire = Wire(says(200, permitId="prm_1", expiresAt="2026-01-01T00:00:10Z"))
    big = SavedSession(
        storage={"cookies": [{"name": "sid"}], "origins": [{"localStorage": "x" * 60_000}]}, url="https://shop.example"
    )
    at(wire).permit(READ, big)
    ((_, body),) = wire.sent
    assert {"cookies": [{"name": "sid"}], "origins": []} == body["session"]["storage"]
    assert "Place order" == body["readings"]["commit_control"]


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("trouble", [gone, says(503, code="unavailable"), says(429, code="rate_limited")])
def test_an_answer_is_handed_in_again_until_it_arrives(trouble: Answer) -> None:
    """The same body each time, which the service knows again."""
    wire = Wire(trouble, trouble, says(200, status="completed"))
    at(wire).report(ORDER)
    assert 3 == len(wire.sent)
    assert 1 == len({json.dumps(body) for _, body in wire.sent})


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize("answer", [says(410, code="callback_expired"), says(422, code="invalid_request"), gone])
def test_an_answer_that_is_not_taken_loses_the_task(answer: Answer) -> None:
    """At once when it is refused, in the end when nobody answers."""
    with pytest.raises(TaskLostError):
        at(Wire(answer)).report(Refused(code="captcha_blocked", message="a captcha"))


def test_an_order_is_not_lost_over_its_evidence() -> None:
    """More than the service reads is left out."""
    wire = Wire(says(200, status="completed"))
    at(wire).report(Order(merchant_order_id="A-1", total=Money(2100, "USD"), evidence={"excerpt": "x" * 100_000}))
    ((_, body),) = wire.sent
    assert ("A-1", ["left_out"]) == (body["merchant_order_id"], list(body["evidence"]))


def test_a_worker_that_hears_nothing_stops_before_another_is_let_at_its_task() -> None:
    """Its own silence limit is below the service's."""
    service = at(Wire(gone), silence_seconds=0.1)
    with service.beating():
        service.at("one step")
        eventually(lambda: is_lost(service))


def is_lost(service: TaskService) -> bool:
    """Whether the next step ends the task."""
    try:
        service.at("the next step")
    except TaskLostError:
        return True
    return False


def test_heartbeats_carry_the_step_and_what_was_seen() -> None:
    """From the second thread; what was seen goes at once and stays in every later one."""
    wire = Wire(says(200, status="waiting"))
    service = at(wire, silence_seconds=1.0)
    with service.beating():
        service.at("a step")
        service.witnessed({"order_number": "A-1"})
        seen = len(wire.sent)
        eventually(lambda: len(wire.sent) > seen + 2)
    assert {"step": "a step", "evidence": {"order_number": "A-1"}} == wire.sent[-1][1]
    assert {"/internal/callbacks/cb_1/heartbeat"} == {path for path, _ in wire.sent}


def test_a_worker_that_makes_no_progress_stops_beating(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stuck must look like dead: the same step for too long sends no more heartbeats."""
    wire = Wire(says(200, status="waiting"))
    service = at(wire)
    service._ending.set()  # one round of the second thread, here
    service._beat_on()
    assert 1 == len(wire.sent)
    monkeypatch.setattr(subject, "STUCK_SECONDS", 0.0)
    service._beat_on()
    assert 1 == len(wire.sent)


@pytest.mark.parametrize("status", [404, 409, 410])
def test_a_heartbeat_that_is_refused_loses_the_task(status: int) -> None:
    """Another worker has it, or nobody waits for it."""
    service = at(Wire(says(status, code="c", detail="no longer yours")))
    with pytest.raises(TaskLostError, match="no longer yours"):
        service.witnessed({})
    with pytest.raises(TaskLostError):
        service.at("the next step")
