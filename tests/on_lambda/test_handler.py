"""`docker/lambda/handler.py` as deployed: bought by it, watched and answered by boto3, shown by our own rows."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import select

from checkout.demo import books
from checkout.purchase import codec
from checkout.purchase.states import State
from checkout.purchase.tasks import QUEUED
from checkout.store.models import AgentTask, Intent, OrderRow, PaymentToken
from tests.on_lambda.account import Account, account
from tests.on_lambda.web_runner import eventually
from tests.purchase.scripted import OFFER


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Account]:
    """One account for the module; every test buys under an intent of its own."""
    with account(tmp_path_factory.mktemp("account")) as standing:
        yield standing


def awaiting_confirmation(account: Account, intent_id: str) -> Intent:
    """The intent once it shows that it waits: AWS's history tells first, our rows follow."""
    waits = State.AWAITING_CONFIRMATION.value
    eventually(lambda: account.intent(intent_id).state == waits, f"{intent_id} waits to be confirmed")
    return account.intent(intent_id)


def test_it_buys_and_the_public_state_follows(deployed: Account) -> None:
    """Confirmed by a callback over boto3; the shop's book, the bank's log and our rows tell of one order."""
    arn = deployed.buy("ci_bought", deployed.shop.said["products"]["sells"], confirmed=False)
    callback_id = deployed.runner.callback_id(arn, "await-confirmation")
    offered = awaiting_confirmation(deployed, "ci_bought")
    assert callback_id == offered.confirmation_callback_id
    assert offered.offer
    total = offered.offer["cost"]["total"]["amount_minor"]
    deployed.runner.client.send_durable_execution_callback_success(
        CallbackId=callback_id, Result=codec.dumps(deployed.confirmation("ci_bought")).encode()
    )
    assert "SUCCEEDED" == deployed.runner.ended(arn)["Status"]
    intent = deployed.intent("ci_bought")
    assert ("completed", "order_bought", None) == (intent.state, intent.order_id, intent.hold_expires_at)
    (sale,) = books.lines(Path(deployed.shop.said["book"]))
    assert total == sale["total_minor"]
    assert [("hold", total), ("capture", total)] == deployed.money("ci_bought")
    with deployed.database.read() as session:
        assert [sale["order_id"]] == [one.merchant_order_id for one in session.exec(select(OrderRow))]
        assert [] == session.exec(select(PaymentToken).where(PaymentToken.intent_id == "ci_bought")).all()


def test_a_browser_task_goes_to_the_queue_and_is_answered_by_a_callback(deployed: Account) -> None:
    """The row is the task, the message carries its id alone; what the agent brings becomes the public offer."""
    arn = deployed.buy("ci_agent", deployed.unsold_url, confirmed=False)
    callback_id = deployed.runner.callback_id(arn, "await-agent-offer create callback id")
    (message,) = eventually(lambda: deployed.messages, "a message is sent")
    assert {"task": callback_id} == json.loads(message["MessageBody"])
    with deployed.database.read() as session:
        task = session.get_one(AgentTask, callback_id)
        assert (QUEUED, "ci_agent") == (task.status, task.intent_id)
    client = deployed.runner.client
    client.send_durable_execution_callback_heartbeat(CallbackId=callback_id)
    brought = replace(OFFER, merchant="agent")
    client.send_durable_execution_callback_success(CallbackId=callback_id, Result=codec.dumps(brought).encode())
    deployed.runner.callback_id(arn, "await-confirmation")
    intent = awaiting_confirmation(deployed, "ci_agent")
    assert intent.offer
    assert OFFER.cost.total.amount_minor == intent.offer["cost"]["total"]["amount_minor"]
    client.stop_durable_execution(DurableExecutionArn=arn)
    assert "STOPPED" == deployed.runner.status(arn)


def test_what_an_agent_says_when_it_gives_up_ends_the_purchase(deployed: Account) -> None:
    """A failure by boto3 reaches the saga; the public state says so and nothing was held."""
    arn = deployed.buy("ci_silent", deployed.unsold_url, confirmed=True)
    callback_id = deployed.runner.callback_id(arn, "await-agent-offer create callback id")
    error: dict[str, Any] = {"ErrorType": "GaveUp", "ErrorMessage": "no shop here"}
    deployed.runner.client.send_durable_execution_callback_failure(CallbackId=callback_id, Error=error)
    assert "SUCCEEDED" == deployed.runner.ended(arn)["Status"]
    intent = deployed.intent("ci_silent")
    assert "failed" == intent.state
    assert intent.failure
    assert "offer_retrieval_failed" == intent.failure["code"]
    assert [] == deployed.money("ci_silent")
