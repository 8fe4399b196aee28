"""What we send: request bodies by version.

A request holds only what a platform may author; status, totals, currency (of late), links and the `ucp` envelope are
the merchant's. Knows field names; must never choose between options.
"""

from collections.abc import Mapping
from typing import Any

from merchants.sdk import Buyer, Instrument, OfferRequest
from merchants.ucp.catalog import Item
from merchants.ucp.checkout import Checkout, Method
from merchants.ucp.versions import WireVersion

# Our own id for the one address of a purchase, until the merchant gives it another.
DESTINATION_ID = "destination_1"
INSTRUMENT_ID = "instrument_1"


def create(request: OfferRequest, item: Item, wire: WireVersion, *, with_codes: bool) -> dict[str, Any]:
    """The body that opens a session."""
    body: dict[str, Any] = {
        "line_items": [{"item": _item(item), "quantity": request.quantity}],
        "buyer": _buyer(request.buyer),
        "fulfillment": {
            "methods": [
                {
                    "type": "shipping",
                    "destinations": [destination(request.buyer, DESTINATION_ID, wire)],
                    "selected_destination_id": DESTINATION_ID,
                }
            ]
        },
    }
    if wire.request_currency:
        body |= {"payment": {}} | ({"currency": item.currency} if item.currency else {})
    if with_codes:
        body["discounts"] = {"codes": list(request.promo_codes)}
    return body


def update(
    request: OfferRequest, item: Item, checkout: Checkout, wire: WireVersion, *, with_codes: bool
) -> dict[str, Any]:
    """The whole session again, with every group's cheapest option chosen: an update replaces all it does not repeat."""
    body = create(request, item, wire, with_codes=with_codes)
    body.pop("currency", None)
    if wire.update_carries_id:
        body["id"] = checkout.checkout_id
    if len(checkout.lines) == 1 and checkout.lines[0].line_id:
        body["line_items"][0]["id"] = checkout.lines[0].line_id
    if checkout.shipping:
        body["fulfillment"] = {"methods": [_method(method, request.buyer, wire) for method in checkout.shipping]}
    return body


def complete(instrument: Instrument | None, buyer: Buyer, wire: WireVersion) -> dict[str, Any]:
    """The body that places the order. The credential appears here and nowhere else."""
    if instrument is None:
        return {}
    paying: dict[str, Any] = {
        "id": INSTRUMENT_ID,
        "handler_id": instrument.handler_id,
        "type": instrument.type,
        **({"display": dict(instrument.display)} if instrument.display and wire.payment_instruments else {}),
        "credential": dict(instrument.credential),
        "billing_address": address(buyer),
    }
    if wire.payment_instruments:
        return {"payment": {"instruments": [{**paying, "selected": True}]}}
    return {"payment_data": {**paying, **dict(instrument.display)}, "risk_signals": {}}


def destination(buyer: Buyer, destination_id: str, wire: WireVersion) -> dict[str, Any]:
    """The buyer's address as a place to ship to."""
    kind = {"type": "shipping_address"} if wire.typed_destinations else {}
    return {"id": destination_id, **kind, **address(buyer)}


def address(buyer: Buyer) -> dict[str, Any]:
    """The buyer's address in the protocol's words."""
    return {
        "first_name": buyer.first_name,
        "last_name": buyer.last_name,
        "street_address": buyer.address1,
        **({"extended_address": buyer.address2} if buyer.address2 else {}),
        "address_locality": buyer.city,
        "address_region": buyer.province,
        "postal_code": buyer.postal_code,
        "address_country": buyer.country,
        "phone_number": buyer.phone,
    }


def _buyer(buyer: Buyer) -> dict[str, Any]:
    return {
        "first_name": buyer.first_name,
        "last_name": buyer.last_name,
        "email": buyer.email,
        "phone_number": buyer.phone,
    }


def _item(item: Item) -> Mapping[str, Any]:
    # The title is optional, and shops were seen to fail without it.
    return {"id": item.item_id, "title": item.title}


def _method(method: Method, buyer: Buyer, wire: WireVersion) -> dict[str, Any]:
    destination_id = str(method.destination.get("id") or DESTINATION_ID)
    return {
        **({"id": method.method_id} if method.method_id else {}),
        "type": method.kind,
        **({"line_item_ids": list(method.line_item_ids)} if method.line_item_ids else {}),
        "destinations": [destination(buyer, destination_id, wire)],
        "selected_destination_id": destination_id,
        "groups": [
            {"id": group.group_id, "selected_option_id": option.option_id}
            for group in method.groups
            if (option := group.cheapest)
        ],
    }
