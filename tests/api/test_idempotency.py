"""A request sent twice is done once, whatever happens in between, and never for somebody else's key."""

import threading
from datetime import timedelta
from typing import Any

import httpx2
import pytest
from sqlmodel import select, text

from checkout.api.idempotency import body_hash, prune
from checkout.store.models import IdempotencyRecord, Intent
from tests.api.standing import VISA, Standing, eventually, until, wanted
from tests.stores import on_postgresql

CREATE = "/api/v1/checkout-intents"


def _post(client: httpx2.Client, key: str, body: Any, path: str = CREATE) -> httpx2.Response:
    return client.post(path, json=body, headers={"Idempotency-Key": key})


def _created(stand: Standing, tenant: str) -> int:
    with stand.services.database.read() as session:
        return len(session.exec(select(Intent).where(Intent.tenant == tenant)).all())


def test_the_same_request_again_gets_the_first_answer(stand: Standing) -> None:
    """Status and body are replayed and marked; one intent exists."""
    with stand.client("again") as client:
        first, second = (_post(client, "k 1", wanted()) for _ in range(2))
        assert (201, 201) == (first.status_code, second.status_code)
        assert first.json() == second.json()
        assert "idempotent-replayed" not in first.headers
        assert "true" == second.headers["idempotent-replayed"]
    assert 1 == _created(stand, "again")


def test_order_and_spelling_of_the_json_do_not_matter(stand: Standing) -> None:
    """The same JSON in another order and with `1.0` is the same body."""
    with stand.client("spelling") as client:
        first = _post(client, "k", wanted())
        text = client.build_request("POST", CREATE, json=dict(reversed(wanted().items()))).read()
        headers = {"Idempotency-Key": "k", "Content-Type": "application/json"}
        again = client.post(CREATE, content=text.replace(b'"quantity":1', b'"quantity": 1.0'), headers=headers)
        assert (201, first.json()) == (again.status_code, again.json())


def test_another_body_under_the_same_key_is_a_conflict(stand: Standing) -> None:
    """422, and only the first was done; null and absent are different bodies."""
    with stand.client("conflict") as client:
        _post(client, "k", wanted())
        for other in (wanted(quantity=2), wanted(referenceId=None)):
            got = _post(client, "k", other)
            assert (422, "idempotency_conflict") == (got.status_code, got.json()["code"])
    assert 1 == _created(stand, "conflict")


def test_a_key_is_its_tenants_and_its_paths(stand: Standing) -> None:
    """The same key of another tenant, or on another path, is another request."""
    with stand.client("mine") as mine, stand.client("theirs") as theirs:
        ids = {_post(mine, "k", wanted()).json()["id"], _post(theirs, "k", wanted()).json()["id"]}
        ids.add(_post(mine, "k", wanted(paymentMethod=VISA), f"{CREATE}/purchase").json()["id"])
    assert 3 == len(ids)


def test_a_refusal_is_judged_anew(stand: Standing) -> None:
    """A confirmation that came too early may be repeated with its key once there is an offer."""
    stand.shop.door.clear()
    with stand.client("early") as client:
        intent_id = client.post(CREATE, json=wanted("/slow")).json()["id"]
        confirm = f"{CREATE}/{intent_id}/confirm"
        early = _post(client, "k", {"paymentMethod": VISA}, confirm)
        assert (409, "retrieving_offer") == (early.status_code, early.json()["state"])
        stand.shop.door.set()
        until(client, intent_id, "awaiting_confirmation")
        assert 200 == _post(client, "k", {"paymentMethod": VISA}, confirm).status_code
        again = _post(client, "k", {"paymentMethod": VISA}, confirm)
        assert (200, "true") == (again.status_code, again.headers["idempotent-replayed"])
        until(client, intent_id, "completed")


def test_an_invalid_request_uses_up_no_key(stand: Standing) -> None:
    """After a 422 the same key does the corrected request."""
    with stand.client("invalid") as client:
        assert 422 == _post(client, "k", wanted(quantity=0)).status_code
        assert 201 == _post(client, "k", wanted()).status_code


def test_many_at_once_are_done_once(stand: Standing) -> None:
    """Twenty concurrent requests with one key: one intent; each answer is that intent or `in flight`, to be retried."""
    answers: list[httpx2.Response] = []
    with stand.client("crowd") as client:
        threads = [threading.Thread(target=lambda: answers.append(_post(client, "k", wanted()))) for _ in range(20)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert 1 == _created(stand, "crowd")
        done = {answer.json()["id"] for answer in answers if answer.status_code == 201}
        assert 1 == len(done)
        for answer in answers:
            if answer.status_code != 201:
                assert (409, "idempotency_in_flight") == (answer.status_code, answer.json()["code"])
                assert ("1", "true") == (answer.headers["retry-after"], answer.headers["x-should-retry"])


def test_a_second_request_while_the_first_runs_is_told_so(stand: Standing) -> None:
    """With the writer held, the first waits inside its work, and the second is answered 409 at once."""
    first: list[httpx2.Response] = []
    with stand.client("flight") as client:
        with stand.services.database.transaction() as session:
            if on_postgresql():  # it has as many writers as there are, until one locks what they write
                session.execute(text("LOCK TABLE idempotency"))
            thread = threading.Thread(target=lambda: first.append(_post(client, "k", wanted())))
            thread.start()
            eventually(lambda: bool(stand.running.idempotency._in_flight))
            second = _post(client, "k", wanted())
        thread.join()
        assert (409, "idempotency_in_flight") == (second.status_code, second.json()["code"])
        assert 201 == first[0].status_code
        assert first[0].json() == _post(client, "k", wanted()).json()


@pytest.mark.parametrize("key", ["", "k" * 256, "kéy"])
def test_a_key_that_is_no_key_is_refused(ada: httpx2.Client, key: str) -> None:
    """Empty, too long and unprintable keys are named as the parameter that is wrong."""
    got = ada.post(CREATE, json=wanted(), headers={b"Idempotency-Key": key.encode()})
    assert (422, "idempotency-key") == (got.status_code, got.json()["param"].lower())


def test_records_are_kept_a_day_then_forgotten_in_batches(stand: Standing) -> None:
    """Nothing younger than 24 hours goes, and one call takes at most a batch."""
    now = stand.services.clock.now()
    with stand.services.database.transaction() as session:
        for number in range(5):
            age = timedelta(hours=24, seconds=1) if number else timedelta(hours=23)
            session.add(
                IdempotencyRecord(
                    tenant="old",
                    method="POST",
                    path="/",
                    key=str(number),
                    body_hash="",
                    status=200,
                    created_at=now - age,
                )
            )
    for forgotten in (3, 1, 0):
        with stand.services.database.transaction() as session:
            assert forgotten == prune(session, now, batch=3)
    with stand.services.database.read() as session:
        assert ["0"] == list(session.exec(select(IdempotencyRecord.key).where(IdempotencyRecord.tenant == "old")).all())


def test_null_and_absent_are_different_bodies() -> None:
    """Semantic equality of JSON, as agents' client libraries expect it."""
    assert body_hash({"a": 1, "b": [1.0]}) == body_hash({"b": [1], "a": 1.0})
    assert body_hash({"a": None}) != body_hash({})
    assert body_hash({"a": "1"}) != body_hash({"a": 1})
