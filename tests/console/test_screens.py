"""The operators' screens: nothing an operator needs is cut, at 80 columns and at 120; durations read at a glance."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console, RenderableType

from checkout.console import screens
from checkout.console.spans import span
from checkout.purchase.terms import HandOver
from merchants.sdk import Refused
from payments.gateway import Declined
from tests.console.seeded import LAMP, LONG, UNREADABLE, Desk, desk

WIDTHS = pytest.mark.parametrize("columns", [80, 120])

BOUGHT = """\
product  https://shop.example/lamp
state    completed
tenant   t_1
payment  pi_1
order    ORDER

   step                  at  took  tries  outcome
✓  fetch-offer        +0 ms  0 ms         Offer $26.46
✓  authorize-payment  +0 ms  0 ms         Prepared
✓  create-charge      +0 ms  0 ms         Held $26.46
✓  place-order        +0 ms  0 ms         Order: M-1
✓  capture-charge     +0 ms  0 ms         Captured $26.46
✓  finalize           +0 ms  0 ms         Receipt: M-1

money
at        movement  account   amount
00:00:00  hold      holds     $26.46
00:00:00  hold      buyer    -$26.46
00:00:00  capture   funds     $26.46
00:00:00  capture   holds    -$26.46
"""


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Desk]:
    """A new desk."""
    with desk(tmp_path) as set_up:
        yield set_up


def drawn(what: RenderableType, columns: int = 80) -> list[str]:
    """The lines of a screen, without the blanks at their ends."""
    paper = StringIO()
    Console(file=paper, width=columns).print(what)
    lines = [line.rstrip() for line in paper.getvalue().splitlines()]
    assert max(map(len, lines)) <= columns
    return lines


def timeline(at: Desk, intent_id: str, columns: int = 80) -> list[str]:
    """The story of one purchase."""
    return drawn(screens.timeline(at.story(intent_id), at.bed.clock.now()), columns)


def test_a_purchases_timeline_is_read_from_top_to_bottom(at: Desk) -> None:
    """Who and what, each step with its outcome, each movement with both its halves."""
    intent_id = at.buy()
    title, *lines = timeline(at, intent_id)
    assert intent_id in title
    order_id = intent_id.replace("ci_", "order_")
    assert BOUGHT.replace("ORDER", order_id).splitlines() == lines


@WIDTHS
def test_the_list_shows_every_id_whole_and_two_lines_per_purchase(at: Desk, columns: int) -> None:
    """The id can be copied; state, total and age stand in columns; what is too long is cut at the end of its line."""
    bought, asking = at.buy(), at.buy_unclear(LONG)
    intents = [at.story(asking).intent, at.story(bought).intent]
    lines = drawn(screens.table(intents, at.bed.clock.now()), columns)
    assert 4 == len(lines)
    assert [asking, "placing_order", "$26.46", "1", "min"] == lines[0].split()
    assert [bought, "completed", "$26.46", "2", "min"] == lines[2].split()
    assert lines[1].startswith(f"  operator: {UNREADABLE[:50]}")
    assert lines[1].endswith("…")
    assert f"  {LAMP}" == lines[3]
    assert lines[0].index("$") == lines[2].index("$")


@WIDTHS
def test_a_question_stands_whole_with_the_command_that_answers_it(at: Desk, columns: int) -> None:
    """The sentence, and a command line that can be copied: no frame around it, no break in it."""
    asking = at.buy_unclear(LONG)
    lines = timeline(at, asking, columns)
    assert f"checkout runs answer {asking} VERDICT --reason …" in lines
    assert "VERDICT: placed (with --order-number), not_placed, retry, settled" in lines
    assert UNREADABLE in " ".join(lines)
    assert LONG in "".join(line.removeprefix("product").strip() for line in lines[1:4])


def _broken(go_well: Callable[[], Any]) -> Any:  # noqa: ARG001 (the script's signature)
    raise RuntimeError("a bug")


def test_a_parked_purchase_is_not_answered_but_resumed(at: Desk) -> None:
    """Its screen shows the sentence and the other command; an answer would be refused."""
    parked = at.buy(fetch_offer=[_broken] * 3)
    lines = timeline(at, parked)
    assert f"checkout durable resume {parked}" in lines
    assert not [line for line in lines if "runs answer" in line]


def test_how_a_purchase_failed_is_said_in_its_codes_words(at: Desk) -> None:
    """The public code and the sentence; each step with what it came to."""
    declined = timeline(at, at.buy(hold=[Declined(code="card_declined", message="The card was declined.")]))
    assert "failure  payment_failed: The card was declined." in declined
    assert any(line.endswith("Released: nothing was held") for line in declined)
    refused = timeline(at, at.buy(place_order=[Refused(code="insufficient_stock", message="one left")]))
    assert any(line.endswith("Released $26.46") for line in refused)
    handed = timeline(at, at.buy(fetch_offer=[HandOver(why="no adapter takes this URL")]), 120)
    assert any(line.endswith("HandOver: no adapter takes this URL") for line in handed)
    assert any(line.startswith("…    create callback id ") for line in handed)


def test_a_hold_says_how_long_it_lives_and_when_it_has_lapsed(at: Desk) -> None:
    """Days before, days after; never a negative duration."""
    asking = at.buy_unclear()
    assert "hold     lives for 4.7 d" in timeline(at, asking)
    at.bed.clock.advance(seconds=timedelta(days=6).total_seconds())
    assert "hold     lapsed 1.3 d ago" in timeline(at, asking)


def test_text_that_looks_like_markup_is_shown_as_it_is(at: Desk) -> None:
    """What a merchant or a developer wrote is text, never a style."""
    url = "https://shop.example/[/red][bold]lamp"
    said = Refused(code="insufficient_stock", message="[/] only [red]one")
    intent_id = at.buy(url, place_order=[said])
    lines = timeline(at, intent_id)
    assert f"product  {url}" in lines
    assert "failure  insufficient_stock: [/] only [red]one" in lines
    assert url in drawn(screens.table([at.story(intent_id).intent], at.bed.clock.now()))[1]


@pytest.mark.parametrize(
    ("seconds", "read"),
    [
        (0, "0 ms"),
        (0.0124, "12 ms"),
        (0.9996, "1.0 s"),
        (1, "1.0 s"),
        (59.96, "1 min"),
        (3599.9, "1.0 h"),
        (86_399, "1.0 d"),
        (414_720, "4.8 d"),
    ],
)
def test_a_duration_is_read_at_a_glance(seconds: float, read: str) -> None:
    """One number and its unit, rounded into the next unit rather than to sixty of the last."""
    assert read == span(seconds)
