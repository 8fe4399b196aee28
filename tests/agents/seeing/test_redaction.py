"""What leaves has no value in it, and is still readable."""

import base64
import json
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.redaction import Redactor
from agents.slots import Slots
from merchants.sdk import Buyer
from payments.cards import Card
from tests.agents.seeing.sights import BUYER, CARD, SLOTS

REDACTOR = Redactor(SLOTS)


@pytest.mark.parametrize(
    "written",
    [
        "4242424242424242",
        "4242 4242 4242 4242",
        "4242-4242-4242-4242",
        "4242.4242.4242.4242",
        "42 42 42 42 42 42 42 42",
        "4242 424242 42424 2",
        "4 2 4 2 4 2 4 2 4 2 4 2 4 2 4 2",
        "4242\u200b42424242\u200d4242",
        "4242\u00a04242\u00a04242\u00a04242",
        "4242%204242%204242%204242",
        "%34%32%34%32424242424242",
        "\\u0034242424242424242",
        "&#52;242424242424242",
        "4242\n4242\n4242\n4242",
        "\u202e4242\u202c424242424242",
        "•••• 4242",
        "**** **** **** 4242",
        "xxxx-4242",
        "ending in 4242",
    ],
)
def test_the_card_number_is_its_slot_in_every_grouping_and_encoding(written: str) -> None:
    """As a page may show it, mask it, or send it along."""
    assert "pay with {{card.number}} now" == REDACTOR.text(f"pay with {written} now")


@pytest.mark.parametrize(
    ("written", "slot"),
    [
        ("ada.ashworth@example.org", "buyer.email"),
        ("ADA.Ashworth@Example.ORG", "buyer.email"),
        (quote("ada.ashworth@example.org"), "buyer.email"),
        ("ada.ashworth\\u0040example.org", "buyer.email"),
        ("ada.ashworth&#64;example.org", "buyer.email"),
        ("1200 Fillmore Street", "buyer.address1"),
        ("1200  fillmore\nSTREET", "buyer.address1"),
        (quote("1200 Fillmore Street"), "buyer.address1"),
        (quote_plus("1200 Fillmore Street"), "buyer.address1"),
        ("+1 415 555 0132", "buyer.phone"),
        ("+14155550132", "buyer.phone"),
        ("(415) 555-0132", "buyer.phone"),
        ("415.555.0132", "buyer.phone"),
        ("94115", "buyer.postal_code"),
        ("Ada Ashworth", "buyer.full_name"),
        ("Ashworth", "buyer.last_name"),
        ("ASHWORTH", "buyer.last_name"),
        ("Ada", "buyer.first_name"),
        ("San Francisco", "buyer.city"),
        ("07 / 31", "card.expiry"),
        ("7/2031", "card.expiry"),
    ],
)
def test_a_persons_values_are_their_slots_however_they_are_written(written: str, slot: str) -> None:
    """Case, blanks, encodings and national forms do not matter."""
    text = REDACTOR.text(f"<{written}>").replace("({{", "{{")
    assert f"<{{{{{slot}}}}}>" == text


def test_values_that_a_page_glues_together_are_still_found() -> None:
    """Pages lose the blanks between lines."""
    address = "Ada Ashworth1200 Fillmore StreetSan Francisco, California 94115United States"
    glued = f"{address}+1 415 555 0132ada.ashworth@example.org"
    left = REDACTOR.text(glued)
    for secret in SLOTS.secrets():
        if secret.slot not in ("buyer.province", "buyer.country", "card.exp_month", "card.exp_year", "card.cvc"):
            assert secret.value.casefold() not in left.casefold()


@pytest.mark.parametrize(
    "text",
    [
        "Total: $737.00",
        "737 reviews",
        "Order 1941150",
        "Model 994115",
        "California, CA 90001, US",
        "Canada",
        "July 2031, 07 left",
        "Mug no. 4242",
        "Adage and adapter",
        "ada",
        "Order number: 42424242",
        "Call 555 0132",
    ],
)
def test_what_only_resembles_a_value_is_left_alone(text: str) -> None:
    """Prices, counts, order numbers, option lists and longer words stay readable."""
    assert text == REDACTOR.text(text)


