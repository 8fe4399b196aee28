"""`checkout adapters`: which there are, and which takes a URL."""

import json
from collections.abc import Iterator

import pytest

from checkout import children
from checkout.children import Child
from tests.cli.command import Command


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Child]:
    """The demo shop, as a process."""
    folder = tmp_path_factory.mktemp("shop")
    book = ("--port", "0", "--book", str(folder / "orders.jsonl"))
    child = children.start("shop", "merchants.demo.ucp_shop", *book, folder=folder)
    yield child
    child.stop()


def test_the_list_names_every_adapter_in_order(checkout: Command) -> None:
    """As data, and for people with what each can."""
    assert ["ucp"] == checkout("adapters", "list", "--json").json()
    assert "as the merchant says" in checkout("adapters", "list").out


@pytest.mark.processes
def test_why_names_the_adapter_that_takes_a_shops_url(shop: Child) -> None:
    """Exit 0 and the first that takes it."""
    url = shop.said["products"]["sells"]
    asking = Command(environment={"CHECKOUT_ALLOWED_PRIVATE_HOSTS": json.dumps(shop.said["hosts"])})
    answer = asking("adapters", "why", url, "--json")
    assert (0, "ucp", url) == (answer.code, answer.json()["buys"], answer.json()["url"])
    assert "✓ ucp" in asking("adapters", "why", url).out


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/lamp", "http://169.254.169.254/latest", "file:///etc/passwd", "not a url", "[/]", ""]
)
def test_why_says_of_each_adapter_why_it_does_not_take_a_url(checkout: Command, url: str) -> None:
    """Exit 1; a sentence per adapter; nothing is fetched from an address that is not public."""
    answer = checkout("adapters", "why", url, "--json")
    assert 1 == answer.code
    assert answer.json()["buys"] is None
    assert [("ucp", False)] == [(row["adapter"], row["matches"]) for row in answer.json()["adapters"]]
    assert all(row["why"] for row in answer.json()["adapters"])
    assert "No adapter takes this URL" in checkout("adapters", "why", url).out
