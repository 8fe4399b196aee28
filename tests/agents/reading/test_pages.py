"""What is bought, where it ships, how it ships, what is sold, and whether it was ordered."""

import pytest
from playwright.sync_api import Page

from agents import reading
from agents.errors import UnreadableError
from merchants.sdk import Buyer
from payments.money import Money
from tests.agents.reading.pages import BUYER, SUMMARY, Show

ROW = "<div style='display:flex'>"
ONE_LINE = {
    "table with inputs": "<table><tr><th></th><th>Product</th><th>Price</th><th>Quantity</th><th>Subtotal</th>"
    "</tr><tr>"
    "<td><a href='#x'>\u00d7</a></td><td><a href='#p'>Blue mug</a></td><td>$10.00</td>"
    "<td><input type='number' value='2' aria-label='Blue mug quantity'></td><td>$20.00</td></tr></table>" + SUMMARY,
    "times in the title": "<table><tr><th>Product</th><th>Subtotal</th></tr><tr><td>Blue mug <b>\u00d7 2</b>"
    "</td><td>$20.00</td></tr>"
    "<tr><th>Subtotal</th><td>$20.00</td></tr><tr><th>Total</th><td>$20.00</td></tr></table>",
    "badge": f"{ROW}<div><img alt='Blue mug'><span style='display:inline-block'>2</span></div>"
    f"<div><p>Blue mug</p><p>M / Blue</p></div><div>$20.00</div></div>{SUMMARY}",
    "columns of boxes": f"{ROW}<p>Item</p><p>Quantity</p><p>Total</p></div><div>{ROW}<div><a href='#p'><img></a>"
    f"</div><div>"
    "<h3><a href='#p'>Blue mug</a></h3><span>In stock (20 available)</span></div><div>2</div><div><p>$20.00</p>"
    "</div></div></div>",
    "select": "<article><h2>Blue mug</h2><p>Size: M</p><label>Menge <select><option>1<option selected>2</select>"
    "</label>"
    "<p>$20.00</p></article>",
    "in words": f"<div><b>Blue mug</b><div>Colour: Blue, Size: M</div><div>Qty 2</div><div>$20.00</div></div>{SUMMARY}",
    "one sentence": f"<p>2 \u00d7 Blue mug — $20.00</p>{SUMMARY}",
    "list": "<ul><li><a href='#p'>Blue mug</a> Quantity: 2 <b>$20.00</b></li></ul>",
    "drawer beside the page": "<dialog open style='position:static'><div><a href='#p'>Blue mug</a><p>Qty: 2</p>"
    "<p>$20.00</p></div></dialog>"
    "<main><div><a href='#p'>Blue mug</a><p>Qty: 2</p><p>$20.00</p></div></main>",
    "hidden drawer": "<aside style='display:none'><div><a href='#p'>Red mug</a><p>Qty: 9</p><p>$90.00</p></div>"
    "</aside>"
    "<main><div><a href='#p'>Blue mug</a><p>Qty: 2</p><p>$20.00</p></div></main>",
}


@pytest.mark.parametrize("shape", ONE_LINE)
def test_a_baskets_line_is_read_whatever_it_is_made_of(show: Show, shape: str) -> None:
    """Title, quantity, amount."""
    [line] = reading.lines(show(ONE_LINE[shape]))
    assert ("Blue mug", 2, Money(2000, "USD")) == (line.title, line.quantity, line.amount)


TWO_LINES = {
    "two products": "<ul><li><a href='#a'>Blue mug</a> Qty: 1 $10.00</li><li><a href='#b'>Red mug</a>"
    " Qty: 1 $9.00</li></ul>",
    "an extra": "<ul><li><a href='#a'>Blue mug</a> Qty: 1 $10.00</li><li>Gift wrap Qty: 1 $3.00</li></ul>",
    "the same twice": f"<form><div>{ROW}<h3>Blue mug</h3><input type=number value=1><p>$10.00</p></div></div>"
    f"<div>{ROW}<h3>Blue mug</h3><input type=number value=1><p>$10.00</p></div></div></form>",
}


@pytest.mark.parametrize("case", TWO_LINES)
def test_nothing_in_the_basket_is_overlooked(show: Show, case: str) -> None:
    """What was added beside the product stands in the lines."""
    assert 2 == len(reading.lines(show(TWO_LINES[case])))


