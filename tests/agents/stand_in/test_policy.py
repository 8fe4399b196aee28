"""The buyer's policy at shops on paper: the pages of AGENTS' format, read and answered without a browser."""

from typing import Any

import pytest

from agents.stand_in.policy import decide
from tests.agents.stand_in.paper import PaperShop, task
from tests.agents.stand_in.six_pages import CONTACT, LOGIN, SIX, WAYS


def six_pages(**changed: str) -> PaperShop:
    """The six-page shop, with some of its pages changed."""
    return PaperShop(SIX | changed, WAYS)


def code(shop: PaperShop) -> Any:
    """The code it gave up with."""
    assert shop.ended is not None
    assert "give_up" == shop.ended.name
    return shop.ended.input["code"]


def test_a_quote_ends_before_the_card_in_six_turns() -> None:
    """One page, one turn: the product, the basket, contact, shipping; on the payment page the total stands."""
    shop = six_pages()
    ended = shop.buy(task(variant="Size = M; Colour = Blue", quantity="2"), decide)
    assert ended is not None
    assert "quote_ready" == ended.name
    assert "payment" == shop.now
    assert 6 == len(shop.turns)
    assert {"Size": "M", "Blue": True, "Quantity": "2"}.items() <= shop.filled.items()
    assert True is shop.filled["Pick-up point — $4.50"]
    assert False is shop.filled["Send me the newsletter"]
    assert not [name for name in shop.filled if name in ("Card number", "Company", "Voucher code", "Search")]


def test_an_order_ends_at_the_commit_control_with_slots_in_every_field() -> None:
    """Seven turns; the control that places the order is pointed at and never clicked."""
    shop = six_pages()
    first = task(task="order", variant="Size = M; Colour = Blue", quantity="2", shipping="Standard")
    ended = shop.buy(first, decide)
    assert ended is not None
    assert ("order_ready", {"ref": "e72"}) == (ended.name, ended.input)
    assert 7 == len(shop.turns)
    assert "Standard — $5.00" not in shop.filled  # it was chosen already
    assert "Pick-up point — $4.50" not in shop.filled
    assert (True, False) == (shop.filled["I accept the terms of sale"], shop.filled["Add insurance for $2"])
    expected = {
        "Email *": "{{buyer.email}}",
        "Surname *": "{{buyer.last_name}}",
        "Street and number *": "{{buyer.address1}}",
        "Post/Zip-code *": "{{buyer.postal_code}}",
        "Town *": "{{buyer.city}}",
        "Country": "{{buyer.country}}",
        "State": "{{buyer.province}}",
        "Card number": "{{card.number}}",
        "MM / YY": "{{card.expiry}}",
        "Security code": "{{card.cvc}}",
        "Name on card": "{{card.name}}",
    }
    assert expected.items() <= shop.filled.items()


def test_paying_later_goes_to_the_review_without_a_card() -> None:
    """A quote that pays on delivery sees its surcharge on the review page, and accepts no terms there."""
    shop = six_pages()
    ended = shop.buy(task(variant="Size = M", payment="on delivery, invoice or transfer only"), decide)
    assert ended is not None
    assert ("quote_ready", "review") == (ended.name, shop.now)
    assert True is shop.filled["Cash on delivery (+ $3.00)"]
    assert "Card number" not in shop.filled
    assert "I accept the terms of sale" not in shop.filled


@pytest.mark.parametrize(
    ("variant", "expected"),
    [
        ("Size = L", "product_out_of_stock"),
        ("Size = XXL", "variant_selections_invalid"),
        ("none asked", "variant_selections_required"),
    ],
)
def test_a_variant_that_cannot_be_had_ends_the_task(variant: str, expected: str) -> None:
    """Sold out, unknown, or the buyer's to choose: each has its code."""
    shop = six_pages()
    shop.buy(task(variant=variant), decide)
    assert expected == code(shop)


@pytest.mark.parametrize(
    ("page", "text", "expected"),
    [
        ("product", 'page "Mug" · phase browse\n# Mug\nSold out', "product_out_of_stock"),
        ("product", 'page "Error 404" · phase browse\n# Page not found', "product_not_found"),
        ("product", 'page "Just a moment" · phase browse\n# Verify that you are human', "captcha_blocked"),
        ("product", 'page "Access denied" · phase browse\n# Access denied', "bot_protection_blocked"),
        ("product", 'page "Mug" · phase browse\n# Mug\nNothing here', "offer_retrieval_failed"),
        (
            "contact",
            LOGIN,
            "unsupported_store_no_guest_checkout",
        ),
        ("basket", 'page "Basket" · phase browse\n! Sorry, the mug is sold out\n# Your basket', "product_out_of_stock"),
        ("basket", 'page "Basket" · phase browse\n! Only 1 left\n# Your basket', "insufficient_stock"),
        ("contact", CONTACT.replace("# Contact", "! This postcode is not valid\n# Contact"), "form_validation_error"),
    ],
)
def test_a_shop_that_does_not_sell_ends_with_its_code(page: str, text: str, expected: str) -> None:
    """Every wall has its public code, and is seen within a few turns."""
    shop = PaperShop(SIX | {page: text}, {} if expected == "form_validation_error" else WAYS)
    if expected == "form_validation_error":
        shop.ways = {key: value for key, value in WAYS.items() if key[0] != "contact"}
    shop.buy(task(variant="Size = M"), decide)
    assert expected == code(shop)


