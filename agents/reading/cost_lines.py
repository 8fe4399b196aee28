"""The cost lines of a page, which must add up. Knows rows; must never guess a figure that the page does not show."""

from collections.abc import Iterator, Sequence
from itertools import product

from playwright.sync_api import Page

from agents.errors import UnreadableError
from agents.reading.labels import Label
from agents.reading.rows import Row, currencies_of, rows_of, unknown_yet
from agents.reading.seen import Seen, look
from agents.terms import Costs
from payments.money import Money

PARTS = (Label.SUBTOTAL, Label.SHIPPING, Label.TAX, Label.TAX_INCLUDED, Label.DISCOUNT, Label.SURCHARGE)


def costs(page: Page | Seen, *, currency: str | None) -> Costs:
    """The cost lines the page shows; UnreadableError when there is no final total or they do not add up.

    They are read around the total: from its row outwards, the first part of the page whose lines sum to it.
    """
    seen = look(page)
    rows = rows_of(seen, currencies_of(seen, currency))
    total = the_total(rows)
    if waiting := unknown_yet(seen):
        raise UnreadableError(f"the page does not know every cost yet: {'; '.join(waiting)}; go on to a later page")
    parts = [row for row in rows if row.label in PARTS and row.amount.currency == total.amount.currency]
    for depth in range(len(total.path), -1, -1):
        near = [row for row in parts if row.path[:depth] == total.path[:depth]]
        for found in _summaries(near, total.amount):
            return found
    if not any(row.label is not Label.TAX_INCLUDED for row in parts):
        return Costs(total=total.amount)
    shown = "; ".join(f"{row.text}: {row.amount}" for row in parts)
    raise UnreadableError(f"the page's lines do not add up to its total {total.amount}: {shown}")


def the_total(rows: Sequence[Row]) -> Row:
    """The one labelled total of a page; UnreadableError when there is none, or two that differ, or a tricky one."""
    totals = [row for row in rows if row.label is Label.TOTAL]
    if not totals:
        if any(row.label is Label.ESTIMATE for row in rows):
            raise UnreadableError("the page shows only an estimated total; go on to where the final one stands")
        raise UnreadableError("the page shows no total; go on to where the order is summed up")
    if any(row.odd for row in totals):
        raise UnreadableError("the page writes its total so that it can be read in two ways")
    if len({row.amount for row in totals}) > 1:
        shown = "; ".join(f"{row.text}: {row.amount}" for row in totals)
        raise UnreadableError(f"the page shows more than one total: {shown}")
    return totals[0]


def _summaries(rows: Sequence[Row], total: Money) -> Iterator[Costs]:
    """The readings of these rows that sum to the total, the plainest first."""
    nothing = Money(0, total.currency)
    sums = {label: _sum([row for row in rows if row.label is label], total.currency) for label in PARTS}
    subtotal, shipping, surcharge = sums[Label.SUBTOTAL], sums[Label.SHIPPING], sums[Label.SURCHARGE]
    discount = _positive(sums[Label.DISCOUNT])
    if subtotal is None:
        return
    inner = sums[Label.TAX_INCLUDED]
    # A tax line may be part of the other lines, and a discount may already be taken off the subtotal.
    for tax_added, discount_taken in product((True, False), (True, False)):
        added = sums[Label.TAX] if tax_added else None
        taken = discount if discount_taken else None
        whole = subtotal + (shipping or nothing) + (surcharge or nothing) + (added or nothing) - (taken or nothing)
        if whole == total:
            tax = added or sums[Label.TAX] or inner
            yield Costs(
                total=total,
                subtotal=subtotal,
                shipping=shipping,
                tax=tax,
                discount=taken,
                surcharge=surcharge,
                tax_included=tax is not None and added is None,
            )


def _sum(rows: Sequence[Row], currency: str) -> Money | None:
    """The sum of rows of one kind; the same row shown twice (a summary above and below) counts once."""
    distinct = {(row.text.casefold(), row.amount): row.amount for row in rows}
    return sum(distinct.values(), Money(0, currency)) if distinct else None


def _positive(amount: Money | None) -> Money | None:
    return Money(abs(amount.amount_minor), amount.currency) if amount else None
