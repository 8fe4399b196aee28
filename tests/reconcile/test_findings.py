"""Every kind of difference: made by tampering with one side, and found under its code. A clean run finds none."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import datetime, timedelta

from checkout import wiring
from checkout.purchase.terms import ReviewAnswer, Verdict
from checkout.reconcile.comparing import Comparison
from checkout.reconcile.findings import MEANS, Code
from checkout.reconcile.orders import Orders
from payments.books import BookedPayment, Movement
from payments.gateway import PaymentStatus
from payments.stripe_books import StripeBooks
from tests.reconcile.stage import Stage

PURCHASES = (
    ("sells", "tok_visa"),
    ("sells", "tok_chargeDeclined"),
    ("declines", "tok_visa"),
    ("drops_answer", "tok_visa"),
    ("sold_out", "tok_visa"),
    ("completes_later", "tok_visa"),
    ("price_changes", "tok_visa"),
    ("escalates", "tok_visa"),
)


def test_purchases_of_every_end_leave_books_that_agree_and_looking_changes_nothing(on: Stage) -> None:
    """Bought, declined, refused, lost and found again: nothing is found, and only reads were sent anywhere."""
    for product, pays_with in PURCHASES:
        on.buy(product, pays_with)
    sent, asked = len(on.asked_of_provider()), len(on.asked_of_shop())
    before = on.sql("SELECT * FROM intents ORDER BY id"), on.sql("SELECT * FROM ledger"), on.sql("SELECT * FROM orders")
    answer = on.reconcile("--json")
    assert 0 == answer.code, answer
    report = answer.json()
    assert {} == report["found"]
    assert len(PURCHASES) == report["compared"]["purchases"]
    assert 0 == report["compared"]["under_way"]
    assert 3 < report["compared"]["orders_checked"]
    assert {} == report["not_checkable"]
    assert {"GET"} == set(on.asked_of_provider()[sent:])
    assert {"GET"} == set(on.asked_of_shop()[asked:])
    assert before == (
        on.sql("SELECT * FROM intents ORDER BY id"),
        on.sql("SELECT * FROM ledger"),
        on.sql("SELECT * FROM orders"),
    )


def test_money_of_nobody_is_found_and_only_counted_on_a_shared_account(on: Stage) -> None:
    """A payment that names a purchase which is not here, one that names none, and an old one that is refunded now."""
    on.money_made("ci_of_another_database")
    on.money_made(None, capture=True)
    assert {"payment_unknown": 2} == on.found()
    assert {"payment_unknown": 1} == on.found("--shared-account")


def test_an_old_payment_that_moves_today_is_compared_today(on: Stage) -> None:
    """It was made before the time that is compared, and paid back within it."""
    old, bought = on.money_made(None, capture=True), on.buy()
    on.processes.later(timedelta(days=40))
    today = on.processes.now().replace(microsecond=0).isoformat()
    assert {} == on.found("--since", today)
    on.stripe.v1.refunds.create({"payment_intent": old, "amount": 1})
    on.stripe.v1.refunds.create({"payment_intent": on.payment_of(bought), "amount": 1})
    assert {"payment_unknown": 1, "refund_unknown": 1, "order_total_differs": 1} == on.found("--since", today)


def test_a_second_payment_of_a_purchase_is_found_as_a_hold_or_as_unknown_money(on: Stage) -> None:
    """What names a purchase but is not the payment it made: still held after its end, or captured."""
    bought = on.buy()
    on.money_made(bought)
    assert {"hold_after_end": 1} == on.found()
    on.money_made(bought, capture=True)
    assert {"hold_after_end": 1, "payment_unknown": 1} == on.found()


def test_a_payment_that_the_provider_does_not_know_is_missing(on: Stage) -> None:
    """Our ledger has a movement of a payment that never was, though it balances."""
    bought = on.buy()
    on.sql(
        "INSERT INTO ledger (movement_id, intent_id, tenant, at, kind, account, amount_minor, currency, payment_id) "
        "SELECT 'forged:' || movement_id, intent_id, tenant, at, kind, account, amount_minor, currency, 'pi_never' "
        "FROM ledger WHERE intent_id = ?",
        bought,
    )
    assert {"payment_missing": 1} == on.found()


def test_amounts_that_differ_are_told_apart(on: Stage) -> None:
    """A capture of another amount; the same one in another currency; and one half of a movement lost."""
    bought = on.buy()
    change = "UPDATE ledger SET amount_minor = amount_minor - 5 * (amount_minor > 0) + 5 * (amount_minor < 0) "
    on.sql(change + "WHERE kind IN ('hold', 'capture')")
    assert {"capture_differs": 1} == on.found()
    on.sql("UPDATE ledger SET currency = 'EUR' WHERE intent_id = ?", bought)
    assert {"currency_differs": 1} == on.found()
    on.sql("DELETE FROM ledger WHERE kind = 'capture' AND amount_minor < 0")
    assert {"currency_differs": 1, "ledger_unbalanced": 1} == on.found()


def test_a_hold_that_only_our_ledger_has_differs(on: Stage) -> None:
    """The release was lost from our books: they say held, the provider says nothing is."""
    on.buy("declines")
    on.sql("DELETE FROM ledger WHERE kind = 'release'")
    assert {"hold_differs": 1} == on.found()


def test_a_hold_that_outlived_its_purchase_is_found(on: Stage) -> None:
    """A person said the money was settled, and it is still held at the provider."""
    asking = on.buy("challenges")
    state, asks = on.sql("SELECT state, review_callback_id FROM intents WHERE id = ?", asking)[0]
    assert ("failed", None) == (state, asks), "a challenge ends the purchase and gives the hold back"
    held = on.buy("declines")
    other = on.money_made(held)
    on.sql("UPDATE intents SET payment_id = ? WHERE id = ?", other, held)
    assert {"hold_after_end": 1} == on.found()


def test_refunds_are_compared_both_ways(on: Stage) -> None:
    """The provider paid back what we never booked; then we booked what it never paid back."""
    paid = on.buy()
    on.stripe.v1.refunds.create({"payment_intent": on.payment_of(paid), "amount": 100})
    assert {"refund_unknown": 1, "order_total_differs": 1} == on.found()
    row = "INSERT INTO ledger (movement_id, intent_id, tenant, at, kind, account, amount_minor, currency, payment_id) "
    for account, sign in (("buyer", 1), ("funds", -1)):
        on.sql(
            f"{row} SELECT 'r:refund', intent_id, tenant, at, 'refund', ?, ?, currency, payment_id FROM ledger LIMIT 1",  # noqa: S608 (a constant)
            account,
            sign * 250,
        )
    assert {"refund_missing": 1, "order_total_differs": 1} == on.found()


def test_a_refund_that_fails_at_the_bank_later_is_missing(on: Stage) -> None:
    """It had succeeded and was booked; then the bank sent it back, and the buyer never got it."""
    paid = on.buy("sells", "tok_refundFail")
    refund = on.stripe.v1.refunds.create({"payment_intent": on.payment_of(paid)})
    row = "INSERT INTO ledger (movement_id, intent_id, tenant, at, kind, account, amount_minor, currency, payment_id) "
    for account, sign in (("buyer", 1), ("funds", -1)):
        on.sql(
            f"{row} SELECT 'r:refund', intent_id, tenant, at, 'refund', ?, ?, currency, payment_id FROM ledger LIMIT 1",  # noqa: S608 (a constant)
            account,
            sign * refund.amount,
        )
    assert {"order_without_capture": 1} == on.found(), "booked and paid back: only the order is left over"
    on.processes.later(timedelta(hours=2))
    assert {"refund_missing": 1} == on.found()


def test_who_cannot_be_asked_is_counted_and_who_does_not_answer_leaves_it_undone(on: Stage) -> None:
    """A history that is gone is not checkable and no finding; a shop that is down makes the comparison incomplete."""
    on.buy()
    on.shop.stop()
    answer = on.reconcile("--json")
    on.reshape_shop(lambda session: session)
    assert 2 == answer.code
    assert 1 == sum(answer.json()["unanswered"].values())
    on.sql("DELETE FROM durable_events")
    on.sql("DELETE FROM durable_operations")
    on.sql("DELETE FROM durable_executions")
    answer = on.reconcile("--json")
    assert 0 == answer.code, answer
    assert {"the purchase's history is gone": 1} == answer.json()["not_checkable"]


def test_a_purchase_that_asks_is_counted_and_one_settled_by_hand_is_no_finding_once_nothing_is_held(on: Stage) -> None:
    """Under way nothing is judged; settled, what is still held is found until the person has really given it back."""
    on.fault(kind="before", method="POST", path=".*/capture", times=100)
    asking = on.buy()
    on.until_it_asks(asking)
    on.no_faults()
    answer = on.reconcile("--json")
    assert (0, 1, 1) == (answer.code, *(answer.json()["compared"][name] for name in ("under_way", "asking")))
    on.answer(asking, ReviewAnswer(verdict=Verdict.SETTLED, reason="sent an invoice", operator="ops"))
    assert {"hold_after_end": 1} == on.found()
    on.stripe.v1.payment_intents.cancel(on.payment_of(asking))
    assert {} == on.found()
    assert 1 == on.reconcile("--json").json()["compared"]["settled_by_hand"]


@dataclass(frozen=True)
class Stale:
    """The provider's books, of which the list was read a while ago."""

    inner: StripeBooks
    listed: Sequence[BookedPayment]

    def payments(self, _since: datetime) -> Iterator[BookedPayment]:
        """As they were."""
        return iter(self.listed)

    def movements(self, since: datetime) -> Iterator[Movement]:
        """As they are."""
        return self.inner.movements(since)

    def payment(self, payment_id: str) -> BookedPayment | None:
        """As it is."""
        return self.inner.payment(payment_id)


