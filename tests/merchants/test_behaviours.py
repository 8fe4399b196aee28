"""Every behaviour of the demo shop, in every version of the protocol: what the buyer learns, what the book says."""

import json
from typing import Any

import pytest

from merchants.demo.goods import Behaviour
from merchants.sdk import Absent, Offer, Order, Refused, Unclear
from merchants.ucp.versions import VERSIONS, WireVersion
from tests.merchants.world import ADA, PROFILE_URL, World

pytestmark = pytest.mark.parametrize("wire", VERSIONS, ids=lambda wire: wire.version)

ORDERED = [Behaviour.SELLS, Behaviour.LATE, Behaviour.DROPS_ANSWER, Behaviour.SHIPPING, Behaviour.DISCOUNTED]


def refused(outcome: object) -> Refused:
    """The refusal, which there must be."""
    assert isinstance(outcome, Refused), outcome
    return outcome


@pytest.mark.parametrize("behaviour", ORDERED)
def test_what_is_offered_is_ordered_at_that_price_to_that_address(wire: WireVersion, behaviour: Behaviour) -> None:
    """One order in the shop's book: this item, quantity, address and total; also when its answer was dropped."""
    world = World(wire)
    request = world.request(behaviour, quantity=2)
    offer = world.offer(request)
    order = world.place(request, offer)
    assert isinstance(order, Order)
    (booked,) = world.orders
    assert booked["order_id"] == order.merchant_order_id
    assert (offer.cost.total.amount_minor, "USD") == (booked["total_minor"], booked["currency"])
    assert offer.cost.total == order.total
    assert [{"item_id": offer.item_id, "quantity": 2}] == booked["items"]
    assert (ADA.address1, ADA.postal_code) == (booked["address"]["street_address"], booked["address"]["postal_code"])
    assert order.permalink_url is not None
    assert order.permalink_url.endswith(order.merchant_order_id)
    assert 1 == len(world.tap.sent("POST", "/complete"))


def test_the_cost_is_broken_down(wire: WireVersion) -> None:
    """Goods, discount, shipping and tax by address, each under its own name and with a positive sign."""
    world = World(wire)
    cost = world.offer(world.request(Behaviour.DISCOUNTED)).cost
    assert cost.shipping
    assert cost.tax
    assert cost.discount
    parts = (cost.subtotal, cost.discount, cost.shipping, cost.tax)
    assert (2400, 400, 500, 145) == tuple(part.amount_minor for part in parts)
    assert 2645 == cost.total.amount_minor


@pytest.mark.parametrize(
    ("country", "province", "tax", "shipping"),
    [("US", "CA", 355, 500), ("US", "OR", 0, 500), ("CA", "ON", 637, 2500), ("GB", "LND", 980, 2500)],
)
def test_tax_and_shipping_follow_the_address(
    wire: WireVersion, country: str, province: str, tax: int, shipping: int
) -> None:
    """The same lamp costs what its destination makes of it."""
    world = World(wire)
    buyer = type(ADA)(**{**as_dict(ADA), "country": country, "province": province, "postal_code": "K1A 0B1"})
    cost = world.offer(world.request(buyer=buyer)).cost
    assert cost.tax
    assert cost.shipping
    assert (tax, shipping) == (cost.tax.amount_minor, cost.shipping.amount_minor)


def as_dict(value: Any) -> dict[str, Any]:
    """The fields of a frozen dataclass with slots."""
    return {name: getattr(value, name) for name in value.__dataclass_fields__}


def test_the_cheapest_way_to_ship_is_chosen_and_all_are_shown(wire: WireVersion) -> None:
    """The shop names its dearest option first; the buyer gets the cheapest."""
    world = World(wire)
    offer = world.offer(world.request(Behaviour.SHIPPING))
    assert "economy" == offer.selected_shipping_option_id
    assert ["express", "standard", "economy"] == [option.option_id for option in offer.shipping_options]


