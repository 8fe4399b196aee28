"""An operator's answer over HTTP: only to an open question, with a name and a reason."""

import httpx2
import pytest

from checkout.store.models import Intent
from tests.api.agent import CREATE, OFFER, Task
from tests.api.standing import VISA, Standing, eventually, until, wanted

PLACED = {"verdict": "placed", "reason": "It is in their list.", "operator": "ada", "merchantOrderId": "A-7"}


def test_an_open_question_is_answered_once_and_the_purchase_goes_on(stand: Standing, ada: httpx2.Client) -> None:
    """An agent that does not know asks an operator; `placed` completes the purchase with their order number."""
    with stand.client("operator", "agent") as worker, stand.client("operator", "operator") as operator:
        intent_id = ada.post(CREATE, json=wanted("/agent")).json()["id"]
        Task(worker, "offer").say("succeed", OFFER)
        until(ada, intent_id, "awaiting_confirmation")
        path = f"/internal/purchases/{intent_id}/answer"
        early = operator.post(path, json=PLACED)
        assert (409, "review_not_open") == (early.status_code, early.json()["code"])
        ada.post(f"{CREATE}/{intent_id}/confirm", json={"paymentMethod": VISA})
        Task(worker, "order").say("succeed", {"type": "Unclear", "message": "the page froze"})
        _when_asked(stand, intent_id)
        assert "placing_order" == ada.get(f"{CREATE}/{intent_id}").json()["state"]
        first = operator.post(path, json=PLACED, headers={"Idempotency-Key": "a"})
        assert 200 == first.status_code
        again = operator.post(path, json=PLACED, headers={"Idempotency-Key": "a"})
        assert (first.json(), "true") == (again.json(), again.headers["idempotent-replayed"])
        until(ada, intent_id, "completed")
        assert "A-7" == ada.get(f"{CREATE}/{intent_id}/order").json()["merchantOrderId"]


@pytest.mark.parametrize(
    "change", [{"merchantOrderId": None}, {"verdict": "maybe"}, {"reason": ""}, {"operator": " "}, {"total": 5}]
)
def test_an_answer_without_its_reasons_is_refused(stand: Standing, change: dict[str, object]) -> None:
    """422 for a placed order without a number, an unknown verdict, nobody's answer."""
    with stand.client("operator", "operator") as operator:
        assert 422 == operator.post("/internal/purchases/ci_0/answer", json={**PLACED, **change}).status_code


def _when_asked(stand: Standing, intent_id: str) -> None:
    def asked() -> bool:
        with stand.services.database.read() as session:
            return session.get_one(Intent, intent_id).review_callback_id is not None

    eventually(asked)
