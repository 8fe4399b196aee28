"""Shops and models that fail: each task ends in time, with the right code, and nothing stands in the shop's book.

Judged by the outcome, by the permits the service gave, and by the shop's own book.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from agents.bookmarks import Bookmarks
from agents.stand_in.troubles import FOR_EVER
from agents.terms import Budget, Outcome, Task
from merchants.sdk import Absent, Offer, Order, Refused, Unclear
from tests.agents.world import ScriptedService, World, world


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """One shop, model and browser for all failures of this module."""
    with world(tmp_path_factory.mktemp("failures")) as opened:
        yield opened


@pytest.fixture
def ordering(shop: World, bookmarks: Bookmarks | None) -> World:
    """The same with one worker for quote and order, or with two."""
    return replace(shop, bookmarks=bookmarks)


@pytest.fixture
def troubled(shop: World) -> Iterator[World]:
    """The same with less patience for the model, which is well again afterwards."""
    impatient = shop.model.client.with_options(max_retries=1)
    yield replace(shop, model=replace(shop.model, client=impatient))
    _control(shop, "DELETE")


def _control(shop: World, method: str, **trouble: Any) -> None:
    with httpx2.Client(trust_env=False) as client:
        url = f"{shop.model_server.url}/_stand_in/troubles"
        client.request(method, url, json=trouble or None).raise_for_status()


def _ended_without_an_order(shop: World, task: Task) -> Outcome:
    """Run the task; whatever it ends with, in time, without a permit and without a line in the shop's book."""
    booked, service = len(shop.orders()), ScriptedService(task)
    outcome = shop.run(task, service)
    assert datetime.now(UTC) < task.deadline
    assert [] == service.permits
    assert booked == len(shop.orders())
    return outcome


def _as(shop: World, persona: str) -> World:
    """The same shop with another persona deciding."""
    return replace(shop, model=replace(shop.model, name=f"stand-in-{persona}-1"))


@pytest.mark.parametrize(
    ("product", "code"),
    [
        pytest.param("hangs", "offer_retrieval_failed", marks=pytest.mark.full),
        ("breaks", "offer_retrieval_failed"),
        ("fails_500", "offer_retrieval_failed"),
        ("not_found", "product_not_found"),
        ("captcha", "captcha_blocked"),
        ("bot_wall", "bot_protection_blocked"),
        ("login_wall", "unsupported_store_no_guest_checkout"),
        ("sold_out", "product_out_of_stock"),
        ("sells_out_in_basket", "product_out_of_stock"),
        ("variant_required", "variant_selections_required"),
    ],
)
def test_a_shop_that_does_not_sell_ends_the_quote_with_its_code(shop: World, product: str, code: str) -> None:
    """Every wall and every failure of the shop's has its public code."""
    outcome = _ended_without_an_order(shop, shop.offer_task(product))
    assert isinstance(outcome, Refused), outcome
    assert code == outcome.code, outcome.message


def test_more_than_the_shop_has_is_refused_at_the_quote(shop: World) -> None:
    """Three of which there are two."""
    outcome = _ended_without_an_order(shop, shop.offer_task("limited", quantity=3))
    assert isinstance(outcome, Refused), outcome
    assert outcome.code in ("insufficient_stock", "product_out_of_stock"), outcome


@pytest.mark.parametrize("product", ["sells_out_at_commit", pytest.param("declines_card", marks=pytest.mark.full)])
def test_a_shop_that_refuses_at_the_last_moment_leaves_no_order(ordering: World, product: str) -> None:
    """Permitted, clicked, and refused by the shop: one click, a definite no or an open question, never an order."""
    outcome, service = _ordered(ordering, product)
    assert isinstance(outcome, (Refused, Unclear)), outcome
    assert 1 == len(service.permits)


@pytest.mark.parametrize(
    "product", ["drops_answer_after_order", pytest.param("hangs_after_order", marks=pytest.mark.full)]
)
def test_an_order_whose_answer_is_lost_is_never_called_a_no(ordering: World, product: str) -> None:
    """The shop booked it, and says nothing: that is an order or an open question, and it was asked for once."""
    booked = len(ordering.orders())
    outcome, _ = _ordered(ordering, product)
    assert isinstance(outcome, (Order, Unclear)), outcome
    assert booked + 1 == len(ordering.orders())