NO_LINE = {
    "a product's page": "<h1>Blue mug</h1><p>$10.00</p><label>Quantity <input type=number value=1></label>"
    "<button>Add to basket"
    "</button><div><a href='#x'>Red mug</a><p>$9.00</p><button>Add to basket</button></div>",
    "steps": "<ol><li><i>1</i><b>Shipping</b></li><li><i>2</i><b>Payment</b></li></ol><p>Total $25.00</p>",
    "costs only": SUMMARY,
}


@pytest.mark.parametrize("case", NO_LINE)
def test_what_is_not_being_bought_is_no_line(show: Show, case: str) -> None:
    """Offers, steps and costs."""
    assert [] == reading.lines(show(NO_LINE[case]))


ADDRESS = ("address1", "postal_code", "city", "last_name")
FOUND = {
    "block": "<h2>Ship to</h2>"
    "<address>Ada Ashworth<br>1200 Fillmore Street<br>San Francisco, CA 94115<br>United States</address>",
    "abbreviated": "<h3>Shipping address</h3>"
    "<p>ADA ASHWORTH, 1200 Fillmore St., San Francisco, California 94115, USA</p>",
    "fields": "<h2>Delivery</h2><form><input name=first value=Ada><input name=last_name value=Ashworth>"
    "<input name=a1 value='1200 Fillmore Street'><input name=city value='San Francisco'>"
    "<input name=zip value=94115></form>",
    "no title": "<section><p>Ada Ashworth</p><p>1200 Fillmore Street</p><p>94115 San Francisco</p></section>",
    "sentence": "<p>Delivers to Ada Ashworth, 1200 Fillmore Street, San Francisco 94115</p>",
    "both blocks": "<h2>Billing address</h2><p>Eve Other</p><p>9 Else Road</p><p>10001 New York</p>"
    "<h2>Shipping address</h2>"
    "<p>Ada Ashworth</p><p>1200 Fillmore Street</p><p>San Francisco 94115</p>",
    "a box for another address": "<label><input type=checkbox> Ship to a different address?</label>"
    "<p>Ada Ashworth</p>"
    "<p>1200 Fillmore Street</p><p>San Francisco 94115</p>",
}


@pytest.mark.parametrize("case", FOUND)
def test_the_buyers_address_is_found_where_it_ships_to(show: Show, case: str) -> None:
    """Case, punctuation and abbreviations make no difference."""
    assert set(ADDRESS) <= set(reading.address_found(show(FOUND[case]), BUYER))


NOT_FOUND = {
    "ships to another": "<h2>Shipping address</h2><p>Eve Other</p><p>9 Else Road</p><p>New York 10001</p>"
    "<h2>Billing address</h2>"
    "<p>Ada Ashworth</p><p>1200 Fillmore Street</p><p>San Francisco, CA 94115</p>",
    "another's name in the field": "<form><input name=last_name value=Other>"
    "<input name=a1 value='1200 Fillmore Street'>"
    "<input name=zip value=94115></form>",
    "the shop's own": "<footer>1200 Fillmore Street, San Francisco 94115</footer>",
    "hidden": "<p style='display:none'>Ada Ashworth, 1200 Fillmore Street, San Francisco 94115</p>",
    "another house": "<p>Ada Ashworth, 120 Fillmore Street, San Francisco 94115</p>",
    "far apart": "<p>1200 Fillmore Street</p>" + "<p>words </p>" * 400 + "<p>94115 San Francisco</p>",
}


@pytest.mark.parametrize("case", NOT_FOUND)
def test_an_address_elsewhere_on_the_page_is_not_the_one_it_ships_to(show: Show, case: str) -> None:
    """Billing blocks, footers, hidden text, look-alikes."""
    found = reading.address_found(show(NOT_FOUND[case]), BUYER)
    assert not ({"address1"} <= set(found) and {"postal_code", "city"} & set(found))


