"""How the demo shop writes each version of the protocol: profile, session, order, product, refusal.

Differences are those real shops of that version show. Knows field names; must never change a session.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from merchants.demo import goods
from merchants.demo.goods import Product, Variant
from merchants.demo.sessions import Line, Session
from merchants.ucp.discovery import SERVICE
from merchants.ucp.signatures import Signer
from merchants.ucp.versions import WireVersion

HANDLER_NAME = "dev.ucp.mock_payment"
HANDLER_ID = "mock_payment_handler"
INSTRUMENT_TYPE = "card"
# A demo's key: anybody may know it, and it proves nothing but that signatures are checked.
SIGNER = Signer.from_secret(0x5EED, "demo-shop")
_SPECIFICATION = "https://ucp.dev"
_CAPABILITIES = ("checkout", "fulfillment", "discount", "order")
CATALOG = ("catalog.lookup", "catalog.search")
_SESSION = ("checkout", "fulfillment", "discount")


def capabilities(wire: WireVersion) -> Sequence[str]:
    """What the shop declares. The first version knew no catalog."""
    return (*_CAPABILITIES, *(CATALOG if wire.keyed_registries else ()))


def profile(wire: WireVersion, base: str) -> dict[str, Any]:
    """The business profile."""
    entries = {
        f"{SERVICE}.{name}": {
            "version": wire.version,
            "spec": f"{_SPECIFICATION}/{wire.version}/specification/{name.replace('.', '/')}",
            "schema": f"{_SPECIFICATION}/{wire.version}/schemas/shopping/{name.replace('.', '_')}.json",
            **({"extends": f"{SERVICE}.checkout"} if name in ("fulfillment", "discount") else {}),
        }
        for name in capabilities(wire)
    }
    rest = {
        "schema": f"{_SPECIFICATION}/{wire.version}/services/shopping/rest.openapi.json",
        "endpoint": f"{base}/ucp",
    }
    service = {"version": wire.version, "spec": f"{_SPECIFICATION}/{wire.version}/specification/overview"}
    if not wire.keyed_registries:
        return {
            "ucp": {
                "version": wire.version,
                "services": {SERVICE: {**service, "rest": rest}},
                "capabilities": [{"name": name, **entry} for name, entry in entries.items()],
            },
            "payment": {"handlers": [_old_handler(wire)]},
        }
    body: dict[str, Any] = {
        "version": wire.version,
        "services": {SERVICE: [{**service, "transport": "rest", **rest}]},
        "capabilities": {name: [entry] for name, entry in entries.items()},
        "payment_handlers": {HANDLER_NAME: [_handler(wire)]},
    }
    return {"ucp": body, wire.keys_field: [SIGNER.jwk]}


def session(wire: WireVersion, base: str, held: Session, *, extra: Mapping[str, Any]) -> dict[str, Any]:
    """A session as an answer; `extra` adds messages, actions, a continue_url."""
    line_ids = [line.line_id for line in held.lines]
    document: dict[str, Any] = {
        "ucp": envelope(wire),
        "id": held.session_id,
        "status": held.status,
        "currency": goods.CURRENCY,
        "line_items": [_line(held, line) for line in held.lines],
        "buyer": dict(held.buyer),
        "totals": totals(wire, held),
        "links": [{"type": "terms_of_service", "url": f"{base}/terms"}],
        "messages": _messages(held),
        "fulfillment": {"methods": [_method(wire, held, line_ids)]},
        "payment": {"instruments": []} if wire.keyed_registries else {"handlers": [_old_handler(wire)]},
        "expires_at": held.expires_at.isoformat(),
        "continue_url": f"{base}/checkout/{held.session_id}",
    }
    if held.codes:
        document["discounts"] = {
            "codes": list(held.codes),
            "applied": [
                {"code": code, "title": f"Code {code}", "amount": goods.CODES[code]} for code in held.applied_codes
            ],
        }
    if held.order_id:
        document["order"] = {"id": held.order_id, "permalink_url": f"{base}/orders/{held.order_id}"}
    return {**document, **extra}


def order(wire: WireVersion, base: str, held: Session) -> dict[str, Any]:
    """An order as an answer."""
    rate = held.rate
    due = datetime.fromisoformat(held.created_at) + timedelta(days=rate.days if rate else 0)
    lines = [{**_line(held, line), "status": "processing"} for line in held.lines]
    for line in lines:
        line["quantity"] = {"original": line["quantity"], "total": line["quantity"], "fulfilled": 0}
    return {
        "ucp": envelope(wire, ("order",)),
        "id": held.order_id,
        "checkout_id": held.session_id,
        "permalink_url": f"{base}/orders/{held.order_id}",
        "currency": goods.CURRENCY,
        "line_items": lines,
        "totals": totals(wire, held),
        "fulfillment": {
            "expectations": [
                {
                    "id": "exp_1",
                    "line_items": [{"id": line.line_id, "quantity": line.quantity} for line in held.lines],
                    "method_type": "shipping",
                    "destination": dict(held.destination or {}),
                    "fulfillable_on": due.isoformat(),
                }
            ],
            "events": [],
        },
    }


def product(base: str, shown: Product, variants: Sequence[Variant]) -> dict[str, Any]:
    """A product of the catalog, with some of its variants."""
    price = {"amount": shown.price_minor, "currency": goods.CURRENCY}
    names = {name: None for variant in shown.variants for name in variant.options}
    return {
        "id": shown.product_id,
        "handle": shown.handle,
        "title": shown.title,
        "description": {"plain": f"{shown.title}, from a shop that exists to be bought from."},
        "url": f"{base}/products/{shown.handle}",
        "price_range": {"min": price, "max": price},
        "options": [
            {
                "name": name,
                "values": [{"label": label} for label in dict.fromkeys(one.options[name] for one in shown.variants)],
            }
            for name in names
        ],
        "variants": [
            {
                "id": variant.item_id,
                "title": " / ".join(variant.options.values()) or shown.title,
                "description": {"plain": shown.title},
                "price": price,
                "availability": {"available": variant.available},
                "options": [{"name": name, "label": label} for name, label in variant.options.items()],
            }
            for variant in variants
        ],
    }


def envelope(wire: WireVersion, names: Sequence[str] = _SESSION, *, status: str | None = None) -> dict[str, Any]:
    """The `ucp` envelope of an answer, with the capabilities the answer is about."""
    names = [f"{SERVICE}.{name}" for name in names]
    if not wire.keyed_registries:
        return {"version": wire.version, "capabilities": [{"name": name, "version": wire.version} for name in names]}
    return {
        "version": wire.version,
        **({"status": status} if status else {}),
        "capabilities": {name: [{"version": wire.version}] for name in names},
        "payment_handlers": {HANDLER_NAME: [_handler(wire)]},
    }


def refusal(wire: WireVersion, status: int, code: str, sentence: str) -> tuple[int, dict[str, Any]]:
    """A business refusal: of old an HTTP error, of late HTTP 200 with an error envelope."""
    if not wire.keyed_registries:
        return status, {"detail": sentence, "code": code}
    message = {"type": "error", "code": code, "content": sentence, "severity": "unrecoverable"}
    if wire.typed_destinations or code == "out_of_stock":
        status = 200
    return status, {"ucp": envelope(wire, status="error"), "messages": [message]}


def protocol_error(code: str, sentence: str) -> dict[str, Any]:
    """A request that was wrong in itself: the flat form, and the same as a message for clients that read only those."""
    message = {"type": "error", "code": code, "content": sentence, "severity": "unrecoverable"}
    return {"code": code, "content": sentence, "messages": [message]}


def totals(wire: WireVersion, held: Session) -> list[dict[str, Any]]:
    """The totals, with the version's own sign of a discount."""
    amounts = held.amounts()
    entries = [{"type": "subtotal", "display_text": "Subtotal", "amount": amounts.subtotal}]
    if amounts.discount:
        sign = -1 if wire.discounts_negative else 1
        entries.append({"type": "discount", "display_text": "Discount", "amount": sign * amounts.discount})
    if amounts.shipping is not None:
        entries.append({"type": "fulfillment", "display_text": "Shipping", "amount": amounts.shipping})
    if amounts.tax is not None:
        entries.append({"type": "tax", "display_text": "Tax", "amount": amounts.tax})
    return [*entries, {"type": "total", "display_text": "Total", "amount": amounts.stated_total}]


