"""The rules between a page and a click that spends money."""

from dataclasses import replace

import pytest

from agents.guard import could_commit, differences, is_commit, similar
from agents.terms import Line, Readings
from merchants.sdk import Cost, Offer, OfferRequest
from payments.money import Money
from tests.agents.reading.pages import BUYER

COMMITS = [
    *(
        "Place order",
        "Place your order",
        "PLACE ORDER NOW",
        "Pay",
        "Pay now",
        "Pay $26.46",
        "Pay €26,46 now",
        "Buy now",
    ),
    *(
        "Buy it now",
        "Complete order",
        "Complete purchase",
        "Complete my order",
        "Submit order",
        "Confirm order",
        "Confirm",
    ),
    *(
        "Confirm and pay",
        "Confirm & pay",
        "Agree and pay",
        "Purchase",
        "Order now",
        "Submit payment",
        "Continue and pay",
    ),
    *(
        "Proceed to pay",
        "Review and place order",
        "Pay with card",
        "Place order →",
        "Place Order (2 items)",
        "Finish order",
    ),
    *(
        "Zahlungspflichtig bestellen",
        "Jetzt kaufen",
        "Kostenpflichtig bestellen",
        "Bestellung abschicken",
        "Jetzt bezahlen",
    ),
    *("Bestellung abschließen", "Kauf abschließen", "Commander", "Passer la commande", "Payer", "Payer 26,46 €"),
    *("Valider la commande", "Confirmer et payer", "Commande avec obligation de paiement", "Finaliser l'achat"),
    *("Realizar pedido", "Realizar el pedido", "Pagar ahora", "Confirmar y pagar", "Finalizar compra", "Comprar ahora"),
    *("Effettua ordine", "Effettua l'ordine", "Conferma ordine", "Conferma e paga", "Paga ora", "Acquista ora"),
    *("Completa l\u2019ordine", "Bestelling plaatsen", "Plaats bestelling", "Bestel nu", "Nu betalen", "Betalen"),
    *("\u0420l\u0430\u0441\u0435 \u043erd\u0435r", "P l a c e  o r d e r", "Place\u200b order"),
]
LEADS_ON = [
    *("Continue to payment", "Payment", "Proceed to checkout", "Proceed to payment", "Add to basket", "Add to cart"),
    *("Checkout", "Continue", "Payment method", "Review order", "Order summary", "View order status", "Save address"),
    *(
        "Next",
        "Edit",
        "Change payment",
        "Track order",
        "Cancel order",
        "Pay on delivery",
        "Order history",
        "Your orders",
    ),
    *("Weiter zur Zahlung", "Zur Kasse", "In den Warenkorb", "Zahlungsart", "Continuer vers le paiement", "Continuer"),
    *("Mode de paiement", "Ajouter au panier", "Tramitar pedido", "Añadir al carrito", "Método de pago", "PayPal"),
    *("Aggiungi al carrello", "Procedi al pagamento", "Vai alla cassa", "Toevoegen aan winkelmandje", "Betaalmethode"),
]


@pytest.mark.parametrize("name", COMMITS)
def test_a_control_that_places_an_order_is_known_by_its_name(name: str) -> None:
    """Six languages, and names written to be overlooked."""
    assert is_commit(name)


@pytest.mark.parametrize("name", LEADS_ON)
def test_a_control_that_only_leads_on_is_none(name: str) -> None:
    """The model must be able to walk through a checkout."""
    assert not is_commit(name)


@pytest.mark.parametrize("name", ["", "Submit", "Finish", "Complete", "Yes", "Weiter", *COMMITS[:4]])
def test_with_a_card_on_the_page_the_net_is_wider(name: str) -> None:
    """A control without a name could be anything."""
    assert could_commit(name)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Blue mug", "Blue Mug"),
        ("Blue mug", "Mug \u2013 blue / S"),
        ("Blue mug with a very long name indeed", "Blue mug with a very long…"),
        ("Tee", "Tee (M)"),
        ("Wool socks", "Wool sock, 2 pairs"),
        ("Café au lait", "CAFE AU LAIT"),
    ],
)
def test_titles_that_name_one_thing_are_similar(one: str, other: str) -> None:
    """Shops cut, append and shout."""
    assert similar(one, other)
    assert similar(other, one)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Blue mug", "Red mug"),
        ("Galaxy Phone Pro 14", "Galaxy Phone Pro 15"),
        ("Blue mug", "Gift card"),
        ("Blue mug", ""),
        ("256 GB drive fast", "512 GB drive fast"),
    ],
)
def test_titles_of_two_things_are_not(one: str, other: str) -> None:
    """A colour, a model, a size."""
    assert not similar(one, other)
    assert not similar(other, one)


TOTAL = Money(2646, "USD")
REQUEST = OfferRequest(
    product_url="https://shop.example/mug", quantity=2, buyer=BUYER, variant={"Colour": "Blue", "Size": "M"}
)
OFFER = Offer(
    merchant="agent",
    item_id="https://shop.example/mug",
    title="Enamel mug",
    quantity=2,
    cost=Cost(subtotal=Money(2646, "USD"), total=TOTAL),
    shipping_options=[],
    selected_shipping_option_id=None,
    payment_handler=None,
    merchant_state={},
    variant=dict(REQUEST.variant),
)
LINE = Line(title="Enamel mug", quantity=2, text="Enamel mug · Blue / M · 2 · $26.46", amount=TOTAL)
EXACT = Readings(
    url="https://shop.example/review",
    totals=(TOTAL, TOTAL),
    lines=[LINE],
    address_found=("last_name", "address1", "city"),
    commit_control="Place order",
)


def test_exactly_what_was_confirmed_has_no_differences() -> None:
    """The one case in which there may be a click."""
    assert [] == differences(EXACT, OFFER, REQUEST)


@pytest.mark.parametrize(
    "read",
    [
        replace(EXACT, totals=(TOTAL, Money(2647, "USD"))),
        replace(EXACT, totals=(Money(2647, "USD"), TOTAL)),
        replace(EXACT, totals=(Money(2645, "USD"), Money(2645, "USD"))),
        replace(EXACT, totals=(Money(2646, "CAD"), Money(2646, "CAD"))),
        replace(EXACT, lines=[]),
        replace(EXACT, lines=[LINE, LINE]),
        replace(EXACT, lines=[replace(LINE, quantity=1)]),
        replace(EXACT, lines=[replace(LINE, quantity=3)]),
        replace(EXACT, lines=[replace(LINE, title="Steel flask")]),
        replace(EXACT, lines=[replace(LINE, text="Enamel mug · Red / M")]),
        replace(EXACT, lines=[replace(LINE, text="Enamel mug · Blueish / M")]),
        replace(EXACT, address_found=()),
        replace(EXACT, address_found=("last_name", "city", "postal_code")),
        replace(EXACT, address_found=("last_name", "address1")),
        replace(EXACT, commit_control="Continue"),
    ],
)
def test_anything_else_is_a_difference(read: Readings) -> None:
    """A cent more, a cent less, another currency, item, quantity, variant, address or control."""
    assert [] != differences(read, OFFER, REQUEST)


def test_a_variant_may_be_read_elsewhere_than_in_the_line() -> None:
    """Some reviews show it beside the basket."""
    bare = replace(EXACT, lines=[replace(LINE, text="Enamel mug")])
    assert 2 == len(differences(bare, OFFER, REQUEST))
    assert [] == differences(replace(bare, variant_found={"Colour": "Blue", "Size": "M"}), OFFER, REQUEST)