def test_accents_and_joined_street_names_are_alike(show: Show) -> None:
    """A German and a French way to write."""
    buyer = Buyer(
        first_name="Jörg", last_name="Müller", email="j@example.org", phone="+49 30 1234567", address1="Hauptstraße 5",
        city="Köln", province="", postal_code="50667", country="DE",
    )  # fmt: skip
    page = show("<h2>Lieferadresse</h2><p>JÖRG MÜLLER</p><p>Hauptstr. 5</p><p>50667 Koeln / Köln</p><p>Deutschland</p>")
    assert {"last_name", "address1", "city", "postal_code", "country"} <= set(reading.address_found(page, buyer))


CONFIRMED = {
    "sentence": (
        "<h1>Order 100001: confirmation</h1><p>Your order has been placed - your order number is <b>100001</b>.</p>",
        "100001",
    ),
    "list": ("<p>Thank you. Your order has been received.</p><ul><li>Order number: <b>1234</b></li></ul>", "1234"),
    "hash": ("<h1>Order #1001 confirmed</h1>", "1001"),
    "letters": ("<p>Confirmation #8ZX1QW2</p><h2>Thank you, Ada!</h2>", "8ZX1QW2"),
    "label beside": ("<h2>Order confirmed</h2><dl><dt>Order number</dt><dd>A-17</dd></dl>", "A-17"),
    "reference": ("<h1>Thanks for your order, Ada</h1><p>Order reference: ORD-AB12-99</p>", "ORD-AB12-99"),
    "de": ("<h1>Vielen Dank für Ihre Bestellung!</h1><p>Ihre Bestellnummer lautet: B-2026-0099</p>", "B-2026-0099"),
    "fr": ("<h1>Merci pour votre commande</h1><p>Numéro de commande : 55321</p>", "55321"),
    "es": ("<h1>Gracias por tu pedido</h1><p>Número de pedido: 7781</p>", "7781"),
    "it": ("<h1>Grazie per il tuo ordine</h1><p>Ordine n. 9911</p>", "9911"),
    "nl": ("<h1>Bedankt voor je bestelling!</h1><dl><dt>Bestelnummer</dt><dd>100023</dd></dl>", "100023"),
    "no number": ("<h1>Thank you for your order</h1>", ""),
}


@pytest.mark.parametrize("case", CONFIRMED)
def test_a_confirmation_is_read_with_its_number(show: Show, case: str) -> None:
    """Six languages; without a number it is a confirmation that proves nothing."""
    body, number = CONFIRMED[case]
    shown = reading.confirmation(show(body))
    assert shown
    assert number == shown.order_number


@pytest.mark.parametrize(
    "body",
    [
        "<h1>Review your order</h1><p>You will get an order number</p><button>Place order</button>",
        "<h1>Thank you for subscribing</h1>",
        "<h1>Invoice for order 55</h1>",
        "<p style='display:none'>Thank you for your order! Order number: 123</p>",
        "<footer>Thank you for your order! Order number: 123</footer>",
        f"<p>{'Terms of sale. ' * 40} Your order is confirmed when we ship it.</p>",
    ],
)
def test_other_pages_confirm_nothing(show: Show, body: str) -> None:
    """Reviews, newsletters, hidden text, terms."""
    assert reading.confirmation(show(body)) is None


def test_the_number_may_come_from_the_address(page: Page) -> None:
    """Some pages thank and leave the number to the url."""
    page.route("**/*", lambda route: route.fulfill(body="<h1>Thank you for your order</h1>", content_type="text/html"))
    page.goto("http://shop.example/checkout/order-received/5512/?key=abc")
    shown = reading.confirmation(page)
    assert shown
    assert "5512" == shown.order_number


WAYS = {
    "radios": "<h2>Shipping</h2><label><input type=radio name=shipping value=std checked> Standard — $5.00</label>"
    "<label><input type=radio name=shipping value=exp> Express — $15.00</label>"
    "<h2>Payment</h2><label><input type=radio name=pay>Card</label><label>"
    "<input type=radio name=pay>Cash + $2.00</label>",
    "radios in rows": "<fieldset><legend>Delivery</legend><table><tr><td>"
    "<input type=radio name=v value=std checked></td>"
    "<td>Standard</td><td>$5.00</td></tr><tr><td><input type=radio name=v value=exp></td><td>Express</td>"
    "<td>$15.00</td></tr>"
    "</table></fieldset>",
    "covered radios": "<fieldset><legend>Delivery</legend>"
    "<input id=a type=radio name=v value=std checked style='opacity:0;position:absolute'>"
    "<label for=a>Standard $5.00</label>"
    "<input id=b type=radio name=v value=exp style='opacity:0;position:absolute'>"
    "<label for=b>Express $15.00</label></fieldset>",
    "select": "<label>Delivery <select>"
    "<option value=std selected>Standard ($5.00)<option value=exp>Express ($15.00)</select></label>",
}