def test_a_shop_that_crashes_before_it_books_is_no_order_and_no_definite_no(ordering: World) -> None:
    """What the agent saw is the same as where the order stands: so it must leave the question open."""
    booked = len(ordering.orders())
    outcome, _ = _ordered(ordering, "crashes_before_order")
    assert isinstance(outcome, (Unclear, Absent)), outcome
    assert booked == len(ordering.orders())


def _ordered(shop: World, product: str) -> tuple[Outcome, ScriptedService]:
    quote = shop.offer_task(product)
    offer = shop.run(quote)
    assert isinstance(offer, Offer), offer
    task = shop.order_task(quote, offer)
    service = ScriptedService(task)
    outcome = shop.run(task, service)
    assert datetime.now(UTC) < task.deadline
    return outcome, service


@pytest.mark.full
def test_the_workers_own_patience_with_a_dead_model_ends_in_time(shop: World) -> None:
    """Every retry the worker is configured with, and still the quote ends long before its deadline."""
    _control(shop, "POST", kind="529", times=FOR_EVER)
    try:
        outcome = _ended_without_an_order(shop, shop.offer_task("sells"))
    finally:
        _control(shop, "DELETE")
    assert isinstance(outcome, Refused), outcome


@pytest.mark.parametrize("kind", ["529", "429", "500", "drop"])
def test_a_model_that_is_down_ends_the_quote_as_a_failed_retrieval(troubled: World, kind: str) -> None:
    """The client's retries are spent, and the task says so instead of waiting for its deadline."""
    _control(troubled, "POST", kind=kind, times=FOR_EVER)
    outcome = _ended_without_an_order(troubled, troubled.offer_task("sells"))
    assert isinstance(outcome, Refused), outcome
    assert "offer_retrieval_failed" == outcome.code


def test_a_model_that_is_down_in_the_order_leaves_nothing_ordered(troubled: World, bookmarks: Bookmarks | None) -> None:
    """Before the permit a dead model is a definite no."""
    troubled = replace(troubled, bookmarks=bookmarks)
    quote = troubled.offer_task("sells")
    offer = troubled.run(quote)
    assert isinstance(offer, Offer), offer
    _control(troubled, "POST", kind="529", times=FOR_EVER)
    outcome = _ended_without_an_order(troubled, troubled.order_task(quote, offer))
    assert isinstance(outcome, Refused), outcome
    assert "order_placement_failed" == outcome.code


@pytest.mark.parametrize("persona", ["refusing", "rambling", "verbose", "looping"])
def test_a_model_that_does_not_work_ends_the_quote_as_a_failed_retrieval(shop: World, persona: str) -> None:
    """Declining, talking, talking for ever, and one act for ever: each is noticed within the task's budgets."""
    other = _as(shop, persona)
    outcome = _ended_without_an_order(other, other.offer_task("sells"))
    assert isinstance(outcome, Refused), outcome
    assert "offer_retrieval_failed" == outcome.code


@pytest.mark.parametrize(
    "persona", ["hasty", "cheating", *(pytest.param(name, marks=pytest.mark.full) for name in ("inventing", "asking"))]
)
def test_a_model_that_cheats_cannot_change_what_is_bought(shop: World, persona: str) -> None:
    """Early claims, wrong references, made-up values: the quote is the honest one, or there is none."""
    honest = shop.run(shop.offer_task("pay_on_delivery"))
    other = _as(shop, persona)
    outcome = _ended_without_an_order(other, other.offer_task("pay_on_delivery"))
    assert isinstance(honest, Offer)
    assert isinstance(outcome, (Offer, Refused)), outcome
    if isinstance(outcome, Offer):
        assert (honest.cost.total, honest.quantity) == (outcome.cost.total, outcome.quantity)


@pytest.mark.parametrize(
    "budget",
    [Budget(turns=2), Budget(input_tokens=500), Budget(usd=0.001)],
    ids=["turns", "tokens", "money"],
)
def test_a_spent_budget_ends_the_quote(shop: World, budget: Budget) -> None:
    """Turns, tokens and money: the first that is used up ends the task, and is named."""
    frugal = replace(shop, budget=budget)
    outcome = _ended_without_an_order(frugal, frugal.offer_task("sells"))
    assert isinstance(outcome, Refused), outcome
    assert "offer_retrieval_failed" == outcome.code
    assert "used up" in outcome.message
