"""The demo shop before the same judge's merchant lane, in each version: what deviates is written down here."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from merchants.demo.dialects import HANDLER_ID
from merchants.demo.server import ShopServer
from merchants.demo.shop import Shop
from merchants.ucp.versions import VERSIONS

# What the shop does otherwise than the specification asks, and why it stays so.
DEVIATIONS = {
    # A basket of several products with one of them sold out is refused whole: this shop sells one product at a time.
    "2026-04-08": {"checkout.unavailable_business_outcome"},
}
# Fewer checks than these would mean that the kit no longer understands the shop, not that the shop got better.
LEAST_RUN = {"2026-08-25": 40, "2026-04-08": 70, "2026-01-11": 40}


def paying(token: str) -> dict[str, Any]:
    """A complete request's body."""
    credential = {"type": "token", "token": token}
    one = {"id": "instr_1", "handler_id": HANDLER_ID, "type": "card", "selected": True, "credential": credential}
    return {"payment": {"instruments": [one]}, "risk_signals": {}}


CONFIG = {
    "product_id": "item_sells",
    "currency": "USD",
    "out_of_stock_id": "item_sold_out",
    "fulfillment_option_id": "standard",
    "complete_payment": paying("success_token"),
    "fail_payment": paying("fail_token"),
    "discount": {
        "valid_code": "SAVE5",
        "second_valid_code": "THANKS",
        "invalid_code": "NOT_A_REAL_CODE",
        "rejected_messages": True,
        "case_insensitive": True,
    },
    "catalog": {
        "variant_id": "item_sells",
        "max_batch": 20,
        "configurable_product_id": "prod_variants",
        "paginated_query": "*",
        "paginated_total": 15,
    },
    "signature": {"responses": True},
    "unavailable": {"business_outcome": True},
}


@pytest.mark.parametrize("version", [wire.version for wire in VERSIONS])
def test_the_demo_shop_deviates_only_where_it_is_written_down(version: str, tmp_path: Path) -> None:
    """The kit runs as its users run it: a process, a URL, a configuration, a report."""
    config = tmp_path / "merchant.json"
    config.write_text(json.dumps(CONFIG))
    server = ShopServer(Shop())
    server.start()
    try:
        ran = subprocess.run(
            [
                sys.executable,
                "-c",
                "import sys; from spck_conformance.cli import main; sys.exit(main())",
                *("--server", server.urls[version], "--config", str(config), "--json"),
            ],
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
    finally:
        server.stop()
    report = json.loads(ran.stdout)
    assert version == report["spec_version"]
    deviating = {check["id"] for check in report["checks"] if check["status"] == "deviation"}
    assert DEVIATIONS.get(version, set()) == deviating
    assert report["checks_summary"]["run"] >= LEAST_RUN[version]
