"""From a URL to an item, by the surest way the shop offers, and never to something similar."""

import json
from typing import Any

import httpx2
import pytest

from merchants.demo.goods import Behaviour
from merchants.sdk import Offer, Refused
from merchants.ucp.page import read_page
from merchants.ucp.versions import VERSIONS
from tests.merchants.world import World

APRIL = VERSIONS[1]


def paths(world: World) -> list[str]:
    """The catalog's and the page's calls, in order."""
    wanted = ("/catalog/", "/products/")
    return [one.url.path.removeprefix("/ucp") for one in world.tap.requests if any(w in one.url.path for w in wanted)]


def hiding(world: World, *verbs: str) -> None:
    """A catalog that finds nothing by these ways."""
    world.tap.before = lambda request: (
        httpx2.Response(200, json={"products": []}) if request.url.path.rpartition("/")[2] in verbs else None
    )


def test_each_way_is_tried_only_when_the_surer_ones_fail() -> None:
    """By URL; by handle; by search; by the page itself."""
    newest = World()
    newest.offer(newest.request())
    assert ["/catalog/lookup"] == paths(newest)
    older = World(APRIL)
    older.offer(older.request())
    assert ["/catalog/lookup", "/catalog/lookup"] == paths(older)
    searching = World(APRIL)
    hiding(searching, "lookup")
    searching.offer(searching.request())
    assert ["/catalog/lookup", "/catalog/lookup", "/catalog/search"] == paths(searching)
    reading = World(APRIL)
    hiding(reading, "lookup", "search")
    reading.offer(reading.request())
    assert ["/catalog/lookup", "/catalog/lookup", "/catalog/search", "/products/sells"] == paths(reading)
    first = World(VERSIONS[2])
    first.offer(first.request())
    assert ["/products/sells"] == paths(first)


@pytest.mark.parametrize("query", ["", "?utm_source=x", "?ref=1&variant=nosuch"])
@pytest.mark.parametrize("wire", VERSIONS, ids=lambda wire: wire.version)
def test_a_query_that_means_nothing_to_the_shop_changes_nothing(wire: Any, query: str) -> None:
    """Trackers ride on product URLs; the product is the same."""
    world = World(wire)
    offer = world.offer(world.request(product_url=world.doors.product_url(Behaviour.SELLS, wire) + query))
    assert "item_sells" == offer.item_id


@pytest.mark.parametrize("wire", VERSIONS, ids=lambda wire: wire.version)
def test_a_variant_named_in_the_url_is_the_one(wire: Any) -> None:
    """Shops put the chosen variant into the URL a person copies."""
    world = World(wire)
    url = world.doors.product_url(Behaviour.VARIANTS, wire) + "?variant=item_apron_blue_s"
    offer = world.offer(world.request(product_url=url))
    assert "item_apron_blue_s" == offer.item_id


def test_a_catalog_that_answers_with_another_product_is_not_believed() -> None:
    """A search engine always finds something; it must be the product of this page."""
    world = World()
    product = {"id": "prod_x", "title": "Lamp", "url": "https://elsewhere.example/sells", "variants": [{"id": "x"}]}
    world.tap.before = lambda request: (
        httpx2.Response(200, json={"products": [product]}) if "/catalog/" in request.url.path else None
    )
    offer = world.offer(world.request())
    assert "item_sells" == offer.item_id  # from the page itself


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_catalog_that_is_busy_is_asked_again_later(status: int) -> None:
    """Busy is not *no such product*."""
    world = World()
    world.tap.before = lambda request: httpx2.Response(status) if "/catalog/" in request.url.path else None
    refused = world.quote(world.request())
    assert isinstance(refused, Refused)
    assert ("offer_retrieval_failed", True) == (refused.code, refused.retryable)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (httpx2.Response(400, json={"detail": "Item is out of stock"}), "product_out_of_stock"),
        (httpx2.Response(409, json={"error": {"code": "sold_out", "message": "gone"}}), "product_out_of_stock"),
        (httpx2.Response(422, json={"error": "insufficient stock for item"}), "insufficient_stock"),
        (
            httpx2.Response(
                200, json={"ucp": {"status": "error"}, "messages": [{"type": "error", "code": "out_of_stock"}]}
            ),
            "product_out_of_stock",
        ),
        (httpx2.Response(404, json={"code": "item_not_found", "content": "no"}), "product_not_found"),
        (
            httpx2.Response(401, json={"messages": [{"code": "identity_required"}]}),
            "unsupported_store_no_guest_checkout",
        ),
        (httpx2.Response(400, json={"detail": [{"loc": ["body"], "msg": "bad"}]}), "offer_retrieval_failed"),
        (httpx2.Response(400, content=b"<html>no</html>"), "offer_retrieval_failed"),
        (httpx2.Response(403), "offer_retrieval_failed"),
    ],
)
def test_whatever_form_a_refusal_comes_in_it_is_the_same_refusal(answer: httpx2.Response, code: str) -> None:
    """Flat errors, envelopes, prose and silence, by any status."""
    world = World()
    world.tap.before = lambda request: answer if request.url.path.endswith("/checkout-sessions") else None
    refused = world.quote(world.request())
    assert isinstance(refused, Refused)
    assert (code, False) == (refused.code, refused.retryable)
    assert refused.message


