"""The browser shop's own rules over plain HTTP: sums, tax, stock, cards, what the book says and what it never says."""

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from merchants.demo.browser_shop import places
from merchants.demo.browser_shop.__main__ import OpenShop
from merchants.demo.browser_shop.design import DESIGNS, named
from merchants.demo.browser_shop.goods import ON_DELIVERY, PRODUCTS, Behaviour
from tests.merchants.browser_shop.visits import ADDRESS, CARD_FORM, Visitor, book, shop


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


def test_an_order_says_what_was_bought_where_it_goes_and_what_it_cost(opened: OpenShop, visitor: Visitor) -> None:
    """Two large aprons to California, by express: 2 x 39.00 + 15.00 + 7.25 %."""
    visitor.add(Behaviour.VARIANTS, 2, Colour="Blue", Size="L")
    review = visitor.to_review(rate="express").text
    assert "$98.66" in review
    answer = visitor.place()
    [order] = book(opened)
    assert f"/confirmation?order={order['number']}&key={order['key']}" == answer.headers["location"]
    assert {"product": "variants", "title": "Canvas apron", "variant": {"Colour": "Blue", "Size": "L"}} == {
        name: order["lines"][0][name] for name in ("product", "title", "variant")
    }
    assert (7_800, 566, 9_866) == (order["subtotal_minor"], order["tax_minor"], order["total_minor"])
    assert {"id": "express", "amount_minor": 1_500} == order["shipping"]
    assert ADDRESS["email"] == order["email"]
    assert ["Ada Ashworth", "1200 Fillmore Street", "San Francisco, California 94115"] == order["ship_to"][:3]
    assert ("card", "4242") == (order["paid_with"]["method"], order["paid_with"]["last4"])
    page = visitor.get(answer.headers["location"]).text
    assert order["number"] in page
    assert "$98.66" in page
    assert "Your cart is empty." in visitor.get("/basket").text
    assert order["number"] in visitor.get("/orders").text


def test_a_strangers_cookie_sees_no_order(opened: OpenShop, visitor: Visitor) -> None:
    """Neither on the orders' page nor on a confirmation without its key."""
    visitor.buy(Behaviour.SELLS)
    number = book(opened)[0]["number"]
    with httpx2.Client() as client:
        stranger = Visitor(opened, client)
        assert number not in stranger.get("/orders").text
        assert "/basket" == stranger.get(f"/confirmation?order={number}&key=guess").headers["location"]


@pytest.mark.parametrize(
    ("address", "tax_minor", "total_minor"),
    [
        ({"country": "US", "region": "CA"}, 355, 4_900 + 500 + 355),
        ({"country": "US", "region": "OR"}, 0, 4_900 + 500),
        ({"country": "CA", "region": "QC"}, 734, 4_900 + 900 + 734),
        ({"country": "GB", "region": ""}, 980, 4_900 + 1_200 + 980),
        ({"country": "JP", "region": "Tokyo"}, 0, 4_900 + 2_500),
    ],
)
def test_tax_and_shipping_follow_the_address(
    opened: OpenShop, visitor: Visitor, address: dict[str, str], tax_minor: int, total_minor: int
) -> None:
    """The same lamp, five addresses."""
    visitor.add(Behaviour.SELLS)
    visitor.to_review(
        payment=ON_DELIVERY, rate="international" if address["country"] == "JP" else "standard", **address
    )
    visitor.place()
    [order] = book(opened)
    assert (tax_minor, total_minor) == (order["tax_minor"], order["total_minor"])


def test_an_inclusive_price_loses_the_tax_a_foreign_buyer_does_not_owe(tmp_path: Path) -> None:
    """49.00 with German tax is 41.18 to Japan; at home the tax is part of the total."""
    with shop(tmp_path, design=DESIGNS["german"], currency="EUR") as opened, httpx2.Client() as client:
        visitor = Visitor(opened, client)
        visitor.add(Behaviour.SELLS)
        assert "59,00" not in visitor.to_review(payment=ON_DELIVERY, country="DE", region="").text
        visitor.place()
        visitor.add(Behaviour.SELLS)
        visitor.to_review(payment=ON_DELIVERY, rate="international", country="JP", region="")
        visitor.place()
        home, abroad = book(opened)
        assert (4_900, 782, 6_100, True) == tuple(
            home[name] for name in ("subtotal_minor", "tax_minor", "total_minor", "tax_included")
        )
        assert (4_118, 0, 6_618) == tuple(abroad[name] for name in ("subtotal_minor", "tax_minor", "total_minor"))


