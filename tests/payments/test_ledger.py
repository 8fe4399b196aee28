"""Our own books: balanced whatever happens, complete even where answers were lost, and compared with the provider's."""

from collections.abc import Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from payments.gateway import Captured, Held, Payment, PaymentStatus, Released
from payments.ledger import Account, Entry, Kind, book, reconcile, unbalanced
from payments.money import Money
from tests.payments.rig import Rig

AT = datetime(2026, 1, 1, tzinfo=UTC)


def usd(amount: int) -> Money:
    """Dollars, in cents."""
    return Money(amount, "USD")


HELD = Held(payment_id="pi_1", amount=usd(2646), capture_before=AT)
CAPTURED = Captured(payment_id="pi_1", amount=usd(2000))
RELEASED = Released(payment_id="pi_1", released=usd(2646))
RETURNED = Released(payment_id="pi_1", released=usd(646), refunded=usd(2000))
CANCELED_UNUSED = Released(payment_id="pi_1")


def books(*outcomes: Held | Captured | Released) -> list[Entry]:
    """The books after these outcomes."""
    entries: list[Entry] = []
    for number, outcome in enumerate(outcomes):
        entries += book(outcome, entries, movement_id=f"m{number}", at=AT)
    return entries


def movements(entries: Sequence[Entry]) -> list[tuple[str, int]]:
    """The movements, each once."""
    return [(entry.kind.value, entry.amount.amount_minor) for entry in entries if entry.amount.amount_minor > 0]


@pytest.mark.parametrize(
    ("outcomes", "moved"),
    [
        ([HELD], [("hold", 2646)]),
        ([HELD, CAPTURED], [("hold", 2646), ("capture", 2000), ("release", 646)]),
        ([HELD, RELEASED], [("hold", 2646), ("release", 2646)]),
        ([HELD, CAPTURED, RETURNED], [("hold", 2646), ("capture", 2000), ("release", 646), ("refund", 2000)]),
        ([CANCELED_UNUSED], []),
        ([RELEASED], [("hold", 2646), ("release", 2646)]),
        ([CAPTURED], [("hold", 2000), ("capture", 2000)]),
        ([RETURNED], [("hold", 2646), ("capture", 2000), ("release", 646), ("refund", 2000)]),
        ([HELD, RETURNED], [("hold", 2646), ("capture", 2000), ("release", 646), ("refund", 2000)]),
    ],
)
def test_outcomes_become_movements_and_unseen_ones_are_made_good(
    outcomes: Sequence[Held | Captured | Released], moved: list[tuple[str, int]]
) -> None:
    """A movement whose answer was lost is booked once a later outcome implies it."""
    assert moved == movements(books(*outcomes))


ANY_OUTCOMES = st.lists(st.sampled_from([HELD, CAPTURED, RELEASED, RETURNED, CANCELED_UNUSED]), max_size=6)


@given(ANY_OUTCOMES)
def test_every_movement_balances_and_no_account_is_left_guessing(
    outcomes: list[Held | Captured | Released],
) -> None:
    """Debits and credits cancel out, movement by movement, and a movement never names an account twice."""
    entries = books(*outcomes)
    assert {} == unbalanced(entries)
    assert len(entries) == len({(entry.movement_id, entry.account) for entry in entries})


@given(ANY_OUTCOMES)
def test_an_outcome_booked_again_adds_nothing(outcomes: list[Held | Captured | Released]) -> None:
    """A repeated checkpoint writes no second movement."""
    entries = books(*outcomes)
    for outcome in outcomes[-1:]:
        assert () == book(outcome, entries, movement_id="again", at=AT)


def test_other_payments_do_not_count() -> None:
    """A second payment's hold is a hold of its own."""
    other = Held(payment_id="pi_2", amount=usd(100), capture_before=AT)
    assert [("hold", 2646), ("hold", 100)] == movements(books(HELD, other))


def test_a_half_movement_is_found() -> None:
    """Books that do not balance say which movement is wrong and by how much."""
    assert {"m0:hold": 2646} == unbalanced(books(HELD)[:1])
    assert {"m0:hold": -2646} == unbalanced(books(HELD)[1:])


def test_the_accounts_are_the_buyers_the_holds_and_ours() -> None:
    """A hold debits the holds and credits the buyer."""
    debit, credit = books(HELD)
    assert (Account.HOLDS, usd(2646)) == (debit.account, debit.amount)
    assert (Account.BUYER, usd(-2646)) == (credit.account, credit.amount)
    assert Kind.HOLD is debit.kind


def test_books_kept_from_a_gateways_outcomes_agree_with_the_provider(rig: Rig) -> None:
    """Hold, partial capture and return leave nothing to explain at any moment."""
    entries: list[Entry] = []
    held = rig.held()
    captured = rig.gateway.capture(held.payment_id, usd(2000), key="k")
    assert isinstance(captured, Captured)
    released = rig.gateway.release(held.payment_id, key="r")
    assert isinstance(released, Released)
    outcomes: list[Held | Captured | Released] = [held, captured, released]
    for number, outcome in enumerate(outcomes):
        entries += book(outcome, entries, movement_id=f"m{number}", at=AT)
    payment = rig.gateway.read(held.payment_id)
    assert isinstance(payment, Payment)
    assert [] == reconcile(entries, [payment])
    assert sorted(rig.money()) == sorted(movements(entries))


def test_every_disagreement_is_named() -> None:
    """What is held, captured or refunded elsewhere than in our books, and payments only one side knows."""
    said = Payment(payment_id="pi_1", status=PaymentStatus.CAPTURED, held=usd(0), captured=usd(2500), refunded=usd(500))
    unheard = Payment(payment_id="pi_9", status=PaymentStatus.HELD, held=usd(1), captured=usd(0), refunded=usd(0))
    lost = Held(payment_id="pi_2", amount=usd(100), capture_before=AT)
    differences = [
        (one.payment_id, one.what, one.ledger, one.provider)
        for one in reconcile(books(HELD, CAPTURED, lost), [said, unheard])
    ]
    assert [
        ("pi_1", "captured", usd(2000), usd(2500)),
        ("pi_1", "refunded", usd(0), usd(500)),
        ("pi_9", "held", usd(0), usd(1)),
        ("pi_2", "payment", usd(100), None),
    ] == differences
