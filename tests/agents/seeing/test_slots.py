"""Where a slot may go, and that its value is never said."""

from itertools import product

import pytest

from agents.browsing.fence import Fence
from agents.errors import SlotRefusedError
from agents.slots import Slots, slot_in
from agents.terms import Phase
from tests.agents.seeing.sights import BUYER, CARD, SHOP, SLOTS

FENCE = Fence(SHOP, payment_hosts=("pay.example",))
MERCHANT, PAYMENT = "https://shop.example", "https://pay.example"


@pytest.mark.parametrize(
    "origin",
    [
        MERCHANT,
        PAYMENT,
        "https://www.shop.example",
        "https://evil.example",
        "https://shop.example.evil.example",
        "https://pay.example.evil.example",
        "http://shop.example",
        "https://xn--shp-hoa.example",
        "null",
        "",
        "data:",
        "about:blank",
    ],
)
def test_a_slot_goes_to_the_merchant_and_the_payment_host_and_a_card_only_where_it_is_paid(
    origin: str,
) -> None:
    """Every slot, every phase, every origin."""
    known = origin in (MERCHANT, PAYMENT, "https://www.shop.example")
    for slot, phase in product(SLOTS.names, Phase):
        paid = phase in (Phase.PAYMENT, Phase.REVIEW)
        if known and (paid or not slot.startswith("card.")):
            assert SLOTS.value(slot, origin=origin, fence=FENCE, phase=phase)
            continue
        with pytest.raises(SlotRefusedError) as refused:
            SLOTS.value(slot, origin=origin, fence=FENCE, phase=phase)
        assert slot in str(refused.value)
        assert all(secret.value not in str(refused.value) for secret in SLOTS.secrets() if len(secret.value) > 2)


@pytest.mark.parametrize("slot", ["card.pin", "buyer", "", "BUYER.EMAIL", "__class__"])
def test_a_slot_that_is_none_is_refused(slot: str) -> None:
    """With the names there are."""
    with pytest.raises(SlotRefusedError, match=r"buyer\.email"):
        SLOTS.value(slot, origin=MERCHANT, fence=FENCE, phase=Phase.PAYMENT)


def test_without_a_card_there_are_no_card_slots_and_without_a_second_line_no_slot_for_it() -> None:
    """The names are what there is."""
    assert not [name for name in Slots(BUYER).names if name.startswith("card.")]
    assert "buyer.address2" not in Slots(BUYER).names
    assert "07 / 31" == Slots(BUYER, CARD).value("card.expiry", origin=PAYMENT, fence=FENCE, phase=Phase.PAYMENT)


def test_a_value_is_a_slot_only_as_a_whole() -> None:
    """Text around it makes it a literal, which may hold no braces."""
    assert "buyer.email" == slot_in("{{buyer.email}}")
    assert "buyer.email" == slot_in(" {{ buyer.email }} ")
    assert (None, None, None) == (slot_in("Mr {{buyer.email}}"), slot_in("{{a}}{{b}}"), slot_in("{buyer.email}"))


def test_neither_slots_nor_secrets_show_a_value_when_printed() -> None:
    """They end up in tracebacks."""
    printed = f"{SLOTS!r} {SLOTS.secrets()!r}"
    assert "4242" not in printed
    assert "Ashworth" not in printed
