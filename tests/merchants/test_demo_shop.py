"""The demo shop keeps its books: through restarts, repeats and clocks."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from merchants.demo.books import Books
from merchants.demo.http import Request
from merchants.demo.shop import Shop
from merchants.sdk import Order
from merchants.ucp.versions import LATEST, WireVersion
from tests.merchants.world import PROFILE_URL, World


def call(
    shop: Shop, method: str, path: str, body: Any = None, *, key: str = "", wire: WireVersion = LATEST
) -> tuple[int, Mapping[str, Any]]:
    """One call to the shop's core."""
    headers = {"host": "shop", "ucp-agent": f'profile="{PROFILE_URL}"', **({"idempotency-key": key} if key else {})}
    content = json.dumps(body).encode() if body is not None else b""
    answer = shop.handle(Request(method=method, path=f"/ucp{path}", headers=headers, body=content, wire=wire))
    return answer.status, json.loads(answer.body)


BASKET = {"line_items": [{"item": {"id": "item_sells"}, "quantity": 1}]}


def test_the_same_key_is_the_same_call_and_another_body_is_a_conflict() -> None:
    """One session however often it is asked for; a key is never used for two things."""
    shop = Shop()
    first = call(shop, "POST", "/checkout-sessions", BASKET, key="k1")
    assert first == call(shop, "POST", "/checkout-sessions", BASKET, key="k1")
    other = {"line_items": [{"item": {"id": "item_sells"}, "quantity": 2}]}
    status, document = call(shop, "POST", "/checkout-sessions", other, key="k1")
    assert (409, "idempotency_conflict") == (status, document["code"])
    status, _ = call(shop, "POST", f"/checkout-sessions/{first[1]['id']}/cancel", {}, key="k1")
    assert 409 == status
    assert first[1]["id"] != call(shop, "POST", "/checkout-sessions", BASKET, key="k2")[1]["id"]


def test_sessions_expire_by_the_shop_s_clock() -> None:
    """Six hours later the session is over, and cannot be completed."""
    now = [datetime(2026, 11, 21, tzinfo=UTC)]
    shop = Shop(Books(clock=lambda: now[0]))
    _, session = call(shop, "POST", "/checkout-sessions", BASKET)
    now[0] += timedelta(hours=5)
    assert "incomplete" == call(shop, "GET", f"/checkout-sessions/{session['id']}")[1]["status"]
    now[0] += timedelta(hours=2)
    assert "canceled" == call(shop, "GET", f"/checkout-sessions/{session['id']}")[1]["status"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("POST", "/checkout-sessions", "nonsense", 400),
        ("POST", "/checkout-sessions", {}, 400),
        ("POST", "/checkout-sessions", {"line_items": [{"item": {"id": "item_sells"}, "quantity": 0}]}, 400),
        ("POST", "/checkout-sessions", {"line_items": [{"item": {"id": "item_sells"}, "quantity": "1"}]}, 400),
        ("GET", "/checkout-sessions/chk_nosuch", None, 404),
        ("GET", "/orders/UCP-1", None, 404),
        ("POST", "/catalog/lookup", {}, 400),
        ("DELETE", "/checkout-sessions/chk_000001", None, 404),
    ],
)
def test_a_wrong_request_is_told_so(method: str, path: str, body: Any, status: int) -> None:
    """By a status, a code and a sentence."""
    got, document = call(Shop(), method, path, body)
    assert status == got
    assert document["code"]
    assert document["content"]


def test_a_caller_without_a_profile_is_refused() -> None:
    """Every call names its platform."""
    request = Request(method="POST", path="/ucp/checkout-sessions", headers={}, body=b"{}", wire=LATEST)
    answer = Shop().handle(request)
    assert (400, "invalid_profile_url") == (answer.status, json.loads(answer.body)["code"])


def test_a_restarted_shop_goes_on_where_it_was(tmp_path: Path) -> None:
    """Sessions, answers and orders are read back from disk; a line cut short by a kill is not missed."""
    book = tmp_path / "orders.jsonl"
    world = World(shop=Shop(Books(book)))
    offer = world.offer(world.request())
    with book.with_suffix(".state.jsonl").open("a") as file:
        file.write('{"kind": "session", "sess')
    again = World(shop=Shop(Books(book)))
    order = again.place(again.request(), offer)
    assert isinstance(order, Order)
    third = World(shop=Shop(Books(book)))
    found = third.adapter.find_order(offer, key="k")
    assert isinstance(found, Order)
    assert order.merchant_order_id == found.merchant_order_id
    assert 1 == len(third.orders)


def test_a_shop_killed_between_its_book_and_its_state_stands_by_its_book(tmp_path: Path) -> None:
    """The order was taken; the session must not be sold again or cancelled."""
    book = tmp_path / "orders.jsonl"
    world = World(shop=Shop(Books(book)))
    request = world.request()
    offer = world.offer(request)
    order = world.place(request, offer)
    assert isinstance(order, Order)
    state = book.with_suffix(".state.jsonl")
    kept = [line for line in state.read_text().splitlines() if '"completed"' not in line]
    state.write_text("\n".join(kept) + "\n")
    again = World(shop=Shop(Books(book)))
    found = again.adapter.find_order(offer, key="k")
    assert isinstance(found, Order)
    assert order.merchant_order_id == found.merchant_order_id
    assert 1 == len(again.orders)
