"""Whether an order stands, after the worker that pressed the control fell silent. Nothing is changed at the shop."""

import pytest

from agents.browsing.browser import Browser
from agents.browsing.fence import Fence
from agents.looking_up import look_up
from agents.terms import SavedSession
from merchants.sdk import Absent, Order, Unclear
from tests.agents.reading.committing_world import TOTAL, later, task_at
from tests.agents.reading.little_shop import LittleShop


def looked_up(browser: Browser, shop: LittleShop, *, session: bool = True) -> Order | Absent | Unclear:
    """What a worker finds that only has the session."""
    saved = SavedSession(storage={"cookies": [], "origins": []}, url=f"{shop.url}/review")
    task = later(task_at(shop), saved) if session else task_at(shop)
    fence = Fence(task.request.product_url, allowed_private=[shop.pair])
    with browser.visit(fence, session=task.session) as visit:
        return look_up(visit, task, settling_seconds=0.2)


def test_an_order_that_stands_is_found_by_its_number(browser: Browser, shop: LittleShop) -> None:
    """The checkout leads away, and a page beside it shows the session's last order."""
    shop.order()
    shop.pages["/success"] = shop.answer("GET", "/thanks").body
    found = looked_up(browser, shop)
    assert isinstance(found, Order), found
    assert ("1001", TOTAL) == (found.merchant_order_id, found.total)
    assert [] == shop.posts


def test_an_order_is_found_through_a_link(browser: Browser, shop: LittleShop) -> None:
    """From the empty basket to the order's status."""
    shop.order()
    shop.pages["/basket"] = "<h1>Basket</h1><p>Your basket is empty</p><a href='/status'>Your orders</a>"
    shop.pages["/status"] = "<h1>Order status</h1><p>Order number: 4711</p><p>Enamel mug</p><p>Status: paid</p>"
    found = looked_up(browser, shop)
    assert isinstance(found, Order), found
    assert "4711" == found.merchant_order_id


def test_a_basket_that_still_holds_the_item_twice_looked_is_absent(browser: Browser, shop: LittleShop) -> None:
    """The worker is dead, its permit is over, and nothing left the basket."""
    found = looked_up(browser, shop)
    assert isinstance(found, Absent), found
    assert [] == shop.posts


def test_an_order_that_arrives_between_the_two_looks_is_not_absent(browser: Browser, shop: LittleShop) -> None:
    """The last request of a dying browser."""
    pages = iter(range(100))
    original = shop.answer

    def answer(method: str, path: str) -> object:
        if path == "/cart" and next(pages) == 0:
            shop.order()  # the first look has ended with its last page
        return original(method, path)

    shop.answer = answer  # type: ignore[method-assign,assignment]  # something happens meanwhile, for this test
    found = looked_up(browser, shop)
    assert not isinstance(found, Absent), found


@pytest.mark.parametrize(
    "change",
    [
        {"quantity": 0},
        {"quantity": 1},
        {"pages": {"/review": "<p>Closed</p>", "/basket": "<p>Closed</p>"}},
        {
            "quantity": 0,
            "pages": {"/success": "<h1>Thank you for your order</h1><p>Order number: 99</p><p>Steel flask</p>"},
        },
    ],
    ids=["empty basket", "another quantity", "no basket", "another order"],
)
def test_anything_else_is_unclear(browser: Browser, shop: LittleShop, change: dict[str, object]) -> None:
    """An empty basket is no order, and a basket that differs is no proof."""
    for name, value in change.items():
        setattr(shop, name, value)
    found = looked_up(browser, shop)
    assert isinstance(found, Unclear), found


def test_without_a_session_nobody_knows(browser: Browser, shop: LittleShop) -> None:
    """The worker died before it could save one."""
    assert isinstance(looked_up(browser, shop, session=False), Unclear)


def test_pages_that_post_by_themselves_are_kept_from_it(browser: Browser, shop: LittleShop) -> None:
    """A checkout that sends itself on load would place the order again."""
    shop.review_extra = "<script>fetch('/place', {method: 'POST'}); document.forms[0].submit()</script>"
    looked_up(browser, shop)
    assert [] == shop.posts == shop.orders
