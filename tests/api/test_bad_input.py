"""Bad input: each a stable code, a path, a sentence that says what to do, and nothing done."""

from pathlib import Path
from typing import Any

import httpx2
import pytest

from checkout.durable.errors import CallbackExpiredError
from checkout.store.models import Intent
from tests.api.standing import BUYER, VISA, Standing, standing, until, wanted

CREATE = "/api/v1/checkout-intents"
JSON = {"Content-Type": "application/json"}


def without(name: str) -> dict[str, Any]:
    """A create body that lacks one field."""
    return {key: value for key, value in wanted().items() if key != name}


def buyer(**changes: Any) -> dict[str, Any]:
    """A create body with another buyer."""
    return wanted(buyer={**BUYER, **changes})


INVALID = [
    (without("buyer"), "invalid_request", "buyer"),
    (without("productUrl"), "invalid_request", "productUrl"),
    (without("quantity"), "invalid_request", "quantity"),
    (wanted(quantity=0), "invalid_request", "quantity"),
    (wanted(quantity=100), "invalid_request", "quantity"),
    (wanted(quantity="0"), "invalid_request", "quantity"),
    (wanted(quantity="one"), "invalid_request", "quantity"),
    (wanted(quantity=1.5), "invalid_request", "quantity"),
    (wanted(quantity=True), "invalid_request", "quantity"),
    (wanted(colour="red"), "invalid_request", "colour"),
    (wanted(tenant="t_2"), "invalid_request", "tenant"),
    (wanted(state="completed"), "invalid_request", "state"),
    (wanted(productUrl="not a url"), "url_invalid", "productUrl"),
    (wanted(productUrl="http://169.254.169.254/latest"), "url_forbidden", "productUrl"),
    (wanted(productUrl="http://[::ffff:127.0.0.1]/"), "url_forbidden", "productUrl"),
    (wanted(productUrl="ftp://shop.example/lamp"), "url_invalid", "productUrl"),
    (wanted(productUrl="https://shop.example/" + "a" * 2048), "invalid_request", "productUrl"),
    (wanted(productUrl=7), "invalid_request", "productUrl"),
    (buyer(country="us"), "invalid_request", "buyer.country"),
    (buyer(country="ZZ"), "invalid_request", "buyer.country"),
    (buyer(country="USA"), "invalid_request", "buyer.country"),
    (buyer(phone="123"), "invalid_request", "buyer"),
    (buyer(phone="call me"), "invalid_request", "buyer"),
    (buyer(email="nobody"), "invalid_request", "buyer.email"),
    (buyer(city=""), "invalid_request", "buyer.city"),
    (buyer(city="   "), "invalid_request", "buyer.city"),
    (buyer(city="a\u0000b"), "invalid_request", "buyer.city"),
    (buyer(firstName="x" * 256), "invalid_request", "buyer.firstName"),
    (buyer(nickname="A"), "invalid_request", "buyer.nickname"),
    (wanted(constraints={"maxTotalPrice": -1}), "invalid_request", "constraints.maxTotalPrice"),
    (wanted(constraints={"maxTotalPrice": "10"}), "invalid_request", "constraints.maxTotalPrice"),
    (wanted(constraints={"offerRetrievalEffort": "some"}), "invalid_request", "constraints.offerRetrievalEffort"),
    (wanted(promoCodes=["A"] * 17), "invalid_request", "promoCodes"),
    (wanted(promoCodes=["with space"]), "invalid_request", "promoCodes.0"),
    (wanted(variantSelections=[{"label": "S", "value": "M"}] * 21), "invalid_request", "variantSelections"),
    (wanted(variantSelections=[{"label": "x" * 31, "value": "M"}]), "invalid_request", "variantSelections.0.label"),
    (wanted(referenceId="r" * 256), "invalid_request", "referenceId"),
    (wanted(discoverPromoCodes=True), "promo_code_discovery_not_enabled", "discoverPromoCodes"),
    ([wanted()], "invalid_request", "body"),
    (None, "invalid_request", "body"),
]


@pytest.mark.parametrize(("body", "code", "param"), INVALID)
def test_a_create_that_does_not_fit_is_refused_by_path(ada: httpx2.Client, body: Any, code: str, param: str) -> None:
    """422 with the code, the field, and Rye's `fields`; nothing is created."""
    before = _count(ada)
    got = ada.post(CREATE, json=body)
    problem = got.json()
    assert (422, code, param) == (got.status_code, problem["code"], problem["param"])
    assert "ValidateError" == problem["name"]
    assert problem["fields"][param]["message"]
    assert before == _count(ada)


