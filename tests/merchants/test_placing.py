"""Placing an order with a merchant that changes its mind, answers nonsense, or does not answer."""

import json
from collections.abc import Callable
from typing import Any

import httpx2
import pytest

from merchants.demo.goods import Behaviour
from merchants.sdk import Absent, Instrument, Offer, Order, Refused, Unclear
from merchants.ucp.versions import VERSIONS, WireVersion
from tests.merchants.bends import CHANGES, Bend, raised_total
from tests.merchants.world import World

WIRE = pytest.mark.parametrize("wire", VERSIONS, ids=lambda wire: wire.version)


def bent(bend: Bend, *, method: str = "GET", ending: str = "") -> Callable[..., httpx2.Response]:
    """A merchant whose answers to these calls are bent; unsigned, because what is bent was not signed so."""

    def after(request: httpx2.Request, answer: httpx2.Response) -> httpx2.Response:
        path = request.url.path
        if request.method != method or "checkout-sessions" not in path or not path.endswith(ending):
            return answer
        document = json.loads(answer.content)
        bend(document)
        return httpx2.Response(answer.status_code, json=document)

    return after


def answering(status: int, content: bytes = b"{}") -> Callable[[httpx2.Request], httpx2.Response | None]:
    """A merchant that answers an order with this, having done nothing."""
    return lambda request: httpx2.Response(status, content=content) if request.url.path.endswith("/complete") else None


@WIRE
@pytest.mark.parametrize("change", CHANGES)
def test_what_is_not_as_it_was_confirmed_is_never_completed(wire: WireVersion, change: Bend) -> None:
    """Whatever changed since the offer, no credential leaves, and the session is ended."""
    world = World(wire)
    request = world.request(quantity=2)
    offer = world.offer(request)
    once = bent(change)

    def first_reading(asked: httpx2.Request, answer: httpx2.Response) -> httpx2.Response:
        if asked.method == "GET":
            world.tap.after = None
        return once(asked, answer)

    world.tap.after = first_reading
    outcome = world.place(request, offer)
    assert isinstance(outcome, Refused)
    assert not world.tap.sent("POST", "/complete")
    assert isinstance(world.adapter.find_order(offer, key="k"), Absent)
    assert () == tuple(world.orders)


@WIRE
def test_a_lower_price_than_confirmed_is_taken(wire: WireVersion) -> None:
    """The buyer agreed to pay at most the offer."""
    world = World(wire)
    request = world.request()
    offer = world.offer(request)

    def cheaper(document: dict[str, Any]) -> None:
        for entry in document["totals"]:
            if entry["type"] in ("subtotal", "total"):
                entry["amount"] -= 100

    world.tap.after = bent(cheaper)
    assert isinstance(world.place(request, offer), Order)


@WIRE
@pytest.mark.parametrize(
    "answer",
    [
        answering(500),
        answering(502, b"<html>Bad gateway</html>"),
        answering(503),
        answering(504),
        answering(409),
        answering(200, b"OK"),
        answering(200, b"[]"),
        answering(200, b'{"id": "chk_000001", "status": "proc'),
        answering(302),
    ],
)
def test_an_unclear_answer_is_unclear_until_it_is_looked_up(wire: WireVersion, answer: Any) -> None:
    """Nothing is concluded from it; the look-up ends the session and only then says *absent*."""
    world = World(wire)
    request = world.request()
    offer = world.offer(request)
    world.tap.before = answer
    assert isinstance(world.place(request, offer), Unclear)
    assert not world.tap.sent("POST", "/cancel")
    world.tap.before = None
    assert isinstance(world.adapter.find_order(offer, key="k"), Absent)
    assert 1 == len(world.tap.sent("POST", "/complete"))


@WIRE
@pytest.mark.parametrize("status", [400, 401, 402, 403, 422, 429])
def test_a_definite_refusal_is_a_refusal_once_the_session_is_ended(wire: WireVersion, status: int) -> None:
    """The merchant said no: read, cancel, confirm, refuse."""
    world = World(wire)
    request = world.request()
    offer = world.offer(request)
    world.tap.before = answering(status, b'{"detail": "no", "code": "payment_failed"}')
    outcome = world.place(request, offer)
    assert isinstance(outcome, Refused)
    assert "order_placement_failed" == outcome.code
    assert world.tap.sent("POST", "/cancel")


@WIRE
@pytest.mark.parametrize("status", [400, 402, 409, 500])
def test_an_order_that_stands_behind_an_error_is_an_order(wire: WireVersion, status: int) -> None:
    """A merchant that answers *already completed*, or breaks after booking, has still sold."""
    world = World(wire)
    request = world.request()
    offer = world.offer(request)

    def after(asked: httpx2.Request, answer: httpx2.Response) -> httpx2.Response:
        if asked.url.path.endswith("/complete"):
            return httpx2.Response(status, json={"detail": "already completed", "code": "already_completed"})
        return answer

    world.tap.after = after
    order = world.place(request, offer)
    assert isinstance(order, Order)
    assert world.orders[0]["order_id"] == order.merchant_order_id


