"""Cost lines and totals, off pages in many shapes and languages, honest and not."""

import pytest
from playwright.sync_api import Page

from agents import reading
from agents.errors import UnreadableError
from agents.terms import Costs
from payments.money import Money
from tests.agents.reading.pages import SUMMARY, Show, flex_rows


def usd(minor: int) -> Money:
    """US dollars."""
    return Money(minor, "USD")


def eur(minor: int) -> Money:
    """Euros."""
    return Money(minor, "EUR")


WHOLE = Costs(total=usd(2646), subtotal=usd(2000), shipping=usd(500), tax=usd(146))
ROWS = [("Subtotal", "$20.00"), ("Shipping", "$5.00"), ("Tax", "$1.46"), ("Total", "$26.46")]
SHAPES = {
    "table": SUMMARY,
    "definitions": "<dl>" + "".join(f"<dt>{label}</dt><dd>{amount}</dd>" for label, amount in ROWS) + "</dl>",
    "definitions in boxes": "<dl>"
    + "".join(f"<div><dt>{label}</dt><dd>{amount}</dd></div>" for label, amount in ROWS)
    + "</dl>",
    "flex": flex_rows(ROWS),
    "flex, labels last": flex_rows([(label, amount) for label, amount in ROWS], reverse=True),
    "grid": "<div style='display:grid;grid-template-columns:1fr 1fr;width:300px'>"
    + "".join(f"<span>{label}</span><span>{amount}</span>" for label, amount in ROWS)
    + "</div>",
    "paragraphs": "".join(f"<p>{label}: <b>{amount}</b></p>" for label, amount in ROWS),
    "floats": "".join(
        f"<div style='width:300px'>{label}<b style='float:right'>{amount}</b></div>" for label, amount in ROWS
    ),
    "list with inline text": "<ul>"
    + "".join(f"<li>{label} <span>{amount}</span></li>" for label, amount in ROWS)
    + "</ul>",
    "split by markup": SUMMARY.replace("$26.46", "<span>$</span><span>26</span><sup>46</sup>"),
    "zero-width": SUMMARY.replace("Total", "To\u200btal").replace("$26.46", "$2\u200b6.46"),
    "shadow root": '<div id="host"></div><script>document.getElementById("host").attachShadow({mode: "open"})'
    f".innerHTML = `{SUMMARY}`</script>",
    "same-origin frame": f"<iframe width=400 height=300 srcdoc='{SUMMARY}'></iframe>",
    "total in words": SUMMARY.replace("<th>Total</th>", "<th><h3>Order total</h3></th>"),
    "a product called like a cost": "<div><a href='#'>Shipping box</a> <b>$20.00</b></div>"
    f"<section>{SUMMARY}</section>",
    "struck prices": SUMMARY.replace("$26.46", "<del>$30.00</del> <s>$28.00</s> <ins>$26.46</ins>"),
    "struck by style": SUMMARY.replace("$26.46", "<i style='text-decoration:line-through'>$30.00</i> $26.46"),
    "currency beside": SUMMARY.replace("$26.46", "<small>USD</small> <b>$26.46</b>"),
    "accessible label": "".join(f"<p aria-label='{label}'>{amount}</p>" for label, amount in ROWS[:3])
    + "<p aria-label='Total'>$26.46</p><button>Pay $26.46</button>",
}


@pytest.mark.parametrize("shape", SHAPES)
def test_the_cost_lines_are_read_whatever_the_page_is_made_of(show: Show, shape: str) -> None:
    """Tables, definitions, boxes, sentences: four lines that add up."""
    assert WHOLE == reading.costs(show(SHAPES[shape]), currency=None)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_total_is_read_twice_and_is_the_same(show: Show, shape: str) -> None:
    """Structure and painted text agree."""
    assert (usd(2646), usd(2646)) == reading.totals(show(SHAPES[shape]))


LANGUAGES = {
    "de": [
        ("Zwischensumme", "20,00 €"),
        ("Versandkosten", "5,00 €"),
        ("Gesamtsumme", "25,00 €"),
        ("inkl. MwSt.", "3,99 €"),
    ],
    "fr": [("Sous-total", "20,00 €"), ("Livraison", "5,00 €"), ("Total TTC", "25,00 €"), ("dont TVA", "3,99 €")],
    "es": [
        ("Subtotal", "20,00 €"),
        ("Gastos de envío", "5,00 €"),
        ("Total a pagar", "25,00 €"),
        ("IVA incluido", "3,99 €"),
    ],
    "it": [("Subtotale", "20,00 €"), ("Spedizione", "5,00 €"), ("Totale ordine", "25,00 €"), ("di cui IVA", "3,99 €")],
    "nl": [("Subtotaal", "€ 20,00"), ("Verzendkosten", "€ 5,00"), ("Totaal", "€ 25,00"), ("waarvan btw", "€ 3,99")],
    "en-GB": [
        ("Basket subtotal", "€20.00"),
        ("Delivery", "€5.00"),
        ("Total to pay", "€25.00"),
        ("Includes VAT of", "€3.99"),
    ],
}


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_tax_inside_the_prices_is_no_part_of_the_sum(show: Show, language: str) -> None:
    """Six languages, each with its tax included."""
    expected = Costs(total=eur(2500), subtotal=eur(2000), shipping=eur(500), tax=eur(399), tax_included=True)
    page = show(flex_rows(LANGUAGES[language]), lang=language)
    assert expected == reading.costs(page, currency=None)
    assert (eur(2500), eur(2500)) == reading.totals(page)