@pytest.mark.parametrize(
    ("payment", "code"),
    [
        ({"type": "basis_theory_token", "basisTheoryToken": "x"}, "payment_method_unsupported"),
        ({"type": "drawdown"}, "payment_method_unsupported"),
        ({"type": "x402", "network": "base"}, "payment_method_unsupported"),
        ({"type": "gold"}, "invalid_request"),
        ({"type": "stripe_token"}, "invalid_request"),
        ({"type": "stripe_token", "stripeToken": "sk_live_secret"}, "invalid_request"),
        ({"type": "stripe_token", "stripeToken": "tok_" + "a" * 300}, "invalid_request"),
        ({"type": "stripe_token", "stripeToken": 42}, "invalid_request"),
        ({**VISA, "cvc": "123"}, "invalid_request"),
        ("tok_visa", "invalid_request"),
    ],
)
def test_a_payment_method_that_does_not_fit_is_refused(ada: httpx2.Client, payment: Any, code: str) -> None:
    """What is not a Stripe token is refused by name, and never sent back."""
    got = ada.post(f"{CREATE}/purchase", json=wanted(paymentMethod=payment))
    assert (422, code) == (got.status_code, got.json()["code"])
    assert "sk_live_secret" not in got.text


@pytest.mark.parametrize(
    ("content", "headers", "status", "code"),
    [
        (b"{", JSON, 400, "malformed_json"),
        (b"\xff\xfe", JSON, 400, "malformed_json"),
        (b"[" * 60_000, JSON, 400, "malformed_json"),
        (b'{"quantity": ' + b"9" * 5000 + b"}", JSON, 400, "malformed_json"),
        (b"x" * 70_000, JSON, 413, "body_too_large"),
        (b"{}", {"Content-Type": "text/plain"}, 415, "unsupported_media_type"),
        (b"a=1", {"Content-Type": "application/x-www-form-urlencoded"}, 415, "unsupported_media_type"),
    ],
)
def test_a_body_that_cannot_be_read_is_refused(
    ada: httpx2.Client, content: bytes, headers: dict[str, str], status: int, code: str
) -> None:
    """Malformed, oversized or undeclared bodies end in a problem, never in a failure."""
    got = ada.post(CREATE, content=content, headers=headers)
    assert (status, code) == (got.status_code, got.json()["code"])
    assert "application/problem+json" == got.headers["content-type"]


def test_a_body_of_undeclared_size_is_refused_while_it_is_read(ada: httpx2.Client) -> None:
    """A chunked body over the limit is a 413 too."""
    got = ada.post(CREATE, content=(b"x" * 10_000 for _ in range(10)), headers=JSON)
    assert (413, "body_too_large") == (got.status_code, got.json()["code"])


def test_broken_unicode_is_refused(ada: httpx2.Client) -> None:
    """Half a surrogate pair is valid JSON and no text."""
    body = httpx2.Request("POST", "http://x", json=wanted(referenceId="MARK")).read().replace(b"MARK", b"\\ud800")
    got = ada.post(CREATE, content=body, headers=JSON)
    assert (422, "referenceId") == (got.status_code, got.json()["param"])


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/nothing", 404, "route_not_found"),
        ("DELETE", CREATE, 405, "method_not_allowed"),
        ("GET", f"{CREATE}/ci_0", 404, "checkout_intent_not_found"),
        ("GET", f"{CREATE}/ci_0/order", 404, "checkout_intent_not_found"),
        ("POST", f"{CREATE}/ci_0/cancel", 404, "checkout_intent_not_found"),
        ("GET", "/api/v1/orders/order_0", 404, "order_not_found"),
        ("GET", f"{CREATE}?limit=0", 422, "invalid_request"),
        ("GET", f"{CREATE}?limit=101", 422, "invalid_request"),
        ("GET", f"{CREATE}?after=nonsense", 422, "invalid_request"),
        ("GET", f"{CREATE}?state=unknown", 422, "invalid_request"),
        ("GET", f"{CREATE}/ci_0?wait=-1", 422, "invalid_request"),
    ],
)
def test_an_address_that_does_not_fit_is_refused(
    ada: httpx2.Client, method: str, path: str, status: int, code: str
) -> None:
    """Unknown routes, ids, methods, cursors and filters have codes of their own."""
    got = ada.request(method, path)
    assert (status, code) == (got.status_code, got.json()["code"])


def test_every_problem_says_what_to_do(ada: httpx2.Client) -> None:
    """A problem carries RFC 9457's members, ours, and Rye's, and the id that the log has."""
    got = ada.get(f"{CREATE}/ci_0")
    problem = got.json()
    members = {"type", "title", "status", "detail", "code", "retryable", "next_step", "request_id", "name", "message"}
    assert members <= set(problem)
    assert problem["request_id"] == got.headers["x-request-id"]
    assert "false" == got.headers["x-should-retry"]
    assert "nosniff" == got.headers["x-content-type-options"]


