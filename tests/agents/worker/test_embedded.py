"""`checkout serve` with its own agent worker buys from a shop no adapter takes, in a real browser."""

from pathlib import Path

import pytest

from checkout.api import keys
from checkout.store.session import Database
from tests.agents.worker.whole import CREATE, PERSON, VISA, whole
from tests.agents.world import CARD
from tests.e2e.served import until

pytestmark = pytest.mark.processes


def test_a_product_is_bought_in_a_browser_and_the_worker_ends_with_the_service(tmp_path: Path) -> None:
    """One order in the shop's book, its total captured, no secret anywhere, and the worker's key is worth nothing."""
    with whole(tmp_path) as product:
        with product.service.client("t_1") as ada:
            url = product.shop["products"]["sells"]
            asked = ada.post(CREATE, json={"productUrl": url, "quantity": 1, "buyer": PERSON})
            intent_id = asked.json()["id"]
            offered = until(ada, intent_id, "awaiting_confirmation", "failed")
            assert "awaiting_confirmation" == offered["state"], offered
            total = offered["offer"]["cost"]["total"]["amountSubunits"]
            ada.post(f"{CREATE}/{intent_id}/confirm", json={"paymentMethod": VISA})
            completed = until(ada, intent_id, "completed", "failed")
            assert "completed" == completed["state"], completed
            number = ada.get(f"{CREATE}/{intent_id}/order").json()["merchantOrderId"]
        assert [("hold", total), ("capture", total)] == product.service.money(intent_id)
        (order,) = product.orders()
        assert number in str(order)
        product.service.stop()
        assert product.service.process
        assert 0 == product.service.process.process.returncode
        written = [file for file in tmp_path.rglob("*") if file.is_file()]
        for secret in (CARD.number, CARD.cvc + '"'):
            assert [] == [str(file) for file in written if secret.encode() in file.read_bytes()]
        database = Database.open(product.service.environment["CHECKOUT_DATABASE_URL"])
        with database.read() as session:
            assert all(row.revoked_at for row in keys.list_keys(session, "operator"))
        database.close()
