"""Which phase a page is in, from its controls."""

import pytest

from agents.phases import actions_in, phase_of
from agents.seeing.joins import Control
from agents.terms import Phase


@pytest.mark.parametrize(
    ("phase", "controls"),
    [
        (Phase.BROWSE, "link Cart; combobox Size; button Add to cart"),
        (Phase.BROWSE, "combobox Size; button Buy now; button Add to basket"),
        (Phase.BROWSE, "textbox Email; button Subscribe"),
        (Phase.BROWSE, "textbox Postal code; button Estimate"),
        (Phase.BROWSE, "radio Standard delivery; button Add to cart"),
        (Phase.CONTACT, "textbox Email; textbox First name; button Continue to payment"),
        (Phase.CONTACT, "textbox Straße; textbox PLZ; textbox Ort; button Weiter"),
        (Phase.SHIPPING, "radio Standard (3 to 5 business days); radio Express; button Continue"),
        (Phase.PAYMENT, "radio Pay with card; radio Cash on delivery; button Review your order"),
        (Phase.PAYMENT, "textbox Card number; textbox CVC; button Continue"),
        (Phase.PAYMENT, "textbox Kartennummer; button Weiter"),
        (Phase.REVIEW, "checkbox I accept the terms; button Place order"),
        (Phase.REVIEW, "textbox Email; textbox City; textbox Card number; button Pay $12.00"),
        (Phase.REVIEW, "button Zahlungspflichtig bestellen"),
    ],
)
def test_the_controls_tell_the_phase(phase: Phase, controls: str) -> None:
    """In the order of what it would cost to be wrong: a control that places the order outweighs everything."""
    there = [
        Control(ref=f"e{number}", role=role, name=name)
        for number, (role, name) in enumerate(entry.strip().split(" ", 1) for entry in controls.split(";"))
    ]
    assert phase is phase_of(there)


@pytest.mark.parametrize(
    ("phase", "title", "button"),
    [
        (Phase.SHIPPING, "Shipping method | Checkout | Shop", "Select option"),
        (Phase.SHIPPING, "Versandart wählen", "Weiter"),
        (Phase.PAYMENT, "Payment details | Checkout", "Continue"),
        (Phase.BROWSE, "Payment", "Add to cart"),
        (Phase.BROWSE, "Payment terminals | Shop", "Details"),
        (Phase.BROWSE, "Delivery van, toy", "Details"),
    ],
)
def test_a_title_tells_the_phase_where_no_control_does(phase: Phase, title: str, button: str) -> None:
    """Never on a page that sells goods."""
    assert phase is phase_of([Control(ref="e1", role="button", name=button)], title)


def test_from_payment_on_one_moves_by_the_pages_own_controls() -> None:
    """Everything but opening an address."""
    browse = actions_in(Phase.BROWSE)
    for phase in Phase:
        assert {"read_page", "form_input", "left_click"} <= actions_in(phase)
        assert (browse if phase not in (Phase.PAYMENT, Phase.REVIEW) else browse - {"navigate"}) == actions_in(phase)
