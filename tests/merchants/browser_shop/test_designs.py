"""Every design of the browser shop can be bought from with a real browser, and the book says what was bought."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from agents.browsing.browser import find
from merchants.demo.browser_shop.__main__ import OpenShop
from merchants.demo.browser_shop.design import DESIGNS
from merchants.demo.browser_shop.goods import ON_DELIVERY
from tests.merchants.browser_shop.hand import CODE, Hand
from tests.merchants.browser_shop.visits import book, shop

# A click that nothing answers to is a failure long before the test's own time is over.
PATIENCE_MS = 20_000


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OpenShop]:
    """One shop for all designs."""
    with shop(tmp_path_factory.mktemp("designs")) as one:
        yield one


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for all."""
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=find().path, args=["--no-sandbox"])
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A visitor of one's own; an error in the shop's script is an error of the test."""
    context = browser.new_context()
    one = context.new_page()
    one.set_default_timeout(PATIENCE_MS)
    errors: list[str] = []
    one.on("pageerror", lambda error: errors.append(str(error)))
    yield one
    context.close()
    assert [] == errors


@pytest.mark.parametrize("name", DESIGNS)
def test_a_variant_is_bought_by_card_in_every_design(opened: OpenShop, page: Page, name: str) -> None:
    """The right variant, address and sums, whatever the shop looks like; the card is known by four digits."""
    before = len(book(opened))
    Hand(page, opened.sites.shop, DESIGNS[name]).buy("variants", Colour="Black", Size="M")
    [order] = book(opened)[before:]
    assert {"Colour": "Black", "Size": "M"} == order["lines"][0]["variant"]
    assert "San Francisco, California 94115" in order["ship_to"] or "California" in order["address"]["region"]
    assert order["total_minor"] == order["shown_total_minor"]
    assert order["total_minor"] == order["subtotal_minor"] + order["shipping"]["amount_minor"] + (
        0 if order["tax_included"] else order["tax_minor"]
    )
    assert "4242" == order["paid_with"]["last4"]
    if DESIGNS[name].order_number == "page":
        assert order["number"] in page.locator("main").inner_text()
    else:
        assert order["number"] in page.url
        assert order["number"] not in page.locator("main").inner_text()


@pytest.mark.parametrize("name", ["ordinary", "soup"])
def test_the_bank_asks_for_a_code(opened: OpenShop, page: Page, name: str) -> None:
    """On a page of its own, or in a frame."""
    before = len(book(opened))
    Hand(page, opened.sites.shop, DESIGNS[name]).buy("3ds-challenge", code=CODE)
    assert 1 == len(book(opened)) - before


def test_the_bank_asks_nothing_in_a_frame(opened: OpenShop, page: Page) -> None:
    """The frame's form leads the whole page on."""
    before = len(book(opened))
    Hand(page, opened.sites.shop, DESIGNS["soup"]).buy("3ds-frictionless")
    assert 1 == len(book(opened)) - before


def test_the_only_way_to_ship_is_not_asked_for(opened: OpenShop, page: Page) -> None:
    """And it is paid on delivery, without a card."""
    before = len(book(opened))
    design = DESIGNS["ordinary"]
    Hand(page, opened.sites.shop, design).buy("single-shipping", payment=ON_DELIVERY)
    [order] = book(opened)[before:]
    assert {"method": "delivery", "token": "", "last4": ""} == order["paid_with"]


def test_a_script_that_sends_the_order_three_times_gets_three(opened: OpenShop, page: Page) -> None:
    """Without a fence; with one, the shop would have one."""
    before = len(book(opened))
    Hand(page, opened.sites.shop, DESIGNS["ordinary"]).buy("duplicate-submit", payment=ON_DELIVERY)
    assert len(book(opened)) - before == 3


def test_the_review_swaps_its_total_when_the_terms_are_accepted(opened: OpenShop, page: Page) -> None:
    """What stood there at first is not what is charged."""
    before = len(book(opened))
    hand = Hand(page, opened.sites.shop, DESIGNS["ordinary"])
    hand.to_review("price-swaps-after-review", payment=ON_DELIVERY)
    totals = page.locator("[data-totals]")
    honest = totals.inner_text()
    page.locator("[data-terms]").check()
    page.wait_for_function("shown => document.querySelector('[data-totals]').innerText != shown", arg=honest)
    hand.place()
    [order] = book(opened)[before:]
    assert f"${order['total_minor'] / 100:.2f}" not in honest
    assert order["total_minor"] > order["shown_total_minor"]
