"""An order goes on where its quote ended, if the same worker made both; else it goes the whole way, and buys once."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from agents.bookmarks import KEPT_SECONDS, MAX_BOOKMARKS, Bookmark, Bookmarks
from agents.terms import SavedSession, Task
from merchants.sdk import Offer, Order, Refused
from tests.agents.world import BUYER, ScriptedService, World, lines, world

PRODUCT = "sells"


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One shop, model and browser for all purchases of this module."""
    with world(tmp_path_factory.mktemp("bookmarks")) as opened:
        yield opened


@pytest.fixture
def worker(shop: World) -> World:
    """One worker, which remembers its quotes."""
    return replace(shop, bookmarks=Bookmarks())


def _quoted(worker: World, product: str = PRODUCT) -> tuple[Task, Bookmark]:
    """A quote's order task, and where the quote ended."""
    quote = worker.offer_task(product)
    offer = worker.run(quote)
    assert isinstance(offer, Offer), offer
    assert worker.bookmarks is not None
    bookmark = worker.bookmarks.take(quote.intent_id)
    assert bookmark is not None
    worker.bookmarks.keep(quote.intent_id, bookmark)
    return worker.order_task(quote, offer), bookmark


def _opened(shop: World, since: int) -> list[str]:
    """The pages of the shop that were opened since so many requests."""
    requests = lines(Path(shop.shop.said["log"]))[since:]
    return [one["path"] for one in requests if one["method"] == "GET" and "." not in one["path"].rpartition("/")[2]]


def _asked(shop: World) -> int:
    return len(lines(Path(shop.shop.said["log"])))


def _assert_ordered_once(shop: World, order: object, task: Task) -> None:
    assert isinstance(order, Order), order
    (booked,) = [line for line in shop.orders() if line["number"] == order.merchant_order_id]
    assert [1] == [line["quantity"] for line in booked["lines"]]
    assert task.offer is not None
    assert task.offer.cost.total.amount_minor == booked["total_minor"]
    assert BUYER.postal_code == booked["address"]["postal_code"]


def test_the_order_goes_on_where_its_quote_ended(worker: World) -> None:
    """Neither the product page nor the basket is opened again, and the model is told what was done before."""
    task, bookmark = _quoted(worker)
    before, asked = _asked(worker), len(worker.requests())
    service = ScriptedService(task)
    order = worker.run(task, service)

    _assert_ordered_once(worker, order, task)
    opened = _opened(worker, before)
    assert bookmark.session.url.endswith(opened[0])
    assert not [path for path in opened if path.startswith(("/products/", "/basket"))]
    assert "Done before you: clicked" in str(worker.requests()[asked])
    assert 1 == len(service.permits)


@pytest.mark.parametrize("gone", ["session", "page"])
def test_where_the_quotes_last_page_is_gone_the_order_goes_the_whole_way(worker: World, gone: str) -> None:
    """The shop forgot the session, or shows something else there: a fresh visit, and one of the product."""
    task, bookmark = _quoted(worker)
    assert worker.bookmarks is not None
    session = bookmark.session
    if gone == "session":
        bookmark = replace(bookmark, session=replace(session, storage={"cookies": [], "origins": []}))
    else:
        bookmark = replace(bookmark, controls=frozenset({("button", "Another page")}))
    worker.bookmarks.keep(task.intent_id, bookmark)
    before = _asked(worker)
    order = worker.run(task)

    _assert_ordered_once(worker, order, task)
    assert f"/products/{PRODUCT}" in _opened(worker, before)


def test_a_page_that_asks_for_more_than_was_confirmed_is_not_gone_on_from(worker: World) -> None:
    """Opening it may have put a second one into the basket: the order begins anew, and what it then finds decides."""
    task, _ = _quoted(worker)
    assert task.offer is not None
    cost = task.offer.cost
    less = replace(cost, total=cost.total - cost.total, subtotal=cost.subtotal - cost.total)
    task = replace(task, offer=replace(task.offer, cost=less))
    before = _asked(worker)
    refused = worker.run(task)

    assert isinstance(refused, Refused), refused
    assert "incorrect_cost_breakdown" == refused.code
    assert f"/products/{PRODUCT}" in _opened(worker, before)


def test_a_price_that_rose_for_others_since_is_still_the_confirmed_one(worker: World) -> None:
    """Each visitor of this shop pays more than the one before; whoever goes on is the same one."""
    task, _ = _quoted(worker, "price_changes_between_offer_and_order")
    _assert_ordered_once(worker, worker.run(task), task)


def test_a_bookmark_is_used_once_and_by_its_own_purchase() -> None:
    """What goes wrong with it would go wrong again, and another's basket is another's."""
    bookmarks = Bookmarks()
    bookmarks.keep("ci_1", _bookmark("first"))
    bookmarks.keep("ci_1", _bookmark("second"))
    assert bookmarks.take("ci_2") is None
    assert _bookmark("second") == bookmarks.take("ci_1")
    assert bookmarks.take("ci_1") is None


def test_bookmarks_grow_old_and_are_few() -> None:
    """A worker runs for months."""
    now = [0.0]
    bookmarks = Bookmarks(clock=lambda: now[0])
    for number in range(MAX_BOOKMARKS + 1):
        bookmarks.keep(f"ci_{number}", _bookmark(str(number)))
    assert bookmarks.take("ci_0") is None
    assert bookmarks.take("ci_1") is not None
    now[0] = KEPT_SECONDS
    assert bookmarks.take("ci_2") is None
    assert not bookmarks._kept


def test_a_bookmark_says_nothing_of_its_session() -> None:
    """Whoever has the cookies has the basket, with the buyer's address."""
    bookmarks = Bookmarks()
    bookmarks.keep("ci_1", _bookmark("page"))
    assert "biscuit" not in f"{bookmarks!r} {_bookmark('page')!r}"


def _bookmark(page: str) -> Bookmark:
    cookies = [{"name": "session", "value": "biscuit"}]
    session = SavedSession(storage={"cookies": cookies, "origins": []}, url=f"https://shop/{page}")
    return Bookmark(session=session, controls=frozenset())
