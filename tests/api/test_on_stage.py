"""The official client against everything real: service, payment sandbox and demo shop as processes of their own."""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import checkout_intents
import pytest
from checkout_intents import CheckoutIntents
from checkout_intents.types import BuyerParam

from checkout.demo.key import developer_key
from checkout.demo.stage import Stage, stage
from checkout.settings import Settings
from tests.api.test_official_examples import EXAMPLES, ROOT

pytestmark = pytest.mark.processes

BUYER: BuyerParam = {
    "first_name": "Ada",
    "last_name": "Lovelace",
    "email": "ada@example.com",
    "phone": "5555555555",
    "address1": "1 Engine Way",
    "city": "New York",
    "province": "NY",
    "postal_code": "10001",
    "country": "US",
}
VISA: Any = {"type": "stripe_token", "stripe_token": "tok_visa"}


def _key(environment: Mapping[str, str]) -> str:
    return developer_key(Settings(database_url=environment["CHECKOUT_DATABASE_URL"]), "t_1")


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The demo's stage."""
    folder: Path = tmp_path_factory.mktemp("stage")
    with stage(folder, _key) as set_up:
        yield set_up


@pytest.fixture
def rye(real: Stage) -> Iterator[CheckoutIntents]:
    """The strict client."""
    with CheckoutIntents(
        api_key=real.api_key, base_url=real.service.url, _strict_response_validation=True, max_retries=0
    ) as client:
        yield client


def test_the_official_client_buys_at_the_shop_with_the_sandboxs_money(rye: CheckoutIntents, real: Stage) -> None:
    """One order in the shop's own book, and exactly its total captured in the sandbox's own log."""
    offered = rye.checkout_intents.create_and_poll(buyer=BUYER, product_url=real.products()["sells"], quantity=1)
    assert "awaiting_confirmation" == offered.state
    completed = rye.checkout_intents.confirm_and_poll(offered.id, payment_method=VISA)
    assert "completed" == completed.state
    total = offered.offer.cost.total.amount_subunits
    assert [total] == [order["total_minor"] for order in real.orders("ada@example.com")]
    moved = [(line["kind"], line["amount_minor"]) for line in real.money(offered.id)]
    assert [("hold", total), ("capture", total)] == moved
    order = rye.checkout_intents.retrieve_order(offered.id)
    assert completed.order_id == order.id
    assert [order.id] == [listed.id for listed in rye.orders.list()]


def test_a_declined_card_and_a_sold_out_product_are_failures_of_the_contract(rye: CheckoutIntents, real: Stage) -> None:
    """Both through `purchase`, both in their strict variant, and neither in the shop's book."""
    orders = real.orders("ada@example.com")
    for product, token, code in (
        ("sells", "tok_chargeDeclined", "payment_failed"),
        ("sold_out", "tok_visa", "product_out_of_stock"),
    ):
        intent = rye.checkout_intents.purchase(
            buyer=BUYER,
            product_url=real.products()[product],
            quantity=1,
            payment_method={"type": "stripe_token", "stripe_token": token},
        )
        failed = rye.checkout_intents.poll_until_completed(intent.id)
        assert "failed" == failed.state
        assert code == failed.failure_reason.code
        with pytest.raises(checkout_intents.NotFoundError):
            rye.checkout_intents.retrieve_order(intent.id)
    assert orders == real.orders("ada@example.com")


@pytest.mark.skipif(
    not EXAMPLES.is_dir() and "CI" not in os.environ,
    reason="the source distribution is not downloaded; tools/official_examples.py does it, and so does CI",
)
def test_both_examples_of_the_source_distribution_buy_at_the_shop(real: Stage) -> None:
    """The base URL from the environment, only `product_url` changed."""
    ended = subprocess.run(
        [sys.executable, "tools/official_examples.py", "--product-url", real.products()["sells"]],
        cwd=ROOT,
        env={
            **os.environ,
            "CHECKOUT_INTENTS_BASE_URL": real.service.url,
            "CHECKOUT_INTENTS_API_KEY": real.api_key,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 == ended.returncode, ended.stdout + ended.stderr
    assert len(real.orders("john.doe@example.com")) == 1
