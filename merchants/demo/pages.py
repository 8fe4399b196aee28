"""The demo shop's pages for people: products with JSON-LD, an order, the hand-over pages, the protocol's profile.

Knows HTML; must never change anything.
"""

import json
from collections.abc import Callable
from html import escape
from typing import Any

from merchants.demo import dialects, goods
from merchants.demo.goods import Product
from merchants.demo.http import Request, Response, json_response
from merchants.demo.sessions import Session
from merchants.ucp.discovery import WELL_KNOWN

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>body{{font:16px/1.6 Georgia,serif;max-width:40rem;margin:3rem auto;padding:0 1rem;color:#222}}
.price{{font-size:1.5rem}} small{{color:#666}} code{{background:#f3f1ec;padding:.1rem .3rem}}</style>
{head}</head><body>{body}</body></html>
"""


def answer(request: Request, session_of_order: Callable[[str], Session | None]) -> Response:  # noqa: PLR0911 (routes)
    """Answer a request that is not the protocol's API."""
    first, _, rest = request.path.strip("/").partition("/")
    if request.method != "GET":
        return _html(405, "Not here", "<h1>This page can only be read</h1>")
    if request.path == WELL_KNOWN:
        profile = dialects.profile(request.wire, request.base)
        return json_response(200, profile, headers={"Cache-Control": "public, max-age=60"})
    if first == "products" and rest in goods.BY_HANDLE:
        return _product(request, goods.BY_HANDLE[rest])
    if first == "orders" and (held := session_of_order(rest)):
        return _html(200, f"Order {rest}", f"<h1>Order {escape(rest)}</h1><p>{_things(held)}</p>")
    if first in ("checkout", "challenge") and rest:
        sentence = "finish your purchase" if first == "checkout" else "confirm your payment"
        return _html(200, "Welcome back", f"<h1>Here you would {sentence}</h1><p><code>{escape(rest)}</code></p>")
    if request.path == "/terms":
        return _html(200, "Terms", "<h1>Nothing here is ever delivered</h1>")
    if request.path == "/":
        links = "".join(
            f'<li><a href="/products/{product.handle}">{escape(product.title)}</a> <small>{product.handle}</small></li>'
            for product in goods.PRODUCTS
        )
        return _html(200, "The demo shop", f"<h1>The demo shop</h1><ul>{links}</ul>")
    return _html(404, "Not found", "<h1>There is no such page</h1>")


def _product(request: Request, product: Product) -> Response:
    price = f"{product.price_minor // 100}.{product.price_minor % 100:02d}"
    script = json.dumps(_json_ld(request, product, price)).replace("</", "<\\/")
    choices = "".join(f"<li>{escape(', '.join(one.options.values()))}</li>" for one in product.variants if one.options)
    body = (
        f"<h1>{escape(product.title)}</h1><p class=price>{goods.CURRENCY} {price}</p><ul>{choices}</ul>"
        f"<p><small>This product <code>{product.handle}</code> exists to be bought by software over UCP "
        f"{request.wire.version}.</small></p>"
    )
    return _html(200, product.title, body, head=f'<script type="application/ld+json">{script}</script>')


def _json_ld(request: Request, product: Product, price: str) -> dict[str, Any]:
    url = f"{request.base}/products/{product.handle}"
    things = [
        {
            "@type": "Product",
            "name": product.title,
            "productID": variant.item_id,
            "additionalProperty": [
                {"@type": "PropertyValue", "name": name, "value": label} for name, label in variant.options.items()
            ],
            "offers": {
                "@type": "Offer",
                "url": url,
                "price": price,
                "priceCurrency": goods.CURRENCY,
                "availability": f"https://schema.org/{'InStock' if variant.available else 'OutOfStock'}",
            },
        }
        for variant in product.variants
    ]
    if len(things) == 1:
        return {"@context": "https://schema.org", **things[0]}
    return {"@context": "https://schema.org", "@type": "ProductGroup", "name": product.title, "hasVariant": things}


def _things(held: Session) -> str:
    return ", ".join(f"{line.quantity} of {escape(line.product.title)}" for line in held.lines)


def _html(status: int, title: str, body: str, *, head: str = "") -> Response:
    page = _PAGE.format(title=escape(title), body=body, head=head)
    return Response(status=status, body=page.encode(), headers={"Content-Type": "text/html; charset=utf-8"})
