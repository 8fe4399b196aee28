"""The gateway does what its port says, at a sandbox whose money log is the truth."""

from datetime import timedelta

import pytest

from payments.gateway import (
    Captured,
    Declined,
    Held,
    NotCapturable,
    Payment,
    PaymentStatus,
    Prepared,
    Released,
    Unknown,
)
from payments.money import Money
from payments.sandbox.faults import Fault
from payments.stripe_gateway import StripeGateway
from tests.payments.rig import KEY, START, TOTAL, Rig, asked

DECLINES = {
    "tok_chargeDeclined": "generic_decline",
    "tok_chargeDeclinedInsufficientFunds": "insufficient_funds",
    "tok_chargeDeclinedExpiredCard": "expired_card",
    "tok_chargeCustomerFail": "generic_decline",
    "tok_authenticationRequired": "authentication_required",
    "pm_card_authenticationRequired": "authentication_required",
    "pm_card_visa_chargeDeclinedLostCard": "lost_card",
}


def test_a_hold_reserves_the_amount_until_the_bank_says(rig: Rig) -> None:
    """A hold without the buyer present lives as long as its charge says: on Visa 4 days and 18 hours."""
    held = rig.held()
    assert TOTAL == held.amount
    assert START + timedelta(days=4, hours=18) == held.capture_before
    assert [("hold", 2646)] == rig.money()


def test_preparing_moves_no_money_and_says_whose_it_is(rig: Rig) -> None:
    """A prepared payment holds nothing and carries our reference."""
    prepared = rig.prepared()
    zero = Money(0, "USD")
    expected = Payment(
        payment_id=prepared.payment_id,
        status=PaymentStatus.PREPARED,
        held=zero,
        captured=zero,
        refunded=zero,
        reference="ci_1",
    )
    assert expected == rig.gateway.read(prepared.payment_id)
    assert [] == rig.money()


@pytest.mark.parametrize("token", DECLINES)
def test_a_refused_card_is_declined_with_the_banks_code(rig: Rig, token: str) -> None:
    """The bank's no is definite: nothing is held."""
    declined = rig.gateway.hold(rig.prepared(token), key="k")
    assert isinstance(declined, Declined)
    assert DECLINES[token] == declined.code
    assert [("decline", 2646)] == rig.money()


@pytest.mark.parametrize("token", ["tok_unheard_of", "pm_card_unheard_of", "4242424242424242", "", "src_1"])
def test_a_bad_token_is_declined_and_never_repeated(rig: Rig, token: str) -> None:
    """What is no token of ours to use holds nothing, and a card number is not even sent."""
    prepared = rig.gateway.prepare(asked(token), key="k")
    declined = rig.gateway.hold(prepared, key="k") if isinstance(prepared, Prepared) else prepared
    assert isinstance(declined, Declined)
    assert "4242424242424242" not in f"{declined}{[request.body for request in rig.sent]}"
    assert [] == rig.money()


def test_the_token_is_not_shown_by_the_request_that_carries_it() -> None:
    """A log line with the request in it has no secret."""
    assert "tok_visa" not in repr(asked("tok_visa"))


@pytest.mark.parametrize("taken", [2646, 2000, 1])
def test_a_capture_takes_the_amount_and_releases_the_rest(rig: Rig, taken: int) -> None:
    """What was held and not taken goes back at once."""
    held = rig.held()
    captured = rig.gateway.capture(held.payment_id, Money(taken, "USD"), key="k")
    assert Captured(payment_id=held.payment_id, amount=Money(taken, "USD")) == captured
    rest = [("release", 2646 - taken)] if taken < 2646 else []
    assert [("hold", 2646), ("capture", taken), *rest] == rig.money()


def test_capturing_twice_takes_once_and_says_what_was_taken(rig: Rig) -> None:
    """A capture that stands is the answer to every later one, whatever amount that asks for."""
    held = rig.held()
    first = rig.gateway.capture(held.payment_id, Money(2000, "USD"), key="k")
    assert first == rig.gateway.capture(held.payment_id, Money(2000, "USD"), key="k")
    assert first == rig.gateway.capture(held.payment_id, TOTAL, key="another")
    assert 1 == sum(kind == "capture" for kind, _ in rig.money())