def test_a_guest_is_chosen_over_an_account() -> None:
    """A gateway with three radios, as django-oscar's: guest, and no password."""
    gateway = """page "Checkout" · phase contact
# Who are you?
[e1] textbox "Email address" required
[e2] radio "I am a new customer and want to checkout as a guest"
[e3] radio "I am a new customer and want to create an account before checking out"
[e4] radio "I am a returning customer, and my password is" checked
[e5] textbox "Password"
[e6] button "Continue"
"""
    shop = PaperShop(
        SIX | {"gateway": gateway},
        WAYS | {("basket", "Proceed to checkout"): "gateway", ("gateway", "Continue"): "contact"},
    )
    shop.buy(task(variant="Size = M"), decide)
    assert "{{buyer.email}}" == shop.filled["Email address"]
    assert True is shop.filled["I am a new customer and want to checkout as a guest"]
    assert "Password" not in shop.filled
    assert "payment" == shop.now


def test_rows_of_equal_buttons_are_told_apart_by_what_stands_above_them() -> None:
    """Ways to ship that each have their own button: the one asked for, else the cheapest."""
    rows = """page "Shipping" · phase shipping
# Shipping method
Express
Next day
$15.00
[e1] button "Select this method"
Standard
3 to 5 days
$5.00
[e2] button "Select this method"
"""
    for shipping, ref in (("", "e2"), ("Express", "e1")):
        shop = six_pages(shipping=rows)
        asked = {"shipping": shipping} if shipping else {}
        shop.buy(task(variant="Size = M", **asked), decide)
        clicked = [
            call.input["target"]["ref"] for turn in shop.turns for call in turn.calls if call.name == "left_click"
        ]
        assert ref in clicked


def test_one_page_with_everything_is_filled_in_then_looked_at_then_ordered() -> None:
    """Contact, shipping, card and the commit on one page: nothing is said to be ready before a second look."""
    one = """page "Checkout" · phase review
# Checkout
[e1] textbox "Full name" required
[e2] textbox "E-mail" required
[e3] textbox "Address" required
[e4] textbox "City" required
[e5] textbox "ZIP" required
## Shipping
[e6] radio "Standard — free" checked
[e7] radio "Express — $10.00"
## Payment
[e8] radio "Credit card" checked
[e9] radio "PayPal"
frame "Card":
  [f1e1] textbox "Card number"
  [f1e2] textbox "Expiry month"
  [f1e3] textbox "Expiry year"
  [f1e4] textbox "CVV"
[e10] checkbox "I agree to the terms"
[e11] button "Pay $20.00"
Total: $20.00
"""
    shop = PaperShop(SIX | {"one": one}, WAYS | {("basket", "Proceed to checkout"): "one"})
    ended = shop.buy(task(task="order", variant="Size = M", shipping="Standard"), decide)
    assert ended is not None
    assert ("order_ready", {"ref": "e11"}) == (ended.name, ended.input)
    assert "{{buyer.full_name}}" == shop.filled["Full name"]
    assert True is shop.filled["I agree to the terms"]
    assert ["read_page", "order_ready"] == [shop.turns[-2].calls[-1].name, shop.turns[-1].calls[-1].name]


def test_a_german_shop_is_bought_from_the_same_way() -> None:
    """Labels, buttons and ways in German, all by the lexicon."""
    pages = {
        "product": 'page "Becher" · phase browse\n# Becher\n12,00 €\n[e1] textbox "Menge" = "1"\n'
        '[e2] button "In den Warenkorb"\n',
        "basket": 'page "Warenkorb" · phase browse\n# Ihr Warenkorb\n[e1] textbox "Menge" = "1"\n'
        '[e2] link "Weiter einkaufen"\n[e3] link "Zur Kasse"\n',
        "contact": 'page "Adresse" · phase contact\n# Ihre Daten\n[e1] textbox "E-Mail"\n[e2] textbox "Vorname"\n'
        '[e3] textbox "Nachname"\n[e4] textbox "Straße und Hausnummer"\n[e5] textbox "PLZ"\n[e6] textbox "Ort"\n'
        '[e7] combobox "Land" = "Deutschland" (249 options)\n[e8] button "Weiter"\n',
        "shipping": 'page "Versand" · phase shipping\n# Versandart\n[e1] radio "Standardversand — 4,90 €"\n'
        '[e2] radio "Abholung — kostenlos"\n[e3] button "Weiter"\n',
        "payment": 'page "Zahlung" · phase payment\n# Zahlungsart\n[e1] radio "Kreditkarte" checked\n'
        '[e2] radio "Rechnung"\n[e3] button "Weiter"\n',
        "review": 'page "Prüfen" · phase review\n# Bestellung prüfen\nGesamtsumme: 16,90 €\n'
        '[e1] checkbox "Ich akzeptiere die AGB"\n[e2] button "Zahlungspflichtig bestellen"\n',
    }
    ways = {
        ("product", "In den Warenkorb"): "basket",
        ("basket", "Zur Kasse"): "contact",
        ("contact", "Weiter"): "shipping",
        ("shipping", "Weiter"): "payment",
        ("payment", "Weiter"): "review",
    }
    shop = PaperShop(pages, ways)
    ended = shop.buy(task(task="order", shipping="Standardversand", payment="on delivery, invoice or transfer"), decide)
    assert ended is not None
    assert ("order_ready", {"ref": "e2"}) == (ended.name, ended.input)
    assert True is shop.filled["Rechnung"]
    assert True is shop.filled["Standardversand — 4,90 €"]
    assert "{{buyer.address1}}" == shop.filled["Straße und Hausnummer"]
    assert "{{buyer.last_name}}" == shop.filled["Nachname"]
