"""What the sandbox takes and shows, held against the official SDK's own declarations, which nobody here wrote."""

import re
from collections.abc import Iterator
from contextlib import suppress
from typing import Any, ClassVar, Literal, Union, get_args, get_origin

import pytest
import stripe
import stripe.params
from pydantic import BaseModel

from payments.sandbox import params
from payments.sandbox.endpoints import ENDPOINTS
from tests.payments.rig import Rig

SHOWN: dict[str, type] = {
    "payment_intent": stripe.PaymentIntent,
    "charge": stripe.Charge,
    "refund": stripe.Refund,
    "payment_method": stripe.PaymentMethod,
    "balance_transaction": stripe.BalanceTransaction,
    "event": stripe.Event,
}
TAKEN: dict[type[BaseModel], type] = {
    params.Create: stripe.params.PaymentIntentCreateParams,
    params.Confirm: stripe.params.PaymentIntentConfirmParams,
    params.Capture: stripe.params.PaymentIntentCaptureParams,
    params.Cancel: stripe.params.PaymentIntentCancelParams,
    params.List: stripe.params.PaymentIntentListParams,
    params.ChargeList: stripe.params.ChargeListParams,
    params.RefundCreate: stripe.params.RefundCreateParams,
    params.RefundList: stripe.params.RefundListParams,
    params.EventList: stripe.params.EventListParams,
    params.BalanceList: stripe.params.BalanceTransactionListParams,
    params.PaymentMethodCreate: stripe.params.PaymentMethodCreateParams,
    params.CardToken: stripe.params.PaymentMethodCreateParamsCard,
    params.Automatic: stripe.params.PaymentIntentCreateParamsAutomaticPaymentMethods,
    params.Retrieve: stripe.params.PaymentIntentRetrieveParams,
}


def history(rig: Rig) -> None:
    """Bring about at least one object of every kind, in every state the sandbox can show."""
    sdk = rig.gateway.client
    held = rig.held("tok_refundFail")
    rig.gateway.capture(held.payment_id, held.amount, key="k")
    rig.gateway.release(held.payment_id, key="r")
    for number, method in enumerate(["pm_card_chargeDeclined", "pm_card_authenticationRequired", "pm_card_visa"]):
        intent = sdk.v1.payment_intents.create(
            {"amount": 500 + number, "currency": "usd", "automatic_payment_methods": {"enabled": True}}
        )
        with suppress(stripe.CardError):
            sdk.v1.payment_intents.confirm(intent.id, {"payment_method": method, "return_url": "https://a.example/"})
    rig.clock.advance(days=8)


def faults(shown: dict[str, Any], declared: type, where: str) -> Iterator[str]:
    """Where an object differs from what the SDK declares: invented, missing, or of a value it does not list."""
    hints = {
        name: hint
        for name, hint in _declarations(declared).items()
        if get_origin(hint) is not ClassVar and name[0] != "_"
    }
    yield from (f"{where}.{name} is no field of Stripe's" for name in shown.keys() - hints.keys())
    for name, hint in hints.items():
        options = get_args(hint) if get_origin(hint) is Union else (hint,)
        if name not in shown:
            if type(None) not in options:
                yield f"{where}.{name} is missing"
        elif shown[name] is None:
            if type(None) not in options:
                yield f"{where}.{name} is null"
        else:
            yield from _value_faults(shown[name], options, f"{where}.{name}")


def _value_faults(value: Any, options: tuple[Any, ...], where: str) -> Iterator[str]:
    literals = [allowed for option in options if get_origin(option) is Literal for allowed in get_args(option)]
    if literals and value not in literals:
        yield f"{where} is {value!r}, none of Stripe's"
    for option in options:
        if isinstance(option, type) and issubclass(option, stripe.StripeObject) and isinstance(value, dict):
            if option.__annotations__:
                yield from faults(value, option, where)
        elif option in (int, str, bool) and not literals and not isinstance(value, option):
            yield f"{where} is {value!r}, no {option.__name__}"


def _declarations(declared: type) -> dict[str, Any]:
    return {
        name: hint
        for part in reversed(declared.__mro__)
        for name, hint in vars(part).get("__annotations__", {}).items()
    }


def test_every_object_shown_is_as_the_sdk_declares_it(rig: Rig) -> None:
    """No invented field, no missing one, no value outside Stripe's lists, in depth."""
    history(rig)
    assert rig.sandbox.money  # asking for it lets everything happen that fell due
    shown = [record.json() for record in rig.sandbox.world.records.values()]
    assert set(SHOWN) == {one["object"] for one in shown}
    wrong = {fault for one in shown for fault in faults(one, SHOWN[one["object"]], one["object"])}
    assert set() == wrong


def test_an_invented_field_would_be_noticed() -> None:
    """The check can fail: an empty payment with a field of ours is wrong in many ways."""
    wrong = list(faults({"colour": "red", "status": "happy"}, stripe.PaymentIntent, "payment_intent"))
    assert "payment_intent.colour is no field of Stripe's" in wrong
    assert "payment_intent.status is 'happy', none of Stripe's" in wrong
    assert "payment_intent.amount is missing" in wrong


def test_every_event_type_is_one_of_stripes(rig: Rig) -> None:
    """Nobody waits for an event that Stripe never sends."""
    history(rig)
    (types, *_) = (get_args(option) for option in (stripe.Event.__annotations__["type"],))
    assert {event.type for event in rig.gateway.client.v1.events.list({"limit": 100}).data} <= set(types)


@pytest.mark.parametrize("model", TAKEN, ids=lambda model: model.__name__)
def test_every_parameter_taken_is_one_the_sdk_can_send(model: type[BaseModel]) -> None:
    """A parameter that Stripe does not take would make code work here that fails there."""
    assert set(model.model_fields) <= set(TAKEN[model].__annotations__)


def test_every_endpoint_s_parameters_are_checked() -> None:
    """No endpoint is left out of the check above."""
    assert {endpoint.params for endpoint in ENDPOINTS} <= set(TAKEN)


def test_what_the_gateway_sends_is_what_the_sdk_declares(rig: Rig) -> None:
    """The bodies that really went over the wire name only parameters Stripe takes."""
    history(rig)
    models = {endpoint.path: TAKEN[endpoint.params] for endpoint in ENDPOINTS if endpoint.method == "POST"}
    for request in rig.sent:
        if request.method == "POST":
            path = re.sub(r"(pi|pm|re)_\w+", "{id}", request.path)
            assert set(request.form) <= set(models[path].__annotations__), request
