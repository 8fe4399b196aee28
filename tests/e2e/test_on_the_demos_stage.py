"""Service, sandbox and shop as the demo sets them up: every wire version, and a quiet restart."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import httpx2
import pytest
from checkout_intents import CheckoutIntents

from checkout.demo.key import developer_key
from checkout.demo.stage import Stage, service_environment, stage, start_service, until
from checkout.settings import Settings
from merchants.ucp.versions import VERSIONS
from tests.api.test_on_stage import BUYER
from tests.e2e.served import run

pytestmark = pytest.mark.processes


def _key(environment: Mapping[str, str]) -> str:
    return developer_key(Settings(database_url=environment["CHECKOUT_DATABASE_URL"]), "t_1")


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """The demo's stage."""
    with stage(tmp_path_factory.mktemp("stage"), _key) as set_up:
        yield set_up


@pytest.mark.parametrize("version", [wire.version for wire in VERSIONS])
def test_the_official_client_buys_in_every_version_of_the_merchants_wire(real: Stage, version: str) -> None:
    """create_and_poll, confirm_and_poll: one order in the shop's book, its total captured in the sandbox's log."""
    product = real.shop.said["versions"][version]["products"]["sells"]
    email = f"ada+{version}@example.com"
    with CheckoutIntents(
        api_key=real.api_key, base_url=real.service.url, _strict_response_validation=True, max_retries=0
    ) as rye:
        offered = rye.checkout_intents.create_and_poll(buyer={**BUYER, "email": email}, product_url=product, quantity=2)
        assert "awaiting_confirmation" == offered.state
        done = rye.checkout_intents.confirm_and_poll(
            offered.id, payment_method={"type": "stripe_token", "stripe_token": "tok_visa"}
        )
    assert "completed" == done.state
    total = offered.offer.cost.total.amount_subunits
    assert [total] == [order["total_minor"] for order in real.orders(email)]
    assert [("hold", total), ("capture", total)] == [
        (line["kind"], line["amount_minor"]) for line in real.money(offered.id)
    ]


def test_a_service_that_is_asked_to_end_while_it_orders_finishes_the_step_first(real: Stage) -> None:
    """SIGTERM while the shop is late: after a restart it completes with no look-up, for no outcome was lost."""
    email = "ada+late@example.com"
    with httpx2.Client(timeout=30) as http:
        developer = real.developer(http)
        intent_id = developer.create(real.products()["late"], email)["id"]
        developer.until(intent_id, "awaiting_confirmation")
        developer.confirm(intent_id, "tok_visa")
        until("the order", lambda: real.shop_saw("order_placed", "late"))
        real.service.stop()
        assert 0 == real.service.process.returncode
        real.service = start_service(real.folder, real.sandbox, real.shop, real.port)
        assert "completed" == developer.until(intent_id, "completed", "failed")["state"]
    environment = service_environment(Path(real.folder), real.sandbox, real.shop, real.port)
    story: dict[str, Any] = json.loads(run("runs", "show", intent_id, "--json", environment=environment).stdout)
    names = [operation["name"] for operation in story["operations"]]
    assert "place-order" in names
    assert "look-up-order" not in names
    assert 1 == len(real.orders(email))
