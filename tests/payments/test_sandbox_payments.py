"""The sandbox's payments, asked only through the official SDK: states, amounts, errors, lists."""

from typing import Any

import pytest
import stripe

from tests.payments.rig import START, Rig

UNTIL_CONFIRMED = {"requires_payment_method", "requires_confirmation", "requires_action"}


def create(sdk: stripe.StripeClient, **given: Any) -> stripe.PaymentIntent:
    """A payment of 2646 for manual capture, unless said otherwise."""
    fields = {"amount": 2646, "currency": "usd", "capture_method": "manual", "payment_method": "pm_card_visa"}
    return sdk.v1.payment_intents.create({**fields, **given})  # type: ignore[typeddict-item]


def in_state(sdk: stripe.StripeClient, state: str) -> stripe.PaymentIntent:
    """A payment brought into a state."""
    intents = sdk.v1.payment_intents
    match state:
        case "requires_payment_method":
            return sdk.v1.payment_intents.create({"amount": 2646, "currency": "usd", "capture_method": "manual"})
        case "requires_confirmation":
            return create(sdk)
        case "requires_action":
            return create(sdk, payment_method="pm_card_authenticationRequired", confirm=True)
        case "requires_capture":
            return create(sdk, confirm=True)
        case "succeeded":
            return intents.capture(create(sdk, confirm=True).id)
        case _:
            return intents.cancel(create(sdk, confirm=True).id)


STATES = [*sorted(UNTIL_CONFIRMED), "requires_capture", "succeeded", "canceled"]
ALLOWED = {
    "confirm": UNTIL_CONFIRMED,
    "capture": {"requires_capture"},
    "cancel": UNTIL_CONFIRMED | {"requires_capture"},
}


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("verb", ALLOWED)
def test_a_verb_is_allowed_in_exactly_its_states(sdk: stripe.StripeClient, verb: str, state: str) -> None:
    """Elsewhere it is refused, with the payment as it is, and changes nothing."""
    intent = in_state(sdk, state)
    assert state == intent.status
    act = getattr(sdk.v1.payment_intents, verb)
    given = {"payment_method": "pm_card_visa"} if verb == "confirm" else {}
    if state in ALLOWED[verb]:
        assert state != act(intent.id, given).status
        return
    with pytest.raises(stripe.InvalidRequestError) as refused:
        act(intent.id, given)
    assert (400, "payment_intent_unexpected_state") == (refused.value.http_status, refused.value.code)
    assert refused.value.error
    assert refused.value.error.payment_intent
    assert state == refused.value.error.payment_intent.status
    assert state == sdk.v1.payment_intents.retrieve(intent.id).status


def test_amounts_say_what_is_held_and_what_was_received(sdk: stripe.StripeClient) -> None:
    """Capturable while held; received once captured; nothing of either after."""
    held = in_state(sdk, "requires_capture")
    assert (2646, 0) == (held.amount_capturable, held.amount_received)
    taken = sdk.v1.payment_intents.capture(held.id, {"amount_to_capture": 2000})
    assert (0, 2000) == (taken.amount_capturable, taken.amount_received)
    gone = in_state(sdk, "canceled")
    assert (0, 0) == (gone.amount_capturable, gone.amount_received)


def test_the_charge_says_until_when_a_hold_lives(sdk: stripe.StripeClient) -> None:
    """Five days less six hours on Visa without the buyer, a week otherwise; nothing once it is captured."""
    seconds = {}
    for method, off_session in [("pm_card_visa", True), ("pm_card_visa", False), ("pm_card_mastercard", True)]:
        held = create(sdk, payment_method=method, confirm=True, off_session=off_session, expand=["latest_charge"])
        assert isinstance(held.latest_charge, stripe.Charge)
        assert held.latest_charge.payment_method_details
        assert held.latest_charge.payment_method_details.card
        until = held.latest_charge.payment_method_details.card.capture_before
        assert until
        seconds[method, off_session] = until - int(START.timestamp())
    hour = 3600
    assert {
        ("pm_card_visa", True): 114 * hour,
        ("pm_card_visa", False): 168 * hour,
        ("pm_card_mastercard", True): 168 * hour,
    } == seconds