def test_a_wrong_state_says_the_state(ada: httpx2.Client) -> None:
    """Confirming a failed intent is a 409 that is not worth a retry and names the state."""
    intent_id = ada.post(CREATE, json=wanted("/sold-out")).json()["id"]
    ada.get(f"{CREATE}/{intent_id}", params={"wait": 20})
    got = ada.post(f"{CREATE}/{intent_id}/confirm", json={"paymentMethod": VISA})
    assert (409, "failed", "false") == (got.status_code, got.json()["state"], got.headers["x-should-retry"])
    assert "InvalidCheckoutIntentStateError" == got.json()["name"]


def test_another_total_than_agreed_is_refused_with_the_offer(ada: httpx2.Client, stand: Standing) -> None:
    """`agreedTotal` that is not the offer's total: 409, the current offer, and no order; the right total confirms."""
    intent_id = ada.post(CREATE, json=wanted()).json()["id"]
    ada.get(f"{CREATE}/{intent_id}", params={"wait": 20})
    orders = len(stand.shop.orders)
    total = {"amountSubunits": 2645, "currencyCode": "USD"}
    got = ada.post(f"{CREATE}/{intent_id}/confirm", json={"paymentMethod": VISA, "agreedTotal": total})
    assert (409, "price_changed") == (got.status_code, got.json()["code"])
    right = got.json()["offer"]["cost"]["total"]
    assert {"amountSubunits": 2646, "currencyCode": "USD"} == right
    assert orders == len(stand.shop.orders)
    confirmed = ada.post(f"{CREATE}/{intent_id}/confirm", json={"paymentMethod": VISA, "agreedTotal": right})
    assert (200, "placing_order") == (confirmed.status_code, confirmed.json()["state"])


def test_a_cancelled_intent_fails_as_cancelled_and_cannot_be_cancelled_again(ada: httpx2.Client) -> None:
    """Cancel takes an empty body, and ends the intent at once."""
    intent_id = ada.post(CREATE, json=wanted()).json()["id"]
    ada.get(f"{CREATE}/{intent_id}", params={"wait": 20})
    got = ada.post(f"{CREATE}/{intent_id}/cancel", headers=JSON)
    assert (200, "failed") == (got.status_code, got.json()["state"])
    assert ("checkout_intent_expired", "cancelled") == tuple(
        got.json()["failureReason"][name] for name in ("code", "reason")
    )
    assert 409 == ada.post(f"{CREATE}/{intent_id}/cancel").status_code


def test_an_expired_intent_cannot_be_confirmed(tmp_path: Path) -> None:
    """When the window has closed the intent fails as expired, and a confirmation is told so."""
    with standing(tmp_path, confirmation_minutes=0.02) as stand, stand.client() as client:
        intent_id = client.post(CREATE, json=wanted()).json()["id"]
        failed = until(client, intent_id, "failed")
        assert "checkout_intent_expired" == failed["failureReason"]["code"]
        got = client.post(f"{CREATE}/{intent_id}/confirm", json={"paymentMethod": VISA})
        assert (409, "failed") == (got.status_code, got.json()["state"])
        assert {} == stand.shop.orders


def test_a_confirmation_between_the_windows_end_and_its_timer_is_told_it_is_late(
    stand: Standing, ada: httpx2.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The durable service refuses the callback first; that too is a 409 of the intent, not of a callback."""

    def late(*_: object, **__: object) -> None:
        raise CallbackExpiredError("the callback has timed out")

    intent_id = ada.post(CREATE, json=wanted()).json()["id"]
    until(ada, intent_id, "awaiting_confirmation")
    monkeypatch.setattr(stand.services.durable, "succeed_callback", late)
    got = ada.post(f"{CREATE}/{intent_id}/confirm", json={"paymentMethod": VISA})
    assert (409, "invalid_checkout_intent_state") == (got.status_code, got.json()["code"])


def test_a_confirmation_between_that_timer_and_the_intents_end_is_told_the_same(
    stand: Standing, ada: httpx2.Client
) -> None:
    """Nothing waits for it any more, though the intent has not been ended yet."""
    intent_id = ada.post(CREATE, json=wanted()).json()["id"]
    until(ada, intent_id, "awaiting_confirmation")
    with stand.services.database.transaction() as session:
        session.get_one(Intent, intent_id).confirmation_callback_id = None
    got = ada.post(f"{CREATE}/{intent_id}/confirm", json={"paymentMethod": VISA})
    assert (409, "invalid_checkout_intent_state") == (got.status_code, got.json()["code"])
    assert "the time to confirm this checkout intent is over" == got.json()["detail"]


def _count(client: httpx2.Client) -> int:
    return len(client.get(CREATE).json()["data"])
