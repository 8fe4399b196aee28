"""Stripe's webhooks, verified: a raw body and its signature in, an event out. Knows signatures and three fields.

The payload is never believed further than its name: whoever gets an event reads the payment back. Events come more than
once and in any order; remembering `event_id` is the caller's, in the transaction of the effect.

    WebhookError
    ├── WebhookForgedError   the signature does not fit the body, or is missing       400
    ├── WebhookStaleError    signed too long ago, or too far in the future            400
    └── WebhookBrokenError   signed, and still not an event                           400
"""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass

import stripe

# Stripe's own tolerance for the past; the SDK knows none for the future, so a stolen secret could sign for ever.
TOLERANCE_SECONDS = 300


class WebhookError(Exception):
    """A webhook is refused; asking Stripe to send it again would not help."""

    code = "webhook_invalid"
    status = 400
    retryable = False


class WebhookForgedError(WebhookError):
    """The signature does not fit the body, or there is none."""

    code = "webhook_signature_invalid"


class WebhookStaleError(WebhookError):
    """The signature is too old, or from the future."""

    code = "webhook_timestamp_out_of_range"


class WebhookBrokenError(WebhookError):
    """The body is no event."""

    code = "webhook_body_invalid"


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentEvent:
    """That something happened to a payment. `payment_id` is None for an event about something else."""

    event_id: str
    type: str
    payment_id: str | None


def verified(body: bytes, signature: str, secret: str, *, now: Callable[[], float] = time.time) -> PaymentEvent:
    """The event in `body`; WebhookError if it was not signed with `secret` within five minutes of `now`.

    `body` is the raw request body, `signature` the `Stripe-Signature` header.
    """
    try:
        # Age is checked below, against the injected clock and on both sides.
        stripe.WebhookSignature.verify_header(body, signature, secret, tolerance=None)
    except (stripe.SignatureVerificationError, UnicodeDecodeError) as forged:
        raise WebhookForgedError("the webhook's signature does not fit its body") from forged
    signed_at = int(next(part for part in signature.split(",") if part.startswith("t=")).removeprefix("t="))
    if abs(now() - signed_at) > TOLERANCE_SECONDS:
        raise WebhookStaleError(f"the webhook was signed {now() - signed_at:.0f} seconds ago")
    try:
        event = json.loads(body)
        subject = dict(event["data"]["object"])
        return PaymentEvent(event_id=str(event["id"]), type=str(event["type"]), payment_id=_payment_id(subject))
    except (ValueError, KeyError, TypeError) as broken:
        raise WebhookBrokenError("the webhook is signed but is no event") from broken


def _payment_id(subject: dict[str, object]) -> str | None:
    named = subject.get("id") if subject.get("object") == "payment_intent" else subject.get("payment_intent")
    return named if isinstance(named, str) else None