@pytest.mark.parametrize(
    "page",
    [
        "",
        "<script type='application/ld+json'>{not json</script>",
        "<script type='application/ld+json'>[1, null, \"x\"]</script>",
        '<script type=\'application/ld+json\'>{"@type": "Product"}</script>',
        '<script>{"@type": "Product", "sku": "not-ld"}</script>',
    ],
)
def test_a_page_that_says_nothing_offers_nothing(page: str) -> None:
    """Whatever it holds, nothing raises and nothing is invented."""
    assert () == read_page(page)


def test_a_page_s_products_are_read_from_a_graph_with_their_choices() -> None:
    """One item per variant, with what tells it from its siblings."""
    things = {
        "@graph": [
            {"@type": "WebPage", "name": "x"},
            {
                "@type": ["ProductGroup"],
                "name": "Shirt",
                "hasVariant": [
                    {
                        "@type": "Product",
                        "sku": "S-1",
                        "size": "S",
                        "color": "Red",
                        "offers": [{"priceCurrency": "EUR"}],
                    },
                    {
                        "@type": "Product",
                        "sku": 2,
                        "size": "M",
                        "offers": {"availability": "http://schema.org/SoldOut"},
                    },
                ],
            },
        ]
    }
    small, medium = read_page(f"<script type='application/ld+json'>{json.dumps(things)}</script>")
    assert ("S-1", "Shirt", "EUR", {"size": "S", "color": "Red"}, True) == (
        small.item_id,
        small.title,
        small.currency,
        small.options,
        small.available,
    )
    assert ("2", False) == (medium.item_id, medium.available)


def test_an_instrument_nobody_configured_is_refused_before_any_money_moves() -> None:
    """The refusal names what the merchant would take, and the session is ended."""
    world = World()
    world.instruments = type(world.instruments)(tokens={"com.example.wallet": "x"})
    refused = world.quote(world.request())
    assert isinstance(refused, Refused)
    assert "offer_retrieval_failed" == refused.code
    assert "dev.ucp.mock_payment" in refused.message
    assert world.tap.sent("POST", "/cancel")


def test_a_session_that_needs_the_buyer_at_once_is_handed_over_open() -> None:
    """Nothing was paid, so the person can go on where the session stands."""
    world = World()

    def after(request: httpx2.Request, answer: httpx2.Response) -> httpx2.Response:
        if "/checkout-sessions" not in request.url.path:
            return answer
        document = {**json.loads(answer.content), "status": "requires_escalation"}
        return httpx2.Response(answer.status_code, json=document)

    world.tap.after = after
    refused = world.quote(world.request())
    assert isinstance(refused, Refused)
    assert "offer_retrieval_failed" == refused.code
    assert refused.continue_url
    assert not world.tap.sent("POST", "/cancel")


def test_a_session_that_never_settles_is_given_up() -> None:
    """A merchant that forgets the choice each time is asked a bounded number of times."""
    world = World()

    def forgetting(request: httpx2.Request, answer: httpx2.Response) -> httpx2.Response:
        if "/checkout-sessions" not in request.url.path:
            return answer
        document = json.loads(answer.content)
        for method in document.get("fulfillment", {}).get("methods", []):
            method["groups"][0]["selected_option_id"] = None
        return httpx2.Response(answer.status_code, json=document)

    world.tap.after = forgetting
    assert not isinstance(world.quote(world.request()), Offer)
    assert len(world.tap.sent("PUT")) <= 4