def test_an_address_nobody_ships_to_is_no_shipping_method(wire: WireVersion) -> None:
    """The refusal says where the shop does not ship, and nothing is left open."""
    world = World(wire)
    buyer = type(ADA)(**{**as_dict(ADA), "country": "AQ"})
    assert "missing_shipping_method" == refused(world.quote(world.request(buyer=buyer))).code
    assert world.tap.sent("POST", "/cancel")


@pytest.mark.parametrize(
    ("behaviour", "quantity", "code"),
    [
        (Behaviour.SOLD_OUT, 1, "product_out_of_stock"),
        (Behaviour.LIMITED, 3, "insufficient_stock"),
        (Behaviour.MISCOUNTS, 1, "incorrect_cost_breakdown"),
    ],
)
def test_what_cannot_be_bought_is_refused_at_the_offer(
    wire: WireVersion, behaviour: Behaviour, quantity: int, code: str
) -> None:
    """Shops say it as HTTP 400, 409 or 200; it is the same refusal, and nothing is completed."""
    world = World(wire)
    assert code == refused(world.quote(world.request(behaviour, quantity=quantity))).code
    assert not world.tap.sent("POST", "/complete")


def test_a_price_that_rose_after_the_offer_is_never_paid(wire: WireVersion) -> None:
    """The session is read again before it is completed; it is cancelled instead."""
    world = World(wire)
    request = world.request(Behaviour.PRICE_CHANGES)
    outcome = refused(world.place(request, world.offer(request)))
    assert "order_placement_failed" == outcome.code
    assert "price changed" in outcome.message
    assert not world.tap.sent("POST", "/complete")
    assert () == tuple(world.orders)


def test_a_declined_instrument_is_a_failed_order(wire: WireVersion) -> None:
    """Ours was declined, not the buyer's: the order failed, nothing stands, the session is over."""
    world = World(wire)
    request = world.request(Behaviour.DECLINES)
    offer = world.offer(request)
    outcome = refused(world.place(request, offer))
    assert ("order_placement_failed", None) == (outcome.code, outcome.continue_url)
    assert "declined" in outcome.message
    assert isinstance(world.adapter.find_order(offer, key="ci_1/look-up-order"), Absent)
    assert () == tuple(world.orders)


@pytest.mark.parametrize(
    ("behaviour", "page"), [(Behaviour.ESCALATES, "/checkout/"), (Behaviour.CHALLENGES, "/challenge/")]
)
def test_a_merchant_that_wants_the_buyer_gets_an_ended_session_and_the_buyer_a_url(
    wire: WireVersion, behaviour: Behaviour, page: str
) -> None:
    """No order can come of it behind our back, and the person is told where to go on."""
    world = World(wire)
    request = world.request(behaviour)
    offer = world.offer(request)
    outcome = refused(world.place(request, offer))
    assert "order_placement_failed" == outcome.code
    assert outcome.continue_url is not None
    assert page in outcome.continue_url
    assert isinstance(world.adapter.find_order(offer, key="ci_1/look-up-order"), Absent)
    assert () == tuple(world.orders)


def test_a_dropped_answer_is_found_by_reading_never_by_asking_again(wire: WireVersion) -> None:
    """One complete on the wire, then a read, then the order."""
    world = World(wire)
    request = world.request(Behaviour.DROPS_ANSWER)
    order = world.place(request, world.offer(request))
    assert isinstance(order, Order)
    calls = [(one.method, one.url.path.rpartition("/")[2]) for one in world.tap.requests]
    completed = calls.index(("POST", "complete"))
    assert "GET" == calls[completed + 1][0]
    assert 1 == calls.count(("POST", "complete"))


def test_a_stalled_order_is_unclear_then_absent_and_can_never_come_late(wire: WireVersion) -> None:
    """The look-up cancels before it says *absent*; the stalled request, let go afterwards, places nothing."""
    world = World(wire)
    request = world.request(Behaviour.STALLS)
    offer = world.offer(request)
    assert isinstance(world.place(request, offer), Unclear)
    assert isinstance(world.adapter.find_order(offer, key="ci_1/look-up-order"), Absent)
    assert isinstance(world.adapter.find_order(offer, key="ci_1/look-up-order"), Absent)
    late = world.tap.sent("POST", "/complete")[0]
    world.doors.released = True
    assert world.doors.handle_request(late).status_code in (200, 409)
    assert () == tuple(world.orders)


