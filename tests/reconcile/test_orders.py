"""Orders that differ between our book, the shop's and the money: made by tampering, and found under their codes."""

from typing import Any

from tests.reconcile.stage import Stage


def test_a_purchase_paid_without_an_order_is_found(on: Stage) -> None:
    """Our order and the shop's are both gone; the money is not."""
    on.buy()
    on.sql("DELETE FROM orders")
    assert {"order_unknown": 1} == on.found(), "the shop still has one that we do not"
    on.reshape_shop(lambda session: {**session, "status": "canceled", "order_id": None}, forget_orders=True)
    assert {"captured_without_order": 1} == on.found()


def test_an_order_nobody_paid_for_is_found(on: Stage) -> None:
    """All of it was paid back at the provider, and the order stands at the shop."""
    bought = on.buy()
    on.stripe.v1.refunds.create({"payment_intent": on.payment_of(bought)})
    assert {"refund_unknown": 1, "order_without_capture": 1} == on.found()


def test_an_order_of_a_failed_purchase_is_found(on: Stage) -> None:
    """The shop refused, said so, and has the order all the same."""
    on.buy("declines")
    on.reshape_shop(lambda session: {**session, "status": "completed", "order_id": "UCP-7007"})
    assert {"order_without_capture": 1} == on.found()


def test_an_order_the_merchant_does_not_know_is_missing_and_with_its_own_it_is_two(on: Stage) -> None:
    """We have another number than the shop: ours does not exist there, and the shop's own makes a second."""
    on.buy()
    on.sql("UPDATE orders SET merchant_order_id = 'UCP-4711'")
    assert {"order_missing": 1, "two_orders": 1} == on.found()


def test_a_second_order_of_the_same_purchase_is_found(on: Stage) -> None:
    """The shop has the order we have, and its session made another."""
    on.buy()
    on.buy("limited")
    first, second = (one[0] for one in on.sql("SELECT merchant_order_id FROM orders ORDER BY merchant_order_id"))
    on.sql("UPDATE orders SET merchant_order_id = ? WHERE merchant_order_id = ?", first, second)
    found = on.found()
    assert 1 == found["two_orders"]
    assert 2 == found["order_shared"]


def test_an_order_with_another_total_at_the_shop_differs(on: Stage) -> None:
    """The shop charges for two of what we bought once."""
    on.buy()

    def twice(session: dict[str, Any]) -> dict[str, Any]:
        return {**session, "lines": [{**line, "quantity": 2} for line in session["lines"]]}

    on.reshape_shop(twice)
    assert {"order_total_differs": 1} == on.found()
