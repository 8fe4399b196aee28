"""What every answer carries, and what nobody expected: a failure of ours is a problem too, logged by its id."""

import json
import sqlite3
from collections.abc import Iterator

import checkout_intents
import httpx2
import pytest
from checkout_intents import CheckoutIntents
from sqlalchemy.exc import OperationalError

from checkout.api.failures import problem_of
from checkout.api.kinds import KINDS
from checkout.api.problems import document
from checkout.durable.errors import CallbackExpiredError, StaleTokenError
from tests.api.standing import Standing, wanted

CREATE = "/api/v1/checkout-intents"


@pytest.fixture
def broken(stand: Standing, monkeypatch: pytest.MonkeyPatch) -> Iterator[Standing]:
    """A service whose commands fail as nobody expected."""

    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("its entrails")

    monkeypatch.setattr(stand.services.purchases, "create", fail)
    yield stand
    monkeypatch.undo()


@pytest.mark.usefixtures("broken")
def test_an_unexpected_failure_is_a_problem_without_its_inside(
    ada: httpx2.Client, capfd: pytest.CaptureFixture[str]
) -> None:
    """500 `internal_error` with the id under which the log has the rest, and nothing recorded under the key."""
    got = ada.post(CREATE, json=wanted(), headers={"Idempotency-Key": "broken"})
    problem = got.json()
    assert (500, "internal_error", "RuntimeError") == (got.status_code, problem["code"], problem["name"])
    assert "entrails" not in got.text
    assert "Traceback" not in got.text
    logged = "".join(capfd.readouterr())
    assert problem["request_id"] in logged
    assert "ZeroDivisionError" in logged


def test_after_a_failure_the_same_key_does_the_work(
    stand: Standing, ada: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A 5xx is never replayed: the retry with its key is done once the service is well again."""

    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as broken:
        broken.setattr(stand.services.purchases, "create", fail)
        assert 500 == ada.post(CREATE, json=wanted(), headers={"Idempotency-Key": "k"}).status_code
    got = ada.post(CREATE, json=wanted(), headers={"Idempotency-Key": "k"})
    assert (201, None) == (got.status_code, got.headers.get("idempotent-replayed"))


def test_the_official_client_meets_a_server_error(broken: Standing) -> None:
    """It retries as told, then raises InternalServerError."""
    with (
        CheckoutIntents(api_key=broken.key(), base_url=broken.url, max_retries=1) as rye,
        pytest.raises(checkout_intents.InternalServerError) as met,
    ):
        rye.post(CREATE, cast_to=object, body=wanted())
    assert "1" == met.value.request.headers["x-stainless-retry-count"]


def test_errors_below_become_problems_by_their_code() -> None:
    """Known codes keep theirs; an unknown one, and anything else, is internal; a busy database is worth a retry."""
    busy = OperationalError("INSERT", {"secret": "x"}, sqlite3.OperationalError("database is locked"))
    assert "callback_expired" == problem_of(CallbackExpiredError("late")).code
    assert "internal_error" == problem_of(StaleTokenError("stale")).code
    assert "internal_error" == problem_of(RuntimeError("x")).code
    assert ("unavailable", True) == (problem_of(busy).code, KINDS["unavailable"].retryable)
    assert "secret" not in json.dumps(document(problem_of(busy), "req_1"))


def test_every_answer_carries_the_security_headers_and_an_id(stand: Standing) -> None:
    """Also where there is no route and no key; the profile alone may be cached."""
    with httpx2.Client(base_url=stand.url) as client:
        ids = set()
        for path in ("/livez", "/readyz", "/nothing", CREATE, "/openapi.json", "/.well-known/ucp-agent.json"):
            headers = client.get(path).headers
            ids.add(headers["x-request-id"])
            assert ("nosniff", "DENY") == (headers["x-content-type-options"], headers["x-frame-options"])
            cached = "public, max-age=3600" if path.startswith("/.well-known") else "no-store"
            assert cached == headers["cache-control"]
        assert 6 == len(ids)
        assert {"status": "ok"} == client.get("/readyz").json()
        assert {"ucp": {"version": "2026-08-25"}} == client.get("/.well-known/ucp-agent.json").json()