def test_more_than_was_held_is_never_captured(rig: Rig) -> None:
    """An amount over the hold is a definite no, and a smaller one may follow under the same caller's key."""
    held = rig.held()
    refused = rig.gateway.capture(held.payment_id, Money(2647, "USD"), key="k")
    assert isinstance(refused, NotCapturable)
    assert "amount_too_large" in refused.reason
    assert isinstance(rig.gateway.capture(held.payment_id, TOTAL, key="k"), Captured)


def test_a_lapsed_hold_is_not_capturable_and_already_released(rig: Rig) -> None:
    """The bank gives a hold back at its end; a late capture is a definite no."""
    held = rig.held()
    rig.clock.advance(days=4, hours=18)
    assert isinstance(rig.gateway.capture(held.payment_id, TOTAL, key="k"), NotCapturable)
    assert Released(payment_id=held.payment_id, released=TOTAL) == rig.gateway.release(held.payment_id, key="r")
    assert [("hold", 2646), ("release", 2646)] == rig.money()


def test_what_was_never_held_is_not_capturable(rig: Rig) -> None:
    """A prepared payment has nothing to take."""
    refused = rig.gateway.capture(rig.prepared().payment_id, TOTAL, key="k")
    assert isinstance(refused, NotCapturable)


def test_releasing_a_prepared_payment_cancels_it(rig: Rig) -> None:
    """A payment that held nothing ends, and a late hold is refused."""
    prepared = rig.prepared()
    assert Released(payment_id=prepared.payment_id) == rig.gateway.release(prepared.payment_id, key="r")
    declined = rig.gateway.hold(prepared, key="k")
    assert isinstance(declined, Declined)
    assert "payment_canceled" == declined.code
    assert [] == rig.money()


def test_releasing_a_hold_gives_it_back_once(rig: Rig) -> None:
    """Repeating a release changes nothing and says the same."""
    held = rig.held()
    released = Released(payment_id=held.payment_id, released=TOTAL)
    assert [released] * 3 == [rig.gateway.release(held.payment_id, key="r") for _ in range(3)]
    assert [("hold", 2646), ("release", 2646)] == rig.money()


def test_releasing_a_capture_refunds_exactly_what_was_captured(rig: Rig) -> None:
    """After a partial capture only the captured part can go back."""
    held = rig.held()
    rig.gateway.capture(held.payment_id, Money(1500, "USD"), key="k")
    released = Released(payment_id=held.payment_id, released=Money(1146, "USD"), refunded=Money(1500, "USD"))
    assert [released] * 2 == [rig.gateway.release(held.payment_id, key="r") for _ in range(2)]
    assert [("hold", 2646), ("capture", 1500), ("release", 1146), ("refund", 1500)] == rig.money()


def test_a_partial_refund_by_someone_else_leaves_the_rest_to_release(rig: Rig) -> None:
    """What a person refunded in the dashboard is not refunded again."""
    held = rig.held()
    rig.gateway.capture(held.payment_id, TOTAL, key="k")
    rig.gateway.client.v1.refunds.create({"payment_intent": held.payment_id, "amount": 600})
    released = Released(payment_id=held.payment_id, refunded=TOTAL)
    assert released == rig.gateway.release(held.payment_id, key="r")
    assert [("refund", 600), ("refund", 2046)] == rig.money()[-2:]


def test_an_accepted_refund_counts_as_released_and_a_failed_one_does_not(rig: Rig) -> None:
    """A refund may fail days later; then nobody may believe the money went back."""
    held = rig.held("tok_refundFail")
    rig.gateway.capture(held.payment_id, TOTAL, key="k")
    assert isinstance(rig.gateway.release(held.payment_id, key="r"), Released)
    rig.clock.advance(hours=2)
    assert isinstance(rig.gateway.release(held.payment_id, key="r"), Unknown)
    payment = rig.gateway.read(held.payment_id)
    assert isinstance(payment, Payment)
    assert Money(0, "USD") == payment.refunded


def test_a_pending_refund_counts_as_released(rig: Rig) -> None:
    """Stripe accepted it; it arrives later."""
    held = rig.held("tok_pendingRefund")
    rig.gateway.capture(held.payment_id, TOTAL, key="k")
    for hours in (0, 2):
        rig.clock.advance(hours=hours)
        assert Released(payment_id=held.payment_id, refunded=TOTAL) == rig.gateway.release(held.payment_id, key="r")
    assert 1 == sum(kind == "refund" for kind, _ in rig.money())


