"""Rows to the wire: an intent in the variant of its state, its offer, an order.

Knows both sides' shapes. Reads only the developer's columns of an intent; what is kept for operators never passes here.
"""

from datetime import datetime
from typing import Any

from checkout.api import envelopes, replies
from checkout.purchase.states import State
from checkout.store.models import Intent, OrderRow
from payments.money import Money

# A poll comes back after a tenth of the time an intent has stood still: a quarter second when something is about to
# happen, five seconds (the client's own default) when it takes minutes.
POLL_SHARE = 0.1
POLL_LEAST_MILLISECONDS = 250
POLL_MOST_MILLISECONDS = 5000

COSTS = ("subtotal", "total", "shipping", "tax", "discount", "surcharge")


def intent(row: Intent) -> dict[str, Any]:
    """The intent as its state's variant."""
    fields: dict[str, Any] = {**row.request, "id": row.id, "createdAt": row.created_at, "state": row.state}
    if row.state != State.RETRIEVING_OFFER:
        if row.offer is not None:
            fields["offer"] = offer(row.offer)
        if row.payment_method is not None:
            fields["paymentMethod"] = row.payment_method
    if row.state == State.COMPLETED:
        fields |= {"orderId": row.order_id, "estimatedDeliveryDate": row.estimated_delivery}
    if row.state == State.FAILED:
        fields["failureReason"] = row.failure
    variant = replies.CheckoutIntent.model_validate(fields).root
    return variant.model_dump(mode="json", by_alias=True, exclude_unset=True)


def offer(document: dict[str, Any]) -> dict[str, Any]:
    """A recorded offer as the wire has it."""
    return {
        "cost": {name: _money(document["cost"].get(name)) for name in COSTS},
        "shipping": {
            "availableOptions": [_shipping_option(option) for option in document["shipping_options"]],
            "selectedOptionId": document["selected_shipping_option_id"],
        },
        "appliedPromoCodes": list(document.get("applied_promo_codes") or ()),
    }


def order(row: OrderRow) -> dict[str, Any]:
    """The order."""
    fields: dict[str, Any] = {
        "id": row.id,
        "buyer": row.buyer,
        "checkoutIntentId": row.intent_id,
        "createdAt": row.created_at,
        "updatedAt": row.updated_at,
        "cancellation": None,
        "merchantOrderId": row.merchant_order_id,
        "total": {"amountSubunits": row.total_minor, "currencyCode": row.currency},
        "permalinkUrl": row.permalink_url,
    }
    if row.reference_id is not None:
        fields["referenceId"] = row.reference_id
    return envelopes.Order.model_validate(fields).model_dump(mode="json", by_alias=True, exclude_unset=True)


def money(amount: Money) -> dict[str, Any]:
    """An amount."""
    return {"amountSubunits": amount.amount_minor, "currencyCode": amount.currency}


def poll_headers(row: Intent, now: datetime) -> dict[str, str]:
    """When to ask again, for an intent that is not finished."""
    if row.state in (State.COMPLETED, State.FAILED):
        return {}
    still_milliseconds = max(0.0, (now - row.updated_at).total_seconds()) * 1000
    wait = min(max(still_milliseconds * POLL_SHARE, POLL_LEAST_MILLISECONDS), POLL_MOST_MILLISECONDS)
    return {"retry-after-ms": str(int(wait))}


def _money(document: dict[str, Any] | None) -> dict[str, Any] | None:
    if document is None:
        return None
    return {"amountSubunits": document["amount_minor"], "currencyCode": document["currency"]}


def _shipping_option(document: dict[str, Any]) -> dict[str, Any]:
    option = {"id": document["option_id"], "cost": _money(document["cost"])}
    estimate = {name: document[name] for name in ("earliest", "latest") if document.get(name)}
    return option | ({"deliveryEstimate": estimate} if estimate else {})
