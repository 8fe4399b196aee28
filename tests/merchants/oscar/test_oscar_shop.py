"""The django-oscar shop as a process: a guest buys in a browser, and the shop's own tables say what was bought."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect, sync_playwright

from agents.browsing.browser import find
from merchants.demo.oscar.book import orders

PATIENCE_MS = 10_000


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    """What the process says of itself; it ends well."""
    folder = tmp_path_factory.mktemp("oscar")
    with subprocess.Popen(
        [sys.executable, "-m", "merchants.demo.oscar", "--folder", str(folder)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield json.loads(process.stdout.readline())
        finally:
            process.terminate()
    assert 0 == process.returncode


@pytest.fixture(scope="module")
def page(shop: dict[str, Any]) -> Iterator[Page]:
    """A visitor; a page that asks anybody but the shop, or that lacks a file of its own, is an error."""
    wrong: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find().path, args=["--no-sandbox"])
        one = browser.new_page()
        one.set_default_timeout(PATIENCE_MS)
        one.on("request", lambda asked: None if asked.url.startswith(shop["url"]) else wrong.append(asked.url))
        one.on("response", lambda answer: wrong.append(answer.url) if answer.status >= 400 else None)
        one.on("pageerror", lambda error: wrong.append(str(error)))
        yield one
        browser.close()
    assert [] == wrong


def test_a_guest_buys_two_of_a_variant_and_the_shops_tables_say_so(shop: dict[str, Any], page: Page) -> None:
    """Item, quantity, variant, address, shipping and total, read by somebody who is not the shop."""
    page.goto(shop["products"]["variants"])
    assert 0 == page.get_by_role("link", name="Cotton T-shirt, Black, L").count()
    page.get_by_role("link", name="Cotton T-shirt, Blue, M").click()
    page.locator("#add_to_basket_form").get_by_role("button").click()
    page.goto(f"{shop['url']}/basket/")
    page.get_by_role("spinbutton").fill("2")
    page.get_by_role("button", name="Update").click()
    page.get_by_role("link", name="Proceed to checkout").click()
    page.get_by_label("My email address is").fill("ada@example.com")
    page.get_by_role("button", name="Continue").click()
    for label, value in {
        "First name": "Ada",
        "Last name": "Lovelace",
        "First line of address": "1 Engine Way",
        "City": "Los Angeles",
        "State/County": "CA",
        "Post/Zip-code": "90001",
        "Phone": "+12025550123",
    }.items():
        page.get_by_label(label).fill(value)
    page.get_by_label("Country").select_option("US")
    page.get_by_role("button", name="Continue").click()
    page.locator("form").filter(has=page.locator("[value=express]")).get_by_role("button").click()
    page.get_by_role("link", name="Continue").click()
    page.get_by_role("button", name="Place order").click()
    expect(page.get_by_role("heading", level=1)).to_have_text(re.compile("confirmation"))
    [order] = orders(Path(shop["book"]))
    assert order["order_id"] in page.get_by_role("heading", level=1).inner_text()
    assert "ada@example.com" == order["email"]
    assert ("Express", 1450, 6250, "USD") == (
        order["shipping"],
        order["shipping_minor"],
        order["total_minor"],
        order["currency"],
    )
    assert [
        {
            "product": "shirt",
            "title": "Cotton T-shirt, Blue, M",
            "upc": "shirt-blue-m",
            "quantity": 2,
            "variant": {"Colour": "Blue", "Size": "M"},
            "total_minor": 4800,
        }
    ] == order["lines"]
    assert {
        "first_name": "Ada",
        "last_name": "Lovelace",
        "line1": "1 Engine Way",
        "line2": "",
        "city": "Los Angeles",
        "state": "CA",
        "postcode": "90001",
        "country": "US",
        "phone": "+12025550123",
    } == order["address"]


def test_what_is_sold_out_cannot_be_put_into_the_basket(shop: dict[str, Any], page: Page) -> None:
    """The page offers an e-mail in place of the button, and nothing is ordered."""
    before = len(orders(Path(shop["book"])))
    page.goto(shop["products"]["sold_out"])
    assert 0 == page.locator("#add_to_basket_form").count()
    assert page.get_by_text("Unavailable").count()
    assert before == len(orders(Path(shop["book"])))


def test_a_simple_product_stands_at_its_url(shop: dict[str, Any], page: Page) -> None:
    """With a button to buy it."""
    page.goto(shop["products"]["simple"])
    assert "Enamel mug" == page.get_by_role("heading", level=1).inner_text()
    assert page.locator("#add_to_basket_form").get_by_role("button").count()