def _messages(held: Session) -> list[dict[str, str]]:
    missing = held.missing() if held.status == "incomplete" else ()
    return [
        *(
            {"type": "error", "code": code, "path": path, "content": sentence, "severity": "recoverable"}
            for code, path, sentence in missing
        ),
        *(
            {
                "type": "warning",
                "code": "discount_code_invalid",
                "path": "$.discounts.codes",
                "content": f"The code {code} is not valid here",
            }
            for code in held.rejected_codes
        ),
    ]


def _line(held: Session, line: Line) -> dict[str, Any]:
    price = held.unit_price(line)
    whole = price * line.quantity
    return {
        "id": line.line_id,
        "item": {"id": line.item_id, "title": line.product.title, "price": price},
        "quantity": line.quantity,
        "totals": [{"type": "subtotal", "amount": whole}, {"type": "total", "amount": whole}],
    }


def _method(wire: WireVersion, held: Session, line_ids: Sequence[str]) -> dict[str, Any]:
    kind = {"type": "shipping_address"} if wire.typed_destinations else {}
    destinations = [{**kind, **held.destination}] if held.destination else []
    return {
        "id": "shipping_1",
        "type": "shipping",
        "line_item_ids": list(line_ids),
        "destinations": destinations,
        **({"selected_destination_id": held.destination["id"]} if held.destination else {}),
        "groups": [
            {
                "id": "package_1",
                "line_item_ids": list(line_ids),
                "selected_option_id": held.rate.option_id if held.rate else None,
                "options": [
                    {
                        "id": rate.option_id,
                        "title": rate.title,
                        "description": f"Arrives in about {rate.days} days",
                        "totals": [{"type": "total", "amount": rate.amount_minor}],
                    }
                    for rate in held.rates
                ],
            }
        ],
    }


def _handler(wire: WireVersion) -> dict[str, Any]:
    return {
        "id": HANDLER_ID,
        "version": wire.version,
        "spec": f"{_SPECIFICATION}/handlers/mock_payment",
        "schema": f"{_SPECIFICATION}/handlers/mock_payment/schema.json",
        "available_instruments": [{"type": INSTRUMENT_TYPE}],
        "config": {},
    }


def _old_handler(wire: WireVersion) -> dict[str, Any]:
    return {
        "id": HANDLER_ID,
        "name": HANDLER_NAME,
        "version": wire.version,
        "spec": f"{_SPECIFICATION}/handlers/mock_payment",
        "config_schema": f"{_SPECIFICATION}/handlers/mock_payment/config.json",
        "instrument_schemas": [f"{_SPECIFICATION}/handlers/mock_payment/card_payment_instrument.json"],
        "config": {},
    }