def test_money_that_moves_while_it_is_compared_is_no_finding(on: Stage) -> None:
    """Listed while it was held, captured and completed before our side was read: looked at again before it is said."""
    on.fault(kind="before", method="POST", path=".*/capture", times=2)
    moving = on.buy()
    since = datetime.fromisoformat(on.since)
    with on.deployed() as deployment, closing(wiring.books_of(on.settings)) as provider:
        listed = list(provider.payments(since))
        assert [PaymentStatus.HELD] == [one.payment.status for one in listed]
        on.processes.later(timedelta(minutes=5))
        deployment.durable.run_until(moving)
        orders = Orders(durable=deployment.durable, named=lambda _: None, wait=lambda: None)
        comparison = Comparison(database=deployment.database, provider=Stale(provider, listed), orders=orders)
        report = comparison.run(since)
    assert "completed" == on.sql("SELECT state FROM intents WHERE id = ?", moving)[0][0]
    assert not report.found
    assert {"the adapter ucp reads no order book": 1} == report.not_checkable


def test_every_code_is_explained_and_shown_to_people(on: Stage) -> None:
    """The table names the kind, what it means, and which purchase; the codes are those that are documented."""
    assert set(Code) == MEANS.keys()
    bought = on.buy()
    on.money_made(bought)
    answer = on.reconcile()
    assert 1 == answer.code
    assert "hold_after_end" in answer.out
    assert MEANS[Code.HOLD_AFTER_END] in answer.out
    assert bought in answer.out


def test_a_comparison_that_cannot_be_made_says_why(on: Stage) -> None:
    """The provider is away, or the moment makes no sense: exit 2 and a code, not an empty report."""
    answer = on.reconcile("--since", "yesterday")
    assert (2, True) == (answer.code, "(invalid_since)" in answer.err)
    answer = on.reconcile(CHECKOUT_PAYMENT_SANDBOX_URL="http://127.0.0.1:1")
    assert (2, True) == (answer.code, "(provider_books_unreadable)" in answer.err)
