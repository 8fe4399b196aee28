"""The table of problems: a stable code, a status, whether a retry helps, and what to do next. Sentences only."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A kind of problem. `name` is the class name Rye's own service would send."""

    code: str
    status: int
    title: str
    next_step: str
    name: str = ""
    retryable: bool = False


_ALL = (
    # The request itself
    Kind(
        code="malformed_json",
        status=400,
        title="The body is not JSON",
        next_step="Send one JSON document, encoded as UTF-8.",
    ),
    Kind(
        code="bad_request",
        status=400,
        title="The request cannot be read",
        next_step="Send a well-formed HTTP request; `detail` says what is wrong.",
    ),
    Kind(
        code="unauthenticated",
        status=401,
        title="No valid API key",
        next_step="Send `Authorization: Bearer ck_…` with a key made by `checkout keys create`.",
    ),
    Kind(
        code="missing_scope",
        status=403,
        title="The API key may not do this",
        next_step="Use a key that has the scope named in `detail`.",
    ),
    Kind(
        code="route_not_found",
        status=404,
        title="There is nothing at this address",
        next_step="See /openapi.json for what there is.",
    ),
    Kind(
        code="method_not_allowed",
        status=405,
        title="The address does not take this method",
        next_step="Use a method named in the `Allow` header.",
    ),
    Kind(
        code="body_too_large",
        status=413,
        title="The body is too large",
        next_step="Send less; every field has its own limit, and all of them together fit.",
    ),
    Kind(
        code="unsupported_media_type",
        status=415,
        title="The body is not declared as JSON",
        next_step="Send `Content-Type: application/json`.",
    ),
    Kind(
        code="invalid_request",
        status=422,
        title="The request is not valid",
        next_step="Correct the fields named in `fields`, then send it again.",
    ),
    Kind(
        code="card_number_refused",
        status=422,
        title="A card number was sent",
        next_step="Send a payment token made by Stripe instead; no card number is taken or was kept.",
    ),
    Kind(
        code="payment_method_unsupported",
        status=422,
        title="This payment method is not supported",
        next_step="Pay with `stripe_token`.",
    ),
    Kind(
        code="promo_code_discovery_not_enabled",
        status=422,
        title="Promo codes are not searched for",
        next_step="Leave `discoverPromoCodes` out or false; name codes in `promoCodes`.",
    ),
    Kind(
        code="url_invalid",
        status=422,
        title="The product URL is no web address",
        next_step="Send the http(s) address of a product page, percent-encoded.",
    ),
    Kind(
        code="url_forbidden",
        status=422,
        title="The product URL does not lead to a shop on the Internet",
        next_step="Send the public address of a product page; an operator can let through single private hosts.",
    ),
    Kind(
        code="rate_limited",
        status=429,
        title="Too many requests",
        next_step="Wait as long as `retry-after-ms` says, then go on; `RateLimit-Policy` tells the pace.",
        retryable=True,
    ),
    Kind(
        code="daily_intents_reached",
        status=429,
        title="The tenant has started as many checkout intents as it may in a day",
        next_step="Go on after `Retry-After` seconds, when the next day (UTC) begins, or ask the operator for more.",
    ),
    Kind(
        code="daily_spend_reached",
        status=429,
        title="The purchase would pass what the tenant may spend in a day",
        next_step="Confirm after `Retry-After` seconds, when the next day (UTC) begins, or ask the operator for more.",
    ),
    # Idempotency
    Kind(
        code="idempotency_conflict",
        status=422,
        title="This Idempotency-Key was used for another body",
        next_step="Use a new key for a new request, or send the first body again.",
    ),
    Kind(
        code="idempotency_in_flight",
        status=409,
        title="The first request with this Idempotency-Key is still running",
        next_step="Send the same request again after `Retry-After`; it will get the first answer.",
        retryable=True,
    ),
    # Purchases
    Kind(
        code="checkout_intent_not_found",
        status=404,
        title="There is no such checkout intent",
        next_step="Check the id, and that the key belongs to the tenant that created it.",
    ),
    Kind(
        code="order_not_found",
        status=404,
        title="There is no such order",
        next_step="Check the id; an intent has an order once its state is `completed`.",
    ),
    Kind(
        code="invalid_checkout_intent_state",
        status=409,
        title="The checkout intent's state does not allow this",
        next_step="Read the intent; `state` says where it stands.",
        name="InvalidCheckoutIntentStateError",
    ),
    Kind(
        code="price_changed",
        status=409,
        title="The offer's total is not the one the buyer agreed to",
        next_step="Show the buyer the total in `offer`, and confirm with that as `agreedTotal`.",
    ),
    Kind(
        code="review_not_open",
        status=409,
        title="This purchase asks no question",
        next_step="Read the purchase; it was answered, or it never asked.",
    ),
    # Agent callbacks
    Kind(
        code="callback_not_found",
        status=404,
        title="There is no such callback, or not with this token",
        next_step="Claim a task, and use the id and the token it came with.",
    ),
    Kind(
        code="callback_already_completed",
        status=409,
        title="The callback was completed with another answer",
        next_step="Stop working on this task; the first answer stands.",
    ),
    Kind(
        code="callback_expired",
        status=410,
        title="The callback's time is over",
        next_step="Stop working on this task; the purchase went on without it.",
    ),
    Kind(
        code="permit_differs",
        status=409,
        title="What was read is not what the buyer confirmed",
        next_step="Press nothing. `differences` says what is wrong; mend the page, or end the task.",
    ),
    Kind(
        code="permit_already_granted",
        status=409,
        title="This task's permit was granted before",
        next_step="Press nothing unless you hold that permit; a task gets one.",
    ),
    Kind(
        code="permit_too_late",
        status=409,
        title="There is no time left to place the order",
        next_step="Press nothing and end the task.",
    ),
    Kind(
        code="permit_not_an_order",
        status=409,
        title="This task places no order",
        next_step="Press nothing; a quote and a look-up only read.",
    ),
    # Webhooks
    Kind(
        code="webhook_endpoint_not_found",
        status=404,
        title="There is no such webhook endpoint",
        next_step="Check the id, and that the key belongs to the tenant that created it.",
    ),
    Kind(
        code="webhook_delivery_not_found",
        status=404,
        title="There is no such delivery to this endpoint",
        next_step="List the endpoint's deliveries; old ones are forgotten.",
    ),
    Kind(
        code="webhook_endpoints_full",
        status=409,
        title="The tenant has as many webhook endpoints as it may have",
        next_step="Delete one that is not needed any more.",
    ),
    Kind(
        code="webhook_endpoint_disabled",
        status=409,
        title="Nothing is sent to a disabled webhook endpoint",
        next_step="Enable it by PATCH with `disabled` false; what waits is sent then.",
    ),
    Kind(
        code="webhook_url_refused",
        status=422,
        title="Events are not sent to this address",
        next_step="Give a public https address; an operator can let through single private hosts.",
    ),
    # The service
    Kind(
        code="internal_error",
        status=500,
        title="Something failed inside the service",
        next_step="Send the same request again with the same Idempotency-Key; report `request_id` if it stays.",
        name="RuntimeError",
        retryable=True,
    ),
    Kind(
        code="unavailable",
        status=503,
        title="The service cannot reach its database",
        next_step="Send the same request again shortly, with the same Idempotency-Key.",
        name="ServiceUnavailableError",
        retryable=True,
    ),
)
KINDS: Mapping[str, Kind] = {kind.code: kind for kind in _ALL}
