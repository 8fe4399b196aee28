"""What goes wrong in the browser shop on purpose, and what its book says of it."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from merchants.demo.browser_shop.__main__ import OpenShop
from merchants.demo.browser_shop.goods import ON_DELIVERY, RISE_MINOR, Behaviour
from merchants.demo.browser_shop.paying import BANK_CODE
from tests.merchants.browser_shop.visits import ADDRESS, Visitor, book, shop


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[OpenShop]:
    """The ordinary shop."""
    with shop(tmp_path) as one:
        yield one


@pytest.fixture
def visitor(opened: OpenShop) -> Iterator[Visitor]:
    """Somebody who has never been there."""
    with httpx2.Client(timeout=10) as client:
        yield Visitor(opened, client)


@pytest.mark.parametrize(
    ("behaviour", "status", "words"),
    [
        (Behaviour.FAILS_500, 500, "Internal Server Error"),
        (Behaviour.NOT_FOUND, 404, "not found"),
        (Behaviour.BOT_WALL, 403, "Access denied"),
        (Behaviour.CAPTCHA, 200, "not a robot"),
    ],
)
def test_a_wall_stands_where_the_product_was(visitor: Visitor, behaviour: Behaviour, status: int, words: str) -> None:
    """The status and the words a real wall has."""
    answer = visitor.get(f"/products/{behaviour.replace('_', '-')}")
    assert status == answer.status_code
    assert words in answer.text


def test_a_product_page_that_breaks_or_hangs_gives_no_answer(opened: OpenShop) -> None:
    """The connection closes, or nothing comes until the client has had enough."""
    with httpx2.Client(timeout=0.3) as client:
        visitor = Visitor(opened, client)
        with pytest.raises(httpx2.RemoteProtocolError):
            visitor.get("/products/breaks")
        with pytest.raises(httpx2.ReadTimeout):
            visitor.get("/products/hangs")


def test_a_lost_answer_leaves_the_order_in_the_book_and_a_crash_does_not(opened: OpenShop) -> None:
    """Dropped and silent: ordered, basket empty. Crashed: not ordered, basket kept."""
    with httpx2.Client(timeout=0.5) as client:
        for behaviour, error, orders in (
            (Behaviour.DROPS_ANSWER, httpx2.RemoteProtocolError, 1),
            (Behaviour.HANGS_AFTER_ORDER, httpx2.ReadTimeout, 2),
            (Behaviour.CRASHES, httpx2.RemoteProtocolError, 2),
        ):
            visitor = Visitor(opened, client)
            with pytest.raises(error):
                visitor.buy(behaviour)
            assert orders == len(book(opened))
            empty = "Your cart is empty." in visitor.get("/basket").text
            assert empty is (behaviour is not Behaviour.CRASHES)


def test_this_shop_takes_an_order_as_often_as_it_is_sent(opened: OpenShop, visitor: Visitor) -> None:
    """The careless product; the ordinary one sells once, since the basket is empty afterwards."""
    visitor.buy(Behaviour.DUPLICATE_SUBMIT)
    visitor.place()
    visitor.place()
    assert 3 == len(book(opened))
    with httpx2.Client() as client:
        other = Visitor(opened, client)
        other.buy(Behaviour.SELLS)
        assert "/basket" == other.place().headers["location"]
    assert 4 == len(book(opened))


def test_each_visitor_finds_a_higher_price(opened: OpenShop) -> None:
    """And keeps it through the visit."""
    for rise in (0, RISE_MINOR):
        with httpx2.Client() as client:
            visitor = Visitor(opened, client)
            visitor.add(Behaviour.PRICE_CHANGES)
            visitor.to_review(payment=ON_DELIVERY)
            visitor.place()
            assert 8_900 + rise == book(opened)[-1]["subtotal_minor"]


@pytest.mark.parametrize("behaviour", [Behaviour.CHARGES_MORE, Behaviour.PRICE_SWAPS])
def test_the_dishonest_charge_more_than_they_showed_and_the_book_says_so(
    opened: OpenShop, visitor: Visitor, behaviour: Behaviour
) -> None:
    """Both figures are on record."""
    visitor.buy(behaviour)
    [order] = book(opened)
    assert RISE_MINOR == order["total_minor"] - order["shown_total_minor"]


def test_sold_out_comes_late(opened: OpenShop, visitor: Visitor) -> None:
    """In the basket, or when the order is placed; neither is an order."""
    visitor.add(Behaviour.SELLS_OUT_IN_BASKET)
    assert "no longer available" in visitor.get("/basket").text
    assert "/basket" == visitor.get("/checkout").headers["location"]
    visitor.post("/basket/change", {"remove": "0"})
    assert "/basket" == visitor.buy(Behaviour.SELLS_OUT_AT_COMMIT).headers["location"]
    page = visitor.get("/basket").text
    assert "sold out in the meantime" in page
    assert "Sheepskin rug" in page
    assert [] == book(opened)


def test_a_declined_card_keeps_the_basket(opened: OpenShop, visitor: Visitor) -> None:
    """Back to the payment, with a reason."""
    assert "/checkout/payment" == visitor.buy(Behaviour.DECLINES).headers["location"]
    assert "declined" in visitor.get("/checkout/payment").text
    assert [] == book(opened)


def test_the_bank_has_the_last_word(opened: OpenShop, visitor: Visitor) -> None:
    """Frictionless posts itself back; a challenge wants the code; the same transaction buys once."""
    bank = visitor.buy(Behaviour.FRICTIONLESS).headers["location"]
    assert [] == book(opened)
    page = visitor.get(bank).text
    transaction = page.split('name="transaction" value="')[1].split('"')[0]
    back = {"transaction": transaction, "result": "ok"}
    cookies = dict(visitor.cookies)
    # The bank's post comes from another site, so the visitor's cookie stays at home.
    visitor.cookies.clear()
    assert "/confirmation" in visitor.post("/checkout/3ds", back).headers["location"]
    assert {} == visitor.cookies
    assert "/basket" == visitor.post("/checkout/3ds", back).headers["location"]
    visitor.cookies.update(cookies)
    assert 1 == len(book(opened))
    challenge = visitor.buy(Behaviour.CHALLENGE).headers["location"]
    assert "not right" in visitor.post(challenge, {"code": "0000"}).text
    assert 1 == len(book(opened))
    visitor.get(visitor.post(challenge, {"code": BANK_CODE}).headers["location"])
    assert 2 == len(book(opened))


def test_guests_stay_outside_where_only_members_buy(visitor: Visitor) -> None:
    """The checkout is a login."""
    visitor.add(Behaviour.LOGIN_WALL)
    page = visitor.get("/checkout").text
    assert "log in" in page
    assert "Password" in page
    assert "guest" not in page.casefold()


def test_an_address_is_refused_once(visitor: Visitor) -> None:
    """With a reason one can see; the second time it is taken."""
    visitor.add(Behaviour.FORM_ERROR)
    refused = visitor.post("/checkout/address", ADDRESS)
    assert 422 == refused.status_code
    assert "Please check the postal code." in refused.text
    assert 303 == visitor.post("/checkout/address", ADDRESS).status_code


def test_ways_to_ship_come_late_or_not_at_all(visitor: Visitor) -> None:
    """On the address page once it is filled in; skipped where there is only one."""
    visitor.add(Behaviour.LATE_SHIPPING)
    page = visitor.get("/checkout/address").text
    assert "appear once the address is complete" in page
    assert "Express" in visitor.get("/checkout/live?country=US&region=CA").text
    visitor.post("/basket/change", {"remove": "0"})
    visitor.add(Behaviour.SINGLE_SHIPPING)
    assert "/checkout/payment" == visitor.post("/checkout/address", ADDRESS).headers["location"]
