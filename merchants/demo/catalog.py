"""The demo shop's catalog: search, lookup, product.

The newer version looks products up by their URL too; the older one only by id and handle, as shops differ.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from merchants.demo import dialects, goods
from merchants.demo.goods import Product, Variant
from merchants.demo.http import Request, Response, json_response
from merchants.demo.requests import RefusedError, document
from merchants.ucp.reading import mapping, objects, text, texts, whole

# The protocol's own default.
PAGE = 10
MAX_IDS = 20


def answer_catalog(request: Request, verb: str) -> Response:
    """Answer one of the three."""
    answers = {"search": _search, "lookup": _lookup, "product": _product}
    if verb not in answers:
        raise RefusedError("not_found", "there is nothing here", status=404, protocol=True)
    return answers[verb](request, document(request))


def _search(request: Request, body: Mapping[str, Any]) -> Response:
    query = text(body.get("query"))
    if query is None and not mapping(body.get("filters")):
        raise RefusedError("invalid_request", "a search has a query or filters", status=400, protocol=True)
    words = (query or "").casefold().split()
    found = [
        product
        for product in goods.PRODUCTS
        if query in (None, "*") or any(word in f"{product.title} {product.handle}".casefold() for word in words)
    ]
    paging = mapping(body.get("pagination"))
    start = int(cursor) if (cursor := text(paging.get("cursor")) or text(body.get("cursor")) or "0").isdigit() else 0
    end = start + min(max(whole(paging.get("limit")) or PAGE, 1), PAGE)
    more = end < len(found)
    return _answer(
        request,
        products=[_show(request, product, product.variants) for product in found[start:end]],
        pagination={"has_next_page": more, "total_count": len(found), **({"cursor": str(end)} if more else {})},
    )


def _lookup(request: Request, body: Mapping[str, Any]) -> Response:
    ids = texts(body.get("ids"))
    if not ids:
        raise RefusedError("invalid_request", "a lookup names ids", status=400, protocol=True)
    if len(ids) > MAX_IDS:
        raise RefusedError("request_too_large", f"a lookup names at most {MAX_IDS} ids", status=400, protocol=True)
    products: list[dict[str, Any]] = []
    for product in goods.PRODUCTS:
        inputs: dict[str, list[dict[str, str]]] = {}
        for name in dict.fromkeys(ids):
            variant = next((one for one in product.variants if one.item_id == name), None)
            if variant:
                inputs.setdefault(variant.item_id, []).append({"id": name, "match": "exact"})
            elif name in _names(request, product):
                inputs.setdefault(product.variants[0].item_id, []).append({"id": name, "match": "featured"})
        if inputs:
            shown = _show(request, product, [one for one in product.variants if one.item_id in inputs])
            for one in shown["variants"]:
                one["inputs"] = inputs[one["id"]]
            products.append(shown)
    unknown = [name for name in ids if not any(name in str(product) for product in products)]
    messages = [{"type": "info", "code": "not_found", "content": name} for name in unknown]
    return _answer(request, products=products, messages=messages)


def _product(request: Request, body: Mapping[str, Any]) -> Response:
    wanted = text(body.get("id"))
    for product in goods.PRODUCTS:
        variant = next((one for one in product.variants if one.item_id == wanted), None)
        if variant is None and wanted != product.product_id:
            continue
        selected = [
            {"name": name, "label": label}
            for one in objects(body.get("selected"))
            if (name := text(one.get("name"))) and (label := text(one.get("label")))
        ]
        choices = {one["name"].casefold(): one["label"].casefold() for one in selected}
        fitting = [one for one in product.variants if choices.items() <= _plain(one).items()]
        shown = [variant] if variant else fitting or list(product.variants)
        options = shown[0].options if not selected or variant or not fitting else {}
        effective = [{"name": name, "label": label} for name, label in options.items()] or selected
        return _answer(request, product={**_show(request, product, shown), "selected": effective})
    raise RefusedError("not_found", f"there is no product {wanted}", status=200)


def _names(request: Request, product: Product) -> Sequence[str]:
    """What a product may be called in a lookup."""
    names = [product.product_id, product.handle]
    return [*names, f"{request.base}/products/{product.handle}"] if request.wire.typed_destinations else names


def _plain(variant: Variant) -> dict[str, str]:
    return {name.casefold(): label.casefold() for name, label in variant.options.items()}


def _show(request: Request, product: Product, variants: Sequence[Variant]) -> dict[str, Any]:
    return dialects.product(request.base, product, variants)


def _answer(request: Request, **parts: Any) -> Response:
    return json_response(200, {"ucp": dialects.envelope(request.wire, dialects.CATALOG), **parts})
