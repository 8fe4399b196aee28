"""What is judged when: amounts once a purchase has ended, impossibilities at once, and nothing twice."""

from datetime import UTC, datetime

from checkout.purchase.states import State
from checkout.reconcile.findings import Code
from checkout.reconcile.money import judge
from checkout.reconcile.purchases import Purchase
from payments.books import BookedPayment
from payments.gateway import Captured, Held, Payment, PaymentStatus
from payments.ledger import Entry, book
from payments.money import Money

START = datetime(2026, 1, 1, tzinfo=UTC)
TOTAL, NOTHING = Money(2646, "USD"), Money(0, "USD")


def entries(*, captured: bool = True) -> tuple[Entry, ...]:
    """Our ledger of a payment that was held, and perhaps captured."""
    held = Held(payment_id="pi_1", amount=TOTAL, capture_before=START)
    first = book(held, (), movement_id="hold", at=START)
    if not captured:
        return first
    return (*first, *book(Captured(payment_id="pi_1", amount=TOTAL), first, movement_id="capture", at=START))


def purchase(state: State, *mine: Entry) -> Purchase:
    """A purchase in a state with this ledger."""
    return Purchase(intent_id="ci_1", tenant="t", state=state, asks=False, payment_id="pi_1", entries=mine)


def booked(*, held: Money = NOTHING, captured: Money = NOTHING, balance: Money | None = None) -> BookedPayment:
    """The payment at the provider."""
    status = PaymentStatus.CAPTURED if captured.amount_minor else PaymentStatus.HELD
    payment = Payment(
        payment_id="pi_1", status=status, held=held, captured=captured, refunded=NOTHING, reference="ci_1"
    )
    return BookedPayment(payment=payment, created=START, balance=balance)


def codes(ours: Purchase, *theirs: BookedPayment, missing: tuple[str, ...] = ()) -> list[Code]:
    """What is found."""
    return [finding.code for finding in judge(ours, theirs, missing)]


def test_books_that_agree_give_nothing() -> None:
    """Held, captured, on the balance."""
    assert [] == codes(purchase(State.COMPLETED, *entries()), booked(captured=TOTAL, balance=TOTAL))


def test_a_balance_that_is_not_what_was_captured_is_found() -> None:
    """The provider's own two books differ; ours cannot be right about both."""
    odd = booked(captured=TOTAL, balance=Money(1, "USD"))
    assert [Code.BALANCE_DIFFERS] == codes(purchase(State.COMPLETED, *entries()), odd)


def test_of_a_purchase_under_way_amounts_are_not_judged() -> None:
    """The provider holds what we have not written down yet, or has captured what we only hold."""
    assert [] == codes(purchase(State.PLACING_ORDER), booked(held=TOTAL))
    assert [] == codes(purchase(State.PLACING_ORDER, *entries(captured=False)), booked(captured=TOTAL))


def test_of_a_purchase_under_way_what_can_never_be_right_is_found() -> None:
    """A movement with one half, and a payment that nobody knows though we booked it."""
    half = entries(captured=False)[:1]
    found = codes(purchase(State.PLACING_ORDER, *half), missing=("pi_1",))
    assert [Code.LEDGER_UNBALANCED, Code.PAYMENT_MISSING] == found


def test_a_payment_that_never_moved_money_may_be_forgotten_by_the_provider() -> None:
    """Prepared, never held, no entry: nothing is missing."""
    assert [] == codes(purchase(State.FAILED), missing=("pi_1",))


def test_a_hold_after_the_end_is_said_once() -> None:
    """It differs from our ledger too, but that is the same fact."""
    assert [Code.HOLD_AFTER_END] == codes(purchase(State.FAILED), booked(held=TOTAL))
