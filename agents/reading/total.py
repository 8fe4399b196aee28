"""The total, read twice in ways that share nothing but the alphabet.

(a) The labelled row in the document's structure. (b) The text as it is painted: a total's label, and the amount to its
right on the same line, or under it. Where (b) finds nothing, the control that places the order may name the amount
("Pay $26.46"). A page that moves, hides or shuffles figures makes the two differ. Knows both readings; must never
prefer one.
"""

import re
from collections.abc import Iterator, Sequence

from playwright.sync_api import Page

from agents.errors import UnreadableError
from agents.guard import is_commit
from agents.reading.amounts import Currencies, amounts_in, is_only_amount, money
from agents.reading.cost_lines import the_total
from agents.reading.labels import Label, label_of
from agents.reading.rows import currencies_of, rows_of
from agents.reading.seen import SURROUNDINGS, Run, Seen, look
from payments.money import Money

# Two runs this near, in shares of their height, are one word broken by markup.
TOUCHING = 0.35
# An amount under its label stands at most this many line heights below it.
BELOW_LINES = 3.0
# ... and is indented by at most this many pixels, twice what browsers indent a definition by.
INDENT = 80.0


def totals(page: Page | Seen, *, currency: str | None = None) -> tuple[Money, Money]:
    """Two independent readings of the total, which agree; UnreadableError when they differ or there is only one."""
    seen = look(page)
    currencies = currencies_of(seen, currency)
    first = the_total(rows_of(seen, currencies)).amount
    others = painted_totals(seen, currencies) or []
    on_control = [amount for control in commit_words(seen) for amount in _money_in(control, currencies)]
    for other in [*others, *on_control]:
        if other != first:
            raise UnreadableError(f"the page shows {first} as its total in one place and {other} in another")
    if not others and not on_control:
        raise UnreadableError(f"the total {first} could be read in one way only; go on to a page that shows it plainly")
    return first, (others or on_control)[0]


def commit_words(seen: Seen) -> list[str]:
    """What the controls that place the order say."""
    presses = [control for control in seen.controls if control.is_press]
    return [words for control in presses for words in {control.name, control.words} if is_commit(words)]


def painted_totals(seen: Seen, currencies: Currencies) -> list[Money]:
    """The amounts painted beside or under a total's label; one entry for each label that has one."""
    lines = _painted_lines(seen)
    found = [amount for line in lines for amount in _beside(line, currencies)]
    return found or [
        amount for index, line in enumerate(lines) for amount in _under(line, lines[index + 1 :], currencies)
    ]


def _money_in(text: str, currencies: Currencies) -> list[Money]:
    return [money(amount, currencies) for amount in amounts_in(text)]


def _painted_lines(seen: Seen) -> list[list[Run]]:
    """The page's text line by line, from top to bottom, each from left to right, broken words joined."""
    lines: list[list[Run]] = []
    shown = [run for run in seen.runs if not run.button and seen.chunks[run.chunk].zone not in SURROUNDINGS]
    for run in sorted(shown, key=lambda run: run.y + run.h / 2):
        middle = run.y + run.h / 2
        if lines and any(abs(middle - other.y - other.h / 2) < min(run.h, other.h) / 2 for other in lines[-1]):
            lines[-1].append(run)
        else:
            lines.append([run])
    return [_joined(sorted(line, key=lambda run: run.x)) for line in lines]


def _joined(line: Sequence[Run]) -> list[Run]:
    joined: list[Run] = []
    for run in line:
        last = joined[-1] if joined else None
        if last and run.x - (last.x + last.w) < TOUCHING * min(run.h, last.h):
            apart = " " if run.x - (last.x + last.w) > TOUCHING * min(run.h, last.h) / 2 else ""
            text = f"{last.text}{apart}{run.text}"
            joined[-1] = Run(
                text=text,
                x=last.x,
                y=last.y,
                w=run.x + run.w - last.x,
                h=last.h,
                chunk=last.chunk,
                button=False,
                odd=last.odd,
            )
        else:
            joined.append(run)
    return joined


def _beside(line: Sequence[Run], currencies: Currencies) -> Iterator[Money]:
    """A total's label and the first amount to its right, with nothing but a currency or small print between."""
    for place, run in enumerate(line):
        amounts = amounts_in(run.text)
        label = run.text[: amounts[0].start] if amounts else run.text
        if label_of(label) is not Label.TOTAL:
            continue
        if amounts:
            yield money(amounts[0], currencies)
            continue
        for other in line[place + 1 :]:
            if is_only_amount(other.text, bare=True):
                yield money(amounts_in(other.text, bare=True)[0], currencies)
                break
            if re.search(r"[^\W\d_]{4}", other.text):
                break


def _under(line: Sequence[Run], lines: Sequence[Sequence[Run]], currencies: Currencies) -> Iterator[Money]:
    """A total's label and the amount right under it."""
    for run in line:
        if label_of(run.text) is not Label.TOTAL:
            continue
        for other in (other for below in lines for other in below):
            over = other.x < run.x + run.w + INDENT and run.x < other.x + other.w
            if over and other.y - run.y < BELOW_LINES * max(run.h, other.h) and is_only_amount(other.text):
                yield money(amounts_in(other.text)[0], currencies)
                break
