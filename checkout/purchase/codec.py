"""Outcomes in and out of the purchase's history: JSON objects that carry their type's name.

`{"type": "Held", "payment_id": …}` reads well in a history and comes back as `Held`. Knows the closed list of what a
step of the purchase may return; anything else is refused when it is written, not when it is read.
"""

import json
from typing import Any

from aws_durable_execution_sdk_python.serdes import SerDes, SerDesContext
from pydantic import TypeAdapter

from checkout.purchase import terms
from merchants import sdk
from payments import gateway

_TYPES: dict[str, type[Any]] = {
    kind.__name__: kind
    for kind in (
        *(sdk.Offer, sdk.Refused, sdk.Order, sdk.Absent, sdk.Unclear),
        *(gateway.Prepared, gateway.Held, gateway.Captured, gateway.Released),
        *(gateway.Declined, gateway.NotCapturable, gateway.Unknown),
        *(terms.PurchaseRequest, terms.HandOver, terms.Confirmed, terms.ReviewAnswer),
        *(terms.Receipt, terms.Completed, terms.Failed, terms.StillLooking),
    )
}


# Built once: a schema costs more to build than an outcome to write.
_ADAPTERS = {name: TypeAdapter(kind) for name, kind in _TYPES.items()}


def to_json(value: object) -> dict[str, Any]:
    """A JSON object with the value's fields and its `type`."""
    kind = type(value)
    if _TYPES.get(kind.__name__) is not kind:
        raise TypeError(f"{kind.__name__} is no outcome of a purchase; add it to the codec's list")
    return {"type": kind.__name__, **_ADAPTERS[kind.__name__].dump_python(value, mode="json")}


def from_json(document: Any) -> Any:
    """The value a JSON object stands for; ValueError if it is none of ours."""
    kind = document.get("type") if isinstance(document, dict) else None
    if not isinstance(kind, str) or kind not in _TYPES:
        raise ValueError("not an outcome of a purchase: `type` names none")
    fields = {name: value for name, value in document.items() if name != "type"}
    return _ADAPTERS[kind].validate_python(fields)


def dumps(value: object) -> str:
    """`to_json` as text."""
    return json.dumps(to_json(value), separators=(",", ":"), ensure_ascii=False)


def loads(text: str) -> Any:
    """`from_json` of text."""
    return from_json(json.loads(text))


class OutcomeSerDes(SerDes[Any]):
    """How the durable SDK stores the outcomes of the purchase's steps."""

    def serialize(self, value: Any, serdes_context: SerDesContext) -> str:  # noqa: ARG002 (the SDK's signature)
        """Outcome to JSON text."""
        return dumps(value)

    def deserialize(self, data: str, serdes_context: SerDesContext) -> Any:  # noqa: ARG002 (the SDK's signature)
        """JSON text to outcome."""
        return loads(data)
