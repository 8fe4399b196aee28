"""The same comparison where our side is a PostgreSQL server."""

from pathlib import Path

from sqlmodel import col, update

from checkout.store.models import LedgerRow, OrderRow
from tests.reconcile.stage import Processes, stage


def test_books_on_a_server_are_compared_as_those_in_a_file(
    standing: Processes, tmp_path: Path, postgres_url: str
) -> None:
    """Nothing is found after purchases of several ends; a wrong order and a wrong currency are."""
    on = stage(tmp_path, standing, postgres_url)
    for product, pays_with in (("sells", "tok_visa"), ("sells", "tok_chargeDeclined"), ("declines", "tok_visa")):
        on.buy(product, pays_with)
    assert {} == on.found()
    with on.deployed() as deployment, deployment.database.transaction() as session:
        session.exec(update(OrderRow).values(merchant_order_id="UCP-4711"))
        session.exec(update(LedgerRow).where(col(LedgerRow.kind) == "capture").values(currency="EUR"))
    assert {"order_missing": 1, "two_orders": 1, "currency_differs": 1} == on.found()