def test_a_hold_ends_by_itself_at_its_time_and_not_before(rig: Rig, sdk: stripe.StripeClient) -> None:
    """The provider cancels what nobody captured, whoever asks, and books it at the moment it happened."""
    held = create(sdk, confirm=True, off_session=True)
    rig.clock.advance(hours=114, seconds=-1)
    assert "requires_capture" == sdk.v1.payment_intents.retrieve(held.id).status
    rig.clock.advance(hours=24)
    lapsed = sdk.v1.payment_intents.retrieve(held.id)
    assert ("canceled", "automatic") == (lapsed.status, lapsed.cancellation_reason)
    assert int(START.timestamp()) + 114 * 3600 == lapsed.canceled_at
    assert [("hold", 2646), ("release", 2646)] == rig.money()


def test_a_decline_is_a_card_error_with_everything_stripe_says(sdk: stripe.StripeClient) -> None:
    """Code, decline code, charge and payment; the payment waits for another card and remembers why."""
    intent = create(sdk, payment_method="pm_card_visa_chargeDeclinedInsufficientFunds")
    with pytest.raises(stripe.CardError) as declined:
        sdk.v1.payment_intents.confirm(intent.id)
    error = declined.value.error
    assert error
    assert (402, "card_declined", "insufficient_funds") == (
        declined.value.http_status,
        declined.value.code,
        error.decline_code,
    )
    assert declined.value.request_id
    after = sdk.v1.payment_intents.retrieve(intent.id, {"expand": ["latest_charge"]})
    assert "requires_payment_method" == after.status
    assert after.last_payment_error
    assert "insufficient_funds" == after.last_payment_error.decline_code
    assert isinstance(after.latest_charge, stripe.Charge)
    assert ("failed", False) == (after.latest_charge.status, after.latest_charge.paid)
    assert "requires_capture" == sdk.v1.payment_intents.confirm(intent.id, {"payment_method": "pm_card_visa"}).status


def test_a_bank_that_asks_declines_off_session_and_waits_on_session(rig: Rig, sdk: stripe.StripeClient) -> None:
    """Off session there is nobody to ask; on session the payment waits for the answer, either answer."""
    method = "pm_card_authenticationRequired"
    with pytest.raises(stripe.CardError) as declined:
        create(sdk, payment_method=method, confirm=True, off_session=True)
    assert "authentication_required" == declined.value.code
    for succeeded, state in [(True, "requires_capture"), (False, "requires_payment_method")]:
        waiting = create(sdk, payment_method=method, confirm=True, return_url="https://agent.example/back")
        assert waiting.next_action
        assert waiting.next_action.redirect_to_url
        rig.answer_the_bank(waiting.id, succeeded=succeeded)
        assert state == sdk.v1.payment_intents.retrieve(waiting.id).status


def test_an_automatic_capture_takes_at_once(rig: Rig, sdk: stripe.StripeClient) -> None:
    """Without manual capture a confirmed payment is received."""
    assert "succeeded" == create(sdk, capture_method="automatic", confirm=True).status
    assert [("hold", 2646), ("capture", 2646)] == rig.money()


@pytest.mark.parametrize(
    ("given", "code", "param"),
    [
        ({"amount": 0}, "parameter_invalid_integer", "amount"),
        ({"amount": "much"}, "parameter_invalid_integer", "amount"),
        ({"amount": 100_000_000}, "amount_too_large", "amount"),
        ({"currency": "dollars"}, None, "currency"),
        ({"capture_method": "sometimes"}, None, "capture_method"),
        ({"colour": "red"}, "parameter_unknown", "colour"),
        ({"payment_method_types": ["card"]}, "parameter_unknown", "payment_method_types"),
        ({"metadata": {"k" * 41: "v"}}, None, "metadata[" + "k" * 41 + "][[key]]"),
        ({"payment_method": "pm_unheard_of"}, "resource_missing", "payment_method"),
        ({"off_session": True}, "parameter_invalid_empty", "off_session"),
        ({"expand": ["everything"]}, None, "expand"),
    ],
)
def test_a_wrong_parameter_is_named(
    rig: Rig, sdk: stripe.StripeClient, given: dict[str, Any], code: str | None, param: str
) -> None:
    """A 400 says which parameter and why, and nothing was made."""
    with pytest.raises(stripe.InvalidRequestError) as refused:
        create(sdk, **given)
    assert (400, code, param) == (refused.value.http_status, refused.value.code, refused.value.param)
    assert [] == sdk.v1.payment_intents.list().data
    assert [] == rig.money()


