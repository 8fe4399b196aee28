"""The one click that spends money, at a shop that misbehaves in every way it can. The shop's own book is the truth."""

import json
from pathlib import Path

import pytest

from agents.browsing.browser import Browser
from merchants.sdk import Order, Refused, Unclear
from payments.money import Money
from tests.agents.reading.committing_world import TOTAL, at_review
from tests.agents.reading.little_shop import BUTTON, Answer, LittleShop
from tests.agents.reading.pages import BUYER


@pytest.fixture(autouse=True)
def _impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """The shop is on this machine: what does not come at once will not come."""
    monkeypatch.setattr("agents.aftermath.ERROR_STAYS_SECONDS", 0.4)
    monkeypatch.setattr("agents.aftermath.CHALLENGE_SECONDS", 0.8)


def test_a_page_that_says_what_was_confirmed_is_ordered_from_once(
    browser: Browser, shop: LittleShop, tmp_path: Path
) -> None:
    """Number, total, evidence and the service's record."""
    with at_review(browser, shop, tmp_path) as world:
        outcome = world.commit()
        assert isinstance(outcome, Order)
        assert (shop.orders[0], TOTAL) == (outcome.merchant_order_id, outcome.total)
        assert 1 == len(shop.orders) == len(world.service.permits)
        assert [shop.orders[0]] == [seen["order_number"] for seen in world.service.witnessed_]
        assert f"{shop.url}/review" == world.service.sessions[0].url
        said = json.dumps(dict(outcome.evidence))
        assert len(said) < 8192
        assert BUYER.address1 not in said
        kept = sorted(path.name for path in (tmp_path / "ci_1").iterdir())
        assert ["before-commit", "after-commit"] == [name[4:-5] for name in kept if name.endswith(".json")]


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"total": "$27.46"}, "incorrect_cost_breakdown"),
        ({"total": "$25.46"}, "incorrect_cost_breakdown"),
        ({"total": "€26.46"}, "incorrect_cost_breakdown"),
        ({"quantity": 3}, "order_placement_failed"),
        ({"review_extra": "<p>Total: $99.00</p>"}, "order_placement_failed"),
        ({"review_extra": "<div><a href='/x'>Gift wrap</a> Qty: 1 $3.00</div>"}, "order_placement_failed"),
        ({"review_extra": "<h1>Thank you for your order</h1><p>Order number: 777</p>"}, "order_placement_failed"),
        ({"button": BUTTON.replace("Place order", "Pay $36.46")}, "order_placement_failed"),
        ({"button": BUTTON.replace("<button>", "<button disabled>")}, "order_placement_failed"),
    ],
)
def test_anything_that_differs_is_refused_before_the_permit(
    browser: Browser, shop: LittleShop, tmp_path: Path, change: dict[str, object], code: str
) -> None:
    """Nothing is asked of the service and nothing is sent to the shop."""
    for name, value in change.items():
        setattr(shop, name, value)
    with at_review(browser, shop, tmp_path) as world:
        names = [control.name for control in world.observer.snapshot().controls.values()]
        outcome = world.commit(world.ref(next(name for name in names if name.startswith(("Place", "Pay")))))
        assert isinstance(outcome, Refused)
        assert code == outcome.code
        assert [] == world.service.permits
        assert [] == shop.posts == shop.orders


def test_a_control_that_places_no_order_is_not_pressed(browser: Browser, shop: LittleShop, tmp_path: Path) -> None:
    """Whatever the model says it is."""
    with at_review(browser, shop, tmp_path) as world:
        outcome = world.commit(world.ref("Basket"))
        assert isinstance(outcome, Refused)
        assert [] == shop.posts


def test_a_price_that_changes_while_the_permit_is_asked_for_is_refused(
    browser: Browser, shop: LittleShop, tmp_path: Path
) -> None:
    """The page is read once more after the permit."""
    with at_review(browser, shop, tmp_path) as world:
        change = "document.querySelector('tr:last-child td').textContent = '$36.46'"
        world.service.meanwhile = lambda: world.visit.page.evaluate(change)
        outcome = world.commit()
        assert isinstance(outcome, Refused)
        assert "page_changed" == outcome.evidence["reason"]
        assert [] == shop.posts