MORE = {
    "a discount": (
        [("Subtotal", "$20.00"), ("Discount (SAVE10)", "-$2.00"), ("Shipping", "Free"), ("Total", "$18.00")],
        Costs(total=usd(1800), subtotal=usd(2000), shipping=usd(0), discount=usd(200)),
    ),
    "a discount without a minus": (
        [("Subtotal", "$20.00"), ("Coupon", "$2.00"), ("Total", "$18.00")],
        Costs(total=usd(1800), subtotal=usd(2000), discount=usd(200)),
    ),
    "a fee": (
        [
            ("Items (2)", "$20.00"),
            ("Shipping & handling", "$5.00"),
            ("Cash on delivery fee", "$3.00"),
            ("Total", "$28.00"),
        ],
        Costs(total=usd(2800), subtotal=usd(2000), shipping=usd(500), surcharge=usd(300)),
    ),
    "two taxes": (
        [("Subtotal", "CA$20.00"), ("GST (5%)", "CA$1.00"), ("PST", "CA$1.40"), ("Total", "CA$22.40")],
        Costs(total=Money(2240, "CAD"), subtotal=Money(2000, "CAD"), tax=Money(240, "CAD")),
    ),
    "savings beside": (
        [("Subtotal", "$20.00"), ("Total savings", "$4.00"), ("You save", "$4.00"), ("Order total", "$20.00")],
        Costs(total=usd(2000), subtotal=usd(2000)),
    ),
    "a net total beside": (
        [("Subtotal", "$20.00"), ("Total excl. VAT", "$20.00"), ("VAT", "$4.00"), ("Total incl. VAT", "$24.00")],
        Costs(total=usd(2400), subtotal=usd(2000), tax=usd(400)),
    ),
    "tax already in, though it does not say so": (
        [("Subtotal", "$20.00"), ("VAT 20%", "$3.33"), ("Total", "$20.00")],
        Costs(total=usd(2000), subtotal=usd(2000), tax=usd(333), tax_included=True),
    ),
    "instalments beside": (
        [("Subtotal", "$20.00"), ("Total", "$20.00"), ("or 4 instalments of", "$5.00")],
        Costs(total=usd(2000), subtotal=usd(2000)),
    ),
    "only a total": ([("Total", "$20.00")], Costs(total=usd(2000))),
}


@pytest.mark.parametrize("case", MORE)
def test_cost_lines_mean_what_they_say(show: Show, case: str) -> None:
    """Discounts, fees, taxes, and figures that are no part of the sum."""
    rows, expected = MORE[case]
    assert expected == reading.costs(show(flex_rows(rows)), currency=None)


def test_lines_under_a_heading_belong_to_it(show: Show) -> None:
    """A heading "Shipping" over the method's name; a row "Shipping" under the heading "Tax"."""
    empty = "<tr><th>&nbsp;</th><td></td></tr>"
    table = f"""<table style='width:400px'><tr><th colspan=2><h3>Basket</h3></th></tr>
      <tr><th>Basket total</th><th>£20.00</th></tr>{empty}
      <tr><th colspan=2><h3>Shipping</h3></th></tr><tr><th>Standard</th><th>£5.00</th></tr>{empty}
      <tr><th colspan=2><h3>Tax</h3></th></tr><tr><th>Basket</th><th>£4.00</th></tr>
      <tr><th>Shipping</th><th>£1.00</th></tr>{empty}
      <tr><th><h3>Order total</h3></th><td><h3>£30.00</h3></td></tr></table>"""
    expected = Costs(
        total=Money(3000, "GBP"), subtotal=Money(2000, "GBP"), shipping=Money(500, "GBP"), tax=Money(500, "GBP")
    )
    assert expected == reading.costs(show(table), currency=None)


UNREADABLE = {
    "no total": "<p>Subtotal: $20.00</p>",
    "an estimate": "<p>Subtotal: $20.00</p><p>Estimated total: $20.00</p>",
    "shipping not known yet": "<p>Subtotal $20.00</p><p>Shipping: calculated at next step</p><p>Total $20.00</p>",
    "shipping not known yet, beside": flex_rows(
        [*ROWS[:1], ("Shipping", "Enter shipping address"), ("Total", "$20.00")]
    ),
    "not adding up": SUMMARY.replace("$5.00", "$7.00"),
    "two totals": SUMMARY + "<p>Total: $99.00</p>",
    "half a yen": "<p>Total: JPY 19.99</p>",
}


