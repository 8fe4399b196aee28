"""`checkout agent-worker` as processes: one dies by `kill -9` after its click, another finds out what came of it."""

import time
from pathlib import Path

import pytest

from tests.agents.worker.whole import CREATE, PERSON, VISA, Whole, whole
from tests.cli.command import Command
from tests.e2e.served import PATIENCE_SECONDS, alive, offspring, run, until

pytestmark = pytest.mark.processes

# A dead worker is noticed in seconds, and its permit soon over.
HASTE = {
    "CHECKOUT_AGENT_EMBEDDED": "false",
    "CHECKOUT_AGENT_HEARTBEAT_SECONDS": "3",
    "CHECKOUT_AGENT_PERMIT_MARGIN_SECONDS": "0",
    "CHECKOUT_LOOK_UP_ATTEMPTS": "100",
    "CHECKOUT_LOOK_UP_MAX_DELAY_SECONDS": "1",
}


def ordered(product: Whole) -> None:
    """Return once an order is in the shop's book."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not product.orders():
        assert time.monotonic() < deadline, "no order was placed"
        time.sleep(0.02)


def test_an_order_whose_worker_was_killed_is_found_by_another_and_captured_once(tmp_path: Path) -> None:
    """The shop took the order and never answered; the second worker reads it off the shop's own pages."""
    with whole(tmp_path, **HASTE) as product, product.service.client("t_1") as ada:
        with product.worker("first") as first:
            url = product.shop["products"]["hangs_after_order"]
            intent_id = ada.post(CREATE, json={"productUrl": url, "quantity": 1, "buyer": PERSON}).json()["id"]
            offered = until(ada, intent_id, "awaiting_confirmation", "failed")
            assert "awaiting_confirmation" == offered["state"], offered
            total = offered["offer"]["cost"]["total"]["amountSubunits"]
            ada.post(f"{CREATE}/{intent_id}/confirm", json={"paymentMethod": VISA})
            ordered(product)
            browser = offspring(first.process.pid)
            first.kill()
        with product.worker("second"):
            completed = until(ada, intent_id, "completed", "failed")
            assert "completed" == completed["state"], completed
        number = ada.get(f"{CREATE}/{intent_id}/order").json()["merchantOrderId"]
        (order,) = product.orders()
        assert number in str(order)
        assert [("hold", total), ("capture", total)] == product.service.money(intent_id)
        assert set() == alive(browser)


def test_a_worker_ends_on_sigterm_and_takes_its_browser_with_it(tmp_path: Path) -> None:
    """Idle, it ends at once with 0."""
    with whole(tmp_path, **HASTE) as product, product.worker("only") as only:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(browser := offspring(only.process.pid)) < 2:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        only.stop()
        assert 0 == only.process.returncode
        assert set() == alive(browser)


@pytest.mark.parametrize(
    ("environment", "code", "said"),
    [
        ({}, 2, "agent_key_missing"),
        ({"CHECKOUT_AGENT_KEY": "ck_x", "ANTHROPIC_API_KEY": ""}, 1, "model_missing"),
        (
            {"CHECKOUT_AGENT_KEY": "ck_x", "CHECKOUT_MODEL_URL": "http://127.0.0.1:1", "CHECKOUT_BROWSER": "/no/such"},
            1,
            "browser_missing",
        ),
    ],
)
def test_a_worker_that_cannot_work_says_why(environment: dict[str, str], code: int, said: str) -> None:
    """In one sentence, with what to do."""
    answer = Command(environment=environment)("agent-worker")
    assert (code, "") == (answer.code, answer.out)
    assert said in answer.err
    assert 4 > len(answer.err.splitlines())


def test_serve_with_agents_and_no_model_does_not_start(tmp_path: Path) -> None:
    """It would promise what nobody does."""
    environment = {
        "CHECKOUT_DATABASE_URL": f"sqlite:///{tmp_path / 'c.sqlite3'}",
        "CHECKOUT_AGENTS_ENABLED": "true",
        "CHECKOUT_PAYMENT_SANDBOX_URL": "http://127.0.0.1:1",
        "ANTHROPIC_API_KEY": "",
        "STRIPE_API_KEY": "",
    }
    answer = run("serve", "--port", "0", environment=environment)
    assert (1, "") == (answer.returncode, answer.stdout)
    assert "CHECKOUT_MODEL_URL" in answer.stderr
    assert "model_missing" in answer.stderr