def test_an_expired_permit_is_not_used(browser: Browser, shop: LittleShop, tmp_path: Path) -> None:
    """Its time is checked against the clock right before the click."""
    with at_review(browser, shop, tmp_path) as world:
        world.service.permit_seconds = 1.0
        outcome = world.commit()
        assert isinstance(outcome, Refused)
        assert "permit_expired" == outcome.evidence["reason"]
        assert [] == shop.posts


def test_a_page_that_sends_the_order_three_times_orders_once(
    browser: Browser, shop: LittleShop, tmp_path: Path
) -> None:
    """The fence cuts the repeats."""
    shop.button = (
        "<button onclick=\"for (let i = 0; i < 3; i++) fetch('/place', {method: 'POST'})"
        ".then(() => { location = '/thanks' })\">Place order</button>"
    )
    with at_review(browser, shop, tmp_path) as world:
        outcome = world.commit()
        assert isinstance(outcome, Order)
        assert 1 == len(shop.orders)
        assert 2 == outcome.evidence["cut"]


def test_a_total_above_the_confirmed_one_is_reported_as_it_is(
    browser: Browser, shop: LittleShop, tmp_path: Path
) -> None:
    """The order stands; what is done about it is not decided here."""

    def dearer(shop: LittleShop) -> Answer:
        shop.total = "$99.00"
        return shop.accept()

    shop.place = dearer
    with at_review(browser, shop, tmp_path) as world:
        outcome = world.commit()
        assert isinstance(outcome, Order)
        assert Money(9900, "USD") == outcome.total


def test_an_answered_error_with_the_item_still_in_the_basket_is_a_refusal(
    browser: Browser, shop: LittleShop, tmp_path: Path
) -> None:
    """The basket is asked afresh."""
    shop.place = LittleShop.decline
    with at_review(browser, shop, tmp_path) as world:
        outcome = world.commit()
        assert isinstance(outcome, Refused), outcome
        assert "declined" in outcome.message
        assert [] == shop.orders


def test_a_control_that_does_nothing_is_a_refusal(browser: Browser, shop: LittleShop, tmp_path: Path) -> None:
    """Nothing was sent, and the basket still holds the item."""
    shop.button = "<button type='button'>Place order</button>"
    with at_review(browser, shop, tmp_path) as world:
        outcome = world.commit(confirm_seconds=2.0)
        assert isinstance(outcome, Refused), outcome
        assert [] == shop.posts


def _ordered_and_silent(shop: LittleShop) -> Answer:
    shop.order()
    return Answer(hold=shop.released)


def _ordered_and_hung_up(shop: LittleShop) -> Answer:
    shop.order()
    return Answer(hang_up=True)


def _ordered_and_broken(shop: LittleShop) -> Answer:
    shop.order()
    return Answer("Internal error", 500)


def _broken(_shop: LittleShop) -> Answer:
    return Answer("Internal error", 500)


def _silent(shop: LittleShop) -> Answer:
    return Answer(hold=shop.released)


@pytest.mark.parametrize(
    "place",
    [_ordered_and_silent, _ordered_and_hung_up, _ordered_and_broken, _broken, _silent],
    ids=lambda f: f.__name__,
)
def test_an_answer_that_never_came_or_came_broken_is_unclear(
    browser: Browser, shop: LittleShop, tmp_path: Path, place: object
) -> None:
    """Whether the order stands or not: nobody knows, and nothing is sent again."""
    shop.place = place  # type: ignore[assignment]  # a plain function, as the field takes
    with at_review(browser, shop, tmp_path) as world:
        outcome = world.commit(confirm_seconds=1.5)
        assert isinstance(outcome, Unclear), outcome
        assert 1 == len(shop.posts)


def test_an_order_that_a_script_sent_is_not_left_under_way(browser: Browser, shop: LittleShop, tmp_path: Path) -> None:
    """Nothing stops what the browser would send again once the commit is over, so its page is closed."""
    shop.button = "<button onclick=\"fetch('/place', {method: 'POST'})\">Place order</button>"
    shop.place = _ordered_and_silent
    with at_review(browser, shop, tmp_path) as world:
        outcome = world.commit(confirm_seconds=1.5)
        assert isinstance(outcome, Unclear), outcome
        assert 1 == len(shop.posts)
        assert [] == world.visit.context.pages


