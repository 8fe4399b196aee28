"""The public state, as projected while a purchase goes on: commands, polls, money, secrets."""

import functools
import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, select

from checkout import housekeeping, wiring
from checkout.durable.testing import TestBed
from checkout.purchase import books
from checkout.purchase.commands import Asked, Pays, Purchases
from checkout.purchase.errors import IntentNotFoundError, InvalidStateError, PriceChangedError, ReviewNotOpenError
from checkout.purchase.terms import Verdict
from checkout.settings import Settings
from checkout.store.models import Intent, OrderRow, PaymentToken
from checkout.store.vault import Vault
from merchants.sdk import Refused, Unclear
from payments.gateway import Declined
from payments.ledger import Kind, unbalanced
from payments.money import Money
from tests.purchase.scripted import ADA, TOTAL, World
from tests.purchase.stories import lost_answer, review
from tests.stores import store_url

WIRE = {"buyer": {"firstName": "Ada"}, "productUrl": "https://shop.example/lamp", "quantity": 1}
VISA = Pays(method="stripe_token", token="tok_visa_canary", echo={"type": "stripe_token", "stripeToken": "tok_****"})


@dataclass(frozen=True)
class Counter:
    """A service counter: commands in, rows out."""

    bed: TestBed
    purchases: Purchases
    world: World

    def create(self, pays: Pays | None = None) -> str:
        """Ask for a lamp, and let everything run that can."""
        asked = Asked(product_url="https://shop.example/lamp", quantity=1, buyer=ADA, wire=WIRE)
        with self.bed.database.transaction() as session:
            intent_id = self.purchases.create(session, "t_1", asked, pays).id
        self.bed.service.run_until_idle()
        return intent_id

    def do(self, command: Callable[[Session], Any]) -> None:
        """One command in one transaction, and what follows from it."""
        with self.bed.database.transaction() as session:
            command(session)
        self.bed.service.run_until_idle()

    def confirm(self, intent_id: str, agreed: Money | None = None) -> None:
        """The buyer says yes."""
        self.do(lambda session: self.purchases.confirm(session, "t_1", intent_id, VISA, agreed))

    def intent(self, intent_id: str) -> Intent:
        """The row."""
        with self.bed.database.read() as session:
            return session.get_one(Intent, intent_id)


@contextmanager
def counter(**script: list[Any]) -> Iterator[Counter]:
    """A counter over a world with this script."""
    world = World(script=script)
    with store_url() as url, TestBed(url, skip_time=False) as bed:
        settings = Settings()
        wiring.register(bed.service, world, bed.clock, settings)
        yield Counter(bed, Purchases(bed.service, Vault.fresh(), bed.clock, settings), world)


def test_a_purchase_shows_its_offer_waits_and_completes_with_an_order() -> None:
    """Create, poll to an offer, confirm, poll to an order: each state with what belongs to it."""
    with counter() as it:
        intent_id = it.create()
        offered = it.intent(intent_id)
        assert "awaiting_confirmation" == offered.state
        assert TOTAL.amount_minor == (offered.offer or {})["cost"]["total"]["amount_minor"]
        assert "merchant_state" not in (offered.offer or {})
        it.confirm(intent_id, TOTAL)
        done = it.intent(intent_id)
        assert ("completed", intent_id.replace("ci_", "order_")) == (done.state, done.order_id)
        with it.bed.database.read() as session:
            order = session.get_one(OrderRow, done.order_id)
        assert ("M-1", TOTAL.amount_minor, "t_1") == (order.merchant_order_id, order.total_minor, order.tenant)


def test_another_total_than_the_buyer_agreed_to_is_refused_and_changes_nothing() -> None:
    """`agreedTotal` is checked in the transaction that confirms."""
    with counter() as it:
        intent_id = it.create()
        with pytest.raises(PriceChangedError) as refused:
            it.confirm(intent_id, TOTAL - Money(1, "USD"))
        assert TOTAL == refused.value.offered
        assert "awaiting_confirmation" == it.intent(intent_id).state
        assert 0 == it.world.called("prepare")


def test_cancelling_before_the_order_ends_the_intent_and_a_late_confirm_is_refused() -> None:
    """Cancel is a stop while nothing is held; afterwards the intent is failed, with the reason."""
    with counter() as it:
        intent_id = it.create()
        it.do(lambda session: it.purchases.cancel(session, "t_1", intent_id))
        cancelled = it.intent(intent_id)
        assert "failed" == cancelled.state
        assert ("checkout_intent_expired", "cancelled") == (
            (cancelled.failure or {})["code"],
            (cancelled.failure or {})["reason"],
        )
        with pytest.raises(InvalidStateError):
            it.confirm(intent_id)


def test_a_purchase_that_is_placing_its_order_can_no_longer_be_cancelled() -> None:
    """From placing_order on, money may be held: cancel answers with the state."""
    with counter(place_order=[Unclear(message="?")], find_order=[Unclear(message="?")] * 9) as it:
        intent_id = it.create(VISA)
        assert "placing_order" == it.intent(intent_id).state
        with pytest.raises(InvalidStateError) as refused:
            it.do(lambda session: it.purchases.cancel(session, "t_1", intent_id))
        assert "placing_order" == refused.value.state