@pytest.mark.parametrize("case", UNREADABLE)
def test_a_page_that_does_not_say_it_plainly_is_unreadable(show: Show, case: str) -> None:
    """The model is told what is missing; nothing is guessed."""
    with pytest.raises(UnreadableError):
        reading.costs(show(UNREADABLE[case]), currency=None)


HIDDEN = {
    "not displayed": "display:none",
    "invisible": "visibility:hidden",
    "transparent": "opacity:0",
    "transparent ink": "color:rgba(0,0,0,0)",
    "in the ground's colour": "color:#fff",
    "off screen": "position:absolute;left:-9999px",
    "indented away": "text-indent:-9999px;overflow:hidden",
    "above the page": "position:absolute;top:-500px",
    "clipped": "position:absolute;clip:rect(0,0,0,0);width:1px;height:1px;overflow:hidden",
    "clipped by path": "clip-path:inset(100%)",
    "without size": "width:0;height:0;overflow:hidden",
    "folded away": "max-height:0;overflow:hidden",
    "tiny": "font-size:1px",
    "scaled away": "transform:scale(0)",
}


@pytest.mark.parametrize("style", HIDDEN)
def test_text_that_nobody_sees_is_not_read(show: Show, style: str) -> None:
    """A hidden total neither counts nor disturbs."""
    page = show(SUMMARY + f"<p style='{HIDDEN[style]}'>Total: $1.00</p>")
    assert (usd(2646), usd(2646)) == reading.totals(page)


TRICKS = {
    "digits shuffled by position": "<div style='display:flex'><span>Total</span>"
    "<span style='position:relative;width:90px'>"
    + "".join(
        f"<b style='position:absolute;left:{left}px'>{text}</b>"
        for text, left in [("$", 0), ("62", 10), (".46", 35)][::-1]
    )
    + "</span></div>",
    "right to left": SUMMARY.replace("$26.46", "<bdo dir='rtl'>64.62$</bdo>"),
    "bidi override character": SUMMARY.replace("$26.46", "\u202e64.62$\u202c"),
    "digits by style": "<style>.t::before{content:'1'}</style>"
    + SUMMARY.replace("<td>$26.46", "<td class='t'>26.46 $"),
    "label contradicts": SUMMARY.replace("<td>$26.46", "<td aria-label='Total $1.00'>$26.46"),
    "amounts swapped by style": "<div style='display:grid;width:200px'><div style='order:1'>Total</div>"
    "<div style='order:3'>$26.46</div><div style='order:2'>$99.00</div></div>",
    "button says more": SUMMARY + "<button>Pay $36.46</button>",
    "a second total in a frame": SUMMARY + "<iframe width=300 height=80 srcdoc='<p>Total: $36.46</p>'></iframe>",
    "unheard but seen": SUMMARY + "<p aria-hidden='true'>Total: $36.46</p>",
}


@pytest.mark.parametrize("trick", TRICKS)
def test_a_total_that_can_be_read_in_two_ways_is_refused(show: Show, trick: str) -> None:
    """Whatever makes structure, paint and controls disagree."""
    with pytest.raises(UnreadableError):
        reading.totals(show(TRICKS[trick]))


def test_other_peoples_frames_are_not_read(show: Show) -> None:
    """An advertisement's total is not the shop's."""
    page = show(SUMMARY + "<iframe width=300 height=80 sandbox='' srcdoc='<p>Total: $1.00</p>'></iframe>")
    assert (usd(2646), usd(2646)) == reading.totals(page)


def test_the_pages_scripts_cannot_change_what_is_read(show: Show) -> None:
    """Functions of the DOM and of JSON that the page replaced are not the ones used."""
    page = show(
        SUMMARY + "<script>JSON.stringify = () => '{}'; window.getComputedStyle = () => ({display: 'none'})</script>"
    )
    assert (usd(2646), usd(2646)) == reading.totals(page)


def test_the_currency_is_the_pages_own(show: Show) -> None:
    """A bare dollar where the shop declares Canadian ones; an expected currency where it declares none."""
    declared = '<script type="application/ld+json">{"offers": {"price": "20", "priceCurrency": "CAD"}}</script>'
    assert Money(2646, "CAD") == reading.totals(show(SUMMARY, head=declared), currency="USD")[0]
    assert Money(2646, "AUD") == reading.totals(show(SUMMARY, lang="en"), currency="AUD")[0]


def test_a_page_read_once_stays_as_it_was(show: Show, page: Page) -> None:
    """Several readings of one look are of one moment."""
    seen = reading.look(show(SUMMARY))
    page.set_content("<p>Total: $99.00</p>")
    assert usd(2646) == reading.costs(seen, currency=None).total