def test_a_bank_that_asks_for_the_buyer_declines_with_the_place_to_go(rig: Rig) -> None:
    """A payment found waiting for the buyer holds nothing; where they would answer is handed on."""
    prepared = rig.prepared("tok_threeDSecure2Required")
    rig.gateway.client.v1.payment_intents.confirm(
        prepared.payment_id,
        {"payment_method": prepared.payment_method_id, "return_url": "https://agent.example/back"},
    )
    rig.sandbox.faults.add(Fault(kind="before", method="POST"))
    declined = rig.gateway.hold(prepared, key="k")
    assert isinstance(declined, Declined)
    assert "authentication_required" == declined.code
    assert declined.action_url is not None
    assert declined.action_url.startswith("https://")
    assert isinstance(rig.gateway.release(prepared.payment_id, key="r"), Released)


def test_a_replayed_success_is_not_believed(rig: Rig) -> None:
    """The answer kept under a key says what was; a hold that was released since is not a hold."""
    prepared = rig.prepared()
    assert isinstance(rig.gateway.hold(prepared, key="k"), Held)
    rig.gateway.release(prepared.payment_id, key="r")
    assert isinstance(rig.gateway.hold(prepared, key="k"), Declined)


def test_a_hold_asked_for_again_after_the_keys_were_forgotten_is_still_one_hold(rig: Rig) -> None:
    """After 24 hours a key is new again; the payment's own state keeps it to one hold."""
    prepared = rig.prepared()
    first = rig.gateway.hold(prepared, key="k")
    rig.clock.advance(hours=25)
    assert first == rig.gateway.hold(prepared, key="k")
    assert [("hold", 2646)] == rig.money()


def test_an_unheard_of_payment_is_unknown_not_released(rig: Rig) -> None:
    """Nothing is concluded about a payment that cannot be read."""
    assert isinstance(rig.gateway.release("pi_unheard_of", key="r"), Unknown)
    assert isinstance(rig.gateway.read("pi_unheard_of"), Unknown)


def test_a_wrong_api_key_moves_nothing_and_concludes_nothing_about_a_hold(rig: Rig) -> None:
    """A refused caller cannot read either, so a live hold is not called declined."""
    held = rig.held()
    stranger = StripeGateway.connect("sk_live_wrong", http_client=rig.client)
    prepared = Prepared(payment_id=held.payment_id, payment_method_id="pm_card_visa")
    assert isinstance(stranger.prepare(asked(), key="k2"), Declined)
    assert isinstance(stranger.hold(prepared, key="k2"), Unknown)
    assert isinstance(stranger.release(held.payment_id, key="k2"), Unknown)


@pytest.mark.parametrize(
    ("money", "sent"), [(Money(500, "JPY"), "500"), (Money(500, "ISK"), "50000"), (Money(500, "KWD"), "500")]
)
def test_amounts_are_written_as_stripe_counts_them(rig: Rig, money: Money, sent: str) -> None:
    """Stripe gives two currencies decimals that ISO 4217 does not; what is read back is ours again."""
    prepared = rig.gateway.prepare(
        type(asked())(amount=money, token="tok_visa", reference="ci_1", tenant="t_1", payment_attempt=1), key="k"
    )
    assert isinstance(prepared, Prepared)
    assert sent == rig.sent[-1].form["amount"]
    held = rig.gateway.hold(prepared, key="h")
    assert isinstance(held, Held)
    assert money == held.amount


def test_keys_are_the_callers_and_the_calls(rig: Rig) -> None:
    """Every mutating call carries the caller's key and says which call it is; reads carry none."""
    held = rig.held()
    rig.gateway.capture(held.payment_id, TOTAL, key=f"{KEY}:capture-charge:1")
    rig.gateway.release(held.payment_id, key=f"{KEY}:release-payment:1")
    keys = [request.idempotency_key for request in rig.sent if request.method == "POST"]
    expected = [
        "ci_1:authorize-payment:1:payment-method",
        "ci_1:authorize-payment:1:create",
        "ci_1:create-charge:1:confirm",
        "ci_1:capture-charge:1:capture:2646",
        "ci_1:release-payment:1:refund:1:2646",
    ]
    assert expected == keys
    assert {None} == {request.idempotency_key for request in rig.sent if request.method == "GET"}
