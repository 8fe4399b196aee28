"""Whatever a merchant writes, reading it never raises, and never makes an order of nothing."""

import copy
import json
from typing import Any

import httpx2
from hypothesis import given, settings
from hypothesis import strategies as st

from merchants.demo.goods import Behaviour
from merchants.sdk import Absent, Offer, Order, Refused, Unclear
from merchants.ucp.checkout import Checkout
from merchants.ucp.discovery import read_profile
from merchants.ucp.evidence import MAX_BODY_CHARACTERS, MAX_EXCHANGES, Evidence
from merchants.ucp.messages import read_messages
from merchants.ucp.versions import VERSIONS, WireVersion
from tests.merchants.world import World

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
NAMES = (
    "id",
    "status",
    "ucp",
    "line_items",
    "item",
    "quantity",
    "totals",
    "type",
    "amount",
    "currency",
    "fulfillment",
    "methods",
    "destinations",
    "groups",
    "options",
    "selected_option_id",
    "messages",
    "code",
    "content",
    "severity",
    "payment",
    "handlers",
    "payment_handlers",
    "available_instruments",
    "order",
    "permalink_url",
    "continue_url",
    "actions",
    "config",
    "url",
    "discounts",
    "applied",
    "expires_at",
    "error",
    "detail",
    "version",
    "services",
    "capabilities",
    "keys",
    "line_item_ids",
    "instrument_schemas",
)
DOCUMENT = st.dictionaries(st.sampled_from(NAMES), JSON | st.dictionaries(st.sampled_from(NAMES), JSON), max_size=6)


@given(DOCUMENT)
def test_any_json_is_read_without_raising(document: dict[str, Any]) -> None:
    """As a session, as messages, as a profile."""
    Checkout.read(document)
    Checkout.read({"id": "x", "status": "completed", **document})
    read_messages(document)
    read_profile("https://shop.example", document, 200)


def spots(value: Any, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    """Every place in a document."""
    inner: Any = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return (
        [path, *(spot for name, one in inner for spot in spots(one, (*path, name)))]
        if path
        else [spot for name, one in inner for spot in spots(one, (name,))]
    )


def replaced(document: Any, path: tuple[str | int, ...], value: Any) -> Any:
    """A copy with something else at `path`."""
    bent = copy.deepcopy(document)
    at = bent
    for step in path[:-1]:
        at = at[step]
    at[path[-1]] = value
    return bent


@settings(max_examples=150)
@given(st.sampled_from(VERSIONS), st.integers(0, 5), st.data())
def test_one_wrong_value_anywhere_never_raises_and_never_invents_an_order(
    wire: WireVersion, number: int, data: st.DataObject
) -> None:
    """A session answer bent at one spot: the outcome is one of the contract's, and true to the shop's book."""
    world = World(wire)
    seen = -1

    def bend(request: httpx2.Request, answer: httpx2.Response) -> httpx2.Response:
        nonlocal seen
        if "checkout-sessions" not in request.url.path and "/orders/" not in request.url.path:
            return answer
        seen += 1
        if seen != number:
            return answer
        document = json.loads(answer.content)
        path = data.draw(st.sampled_from(spots(document)))
        return httpx2.Response(answer.status_code, json=replaced(document, path, data.draw(JSON)))

    world.tap.after = bend
    request = world.request(Behaviour.SELLS)
    offer = world.quote(request)
    assert isinstance(offer, Offer | Refused)
    if isinstance(offer, Refused):
        assert () == tuple(world.orders)
        return
    placed = world.place(request, offer)
    world.tap.after = None
    found = world.adapter.find_order(offer, key="k")
    booked = [order["order_id"] for order in world.orders]
    assert isinstance(placed, Order | Refused | Unclear)
    if isinstance(placed, Refused):
        assert [] == booked
    assert [found.merchant_order_id] == booked if isinstance(found, Order) else isinstance(found, Absent) and not booked


def test_evidence_is_bounded_and_redacted() -> None:
    """The last exchanges, each cut to size, without what must not be kept."""
    evidence = Evidence()
    evidence.hide(["s3cret-token", ""])
    for number in range(MAX_EXCHANGES + 3):
        evidence.note("GET", f"/{number}", 200, {"echo": "you sent s3cret-token", "credential": {"token": "x"}})
    evidence.note("GET", "/big", 200, {"page": "x" * 3 * MAX_BODY_CHARACTERS})
    exchanges = evidence.as_mapping()["exchanges"]
    assert MAX_EXCHANGES == len(exchanges)
    written = json.dumps(exchanges)
    assert "s3cret-token" not in written
    assert '"credential": "[redacted]"' in written
    assert len(exchanges[-1]["answer"]) <= MAX_BODY_CHARACTERS + 1
