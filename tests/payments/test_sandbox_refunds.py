"""The sandbox's refunds and balance: arithmetic that cannot give back more than was taken."""

from collections.abc import Sequence

import pytest
import stripe
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.payments.rig import Rig


def captured(sdk: stripe.StripeClient, amount: int = 2646, *, method: str = "pm_card_visa") -> str:
    """A payment that held 2646 and took `amount`."""
    intent = sdk.v1.payment_intents.create(
        {"amount": 2646, "currency": "usd", "capture_method": "manual", "payment_method": method, "confirm": True}
    )
    return sdk.v1.payment_intents.capture(intent.id, {"amount_to_capture": amount}).id


def test_a_refund_without_an_amount_gives_back_what_was_captured_only(rig: Rig, sdk: stripe.StripeClient) -> None:
    """The part of the hold that was never taken is not refundable."""
    refund = sdk.v1.refunds.create({"payment_intent": captured(sdk, 1500)})
    assert (1500, "succeeded") == (refund.amount, refund.status)
    assert ("refund", 1500) == rig.money()[-1]


@given(st.integers(1, 2646), st.lists(st.integers(1, 3000), max_size=8))
@settings(max_examples=40)
def test_refunds_never_exceed_the_capture_and_all_of_it_can_go_back(taken: int, wanted: Sequence[int]) -> None:
    """Whatever is asked for in whatever order, the sum refunded stays within what was captured, to the cent."""
    rig = Rig()
    sdk = rig.gateway.client
    payment = captured(sdk, taken)
    left = taken
    for amount in wanted:
        if amount <= left:
            left -= sdk.v1.refunds.create({"payment_intent": payment, "amount": amount}).amount
        else:
            with pytest.raises(stripe.InvalidRequestError):
                sdk.v1.refunds.create({"payment_intent": payment, "amount": amount})
    if left:
        assert left == sdk.v1.refunds.create({"payment_intent": payment}).amount
    assert taken == sum(amount for kind, amount in rig.money() if kind == "refund")
    (charge,) = sdk.v1.charges.list({"payment_intent": payment}).data
    assert charge.refunded
    with pytest.raises(stripe.InvalidRequestError) as refused:
        sdk.v1.refunds.create({"payment_intent": payment})
    assert "charge_already_refunded" == refused.value.code


def test_what_was_not_captured_is_not_refundable(sdk: stripe.StripeClient) -> None:
    """A hold is cancelled, not refunded; an unconfirmed payment is neither."""
    unconfirmed = sdk.v1.payment_intents.create({"amount": 2646, "currency": "usd", "capture_method": "manual"})
    held = sdk.v1.payment_intents.create(
        {
            "amount": 2646,
            "currency": "usd",
            "capture_method": "manual",
            "payment_method": "pm_card_visa",
            "confirm": True,
        }
    )
    for intent in (unconfirmed, held):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            sdk.v1.refunds.create({"payment_intent": intent.id})
        assert "charge_not_refundable" == refused.value.code
    with pytest.raises(stripe.InvalidRequestError, match="payment_intent or charge"):
        sdk.v1.refunds.create({})


def test_a_pending_refund_succeeds_later(rig: Rig, sdk: stripe.StripeClient) -> None:
    """It counts against what is left from the beginning."""
    payment = captured(sdk, method="pm_card_pendingRefund")
    refund = sdk.v1.refunds.create({"payment_intent": payment})
    assert "pending" == refund.status
    with pytest.raises(stripe.InvalidRequestError):
        sdk.v1.refunds.create({"payment_intent": payment})
    rig.clock.advance(hours=1)
    assert "succeeded" == sdk.v1.refunds.retrieve(refund.id).status


def test_a_refund_that_fails_later_is_the_merchants_money_again(rig: Rig, sdk: stripe.StripeClient) -> None:
    """It says so, is booked back, and can be tried once more."""
    payment = captured(sdk, method="pm_card_refundFail")
    refund = sdk.v1.refunds.create({"payment_intent": payment})
    assert "succeeded" == refund.status
    rig.clock.advance(hours=1)
    failed = sdk.v1.refunds.retrieve(refund.id)
    assert ("failed", "expired_or_canceled_card") == (failed.status, failed.failure_reason)
    assert [("refund", 2646), ("refund_failed", 2646)] == rig.money()[-2:]
    assert "refund.failed" in [event.type for event in sdk.v1.events.list().data]
    assert 2646 == sdk.v1.refunds.create({"payment_intent": payment}).amount


def test_the_balance_is_what_was_captured_less_what_went_back(sdk: stripe.StripeClient) -> None:
    """Captures and refunds are booked, holds are not; fees are 2.9 % and 30 cents."""
    payment = captured(sdk, 2000)
    sdk.v1.refunds.create({"payment_intent": payment, "amount": 500})
    booked = [(one.type, one.amount, one.fee, one.net) for one in sdk.v1.balance_transactions.list().data]
    assert [("refund", -500, 0, -500), ("charge", 2000, 88, 1912)] == booked


def test_refunds_are_listed_by_payment_and_by_charge(sdk: stripe.StripeClient) -> None:
    """Only those of the one asked for."""
    payment, other = captured(sdk), captured(sdk)
    for one, amount in [(payment, 1), (other, 2), (payment, 3)]:
        sdk.v1.refunds.create({"payment_intent": one, "amount": amount})
    assert [3, 1] == [refund.amount for refund in sdk.v1.refunds.list({"payment_intent": payment}).data]
    (charge,) = sdk.v1.charges.list({"payment_intent": other}).data
    assert [2] == [refund.amount for refund in sdk.v1.refunds.list({"charge": charge.id}).data]