@pytest.mark.parametrize(
    "text",
    ["CVC: {}", "cvv2 {}", "Security code = {}", 'textbox "CVC" = "{}"', "your security-code is {}", "CVC\u200b {}"],
)
def test_the_security_code_is_its_slot_beside_words_that_announce_it(text: str) -> None:
    """Three digits alone are a price as well."""
    left = REDACTOR.text(text.format("737"))
    assert "737" not in left
    assert "{{card.cvc}}" in left


def test_a_security_code_that_was_typed_is_redacted_wherever_it_stands_alone() -> None:
    """Amounts stay readable; before it was typed, so does everything else."""
    redactor = Redactor(SLOTS)
    assert "737 reviews" == redactor.text("737 reviews")
    redactor.typed("card.cvc")
    redactor.typed("card.cvc")
    assert "you typed {{card.cvc}}, {{card.cvc}}." == redactor.text("you typed 7 3-7, 7%337.")
    for amount in ("$737.00", "$ 737", "737.00", "1,737 left", "737 €", "€737", "7370", "12.737", "737,50", "7.37"):
        assert amount == redactor.text(amount)


def test_anybodys_card_number_is_masked_and_other_long_numbers_are_not() -> None:
    """By the check digit."""
    assert "paid with [a card's number]" == REDACTOR.text("paid with 5555 5555 5555 4444")
    assert "parcel 5555555555554445" == REDACTOR.text("parcel 5555555555554445")


def test_short_names_and_places_do_not_wreck_a_page() -> None:
    """A buyer called Will in Ba: the words stay where they are only words, and a name of two letters is left alone."""
    buyer = Buyer(
        first_name="Will", last_name="Ng", email="w@ng.example", phone="1", address1="1 A St", city="Ba", province="BA",
        postal_code="1", country="FJ",
    )  # fmt: skip
    redactor = Redactor(Slots(buyer))
    text = "It will ship to Ba, Fiji. Basket (1). Mr Ng, 1 left, size 1"
    assert text == redactor.text(text)
    assert "Dear {{buyer.first_name}}, w: {{buyer.email}}" == redactor.text("Dear Will, w: W@NG.example")
    assert "{{buyer.full_name}} lives at {{buyer.address1}}" == redactor.text("Will Ng lives at 1 A St")


def test_everything_in_a_json_value_is_redacted_but_bytes_and_signatures() -> None:
    """A changed byte would break a picture, which was masked when it was taken."""
    png = base64.b64encode(b"Ada 4242424242424242").decode() + "Ada"
    value = {
        "Ada": ["4242 4242 4242 4242", {"n": 1, "none": None}],
        "source": {"type": "base64", "data": png, "media_type": "image/png"},
        "thinking": {"type": "thinking", "thinking": "Ada", "signature": "sig Ada"},
        "data": "94115",
    }
    assert {
        "{{buyer.first_name}}": ["{{card.number}}", {"n": 1, "none": None}],
        "source": {"type": "base64", "data": png, "media_type": "image/png"},
        "thinking": {"type": "thinking", "thinking": "{{buyer.first_name}}", "signature": "sig Ada"},
        "data": "{{buyer.postal_code}}",
    } == REDACTOR.deep(value)


@given(
    st.lists(
        st.sampled_from(["4242424242424242", "ada.ashworth@example.org", "1200 Fillmore Street", "+1 415 555 0132"])
    ),
    st.sampled_from([" ", "\n", "", ", ", '"', "/", "\\", "=", "\u200b"]),
    st.booleans(),
)
def test_no_value_survives_wherever_it_stands(values: list[str], between: str, as_json: bool) -> None:  # noqa: FBT001 (drawn)
    """Side by side, quoted, dumped as JSON; and a second pass changes nothing."""
    text = between.join(values)
    text = json.dumps({"said": text}) if as_json else text
    left = REDACTOR.text(text)
    for value in values:
        assert value not in left
    assert left == REDACTOR.text(left)


@given(st.text(alphabet="0123456789 -.", max_size=50))
def test_redaction_is_done_in_one_pass(text: str) -> None:
    """What is redacted is not redacted again."""
    left = REDACTOR.text(text)
    assert left == REDACTOR.text(left)


def test_no_card_means_no_card_slots() -> None:
    """And nothing to redact for one."""
    assert "CVC 737, exp 07/31" == Redactor(Slots(BUYER)).text("CVC 737, exp 07/31")
    assert isinstance(CARD, Card)