def test_a_currency_without_minor_units_is_written_without_them(tmp_path: Path) -> None:
    """4,900 yen, not 49.00."""
    with shop(tmp_path, currency="JPY") as opened, httpx2.Client() as client:
        page = Visitor(opened, client).get("/products/sells").text
        assert "¥4,900" in page
        assert '"price": "4900"' in page


def test_stock_is_never_oversold(opened: OpenShop, visitor: Visitor) -> None:
    """What is not there does not reach the basket, in one go or in two."""
    assert 422 == visitor.add(Behaviour.SOLD_OUT).status_code
    assert 422 == visitor.add(Behaviour.VARIANTS, Colour="Rust", Size="L").status_code
    assert 422 == visitor.add(Behaviour.VARIANT_REQUIRED, Colour="Rust").status_code
    assert 422 == visitor.add(Behaviour.LIMITED, 3).status_code
    assert 303 == visitor.add(Behaviour.LIMITED, 2).status_code
    assert 422 == visitor.add(Behaviour.LIMITED, 1).status_code
    assert "/basket" == visitor.get("/orders").headers.get("location", "/basket")
    assert [] == book(opened)


def test_a_form_without_what_it_needs_goes_nowhere(visitor: Visitor) -> None:
    """Each section complains about its own fields, and later pages lead back to the first gap."""
    visitor.add(Behaviour.SELLS)
    assert "/checkout/address" == visitor.get("/checkout/review").headers["location"]
    answer = visitor.post("/checkout/address", {**ADDRESS, "region": "", "postal_code": ""})
    assert 422 == answer.status_code
    assert 2 == answer.text.count("Please fill in this field.")
    assert 422 == visitor.post("/checkout/address", {**ADDRESS, "account": "register"}).status_code
    assert 303 == visitor.post("/checkout/address", ADDRESS).status_code
    assert 422 == visitor.post("/checkout/shipping", {"rate": "teleport"}).status_code
    assert 303 == visitor.post("/checkout/shipping", {"rate": "economy"}).status_code
    assert 422 == visitor.post("/checkout/payment", {"payment": "card"}).status_code
    visitor.post("/checkout/payment", {"payment": "delivery"})
    assert 422 == visitor.post("/checkout/place", {}).status_code


def test_hosted_fields_look_at_a_card_and_keep_nothing_of_it(opened: OpenShop, visitor: Visitor) -> None:
    """A wrong check digit, date or code is refused; no file of the shop ever holds the number."""
    wrong = {"number": "4242424242424241", "expiry": "13/31", "cvc": "7"}
    for name, value in wrong.items():
        answer = visitor.post(f"{opened.sites.pay}/tokens", {**CARD_FORM, name: value})
        assert (402, {"error": name}) == (answer.status_code, answer.json())
    visitor.add(Behaviour.SELLS)
    visitor.to_review()
    visitor.place()
    written = "".join(Path(file).read_text() for file in opened.files.values())
    assert '"last4":"4242"' in written
    assert "4242424242424242" not in written
    assert "4242 4242" not in written
    assert "737" not in written.replace(book(opened)[0]["number"], "")


def test_a_made_up_token_buys_nothing(opened: OpenShop, visitor: Visitor) -> None:
    """Only the provider's own tokens pay."""
    visitor.add(Behaviour.SELLS)
    visitor.post("/checkout/address", ADDRESS)
    visitor.post("/checkout/shipping", {"rate": "standard"})
    visitor.post("/checkout/payment", {"payment": "card", "card_token": "tok_guess", "card_last4": "4242"})
    assert "/checkout/payment" == visitor.place().headers["location"]
    assert [] == book(opened)


def test_countries_are_all_there_and_regions_follow_them(visitor: Visitor) -> None:
    """A list as long as real shops have it, in the order of the names."""
    names = list(places.countries("en").values())
    assert 240 < len(names) < 270
    assert sorted(names) == names
    assert "California" == visitor.get("/regions?country=US").json()["CA"]
    assert {} == visitor.get("/regions?country=DE").json()


@pytest.mark.parametrize("wanted", ["ordinary", "old,region:select,cookies:wall", "soup,depth:3,sticky:false"])
def test_a_design_is_a_preset_and_changes(wanted: str) -> None:
    """Known names and values make a design."""
    assert named(wanted) is not None


@pytest.mark.parametrize("wanted", ["", "none", "ordinary,markup:lead", "ordinary,colour:red", "ordinary,depth"])
def test_what_is_no_design_is_none(wanted: str) -> None:
    """Typing errors do not pass for the ordinary shop."""
    assert named(wanted) is None


def test_every_behaviour_has_its_one_product() -> None:
    """So that a URL says what will happen."""
    assert sorted(Behaviour) == sorted(product.behaviour for product in PRODUCTS)
