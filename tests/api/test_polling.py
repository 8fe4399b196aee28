"""Polls and long polls: when to come back, what is worth sleeping for, and that a sleeper costs no thread."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import httpx2
import pytest

from checkout.api import rendering, waiting
from checkout.store.models import Intent
from tests.api.standing import VISA, Standing, eventually, until, wanted

CREATE = "/api/v1/checkout-intents"


def test_a_poll_says_when_to_come_back_until_it_is_over(ada: httpx2.Client) -> None:
    """Unfinished intents carry `retry-after-ms`; finished ones do not."""
    made = ada.post(CREATE, json=wanted())
    assert "250" == made.headers["retry-after-ms"]
    intent_id = made.json()["id"]
    until(ada, intent_id, "awaiting_confirmation")
    assert 250 <= int(ada.get(f"{CREATE}/{intent_id}").headers["retry-after-ms"]) <= 5000
    ada.post(f"{CREATE}/{intent_id}/confirm", json={"paymentMethod": VISA})
    until(ada, intent_id, "completed")
    assert "retry-after-ms" not in ada.get(f"{CREATE}/{intent_id}").headers


@pytest.mark.parametrize(("still_seconds", "expected"), [(0, 250), (2, 250), (10, 1000), (50, 5000), (3600, 5000)])
def test_the_pace_of_polls_follows_how_long_nothing_happened(
    stand: Standing, still_seconds: int, expected: int
) -> None:
    """A tenth of the time it stood still, between a quarter second and five."""
    now = stand.services.clock.now()
    row = Intent(id="ci_1", tenant="t", state="placing_order", updated_at=now - timedelta(seconds=still_seconds))
    assert {"retry-after-ms": str(expected)} == rendering.poll_headers(row, now)


def test_a_long_poll_wakes_when_the_state_changes(stand: Standing, ada: httpx2.Client) -> None:
    """It sleeps while the shop is slow, and answers with the offer once there is one."""
    stand.shop.door.clear()
    intent_id = ada.post(CREATE, json=wanted("/slow")).json()["id"]
    with ThreadPoolExecutor(1) as pool:
        poll = pool.submit(ada.get, f"{CREATE}/{intent_id}", params={"wait": 15})
        eventually(lambda: _sleepers(stand) == 1)
        assert not poll.done()
        stand.shop.door.set()
        assert "awaiting_confirmation" == poll.result(15).json()["state"]


def test_a_long_poll_ends_in_time_with_the_state_as_it_is(stand: Standing, ada: httpx2.Client) -> None:
    """Without news it answers after its seconds, unchanged."""
    stand.shop.door.clear()
    intent_id = ada.post(CREATE, json=wanted("/slow")).json()["id"]
    assert "retrieving_offer" == ada.get(f"{CREATE}/{intent_id}", params={"wait": 0.2}).json()["state"]
    stand.shop.door.set()


def test_a_long_poll_does_not_sleep_when_the_next_move_is_the_callers(ada: httpx2.Client) -> None:
    """An offer waits for its confirmation: answered at once, unless the caller says they have seen that."""
    intent_id = ada.post(CREATE, json=wanted()).json()["id"]
    until(ada, intent_id, "awaiting_confirmation")
    with ThreadPoolExecutor(1) as pool:
        assert "awaiting_confirmation" == ada.get(f"{CREATE}/{intent_id}", params={"wait": 60}).json()["state"]
        told = pool.submit(ada.get, f"{CREATE}/{intent_id}", params={"wait": 15, "seen": "awaiting_confirmation"})
        ada.post(f"{CREATE}/{intent_id}/cancel")
        assert "failed" == told.result(15).json()["state"]
    assert "failed" == ada.get(f"{CREATE}/{intent_id}", params={"wait": 60, "seen": "retrieving_offer"}).json()["state"]
    assert "failed" == ada.get(f"{CREATE}/{intent_id}", params={"wait": 60, "seen": "failed"}).json()["state"]


def test_another_processes_commit_wakes_a_long_poll(stand: Standing, ada: httpx2.Client) -> None:
    """A change nobody here was told of is seen by the look that is taken for everybody."""
    stand.shop.door.clear()
    intent_id = ada.post(CREATE, json=wanted("/slow")).json()["id"]
    with ThreadPoolExecutor(1) as pool:
        poll = pool.submit(ada.get, f"{CREATE}/{intent_id}", params={"wait": 15})
        eventually(lambda: _sleepers(stand) == 1)
        with stand.services.database.transaction() as session:
            row = session.get_one(Intent, intent_id)
            row.state, row.seq, row.failure = "failed", row.seq + 1, {"code": "unknown", "message": "elsewhere"}
        assert "failed" == poll.result(15).json()["state"]
    stand.shop.door.set()


def test_sleepers_hold_no_thread_and_no_connection(stand: Standing) -> None:
    """Ninety requests sleep on one intent while threads and connections stay few, and a read still answers."""
    stand.shop.door.clear()
    with stand.client("sleepers") as client:
        intent_id = client.post(CREATE, json=wanted("/slow")).json()["id"]
        client.get(f"{CREATE}/{intent_id}")
        with ThreadPoolExecutor(90, thread_name_prefix="sleeping-client") as pool:
            polls = [
                pool.submit(client.get, f"{CREATE}/{intent_id}", params={"wait": 20}, timeout=30) for _ in range(90)
            ]
            eventually(lambda: _sleepers(stand) == 90)
            ours = [thread for thread in threading.enumerate() if not thread.name.startswith("sleeping-client")]
            assert len(ours) < 60
            readers = stand.services.database._reader.pool
            eventually(lambda: bool(readers.checkedout() < 5))  # type: ignore[attr-defined]  # the pool of a file has it
            assert 200 == client.get(f"{CREATE}/{intent_id}").status_code
            stand.shop.door.set()
            assert {"awaiting_confirmation"} == {poll.result(20).json()["state"] for poll in polls}
    assert 0 == _sleepers(stand)


def test_more_sleepers_than_a_key_may_have_are_answered_at_once(
    stand: Standing, ada: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond the limit a long poll is a poll."""
    monkeypatch.setattr(waiting, "MAX_WAITERS_PER_KEY", 0)
    stand.shop.door.clear()
    intent_id = ada.post(CREATE, json=wanted("/slow")).json()["id"]
    assert "retrieving_offer" == ada.get(f"{CREATE}/{intent_id}", params={"wait": 60}).json()["state"]
    stand.shop.door.set()


def _sleepers(stand: Standing) -> int:
    return sum(len(listeners) for listeners in stand.running.waiting._listeners.values())