def test_a_missing_parameter_is_named(sdk: stripe.StripeClient) -> None:
    """Amount and currency are not guessed."""
    with pytest.raises(stripe.InvalidRequestError, match="Missing required param: amount"):
        sdk.v1.payment_intents.create({"currency": "usd"})  # type: ignore[typeddict-item]


@pytest.mark.parametrize("key", ["sk_live_1", "pk_test_1", "nonsense"])
def test_only_test_keys_are_let_in(rig: Rig, key: str) -> None:
    """Anything else is a 401, and is not shown back."""
    stranger = stripe.StripeClient(key, http_client=rig.client)
    with pytest.raises(stripe.AuthenticationError) as refused:
        stranger.v1.payment_intents.list()
    assert key not in str(refused.value) or len(key) <= 8


def test_what_does_not_exist_is_a_404(sdk: stripe.StripeClient) -> None:
    """Objects, and whole endpoints."""
    for retrieve in (sdk.v1.payment_intents.retrieve, sdk.v1.refunds.retrieve, sdk.v1.charges.retrieve):
        with pytest.raises(stripe.InvalidRequestError) as absent:
            retrieve("pi_unheard_of")
        assert (404, "resource_missing") == (absent.value.http_status, absent.value.code)
    with pytest.raises(stripe.InvalidRequestError, match="Unrecognized request URL"):
        sdk.v1.customers.list()


def test_lists_are_paged_newest_first_in_both_directions(rig: Rig, sdk: stripe.StripeClient) -> None:
    """Walking pages meets every payment once."""
    made = []
    for _ in range(7):
        rig.clock.advance(seconds=1)
        made.append(create(sdk).id)
    newest_first = made[::-1]
    assert newest_first == [one.id for one in sdk.v1.payment_intents.list({"limit": 3}).auto_paging_iter()]
    page = sdk.v1.payment_intents.list({"limit": 2, "ending_before": newest_first[4]})
    assert (newest_first[2:4], True) == ([one.id for one in page.data], page.has_more)
    since = sdk.v1.payment_intents.list({"created": {"gte": int(START.timestamp()) + 6}})
    assert newest_first[:2] == [one.id for one in since.data]


def test_expansion_reaches_through_lists_and_objects(sdk: stripe.StripeClient) -> None:
    """A name is replaced by its object exactly where it was asked for."""
    in_state(sdk, "succeeded")
    (shown,) = sdk.v1.payment_intents.list({"expand": ["data.latest_charge.balance_transaction"]}).data
    assert isinstance(shown.latest_charge, stripe.Charge)
    assert isinstance(shown.latest_charge.balance_transaction, stripe.BalanceTransaction)
    assert isinstance(shown.payment_method, str)


def test_every_step_is_an_event_with_the_object_as_it_was(sdk: stripe.StripeClient) -> None:
    """Events are written in order, and name the request and the key behind them."""
    intent = create(sdk)
    sdk.v1.payment_intents.confirm(intent.id, {}, {"idempotency_key": "k1"})
    sdk.v1.payment_intents.capture(intent.id)
    events = sdk.v1.events.list().data[::-1]
    expected = [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.amount_capturable_updated",
        "charge.captured",
        "payment_intent.succeeded",
    ]
    assert expected == [event.type for event in events]
    assert events[1].request
    assert "k1" == events[1].request.idempotency_key
    assert "requires_confirmation" == events[0].data.object["status"]
    (only,) = sdk.v1.events.list({"type": "charge.captured"}).data
    assert events[3].id == sdk.v1.events.retrieve(only.id).id
