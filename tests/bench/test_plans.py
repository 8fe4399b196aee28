"""No question that the service asks again and again reads a table from end to end, or more of it as it fills."""

from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import text

from checkout.store.session import connection_of
from tests import servers
from tests.bench.filled import fill
from tests.bench.hot import OPERATIONS, Hot
from tests.bench.plans import Explained

# Enough that the planner would rather use an index, and little enough to be made in a second.
PURCHASES = 4_000
# A page of 20, its execution's operations, a batch of 100 that wait: but no share of the tables.
MOST_ROWS = 300
Crowded = tuple[Hot, Explained]


@pytest.fixture(scope="module")
def crowded() -> Iterator[Crowded]:
    """The service on thousands of purchases, half of them over."""
    explained: list[Explained] = []
    with servers.postgres_url() as url:
        filled = fill(url, waiting=PURCHASES // 2, ended=PURCHASES // 2)
        with Hot.opened(url, filled, lambda database: explained.append(Explained(database))) as hot:
            yield hot, explained[0]


@pytest.mark.parametrize("ask", [pytest.param(ask, id=name) for name, ask in OPERATIONS.items()])
def test_what_is_asked_again_and_again_is_found_by_an_index(crowded: Crowded, ask: Callable[[Hot], object]) -> None:
    """The server's own plans, with the rows that each part of them has seen."""
    hot, explained = crowded
    ask(hot)
    with explained.reading() as read:
        ask(hot)
    assert read.plans
    assert set() == read.scanned
    assert MOST_ROWS > read.rows


def test_a_question_that_no_index_answers_would_be_seen(crowded: Crowded) -> None:
    """The plans name the table and count its rows, so their silence above means something."""
    hot, explained = crowded
    with explained.reading() as read, hot.database.read() as session:
        connection_of(session).execute(text("SELECT count(*) FROM intents WHERE reference_id = 'nobody'")).all()
    assert {"intents"} == read.scanned
    assert PURCHASES < read.rows