def test_an_unconfirmed_offer_expires_and_says_so() -> None:
    """After the window the intent fails with the contract's own code."""
    with counter() as it:
        it.world.seconds_left = 60
        intent_id = it.create()
        it.bed.clock.advance(seconds=61)
        it.bed.service.run_until_idle()
        assert "checkout_intent_expired" == (it.intent(intent_id).failure or {})["code"]


def test_a_question_shows_to_operators_only_and_its_answer_ends_it() -> None:
    """An unclear order leaves the public state as it is; the review is open until it is answered once."""
    with counter(place_order=[lost_answer], find_order=[Unclear(message="the shop is down")] * 2) as it:
        intent_id = it.create(VISA)
        it.bed.clock.advance(seconds=5)
        it.bed.service.run_until_idle()
        asked = it.intent(intent_id)
        assert ("placing_order", "the shop is down") == (asked.state, asked.unclear)
        assert asked.review_since is not None
        found = review(Verdict.PLACED, merchant_order_id="M-1", total=TOTAL)
        it.do(lambda session: it.purchases.answer(session, intent_id, found))
        answered = it.intent(intent_id)
        assert ("completed", None, None) == (answered.state, answered.review_since, answered.review_callback_id)
        with pytest.raises(ReviewNotOpenError):
            it.do(lambda session: it.purchases.answer(session, intent_id, found))


@pytest.mark.parametrize(
    ("script", "moved"),
    [
        ({}, {Kind.HOLD, Kind.CAPTURE}),
        ({"hold": [Declined(code="card_declined", message="no")]}, set()),
        ({"place_order": [Refused(code="product_out_of_stock", message="sold out")]}, {Kind.HOLD, Kind.RELEASE}),
    ],
)
def test_the_ledger_is_balanced_and_says_what_was_moved(script: dict[str, list[Any]], moved: set[Kind]) -> None:
    """Every movement has two halves that cancel out, written with the outcome they follow from."""
    with counter(**script) as it:
        intent_id = it.create(VISA)
        with it.bed.database.read() as session:
            entries = books.entries_of(session, intent_id)
        assert {} == unbalanced(entries)
        assert moved == {entry.kind for entry in entries}


def test_a_payment_token_is_sealed_is_in_no_history_and_goes_with_the_purchase() -> None:
    """The canary is nowhere but in its sealed row, and that row is gone when the purchase has ended."""
    with counter(place_order=[Unclear(message="?")], find_order=[Unclear(message="?")] * 9) as it:
        intent_id = it.create(VISA)
        history = json.dumps(it.bed.service.history(intent_id), default=str)
        with it.bed.database.read() as session:
            (token,) = session.exec(select(PaymentToken)).all()
            rows = json.dumps([row.model_dump(mode="json") for row in session.exec(select(Intent))])
        assert token.id in history
        assert "canary" not in history + rows
        assert b"canary" not in token.sealed
    with counter() as it:
        it.create(VISA)
        with it.bed.database.read() as session:
            assert [] == list(session.exec(select(PaymentToken)).all())


def test_an_open_question_whose_hold_lapses_soon_is_warned_of() -> None:
    """Twelve hours and the margin before the hold's own expiry, and not before."""
    with counter(place_order=[lost_answer], find_order=[Unclear(message="the shop is down")] * 2) as it:
        intent_id = it.create(VISA)
        it.bed.clock.advance(seconds=5)
        it.bed.service.run_until_idle()
        warn = functools.partial(housekeeping.warn_of_lapsing_holds, it.bed.database, it.bed.clock, Settings())
        assert [] == warn()
        lapses = it.intent(intent_id).hold_expires_at
        assert lapses is not None
        it.bed.clock.set(lapses - timedelta(hours=12))
        assert [intent_id] == warn()


def test_another_tenants_intent_does_not_exist() -> None:
    """The same error as for an id that never was."""
    with counter() as it:
        intent_id = it.create()
        with pytest.raises(IntentNotFoundError):
            it.do(lambda session: it.purchases.find(session, "t_2", intent_id))


def test_a_bug_in_the_purchase_parks_it_for_an_operator_instead_of_ending_it() -> None:
    """An exception nobody expected cannot skip the compensation: the purchase waits, still placing its order."""

    def bug(_go_well: object) -> object:
        raise KeyError("an unexpected bug")

    with counter(find_order=[bug] * 9, place_order=[Unclear(message="?")]) as it:
        intent_id = it.create(VISA)
        parked = it.intent(intent_id)
        assert "placing_order" == parked.state
        assert parked.review_since is not None
        assert "an unexpected bug" in str(parked.unclear)


def test_suspended_purchases_hold_no_thread() -> None:
    """Two hundred purchases wait for their buyers, and the process has as many threads as before."""
    with counter() as it:
        it.create()
        before = threading.active_count()
        for _ in range(200):
            it.create()
        assert before == threading.active_count()
