"""The table of Stripe's endpoints: method, path, parameters, what is done. Knows no key, no fault."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from payments.sandbox import intents, pages, params, refunds
from payments.sandbox.charges import Charge, PaymentMethod
from payments.sandbox.objects import BalanceTransaction, Event, Intent, Json, Refund
from payments.sandbox.params import Params
from payments.sandbox.world import Record, World

Act = Callable[[World, str, Any], Json]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One endpoint; `act` gets the world, the object's name from the path (or ""), and the parsed parameters."""

    method: str
    path: str
    params: type[Params]
    act: Act

    def match(self, method: str, path: str) -> str | None:
        """The object's name in the path ("" if it has none), or None if this is another endpoint."""
        found = re.fullmatch(self.path.replace("{id}", "([A-Za-z0-9_]+)"), path)
        if method != self.method or not found:
            return None
        return found[1] if found.groups() else ""


def find(method: str, path: str) -> tuple[Endpoint, str] | None:
    """The endpoint for a request, and the object's name."""
    for endpoint in ENDPOINTS:
        object_id = endpoint.match(method, path)
        if object_id is not None:
            return endpoint, object_id
    return None


def _retrieve(kind: type[Record], path: str, param: str) -> Endpoint:
    return Endpoint("GET", path, params.Retrieve, lambda world, name, _: world.find(kind, name, param=param).json())


def _payments(world: World, _: str, given: params.List) -> Json:
    return pages.page(world.all(Intent), given, "/v1/payment_intents")


def _charges(world: World, _: str, given: params.ChargeList) -> Json:
    wanted = [one for one in world.all(Charge) if given.payment_intent in (None, one.intent_id)]
    return pages.page(wanted, given, "/v1/charges")


def _refunds(world: World, _: str, given: params.RefundList) -> Json:
    wanted = [
        one
        for one in world.all(Refund)
        if given.payment_intent in (None, one.intent_id) and given.charge in (None, one.charge_id)
    ]
    return pages.page(wanted, given, "/v1/refunds")


def _events(world: World, _: str, given: params.EventList) -> Json:
    types = {*given.types, *([given.type] if given.type else [])}
    return pages.page([one for one in world.all(Event) if not types or one.type in types], given, "/v1/events")


def _balance(world: World, _: str, given: params.BalanceList) -> Json:
    wanted = [
        one
        for one in world.all(BalanceTransaction)
        if given.source in (None, one.source) and given.type in (None, one.type)
    ]
    return pages.page(wanted, given, "/v1/balance_transactions")


ENDPOINTS = (
    Endpoint(
        "POST",
        "/v1/payment_methods",
        params.PaymentMethodCreate,
        lambda world, _, given: intents.create_payment_method(world, given).json(),
    ),
    _retrieve(PaymentMethod, "/v1/payment_methods/{id}", "payment_method"),
    Endpoint("POST", "/v1/payment_intents", params.Create, lambda world, _, given: intents.create(world, given).json()),
    Endpoint("GET", "/v1/payment_intents", params.List, _payments),
    _retrieve(Intent, "/v1/payment_intents/{id}", "intent"),
    Endpoint(
        "POST",
        "/v1/payment_intents/{id}/confirm",
        params.Confirm,
        lambda world, name, given: intents.confirm(world, name, given).json(),
    ),
    Endpoint(
        "POST",
        "/v1/payment_intents/{id}/capture",
        params.Capture,
        lambda world, name, given: intents.capture(world, name, given).json(),
    ),
    Endpoint(
        "POST",
        "/v1/payment_intents/{id}/cancel",
        params.Cancel,
        lambda world, name, given: intents.cancel(world, name, given).json(),
    ),
    Endpoint("GET", "/v1/charges", params.ChargeList, _charges),
    _retrieve(Charge, "/v1/charges/{id}", "id"),
    Endpoint("POST", "/v1/refunds", params.RefundCreate, lambda world, _, given: refunds.create(world, given).json()),
    Endpoint("GET", "/v1/refunds", params.RefundList, _refunds),
    _retrieve(Refund, "/v1/refunds/{id}", "refund"),
    Endpoint("GET", "/v1/events", params.EventList, _events),
    _retrieve(Event, "/v1/events/{id}", "id"),
    Endpoint("GET", "/v1/balance_transactions", params.BalanceList, _balance),
    _retrieve(BalanceTransaction, "/v1/balance_transactions/{id}", "id"),
)