def test_an_order_still_being_made_is_unclear_until_it_is_there(wire: WireVersion) -> None:
    """*In progress* is neither an order nor its absence."""
    world = World(wire)
    request = world.request(Behaviour.COMPLETES_LATER)
    offer = world.offer(request)
    assert isinstance(world.place(request, offer), Unclear)
    found = world.adapter.find_order(offer, key="ci_1/look-up-order")
    assert isinstance(found, Order)
    assert found.merchant_order_id == world.orders[0]["order_id"]


def test_variants_are_chosen_by_what_the_buyer_said(wire: WireVersion) -> None:
    """Unsaid, wrong and sold-out choices are told apart; a right one is that very item."""
    world = World(wire)
    chosen = world.offer(world.request(Behaviour.VARIANTS, variant={"color": "BLUE", "Size": "m"}))
    assert ("item_apron_blue_m", {"Color": "Blue", "Size": "M"}) == (chosen.item_id, chosen.variant)
    for variant, code in (
        ({}, "variant_selections_required"),
        ({"Color": "Blue"}, "variant_selections_required"),
        ({"Color": "Green"}, "variant_selections_invalid"),
        ({"Weight": "Heavy"}, "variant_selections_invalid"),
        ({"Color": "Rust", "Size": "M"}, "product_out_of_stock"),
    ):
        assert code == refused(world.quote(world.request(Behaviour.VARIANTS, variant=variant))).code


def test_a_promo_code_counts_when_the_shop_takes_it(wire: WireVersion) -> None:
    """Known codes lower the price and are named; unknown ones do nothing and are not."""
    world = World(wire)
    offer = world.offer(world.request(promo_codes=("save5", "NOSUCH")))
    assert ("save5",) == offer.applied_promo_codes
    assert offer.cost.discount
    assert 500 == offer.cost.discount.amount_minor


def test_a_product_that_is_not_there_is_not_found(wire: WireVersion) -> None:
    """A URL of the shop that is no product is refused; nothing similar is taken in its place."""
    world = World(wire)
    url = world.doors.product_url(Behaviour.SELLS, wire).replace("sells", "brass-lamp")
    assert "product_not_found" == refused(world.quote(world.request(product_url=url))).code
    assert not world.tap.sent("POST", "/checkout-sessions")


def test_the_credential_goes_into_complete_and_nowhere_else(wire: WireVersion) -> None:
    """No other request, no offer, no order and no evidence ever holds it."""
    world = World(wire)
    request = world.request(Behaviour.SELLS)
    offer = world.offer(request)
    order = world.place(request, offer)
    assert isinstance(order, Order)
    for sent in world.tap.requests:
        assert (b"success_token" in sent.content) == sent.url.path.endswith("/complete")
    kept = json.dumps([dict(offer.merchant_state), dict(order.evidence)])
    assert "success_token" not in kept
    assert order.merchant_order_id in kept


def test_every_call_names_our_profile_and_every_change_its_own_key(wire: WireVersion) -> None:
    """Keys are derived from the caller's: the same purchase repeats them, another one never does."""
    first, again, other = World(wire), World(wire), World(wire)
    for world, key in ((first, "ci_1"), (again, "ci_1"), (other, "ci_2")):
        offer = world.quote(world.request(), key=f"{key}/fetch-offer")
        assert isinstance(offer, Offer)
        world.adapter.place_order(world.request(), offer, world.instrument(offer), key=f"{key}/place-order")
    keys = [
        [one.headers["idempotency-key"] for one in world.tap.requests if "idempotency-key" in one.headers]
        for world in (first, again, other)
    ]
    assert keys[0] == keys[1]
    assert len(keys[0]) == len(set(keys[0])) >= 3
    assert not set(keys[0]) & set(keys[2])
    for sent in first.tap.requests:
        if not sent.url.path.startswith("/products/"):  # a page for people
            assert sent.headers["ucp-agent"].startswith(f'profile="{PROFILE_URL}')
