"""Stripe's own books through the official SDK: all pages, nothing but reads, at a pace, and an end to patience."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
import stripe

from payments.books import BooksTooLongError, BooksUnreadableError
from payments.books_reading import TRIES, ReadingClient, WriteRefusedError
from payments.gateway import Held, PaymentStatus, Prepared
from payments.money import Money
from payments.sandbox.faults import Fault
from payments.sandbox.transport import InProcessClient, Send
from payments.sandbox.wire import Request, Response
from payments.stripe_books import PAGE, StripeBooks
from tests.payments.rig import START, TOTAL, Rig, asked


def books_of(rig: Rig, inner: stripe.HTTPClient | None = None, **limits: int) -> StripeBooks:
    """The rig's account, read without pausing."""
    reading = ReadingClient(inner or rig.client, sleep=lambda _seconds: None)
    client = stripe.StripeClient("sk_test_rig", http_client=reading, max_network_retries=0)
    return StripeBooks(client=client, http_client=reading, **limits)


def held(rig: Rig, name: str) -> Held:
    """A live hold of TOTAL, one for each name."""
    prepared = rig.gateway.prepare(asked(), key=f"{name}:prepare")
    assert isinstance(prepared, Prepared), prepared
    live = rig.gateway.hold(prepared, key=f"{name}:hold")
    assert isinstance(live, Held), live
    return live


def make(rig: Rig, how_many: int) -> None:
    """Payments that hold nothing."""
    for number in range(how_many):
        rig.gateway.prepare(asked("pm_card_visa"), key=f"made {number}")


class ScriptedClient(stripe.HTTPClient):
    """Answers with these statuses in turn; None is a connection that ends."""

    name = "scripted"

    def __init__(self, *statuses: int | None) -> None:
        super().__init__()
        self.left = list(statuses)

    def request(self, *_: Any, **__: Any) -> tuple[str, int, Mapping[str, str]]:
        """The next one."""
        status = self.left.pop(0)
        if status is None:
            raise stripe.APIConnectionError("gone")  # type: ignore[no-untyped-call]
        return "{}", status, {}

    def close(self) -> None:
        """Nothing is open."""


def test_every_payment_is_read_whatever_became_of_it_page_after_page(rig: Rig) -> None:
    """More than two pages, newest first, each as the gateway's own read-back has it."""
    make(rig, 2 * PAGE + 3)
    live, taken = held(rig, "live"), held(rig, "taken")
    rig.gateway.capture(taken.payment_id, TOTAL, key="k")
    found = {one.payment.payment_id: one for one in books_of(rig).payments(START)}
    assert 2 * PAGE + 5 == len(found)
    assert (PaymentStatus.HELD, TOTAL) == (found[live.payment_id].payment.status, found[live.payment_id].payment.held)
    assert (TOTAL, TOTAL) == (found[taken.payment_id].payment.captured, found[taken.payment_id].balance)
    for name in (live.payment_id, taken.payment_id):
        assert rig.gateway.read(name) == found[name].payment
    pages = [request for request in rig.sent if request.path == "/v1/payment_intents" and request.method == "GET"]
    assert 3 == len(pages)


def test_refunds_are_counted_and_movements_name_their_payment(rig: Rig) -> None:
    """A payment back in two parts; charge, refunds and the balance's lines all lead to it."""
    taken = rig.held()
    rig.gateway.capture(taken.payment_id, TOTAL, key="k")
    for amount in (100, 23):
        rig.gateway.client.v1.refunds.create({"payment_intent": taken.payment_id, "amount": amount})
    books = books_of(rig)
    one = books.payment(taken.payment_id)
    assert one is not None
    assert Money(123, "USD") == one.payment.refunded
    moved = list(books.movements(START))
    assert {taken.payment_id} == {movement.payment_id for movement in moved}
    assert {"charge", "refund"} == {movement.kind for movement in moved}


def test_only_what_happened_since_is_read(rig: Rig) -> None:
    """An older payment is not listed, and is found by its name."""
    old = held(rig, "old")
    rig.clock.advance(days=1)
    new = held(rig, "new")
    books = books_of(rig)
    since = START + timedelta(hours=1)
    assert [new.payment_id] == [one.payment.payment_id for one in books.payments(since)]
    assert books.payment(old.payment_id) is not None
    assert books.payment("pi_unknown") is None


def test_a_reader_of_books_cannot_change_anything(rig: Rig) -> None:
    """Whatever it is asked to do: anything but a GET is refused before it is sent."""
    live = rig.held()
    sent = len(rig.sent)
    client = books_of(rig).client
    for change in (
        lambda: client.v1.payment_intents.cancel(live.payment_id),
        lambda: client.v1.payment_intents.capture(live.payment_id),
        lambda: client.v1.refunds.create({"payment_intent": live.payment_id}),
    ):
        with pytest.raises(WriteRefusedError):
            change()
    assert sent == len(rig.sent)


def test_trouble_is_waited_out_and_then_told(rig: Rig) -> None:
    """Too many requests, a failure and a lost answer pass; what lasts longer is an error that says it may pass."""
    live = rig.held()
    for kind in ("429", "500", "before"):
        rig.sandbox.faults.add(Fault(kind=kind, method="GET"))
        assert books_of(rig).payment(live.payment_id) is not None
    rig.sandbox.faults.add(Fault(kind="500", method="GET", times=TRIES))
    with pytest.raises(BooksUnreadableError) as failure:
        list(books_of(rig).payments(START))
    assert failure.value.retryable


def test_a_key_that_may_not_read_is_told_at_once() -> None:
    """No second try: 401 does not pass."""
    scripted = ScriptedClient(401, 200)
    books = StripeBooks.connect("rk_wrong", "http://stripe.test", http_client=scripted)
    with pytest.raises(BooksUnreadableError) as failure:
        list(books.payments(START))
    assert not failure.value.retryable
    assert [200] == scripted.left


def test_reads_keep_a_pace_and_pause_longer_each_time(rig: Rig) -> None:
    """One after another at the pace; after trouble half a second, then one, then two."""
    slept: list[float] = []
    scripted = ScriptedClient(200, 200, None, 503, 429, 200)
    reading = ReadingClient(scripted, per_second=4, now=lambda: 0.0, sleep=slept.append)
    for _ in range(3):
        reading.request("get", "http://stripe.test", {})
    gaps = [0.25 * number for number in range(1, 6)]
    assert sorted([*gaps, 0.5, 1.0, 2.0]) == sorted(slept)
    assert rig.sent == []


def test_more_rows_than_a_reading_takes_is_told_and_not_cut(rig: Rig) -> None:
    """Half of the books must not look like all of them."""
    make(rig, 4)
    with pytest.raises(BooksTooLongError):
        list(books_of(rig, most_rows=3).payments(START))


def test_a_balance_that_is_not_what_was_captured_shows(rig: Rig) -> None:
    """The amount on the balance comes from its own line, not from the payment."""
    taken = rig.held()
    rig.gateway.capture(taken.payment_id, TOTAL, key="k")

    def short(_request: Request, send: Send) -> Response:
        answer = send()
        told = answer.body.replace(f'"amount": {TOTAL.amount_minor}, "available_on"', '"amount": 1, "available_on"')
        return Response(status=answer.status, body=told, headers=answer.headers)

    one = books_of(rig, InProcessClient(rig.sandbox, short)).payment(taken.payment_id)
    assert one is not None
    assert (TOTAL, Money(1, "USD")) == (one.payment.captured, one.balance)