@pytest.mark.parametrize("shape", WAYS)
def test_the_ways_to_ship_are_read_with_prices_and_choice(show: Show, shape: str) -> None:
    """And ways to pay are none of them."""
    first, second = reading.shipping_choices(show(WAYS[shape]))
    assert ("std", "Standard", Money(500, "USD"), True) == (
        first.option.option_id, first.option.title, first.option.cost, first.selected,
    )  # fmt: skip
    assert ("exp", "Express", Money(1500, "USD"), False) == (
        second.option.option_id, second.option.title, second.option.cost, second.selected,
    )  # fmt: skip


def test_ways_to_ship_told_apart_by_their_rows_only_are_read(show: Show) -> None:
    """Two buttons of one name; one way is free."""
    rows = "".join(
        f"{ROW}<div><h4>{name}</h4></div><div>{price}</div><form><button>Select option</button></form></div>"
        for name, price in [("Standard", "Free"), ("Express", "£12.00")]
    )
    choices = reading.shipping_choices(show(f"<h1>Shipping method</h1>{rows}"))
    assert [("Standard", 0), ("Express", 1200)] == [(c.option.title, c.option.cost.amount_minor) for c in choices]
    assert {"GBP"} == {choice.option.cost.currency for choice in choices}


def test_a_product_is_read_with_its_variants(show: Show) -> None:
    """A select whose label encloses it, a sold-out value, and covered radios."""
    reading_of = reading.product(
        show(
            "<main><h1>Tee</h1><p><del>$20.00</del> <ins>$15.00</ins></p><label>Size<select><option value=''>Choose"
            "<option>S<option selected>M<option>L (sold out)</select></label><fieldset><legend>Colour</legend>"
            "<input id=a type=radio name=c style='opacity:0;position:absolute'><label for=a>Red</label>"
            "<input id=b type=radio name=c checked style='opacity:0;position:absolute'><label for=b>Blue</label>"
            "</fieldset>"
            "<label>Quantity<select><option>1</select></label><button disabled>Add to cart</button></main>"
        )
    )
    assert ("Tee", Money(1500, "USD"), True) == (reading_of.title, reading_of.price, reading_of.available)
    assert {"Size": ("S", "M"), "Colour": ("Red", "Blue")} == reading_of.variants
    assert {"Size": "M", "Colour": "Blue"} == reading_of.chosen


def test_the_page_of_one_variant_says_which_it_is(show: Show) -> None:
    """Its table of attributes, where there is nothing to choose."""
    page = show(
        "<h1>Tee M</h1><p>£10.00</p><button>Add to basket</button><table><tr><th>Size</th><td>M</td></tr></table>"
    )
    assert {"Size": "M"} == reading.product(page).chosen


DECLARED_OUT = (
    '<script type="application/ld+json">{"@type": "Product", "name": "Lamp",'
    '"offers": {"availability": "https://schema.org/OutOfStock"}}</script><h1>Lamp</h1><p>$10.00</p>'
)


@pytest.mark.parametrize(
    "body",
    [
        "<h1>Lamp</h1><p>$10.00</p><button disabled>Sold out</button>",
        "<h1>Lamp</h1><p>$10.00</p><p>Out of stock</p><button>Notify me</button>",
        "<h1>Lampe</h1><p>10,00 €</p><p>Derzeit ausverkauft</p>",
        DECLARED_OUT,
    ],
)
def test_a_sold_out_product_is_not_available(show: Show, body: str) -> None:
    """A button, a text, a language, a declaration."""
    assert not reading.product(show(body)).available


def test_a_page_without_a_heading_shows_no_product(show: Show) -> None:
    """Nothing is made up."""
    with pytest.raises(UnreadableError):
        reading.product(show("<p>Hello</p>"))