@WIRE
def test_an_order_that_was_never_sent_is_a_refusal(wire: WireVersion) -> None:
    """No connection, no order; and the session is ended all the same."""
    world = World(wire)
    request = world.request()
    offer = world.offer(request)

    def before(asked: httpx2.Request) -> httpx2.Response | None:
        if asked.url.path.endswith("/complete"):
            raise httpx2.ConnectError("refused")
        return None

    world.tap.before = before
    assert isinstance(world.place(request, offer), Refused)
    assert isinstance(world.adapter.find_order(offer, key="k"), Absent)


@WIRE
def test_absent_is_not_said_of_a_session_that_will_not_be_cancelled(wire: WireVersion) -> None:
    """A merchant that ignores a cancel could still take a late order."""
    world = World(wire)
    offer = world.offer(world.request())
    world.tap.before = lambda asked: httpx2.Response(500) if asked.url.path.endswith("/cancel") else None
    assert isinstance(world.adapter.find_order(offer, key="k"), Unclear)
    world.tap.before = lambda asked: httpx2.Response(200, json={}) if asked.url.path.endswith("/cancel") else None
    assert isinstance(world.adapter.find_order(offer, key="k"), Unclear)
    world.tap.before = None
    assert isinstance(world.adapter.find_order(offer, key="k"), Absent)


@WIRE
def test_a_forgotten_session_says_nothing(wire: WireVersion) -> None:
    """A merchant that no longer knows the session may have sold by it before."""
    world = World(wire)
    offer = world.offer(world.request())
    world.tap.before = lambda _: httpx2.Response(404, json={"code": "not_found"})
    assert isinstance(world.adapter.find_order(offer, key="k"), Unclear)


def test_an_answer_with_a_forged_signature_is_not_believed() -> None:
    """Somebody between us says *completed*; the merchant's own word is read instead."""
    world = World()
    request = world.request()
    offer = world.offer(request)

    def after(asked: httpx2.Request, answer: httpx2.Response) -> httpx2.Response:
        if not asked.url.path.endswith("/complete"):
            return answer
        forged = {**json.loads(answer.content), "order": {"id": "FORGED-1"}}
        headers = {name: value for name, value in answer.headers.items() if name.lower() != "content-length"}
        return httpx2.Response(200, headers=headers, content=json.dumps(forged).encode())

    world.tap.after = after
    order = world.place(request, offer)
    assert isinstance(order, Order)
    assert world.orders[0]["order_id"] == order.merchant_order_id


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        Instrument(handler_id="another", type="card", credential={"type": "token", "token": "success_token"}),
        Instrument(handler_id="mock_payment_handler", type="wallet", credential={"type": "x", "token": "secret-one"}),
    ],
)
def test_an_instrument_that_was_not_offered_never_leaves(wrong: Instrument | None) -> None:
    """Neither a foreign handler's nor one of a type the merchant does not take."""
    world = World()
    request = world.request()
    offer = world.offer(request)
    assert isinstance(world.adapter.place_order(request, offer, wrong, key="k"), Refused)
    assert not world.tap.sent("POST", "/complete")


def test_what_the_merchant_charged_is_what_is_reported() -> None:
    """A merchant that books more than it offered is reported with what it booked; the purchase decides."""
    world = World()
    request = world.request()
    offer = world.offer(request)

    def dearer(asked: httpx2.Request, answer: httpx2.Response) -> httpx2.Response:
        if asked.url.path.endswith("/complete") or "/orders/" in asked.url.path:
            document = json.loads(answer.content)
            raised_total(document)
            return httpx2.Response(answer.status_code, json=document)
        return answer

    world.tap.after = dearer
    order = world.place(request, offer)
    assert isinstance(order, Order)
    assert offer.cost.total.amount_minor + 1 == order.total.amount_minor


def outcomes(world: World, offer: Offer, *, fail_at: int, how: str) -> tuple[object, object]:
    """Place with the call number `fail_at` failing, then look up with a healthy wire."""
    number = -1

    def before(_: httpx2.Request) -> httpx2.Response | None:
        nonlocal number
        number += 1
        if number == fail_at and how == "before":
            raise httpx2.ReadError("lost on the way there")
        return None

    def after(_: httpx2.Request, answer: httpx2.Response) -> httpx2.Response:
        if number == fail_at and how == "after":
            raise httpx2.ReadError("lost on the way back")
        return httpx2.Response(500) if number == fail_at and how == "500" else answer

    world.tap.before, world.tap.after = before, after
    placed = world.place(world.request(Behaviour.SELLS), offer)
    world.tap.before = world.tap.after = None
    return placed, world.adapter.find_order(offer, key="ci_1/look-up-order")


@WIRE
@pytest.mark.parametrize("how", ["before", "after", "500"])
@pytest.mark.parametrize("fail_at", range(5))
def test_one_lost_call_anywhere_never_makes_a_wrong_claim(wire: WireVersion, fail_at: int, how: str) -> None:
    """An order is reported only of the one in the book, *absent* and a refusal only when there is none, for ever."""
    world = World(wire)
    offer = world.offer(world.request(Behaviour.SELLS))
    placed, found = outcomes(world, offer, fail_at=fail_at, how=how)
    booked = [order["order_id"] for order in world.orders]
    assert len(booked) <= 1
    for said in (placed, found):
        if isinstance(said, Order):
            assert [said.merchant_order_id] == booked
        if isinstance(said, Absent | Refused):
            assert [] == booked
    assert not isinstance(found, Unclear)
    assert isinstance(found, Order) == bool(booked)
