"""What an adapter or an agent may not get wrong: the offer must be for what was asked, and add up."""

from dataclasses import replace

import pytest

from checkout.purchase import policies
from checkout.purchase.terms import AGENT, Completed, FailureCode, Verdict
from merchants.sdk import Cost, Offer, Refused
from payments.money import Money
from tests.purchase import on_ours
from tests.purchase.scripted import OFFER, request
from tests.purchase.stories import HELD, PAID, UNCLEAR, Story, lost_answer, review

COST = OFFER.cost
UNSOUND = {
    "another quantity": replace(OFFER, quantity=2),
    "a total below its parts": replace(OFFER, cost=replace(COST, total=COST.total - Money(1, "USD"))),
    "a total above its parts": replace(OFFER, cost=replace(COST, total=COST.total + Money(1, "USD"))),
    "a negative part": replace(OFFER, cost=Cost(subtotal=Money(-1, "USD"), total=Money(-1, "USD"))),
    "two currencies": replace(OFFER, cost=replace(COST, tax=Money(152, "EUR"))),
}


@pytest.mark.parametrize("offer", UNSOUND.values(), ids=UNSOUND.keys())
def test_an_offer_that_does_not_add_up_ends_the_purchase_before_any_money(offer: Offer) -> None:
    """Refused with the contract's own code; nothing is prepared, held or ordered."""
    story = Story(name="unsound", operations=("fetch-offer",), script={"fetch_offer": [offer]})
    told, world = on_ours.tell(story)
    assert not isinstance(told.ended, Completed)
    assert FailureCode.INCORRECT_COST_BREAKDOWN == told.ended.code
    assert 0 == world.called("prepare")


def test_a_sound_offer_passes_unchanged() -> None:
    """A discount counts against the sum; what was not said counts as nothing."""
    discounted = replace(OFFER, cost=replace(COST, discount=Money(100, "USD"), total=COST.total - Money(100, "USD")))
    assert OFFER == policies.sound(request("x"), OFFER)
    assert discounted == policies.sound(request("x"), discounted)


def test_an_agents_offer_is_the_agents_whatever_merchant_it_names() -> None:
    """An agent cannot slip an adapter's session into a purchase."""
    brought = policies.offer_or_refusal(replace(OFFER, merchant="ucp"))
    assert isinstance(brought, Offer)
    assert AGENT == brought.merchant
    assert isinstance(policies.offer_or_refusal("garbage"), Refused)


def test_an_operators_placed_without_an_order_number_leaves_the_question_open() -> None:
    """It is looked up and asked again; the purchase never completes with an order nobody can name."""
    story = Story(
        name="no number",
        operations=(*HELD, "place-order", "look-up-order", "await-review", "look-up-order", *PAID),
        script={"place_order": [lost_answer], "find_order": [*UNCLEAR * 2]},
        answers={"await-review": [review(Verdict.PLACED, total=Money(2646, "USD"))]},
    )
    told, world = on_ours.tell(story)
    assert story.operations == told.top_level
    assert isinstance(told.ended, Completed)
    assert "M-1" == told.ended.receipt.merchant_order_id
    assert 1 == len(world.orders)
