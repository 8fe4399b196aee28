"""The hand-over to an agent, on a real served process: a scripted worker, a kill, silence, nobody there."""

from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.api.agent import CREATE, OFFER, ORDER, SESSION, TOTAL, Task
from tests.api.standing import BUYER, VISA
from tests.e2e.served import Served, served, until

pytestmark = pytest.mark.processes

# The agents are these tests themselves, so the service runs none.
AGENTS = {"CHECKOUT_AGENTS_ENABLED": "true", "CHECKOUT_AGENT_EMBEDDED": "false"}


def asked(service: Served, client: httpx2.Client) -> str:
    """Ask for what no adapter sells; the intent's id."""
    answer = client.post(CREATE, json={"productUrl": service.unsold_url, "quantity": 1, "buyer": BUYER})
    identity: str = answer.json()["id"]
    return identity


def failure_of(service: Served) -> dict[str, Any]:
    """How an intent ends for which nobody comes."""
    with service.client("t_1") as client:
        failed: dict[str, Any] = until(client, asked(service, client), "failed")["failureReason"]
    return failed


def test_an_agents_purchase_survives_a_kill_between_claim_and_answer(tmp_path: Path) -> None:
    """The token outlives the process that minted it; offer, confirmation and order end in one capture."""
    with served(tmp_path, **AGENTS) as service:
        with service.client("t_1") as ada, service.client("operator", "agent") as worker:
            intent_id = asked(service, ada)
            quote = Task(worker, "offer")
            assert service.unsold_url == quote.data["task"]["request"]["product_url"]
            service.kill()
        service.start()
        with service.client("t_1") as ada, service.client("operator", "agent") as worker:
            quote.worker = worker
            assert "waiting" == quote.say("heartbeat").json()["status"]
            assert 200 == quote.say("succeed", OFFER).status_code
            offered = until(ada, intent_id, "awaiting_confirmation")
            assert TOTAL.amount_minor == offered["offer"]["cost"]["total"]["amountSubunits"]
            ada.post(f"{CREATE}/{intent_id}/confirm", json={"paymentMethod": VISA})
            order = Task(worker, "order")
            assert "tok_visa" not in str(order.data)
            assert 200 == order.say("heartbeat").status_code
            assert 200 == order.say("succeed", ORDER).status_code
            assert until(ada, intent_id, "completed")["orderId"]
        held, captured = ("hold", TOTAL.amount_minor), ("capture", TOTAL.amount_minor)
        assert [held, captured] == service.money(intent_id)


# A worker is given up after seconds of silence, which a busy machine does not bring about by itself; a permit is over
# sooner.
HASTE = {
    **AGENTS,
    "CHECKOUT_AGENT_HEARTBEAT_SECONDS": "6",
    "CHECKOUT_AGENT_PERMIT_SECONDS": "0.5",
    "CHECKOUT_AGENT_PERMIT_MARGIN_SECONDS": "0",
    "CHECKOUT_LOOK_UP_MAX_DELAY_SECONDS": "1",
}
HELD, RELEASED, CAPTURED = ((kind, TOTAL.amount_minor) for kind in ("hold", "release", "capture"))


def ordering(service: Served, client: httpx2.Client, worker: httpx2.Client) -> tuple[str, Task]:
    """A confirmed purchase whose order task is in a worker's hands."""
    intent_id = asked(service, client)
    Task(worker, "offer").say("succeed", OFFER)
    until(client, intent_id, "awaiting_confirmation")
    client.post(f"{CREATE}/{intent_id}/confirm", json={"paymentMethod": VISA})
    return intent_id, Task(worker, "order")


def test_a_worker_that_falls_silent_before_its_permit_ordered_nothing(tmp_path: Path) -> None:
    """Nobody needs to be asked: the task is cancelled, the hold released, and the late worker gets no permit."""
    with (
        served(tmp_path, **HASTE) as service,
        service.client("t_1") as ada,
        service.client("operator", "agent") as worker,
    ):
        intent_id, silent = ordering(service, ada, worker)
        failed = until(ada, intent_id, "failed")["failureReason"]
        assert ("order_placement_failed", "no agent was permitted to place the order") == (
            failed["code"],
            failed["reason"],
        )
        assert (410, "callback_expired") == ((late := silent.permit()).status_code, late.json()["code"])
        assert [HELD, RELEASED] == service.money(intent_id)


def test_a_permitted_worker_that_falls_silent_is_looked_up_by_another(tmp_path: Path) -> None:
    """Killed after the permit, its session goes to a look-up by another worker, and what that finds is captured."""
    with served(tmp_path, **HASTE) as service:
        with service.client("t_1") as ada, service.client("operator", "agent") as worker:
            intent_id, silent = ordering(service, ada, worker)
            assert 200 == silent.permit().status_code
            service.kill()
        service.start()
        with service.client("t_1") as ada, service.client("operator", "agent") as other:
            look_up = Task(other, "look_up")
            assert SESSION == look_up.data["session"]
            assert 200 == look_up.say("succeed", ORDER).status_code
            assert until(ada, intent_id, "completed")["orderId"]
        assert [HELD, CAPTURED] == service.money(intent_id)


def test_a_permitted_order_that_no_shop_page_shows_is_an_operators_question(tmp_path: Path) -> None:
    """Every look-up is unclear or nobody does it: needs review, the hold stays, and `runs answer` releases it."""
    with (
        served(tmp_path, **HASTE, CHECKOUT_LOOK_UP_ATTEMPTS="5", CHECKOUT_LOOK_UP_WAIT_SECONDS="5") as service,
        service.client("t_1") as ada,
        service.client("operator", "agent") as worker,
    ):
        intent_id, silent = ordering(service, ada, worker)
        assert 200 == silent.permit().status_code
        unclear = {"type": "Unclear", "message": "the shop shows neither"}
        assert 200 == Task(worker, "look_up").say("succeed", unclear).status_code
        while intent_id not in (shown := service.command("runs", "list", "--review", "--json").out):
            assert "placing_order" == ada.get(f"{CREATE}/{intent_id}").json()["state"]
        assert "look" in shown
        assert (410, "callback_expired") == (
            (late := silent.say("heartbeat")).status_code,
            late.json()["code"],
        )
        assert [HELD] == service.money(intent_id)
        answered = service.command("runs", "answer", intent_id, "not_placed", "--reason", "the shop has no such order")
        assert 0 == answered.code, answered.err
        failed = until(ada, intent_id, "failed")["failureReason"]
        assert ("order_placement_failed", "the shop has no such order") == (failed["code"], failed["reason"])
        assert [HELD, RELEASED] == service.money(intent_id)


def test_a_task_that_nobody_claims_fails_the_intent_in_time(tmp_path: Path) -> None:
    """Agents are enabled, and none comes within the offer's time."""
    with served(tmp_path, **AGENTS, CHECKOUT_AGENT_OFFER_SECONDS="1") as service:
        assert "offer_retrieval_failed" == failure_of(service)["code"]


def test_with_no_agent_configured_the_intent_fails_at_once_and_says_why(tmp_path: Path) -> None:
    """The default set-up: a URL that no adapter takes."""
    with served(tmp_path) as service:
        failure = failure_of(service)
    assert "offer_retrieval_failed" == failure["code"]
    assert "no agent worker is configured" in failure["message"]
