"""Text a database cannot keep, and times no calendar has, where a sender may write anything: answered, no failure."""

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from checkout.store.clock import SystemClock
from checkout.store.models import OrderRow
from tests.api.standing import Standing, standing
from tests.stores import STORE

AT = "2026-01-01T00:00:00+00:00"


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    """A service on each of the databases."""
    folder: Path = tmp_path_factory.mktemp("odd")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(STORE, request.param)
        with standing(folder) as service:
            yield service


@pytest.mark.parametrize("path", ["/api/v1/checkout-intents/%00", "/api/v1/orders/%00", "/api/v1/orders/a%00b"])
def test_an_id_with_a_nul_is_no_id(either: Standing, path: str) -> None:
    """PostgreSQL's text has no NUL; nothing of ours has an id with one."""
    with either.client() as ada:
        assert 404 == ada.get(path).status_code
        assert [] == ada.get("/api/v1/checkout-intents", params={"id": "\0"}).json()["data"]


@pytest.mark.parametrize(
    ("position", "status"),
    [
        (f"{AT}|\0", 200),
        ("0001-01-01T00:00:00+23:59|ci_1", 422),
        ("9999-12-31T23:59:59-23:59|ci_1", 422),
    ],
)
def test_a_cursor_somebody_made_up_is_answered(either: Standing, position: str, status: int) -> None:
    """It names a position, or it is no cursor."""
    cursor = base64.urlsafe_b64encode(position.encode()).decode()
    with either.client() as ada:
        assert status == ada.get("/api/v1/checkout-intents", params={"after": cursor}).status_code


def test_a_merchants_nul_keeps_no_order_from_being_written(either: Standing) -> None:
    """The order stands; on PostgreSQL its number has the replacement character where the NUL was."""
    now = SystemClock().now()
    with either.services.database.transaction() as session:
        session.add(
            OrderRow(
                id="ord_1",
                tenant="t_1",
                intent_id="ci_1",
                created_at=now,
                updated_at=now,
                buyer={"firstName": "A\0da"},
                merchant="shop",
                merchant_order_id="M\0-1",
                total_minor=2**40,
                currency="IDR",
            )
        )
    with either.services.database.read() as session:
        kept = session.get_one(OrderRow, "ord_1")
        assert kept.merchant_order_id in ("M\0-1", "M\ufffd-1")
        assert ("A\0da", 2**40) == (kept.buyer["firstName"], kept.total_minor)
