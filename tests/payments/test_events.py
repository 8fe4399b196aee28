"""Webhooks are believed only when signed by Stripe, now; signatures are made by the SDK and by the sandbox."""

import json
import time
from typing import Any

import pytest
import stripe

from payments.events import (
    PaymentEvent,
    WebhookBrokenError,
    WebhookError,
    WebhookForgedError,
    WebhookStaleError,
    verified,
)
from payments.sandbox.webhooks import sign

SECRET = "whsec_1234567890"
NOW = 1_800_000_000
EVENT: dict[str, Any] = {
    "id": "evt_1",
    "object": "event",
    "type": "payment_intent.canceled",
    "data": {"object": {"id": "pi_1", "object": "payment_intent"}},
}


def signed(content: Any = EVENT, *, at: int = NOW, secret: str = SECRET) -> tuple[bytes, str]:
    """A body and the header the SDK signs it with."""
    body = json.dumps(content)
    return body.encode(), stripe.WebhookSignature.generate_signature_header(body, secret, at)


def test_a_signed_event_is_understood() -> None:
    """Its name, its type and the payment it is about."""
    body, signature = signed()
    expected = PaymentEvent(event_id="evt_1", type="payment_intent.canceled", payment_id="pi_1")
    assert expected == verified(body, signature, SECRET, now=lambda: NOW)


@pytest.mark.parametrize(
    ("subject", "payment_id"),
    [
        ({"id": "re_1", "object": "refund", "payment_intent": "pi_2"}, "pi_2"),
        ({"id": "ch_1", "object": "charge", "payment_intent": None}, None),
        ({"id": "cus_1", "object": "customer"}, None),
    ],
)
def test_the_payment_is_found_behind_refunds_and_charges(subject: dict[str, Any], payment_id: str | None) -> None:
    """Events about something else are events all the same."""
    body, signature = signed({**EVENT, "data": {"object": subject}})
    assert payment_id == verified(body, signature, SECRET, now=lambda: NOW).payment_id


@pytest.mark.parametrize("skew", [-300, 0, 300])
def test_five_minutes_either_way_are_tolerated(skew: int) -> None:
    """Clocks differ a little."""
    body, signature = signed(at=NOW + skew)
    assert "evt_1" == verified(body, signature, SECRET, now=lambda: NOW).event_id


@pytest.mark.parametrize("skew", [-301, 301, -86400, 3600])
def test_old_and_future_signatures_are_refused(skew: int) -> None:
    """A replayed request, and one signed for later use; the SDK alone lets the second pass."""
    body, signature = signed(at=NOW + skew)
    with pytest.raises(WebhookStaleError):
        verified(body, signature, SECRET, now=lambda: NOW)


def test_a_forged_event_is_refused() -> None:
    """Another secret, another body, no signature, no sense."""
    body, signature = signed()
    for wrong_body, wrong_signature, secret in [
        (body, signature, "whsec_another_one"),
        (body + b" ", signature, SECRET),
        (body, "", SECRET),
        (body, "v1=abc", SECRET),
        (body, f"t={NOW}", SECRET),
        (b"\xff", signature, SECRET),
        (body, signature, ""),
    ]:
        with pytest.raises(WebhookForgedError) as forged:
            verified(wrong_body, wrong_signature, secret, now=lambda: NOW)
        assert (400, False) == (forged.value.status, forged.value.retryable)


@pytest.mark.parametrize(
    "content", [[], {}, {"id": "evt_1"}, {"id": "e", "type": "t", "data": {"object": "x"}}, "text"]
)
def test_a_signed_body_that_is_no_event_is_refused(content: Any) -> None:
    """Signed nonsense is still nonsense."""
    body, signature = signed(content)
    with pytest.raises(WebhookBrokenError):
        verified(body, signature, SECRET, now=lambda: NOW)


def test_the_second_of_two_signatures_may_fit() -> None:
    """While a secret is rotated, Stripe signs with both."""
    body, signature = signed()
    other = signed(secret="whsec_another_one")[1].partition("v1=")[2]
    both = signature.replace("v1=", f"v1={other},v1=")
    assert "evt_1" == verified(body, both, SECRET, now=lambda: NOW).event_id


def test_the_sandbox_signs_as_stripe_does() -> None:
    """The SDK's own verifier accepts the sandbox's signature, and the two are equal."""
    at = int(time.time())
    body, signature = signed(at=at)
    assert signature == sign(body.decode(), SECRET, at)
    assert "evt_1" == stripe.Webhook.construct_event(body, sign(body.decode(), SECRET, at), SECRET).id


def test_every_refusal_has_a_code_of_its_own() -> None:
    """Codes are what callers branch on."""
    codes = [error.code for error in (WebhookError, WebhookForgedError, WebhookStaleError, WebhookBrokenError)]
    assert 4 == len(set(codes))
