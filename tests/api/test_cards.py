"""Card numbers in every spelling are refused before anything is kept; what only looks like one is let through."""

from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checkout.api.cards import REMOVED, holds_card_number, redacted, where_card_number
from tests.api.standing import BUYER, VISA, Standing, wanted

CREATE = "/api/v1/checkout-intents"
SPELLINGS = [
    "4242424242424242",
    "4242 4242 4242 4242",
    "4242-4242-4242-4242",
    "4242.4242.4242.4242",
    "4242_4242_4242_4242",
    "4242/4242/4242/4242",
    "4 2 4 2 4 2 4 2 4 2 4 2 4 2 4 2",
    "4242  4242 - 4242\t4242",
    "4242\u00a04242\u20114242\u20144242",
    "4242\u200b4242\u200b4242\u200b4242",
    "4242424242424242".translate({ord("0") + digit: 0xFF10 + digit for digit in range(10)}),  # full width
    "٤٢٤٢٤٢٤٢٤٢٤٢٤٢٤٢",
    "card: 4242424242424242 exp 12/34 cvc 123",
    "4242 4242 4242 4242 12/34",
    "visa4242424242424242",
    "tok_4242424242424242",
    "378282246310005",
    "3782 822463 10005",
    "30569309025904",
    "3530111333300000",
    "6200000000000005",
    "6011 1111 1111 1117",
    "2223003122003222",
    "5555-5555-5555-4444",
]
HARMLESS = [
    "4242424242424241",  # Luhn fails
    "1764000000000",  # a time in milliseconds
    "112-3456789-1234567",  # an order number
    "6e9e8c43-0000-4242-8424-424242424242",  # a UUID
    "ci_42424242424242424242424242424242",
    "+1 212 555 0123",
    "90001-1234",
    "4242",
    "",
]


def _everywhere(number: Any) -> list[tuple[dict[str, Any], str]]:
    return [
        (wanted(referenceId=number), "referenceId"),
        (wanted(productUrl=f"https://shop.example/lamp?n={number}"), "productUrl"),
        (wanted(buyer={**BUYER, "address2": number}), "buyer.address2"),
        (wanted(buyer={**BUYER, "phone": number}), "buyer.phone"),
        (wanted(promoCodes=["A", number]), "promoCodes.1"),
        (wanted(variantSelections=[{"label": "a", "value": number}]), "variantSelections.0.value"),
        (wanted(paymentMethod={**VISA, "stripeToken": number}), "paymentMethod.stripeToken"),
        (wanted(paymentMethod={"type": "card", "number": number}), "paymentMethod.number"),
        (wanted(unheard={"of": [[number]]}), "unheard.of.0.0"),
    ]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_card_number_is_found_in_every_spelling(spelling: str) -> None:
    """Separators, scripts, invisible characters, words around it."""
    assert holds_card_number(spelling)
    assert "referenceId" == where_card_number({"referenceId": spelling})


@pytest.mark.parametrize("text", HARMLESS)
def test_what_is_no_card_number_is_let_through(text: str) -> None:
    """Times, order numbers, UUIDs, phones."""
    assert where_card_number({"referenceId": text}) is None


def test_a_shops_identifier_in_a_url_is_let_through() -> None:
    """A fourteen-digit variant id satisfies Luhn one time in ten."""
    assert holds_card_number("41234567890120")
    assert where_card_number({"productUrl": "https://shop.example/lamp?variant=41234567890120"}) is None
    assert "productUrl" == where_card_number({"productUrl": "https://shop.example/4242%204242%204242%204242"})


def test_a_phone_that_can_be_one_is_let_through() -> None:
    """And a card number in the phone's place is not."""
    assert where_card_number({"buyer": {"phone": "+43 1 234567890"}}) is None
    assert "buyer.phone" == where_card_number({"buyer": {"phone": "4242424242424242"}})


@pytest.mark.parametrize(("body", "path"), _everywhere("4242 4242 4242 4242"))
@pytest.mark.parametrize("route", ["", "/purchase", "/ci_0/confirm", "/ci_0/cancel"])
def test_a_card_number_anywhere_in_a_body_is_refused(
    ada: httpx2.Client, stand: Standing, route: str, body: dict[str, Any], path: str
) -> None:
    """422 before anything else is looked at, without the number in the answer, the log or the database."""
    got = ada.post(CREATE + route, json=body, headers={"Idempotency-Key": "card"})
    assert (422, "card_number_refused", path) == (got.status_code, got.json()["code"], got.json()["param"])
    assert "4242 4242" not in got.text
    assert b"4242 4242" not in stand.stored()


@pytest.mark.parametrize("number", [4242424242424242, 4242424242424242.0, {"4242424242424242": 1}])
def test_a_card_number_as_a_number_or_a_name_is_refused(ada: httpx2.Client, number: Any) -> None:
    """JSON numbers and member names are looked at too, and a name is not sent back."""
    got = ada.post(CREATE, json=wanted(referenceId=number))
    assert (422, "card_number_refused") == (got.status_code, got.json()["code"])
    assert "4242424242424242" not in got.text


def test_evidence_keeps_everything_but_the_number() -> None:
    """An agent's evidence is redacted, not refused."""
    evidence = {"page": ["paid with 4242 4242 4242 4242", 3], "order": "112-3456789-1234567"}
    assert {"page": [REMOVED, 3], "order": "112-3456789-1234567"} == redacted(evidence)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
        max_leaves=20,
    )
)
def test_any_json_can_be_looked_at(document: Any) -> None:
    """Neither search nor redaction fails on anything JSON can say, and redaction leaves nothing to find."""
    where_card_number(document)
    assert not any(holds_card_number(text) for text in _texts(redacted(document)))


def _texts(document: Any) -> list[str]:
    if isinstance(document, dict):
        return [text for value in document.values() for text in _texts(value)]
    if isinstance(document, list):
        return [text for value in document for text in _texts(value)]
    return [document] if isinstance(document, str) else []