def test_an_order_whose_answer_was_cut_off_is_found_in_the_list_of_orders(
    browser: Browser, shop: LittleShop, tmp_path: Path
) -> None:
    """The connection broke; nothing is sent again, and the shop is asked by reading."""
    shop.review_extra = "<a href='/orders'>Your orders</a>"
    shop.place = _ordered_and_hung_up
    shop.pages["/orders"] = (
        "<h1>Your orders</h1><table><tr><th>Order number</th><th>Item</th><th>Total</th></tr>"
        "<tr><td>LS-1001</td><td>2 \u00d7 Enamel mug</td><td>$26.46</td></tr></table>"
    )
    with at_review(browser, shop, tmp_path) as world:
        outcome = world.commit()
        assert isinstance(outcome, Order), outcome
        assert ("LS-1001", TOTAL) == (outcome.merchant_order_id, outcome.total)
        assert 1 == len(shop.posts)


def test_an_error_shown_for_an_order_that_was_taken_is_not_a_refusal(
    browser: Browser, shop: LittleShop, tmp_path: Path
) -> None:
    """The page says declined, the basket is empty: the order is found where the shop shows it."""

    def lies(shop: LittleShop) -> Answer:
        shop.order()
        return Answer("<div role='alert'>Payment failed.</div><a href='/thanks'>View order</a>")

    shop.place = lies
    with at_review(browser, shop, tmp_path) as world:
        outcome = world.commit()
        assert isinstance(outcome, Order), outcome
        assert shop.orders[0] == outcome.merchant_order_id


def test_thanks_without_a_number_is_unclear_unless_another_page_has_it(
    browser: Browser, shop: LittleShop, tmp_path: Path
) -> None:
    """A sentence proves nothing; the order's status page does."""
    shop.pages["/thanks"] = "<h1>Thank you for your order</h1><p>Enamel mug</p>"
    with at_review(browser, shop, tmp_path) as world:
        assert isinstance(world.commit(), Unclear)
    shop.quantity, shop.orders, shop.posts = 2, [], []
    shop.pages["/thanks"] += "<a href='/status'>View order status</a>"
    shop.pages["/status"] = "<h1>Order status</h1><p>Order number: 4711</p><p>Enamel mug</p><p>Status: paid</p>"
    with at_review(browser, shop, tmp_path) as world:
        outcome = world.commit()
        assert isinstance(outcome, Order)
        assert "4711" == outcome.merchant_order_id


def test_a_page_that_posts_itself_back_is_followed(browser: Browser, shop: LittleShop, tmp_path: Path) -> None:
    """Frictionless 3-D Secure at the payment host."""
    with LittleShop(quantity=0).listening() as bank:
        back = f"<form id='f' method='post' action='{shop.url}/return'></form><script>f.submit()</script>"
        bank.pages["/auth"] = back.replace("<script>", "<p>One moment</p><script>")

        def leads_to_bank(_shop: LittleShop) -> Answer:
            return Answer(f"<script>location = 'http://pay.localhost:{bank.port}/auth'</script>")

        shop.place = leads_to_bank
        original = shop.answer

        def answer(method: str, path: str) -> Answer:
            if method == "POST" and path == "/return":
                shop.posts.append(path)
                return shop.accept()
            return original(method, path)

        shop.answer = answer  # type: ignore[method-assign]  # one more path, for this test
        with at_review(browser, shop, tmp_path, payment_host=f"pay.localhost:{bank.port}") as world:
            outcome = world.commit()
            assert isinstance(outcome, Order), outcome
            assert ["/place", "/return"] == shop.posts


def test_a_challenge_that_wants_a_person_is_unclear(browser: Browser, shop: LittleShop, tmp_path: Path) -> None:
    """With the address where it stands."""
    with LittleShop(quantity=0).listening() as bank:
        bank.pages["/acs"] = "<p>Enter the code we sent you</p><input name='otp'>"
        frame = f"<iframe width=400 height=400 src='http://pay.localhost:{bank.port}/acs'></iframe>"
        shop.place = lambda _shop: Answer(f"<h1>Confirm with your bank</h1>{frame}")
        with at_review(browser, shop, tmp_path, payment_host=f"pay.localhost:{bank.port}") as world:
            outcome = world.commit()
            assert isinstance(outcome, Unclear), outcome
            assert f"{shop.url}/place" == outcome.evidence["continue_url"]
