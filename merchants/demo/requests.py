"""Reading what a platform sends to the demo shop, and refusing what it cannot mean.

Knows request bodies of every version; must never change a session.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from merchants.demo import dialects, goods
from merchants.demo.goods import Behaviour
from merchants.demo.http import Request
from merchants.demo.sessions import Line, Session
from merchants.ucp.reading import mapping, objects, text, texts, whole

_PROFILE = re.compile(r'\bprofile="(https?://[^"\s]+)"')


class RefusedError(Exception):
    """The shop says no. `protocol`: the request was wrong, as opposed to what it asked for."""

    def __init__(self, code: str, sentence: str, *, status: int, protocol: bool = False) -> None:
        super().__init__(sentence)
        self.code = code
        self.status = status
        self.protocol = protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class PaidWith:
    """The instrument of a complete request."""

    kind: str
    token: str


def agent_profile(request: Request) -> str:
    """The URL of the platform's profile, which every call names."""
    found = _PROFILE.search(request.headers.get("ucp-agent", ""))
    if not found:
        raise RefusedError("invalid_profile_url", 'send UCP-Agent: profile="https://…"', status=400, protocol=True)
    return found[1]


def document(request: Request) -> Mapping[str, Any]:
    """The body, which is a JSON object."""
    read = request.document
    if read is None:
        raise RefusedError("invalid_request", "the body is no JSON object", status=400, protocol=True)
    return read


def read_session(request: Request, session_id: str, created_at: str, *, before: Session | None) -> Session:
    """The session a create or update asks for. An update replaces all it does not repeat."""
    body = document(request)
    if before is not None and request.wire.update_carries_id and body.get("id") != session_id:
        raise RefusedError("invalid_request", "an update repeats the session's id", status=400, protocol=True)
    method = next((one for one in _methods(body) if one.get("type", "shipping") == "shipping"), {})
    places = objects(method.get("destinations"))
    chosen = text(method.get("selected_destination_id"))
    place = next((one for one in places if text(one.get("id")) == chosen), places[0] if len(places) == 1 else None)
    group = next(iter(objects(method.get("groups"))), {})
    return Session(
        session_id=session_id,
        created_at=created_at,
        lines=_lines(body),
        buyer=mapping(body.get("buyer")),
        codes=tuple(texts(mapping(body.get("discounts")).get("codes"))),
        destination={**place, "id": text(place.get("id")) or "destination_1"} if place else None,
        option_id=text(group.get("selected_option_id")),
        read_after_ready=before.read_after_ready if before else 0,
    ).settled()


def instrument_of(request: Request) -> PaidWith:
    """The instrument that pays, which must be one the shop offered."""
    body = document(request)
    if request.wire.payment_instruments:
        sent = objects(mapping(body.get("payment")).get("instruments"))
    else:
        sent = objects(body.get("payment_data")) or objects(mapping(body.get("payment")).get("instruments"))
    if not sent:
        raise RefusedError("missing", "a complete request carries a payment instrument", status=400, protocol=True)
    paying = next((one for one in sent if one.get("selected")), sent[0])
    token = text(mapping(paying.get("credential")).get("token"))
    if paying.get("handler_id") != dialects.HANDLER_ID or paying.get("type") != dialects.INSTRUMENT_TYPE or not token:
        raise RefusedError(
            "invalid", f"pay by {dialects.HANDLER_ID} with a {dialects.INSTRUMENT_TYPE}", status=400, protocol=True
        )
    return PaidWith(kind=dialects.INSTRUMENT_TYPE, token=token)


def _methods(body: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return objects(mapping(body.get("fulfillment")).get("methods"))


def _lines(body: Mapping[str, Any]) -> tuple[Line, ...]:
    sent = objects(body.get("line_items"))
    if not sent:
        raise RefusedError("missing", "line_items are needed", status=400, protocol=True)
    lines: list[Line] = []
    for number, line in enumerate(sent, 1):
        item_id = text(mapping(line.get("item")).get("id")) or ""
        quantity = whole(line.get("quantity"))
        if quantity is None or quantity < 1:
            raise RefusedError("invalid", "a quantity is a whole number from 1", status=400, protocol=True)
        if item_id not in goods.BY_ITEM:
            raise RefusedError("item_not_found", f"there is no item {item_id}", status=400)
        product, variant = goods.BY_ITEM[item_id]
        in_stock = goods.stock(product)
        if in_stock == 0 or not variant.available:
            status = 400 if product.behaviour is Behaviour.SOLD_OUT else 409
            raise RefusedError("out_of_stock", f"{product.title} is sold out", status=status)
        if quantity > in_stock:
            raise RefusedError("insufficient_stock", f"there are {in_stock} of {product.title}", status=400)
        lines.append(Line(line_id=text(line.get("id")) or f"li_{number}", item_id=item_id, quantity=quantity))
    return tuple(lines)
