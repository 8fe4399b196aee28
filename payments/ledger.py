"""What we believe happened to the money, as double entries, and how that differs from what the provider says.

    hold     holds  +   buyer  -      the buyer's money is reserved
    capture  funds  +   holds  -      it is ours
    release  buyer  +   holds  -      the reservation is over
    refund   buyer  +   funds  -      it went back

Pure data: entries are made from outcomes and from the entries before them, and only ever appended; storing them is the
caller's. An outcome that implies a movement nobody saw (a hold whose answer was lost, and which is now released) books
that movement too. The same outcome twice adds nothing. Knows no provider and no database.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from payments.gateway import Captured, Held, Payment, Released
from payments.money import Money


class Account(StrEnum):
    """Whose the money is."""

    BUYER = "buyer"
    HOLDS = "holds"
    FUNDS = "funds"


class Kind(StrEnum):
    """A movement, from one account to another."""

    HOLD = "hold"
    CAPTURE = "capture"
    RELEASE = "release"
    REFUND = "refund"


# Where each movement goes to (debit) and comes from (credit).
ROUTES = {
    Kind.HOLD: (Account.HOLDS, Account.BUYER),
    Kind.CAPTURE: (Account.FUNDS, Account.HOLDS),
    Kind.RELEASE: (Account.BUYER, Account.HOLDS),
    Kind.REFUND: (Account.BUYER, Account.FUNDS),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One half of a movement: debit positive, credit negative. `movement_id` is the same in both halves."""

    movement_id: str
    at: datetime
    kind: Kind
    account: Account
    amount: Money
    payment_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Something our ledger and the provider disagree on; None where one of them does not know the payment."""

    payment_id: str
    what: str
    ledger: Money | None
    provider: Money | None


@dataclass(slots=True)
class _Position:
    """One payment's money, in minor units: sums of movements by kind."""

    currency: str
    moved: dict[Kind, int] = field(default_factory=lambda: defaultdict(int))

    @property
    def held(self) -> int:
        return self.moved[Kind.HOLD] - self.moved[Kind.CAPTURE] - self.moved[Kind.RELEASE]


def book(
    outcome: Held | Captured | Released, before: Iterable[Entry], *, movement_id: str, at: datetime
) -> tuple[Entry, ...]:
    """The entries an outcome adds to those already there `before` (of this payment; others are ignored).

    Each movement is named `movement_id:kind`, so that booking one outcome twice writes the same names.
    """
    mine = [entry for entry in before if entry.payment_id == outcome.payment_id]
    entries: list[Entry] = []
    for kind, amount in _implied(outcome, mine):
        debited, credited = ROUTES[kind]
        for account, signed in ((debited, amount), (credited, Money(-amount.amount_minor, amount.currency))):
            entries.append(
                Entry(
                    movement_id=f"{movement_id}:{kind}",
                    at=at,
                    kind=kind,
                    account=account,
                    amount=signed,
                    payment_id=outcome.payment_id,
                )
            )
    return tuple(entries)


def unbalanced(entries: Iterable[Entry]) -> dict[str, int]:
    """Movements whose halves do not cancel out, with what is left in minor units; empty when the books are right."""
    sums: dict[tuple[str, str], int] = defaultdict(int)
    for entry in entries:
        sums[entry.movement_id, entry.amount.currency] += entry.amount.amount_minor
    return {movement_id: left for (movement_id, _), left in sums.items() if left}


def reconcile(entries: Iterable[Entry], payments: Iterable[Payment]) -> list[Difference]:
    """Where our books and the provider's payments disagree, payment by payment; empty when they agree.

    A payment of the provider's that never moved money needs no entries.
    """
    by_payment: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        by_payment[entry.payment_id].append(entry)
    differences: list[Difference] = []
    for payment in payments:
        ours = _position(by_payment.pop(payment.payment_id, []), payment.held.currency)
        differences += _compared(payment, ours)
    for payment_id, unmatched in by_payment.items():
        ours = _position(unmatched, unmatched[0].amount.currency)
        held = Money(ours.held, ours.currency)
        differences.append(Difference(payment_id=payment_id, what="payment", ledger=held, provider=None))
    return differences


def _implied(outcome: Held | Captured | Released, before: list[Entry]) -> Iterator[tuple[Kind, Money]]:
    """The movements that bring the books from where they are to what the outcome says."""
    stated = _stated(outcome)
    if not stated:
        return
    currency = stated[0].currency
    ours = _position(before, currency)
    taken = outcome.amount if isinstance(outcome, Captured) else (isinstance(outcome, Released) and outcome.refunded)
    wanted = {
        Kind.HOLD: sum(money.amount_minor for money in stated),
        Kind.CAPTURE: taken.amount_minor if taken else 0,
        Kind.REFUND: outcome.refunded.amount_minor if isinstance(outcome, Released) and outcome.refunded else 0,
    }
    for kind in (Kind.HOLD, Kind.CAPTURE):
        if (missing := wanted[kind] - ours.moved[kind]) > 0:
            ours.moved[kind] += missing
            yield kind, Money(missing, currency)
    if not isinstance(outcome, Held) and ours.held > 0:
        yield Kind.RELEASE, Money(ours.held, currency)
    if (missing := wanted[Kind.REFUND] - ours.moved[Kind.REFUND]) > 0:
        yield Kind.REFUND, Money(missing, currency)


def _stated(outcome: Held | Captured | Released) -> list[Money]:
    """The amounts an outcome names; together they were held."""
    if isinstance(outcome, Released):
        return [money for money in (outcome.released, outcome.refunded) if money]
    return [outcome.amount]


def _position(entries: Iterable[Entry], currency: str) -> _Position:
    position = _Position(currency)
    for entry in entries:
        if entry.account is ROUTES[entry.kind][0]:
            position.moved[entry.kind] += entry.amount.amount_minor
    return position


def _compared(payment: Payment, ours: _Position) -> Iterator[Difference]:
    pairs = {
        "held": (ours.held, payment.held),
        "captured": (ours.moved[Kind.CAPTURE], payment.captured),
        "refunded": (ours.moved[Kind.REFUND], payment.refunded),
    }
    for what, (booked, said) in pairs.items():
        if booked != said.amount_minor:
            mine = Money(booked, ours.currency)
            yield Difference(payment_id=payment.payment_id, what=what, ledger=mine, provider=said)
