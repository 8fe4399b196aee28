"""First purchases by the browser agent, judged by the shop's own order book: what was asked for, and nothing else."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agents.bookmarks import Bookmarks
from agents.terms import Budget, Phase
from merchants.sdk import Offer, Order, Refused
from payments.cards import CARD_ENTRY
from payments.instruments import NoInstruments
from tests.agents.world import BUYER, CARD, ScriptedService, World, world

# The targets for a quote and its order together, at the shop of six pages.
MAX_TURNS = 10
MAX_INPUT_TOKENS = 40_000


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One shop, model and browser for all purchases of this module."""
    with world(tmp_path_factory.mktemp("purchases")) as opened:
        yield opened


@pytest.fixture
def ordering(shop: World, bookmarks: Bookmarks | None) -> World:
    """The same with one worker for quote and order, or with two."""
    return replace(shop, bookmarks=bookmarks)


def _bought(shop: World, product: str, *, quantity: int = 1, **variant: str) -> tuple[Offer, Order, ScriptedService]:
    quote = shop.offer_task(product, quantity=quantity, variant=variant)
    offer = shop.run(quote)
    assert isinstance(offer, Offer), offer
    order_task = shop.order_task(quote, offer)
    service = ScriptedService(order_task)
    order = shop.run(order_task, service)
    assert isinstance(order, Order), order
    return offer, order, service


def test_the_order_in_the_shops_book_is_the_one_that_was_asked_for(ordering: World) -> None:
    """Item, variant, quantity, address, way to ship and total: read from the book, not from our own words."""
    offer, order, _ = _bought(ordering, "variants", quantity=2, Colour="Blue", Size="M")
    (booked,) = [line for line in ordering.orders() if line["number"] == order.merchant_order_id]

    assert [("Canvas apron", {"Colour": "Blue", "Size": "M"}, 2)] == [
        (line["title"], line["variant"], line["quantity"]) for line in booked["lines"]
    ]
    address = booked["address"]
    expected = (BUYER.first_name, BUYER.last_name, BUYER.address1, BUYER.city, BUYER.postal_code, BUYER.country)
    fields = ("first_name", "last_name", "address1", "city", "postal_code", "country")
    assert expected == tuple(address[name] for name in fields)
    assert BUYER.email == booked["email"]
    assert offer.cost.total.amount_minor == booked["total_minor"] == order.total.amount_minor
    assert offer.selected_shipping_option_id == booked["shipping"]["id"]
    assert CARD.number[-4:] == booked["paid_with"]["last4"]
    assert offer.payment_handler == CARD_ENTRY


def test_a_first_purchase_takes_few_turns_and_few_tokens(ordering: World) -> None:
    """Quote and order together; the order goes the quote's way again and asks the model for the rest only."""
    before = len(_asked(ordering))
    offer, _, _ = _bought(ordering, "sells")
    asked = _asked(ordering)[before:]

    assert MAX_TURNS >= len(asked)
    assert MAX_INPUT_TOKENS >= sum(request["input_tokens"] for request in asked)
    assert {"form_input", "left_click"} == {step["member"] for step in offer.merchant_state["route"]}


def test_the_permit_is_asked_for_once_with_what_code_read(ordering: World) -> None:
    """One permit, both totals, the one line, and the session that a look-up would need."""
    offer, _, service = _bought(ordering, "3ds_frictionless")
    (readings,) = service.permits

    assert (offer.cost.total, offer.cost.total) == readings.totals
    assert [("Travel alarm clock", 1)] == [(line.title, line.quantity) for line in readings.lines]
    assert {"address1", "postal_code"} <= set(readings.address_found)
    assert service.sessions[0].storage["cookies"]


def test_nothing_of_the_buyer_and_no_card_is_in_any_model_request(ordering: World) -> None:
    """Every request of every purchase above, searched as bytes."""
    _bought(ordering, "single_shipping")
    sent = (ordering.folder / "model.jsonl").read_bytes()

    secrets = (CARD.number, BUYER.email, BUYER.address1, BUYER.last_name, "4155550132", "415 555 0132")
    assert [] == [secret for secret in secrets if secret.encode() in sent]


def test_a_price_that_rose_since_the_offer_ends_the_order_with_both_figures(shop: World) -> None:
    """Nothing is in the book, and the caller learns what the shop asks now."""
    quote = shop.offer_task("price_changes_between_offer_and_order")
    offer = shop.run(quote)
    assert isinstance(offer, Offer)
    before = len(shop.orders())
    ended = shop.run(shop.order_task(quote, offer))

    assert isinstance(ended, Refused)
    assert ("incorrect_cost_breakdown", "price_changed") == (ended.code, ended.evidence["reason"])
    assert before == len(shop.orders())


def test_without_a_card_a_shop_that_takes_only_cards_is_refused_at_the_offer(shop: World) -> None:
    """No card is configured by default, and none is promised to a merchant."""
    configured, shop.instruments = shop.instruments, NoInstruments()
    try:
        ended = shop.run(shop.offer_task("declines_card"))
        later = shop.run(shop.offer_task("sells"))
    finally:
        shop.instruments = configured

    assert isinstance(ended, Refused)
    assert "no card is configured" in ended.message
    assert isinstance(later, Offer)
    assert later.payment_handler is None  # the same shop sells on delivery where the product allows it


def test_a_task_whose_turns_are_used_up_ends_as_a_failed_retrieval(shop: World) -> None:
    """Budgets end what leads nowhere, with the reason."""
    shop.budget = Budget(turns=2)
    try:
        ended = shop.run(shop.offer_task("sells"))
    finally:
        shop.budget = Budget()

    assert isinstance(ended, Refused)
    assert ("offer_retrieval_failed", True) == (ended.code, "2 turns" in ended.message)


def test_the_service_hears_of_every_phase(shop: World) -> None:
    """Operators see where a task stands."""
    task = shop.offer_task("sells")
    service = ScriptedService(task)
    shop.run(task, service)

    said = " ".join(service.steps)
    assert [] == [phase for phase in (Phase.BROWSE, Phase.CONTACT, Phase.SHIPPING, Phase.PAYMENT) if phase not in said]


def _asked(shop: World) -> list[dict[str, Any]]:
    return [line for line in shop.requests() if str(line.get("path", "")).endswith("/messages")]


def test_evidence_of_an_order_is_kept_on_disk_without_a_secret(ordering: World) -> None:
    """Pictures, texts and facts before and after the click, and no number of the card among them."""
    _, order, _ = _bought(ordering, "sells")
    evidence = (ordering.folder / "evidence").iterdir()
    folder = next(path for path in evidence if path.stat().st_mtime == _newest(ordering))
    kept = sorted(path.name for path in folder.iterdir())

    assert {".png", ".txt", ".json"} <= {Path(name).suffix for name in kept}
    assert {"before-commit", "after-commit"} <= set(order.evidence) | {name[4:].partition(".")[0] for name in kept}
    for path in folder.iterdir():
        assert CARD.number.encode() not in path.read_bytes()
        assert BUYER.email.encode() not in path.read_bytes()


def _newest(shop: World) -> float:
    return max(path.stat().st_mtime for path in (shop.folder / "evidence").iterdir())
