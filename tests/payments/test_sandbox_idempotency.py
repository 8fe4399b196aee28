"""Stripe's rules for idempotency keys, one test each, asked through the official SDK."""

import threading

import pytest
import stripe

from payments.sandbox.core import Sandbox
from payments.sandbox.faults import Fault
from payments.sandbox.transport import InProcessClient
from payments.stripe_gateway import StripeGateway
from tests.payments.rig import Rig

CREATE: "stripe.params.PaymentIntentCreateParams" = {
    "amount": 2646,
    "currency": "usd",
    "capture_method": "manual",
    "payment_method": "pm_card_visa",
    "confirm": True,
}
DECLINED: "stripe.params.PaymentIntentCreateParams" = {**CREATE, "payment_method": "pm_card_chargeDeclined"}


def replayed(response: stripe.StripeObject) -> bool:
    """Whether the answer is marked as one from before."""
    assert response.last_response
    return response.last_response.headers.get("Idempotent-Replayed") == "true"


def test_the_same_request_with_the_same_key_is_executed_once(rig: Rig, sdk: stripe.StripeClient) -> None:
    """The second answer is the first, and says so."""
    first = sdk.v1.payment_intents.create(CREATE, {"idempotency_key": "k"})
    second = sdk.v1.payment_intents.create(CREATE, {"idempotency_key": "k"})
    assert first.id == second.id
    assert (False, True) == (replayed(first), replayed(second))
    assert [("hold", 2646)] == rig.money()


def test_a_replay_shows_what_was_and_not_what_is(sdk: stripe.StripeClient) -> None:
    """The answer is kept, not computed again."""
    first = sdk.v1.payment_intents.create(CREATE, {"idempotency_key": "k"})
    sdk.v1.payment_intents.cancel(first.id)
    assert "requires_capture" == sdk.v1.payment_intents.create(CREATE, {"idempotency_key": "k"}).status


def test_other_parameters_under_the_same_key_are_an_error(rig: Rig, sdk: stripe.StripeClient) -> None:
    """And the first request stands."""
    sdk.v1.payment_intents.create(CREATE, {"idempotency_key": "k"})
    with pytest.raises(stripe.IdempotencyError, match="same parameters") as reused:
        sdk.v1.payment_intents.create({**CREATE, "amount": 1}, {"idempotency_key": "k"})
    assert 400 == reused.value.http_status
    assert [("hold", 2646)] == rig.money()


def test_the_same_key_on_another_endpoint_is_an_error(sdk: stripe.StripeClient) -> None:
    """One key, one endpoint: paths are not separate namespaces."""
    intent = sdk.v1.payment_intents.create(CREATE, {"idempotency_key": "k"})
    with pytest.raises(stripe.IdempotencyError, match="same endpoint"):
        sdk.v1.payment_intents.cancel(intent.id, {}, {"idempotency_key": "k"})


def test_a_decline_is_kept_under_its_key(rig: Rig, sdk: stripe.StripeClient) -> None:
    """An executed refusal is an answer like any other: the bank is not asked twice."""
    for expected in (None, "true"):
        with pytest.raises(stripe.CardError) as declined:
            sdk.v1.payment_intents.create(DECLINED, {"idempotency_key": "k"})
        assert declined.value.headers is not None
        assert expected == declined.value.headers.get("idempotent-replayed")
    assert [("decline", 2646)] == rig.money()


def test_refused_parameters_are_not_kept(sdk: stripe.StripeClient) -> None:
    """A request that never began leaves its key free for the corrected one."""
    with pytest.raises(stripe.InvalidRequestError):
        sdk.v1.payment_intents.create({**CREATE, "amount": 0}, {"idempotency_key": "k"})
    assert not replayed(sdk.v1.payment_intents.create(CREATE, {"idempotency_key": "k"}))


@pytest.mark.parametrize("kind", ["429", "409", "before", "500"])
def test_what_was_not_executed_is_not_kept(rig: Rig, sdk: stripe.StripeClient, kind: str) -> None:
    """Limits, conflicts and lost connections leave the key as it was."""
    rig.sandbox.faults.add(Fault.model_validate({"kind": kind}))
    with pytest.raises(stripe.StripeError):
        sdk.v1.payment_intents.create(CREATE, {"idempotency_key": "k"})
    assert [] == rig.money()
    assert not replayed(sdk.v1.payment_intents.create(CREATE, {"idempotency_key": "k"}))


def test_a_refused_caller_takes_no_key(rig: Rig, sdk: stripe.StripeClient) -> None:
    """A 401 is answered before keys are looked at."""
    stranger = stripe.StripeClient("sk_live_1", http_client=rig.client)
    with pytest.raises(stripe.AuthenticationError):
        stranger.v1.payment_intents.create(CREATE, {"idempotency_key": "k"})
    assert not replayed(sdk.v1.payment_intents.create(CREATE, {"idempotency_key": "k"}))


@pytest.mark.parametrize("executed", [True, False])
def test_a_remembered_500_is_repeated_whatever_was_done(rig: Rig, sdk: stripe.StripeClient, *, executed: bool) -> None:
    """The provider's trouble is an answer too, once execution began; only reading tells what happened."""
    rig.sandbox.faults.add(Fault(kind="500", remembered=True, executed=executed))
    for _ in range(2):
        with pytest.raises(stripe.APIError) as trouble:
            sdk.v1.payment_intents.create(CREATE, {"idempotency_key": "k"})
        assert 500 == trouble.value.http_status
    assert ([("hold", 2646)] if executed else []) == rig.money()


def test_a_key_is_forgotten_after_24_hours_and_not_before(rig: Rig, sdk: stripe.StripeClient) -> None:
    """Then the same request is a new one, with a new effect."""
    first = sdk.v1.payment_intents.create(CREATE, {"idempotency_key": "k"})
    rig.clock.advance(hours=24, seconds=-1)
    assert first.id == sdk.v1.payment_intents.create(CREATE, {"idempotency_key": "k"}).id
    rig.clock.advance(seconds=1)
    assert first.id != sdk.v1.payment_intents.create(CREATE, {"idempotency_key": "k"}).id


def test_a_key_in_use_is_a_conflict_and_its_request_goes_on() -> None:
    """While a request is under way a second one with its key is told to come back."""
    began, go_on = threading.Event(), threading.Event()

    def hang(_: float) -> None:
        began.set()
        assert go_on.wait(10)

    sandbox = Sandbox(sleep=hang)
    sandbox.faults.add(Fault(kind="hang", seconds=1))
    sdk = StripeGateway.connect("sk_test_1", http_client=InProcessClient(sandbox)).client
    first = threading.Thread(target=lambda: sdk.v1.payment_intents.create(CREATE, {"idempotency_key": "k"}))
    first.start()
    assert began.wait(10)
    with pytest.raises(stripe.APIError) as conflict:
        sdk.v1.payment_intents.create(CREATE, {"idempotency_key": "k"})
    assert 409 == conflict.value.http_status
    go_on.set()
    first.join(10)
    assert replayed(sdk.v1.payment_intents.create(CREATE, {"idempotency_key": "k"}))
    assert 1 == len(sandbox.money)


def test_a_key_that_is_too_long_is_refused(sdk: stripe.StripeClient) -> None:
    """255 characters are Stripe's limit."""
    with pytest.raises(stripe.InvalidRequestError, match="255"):
        sdk.v1.payment_intents.create(CREATE, {"idempotency_key": "k" * 256})
