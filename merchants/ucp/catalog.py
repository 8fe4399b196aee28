"""From a product page's URL to the item a checkout is opened for.

Catalogs must take their own ids and may take URLs or handles, so the ways are tried from the surest to the least: look
up the URL, look up its handle, search and compare URLs, read the page's own JSON-LD. What is found must be the product
of that page; something similar is nothing. Knows catalogs; must never open a session.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from merchants.errors import FetchError
from merchants.sdk import OfferRequest, Refused
from merchants.ucp.api import Api
from merchants.ucp.messages import OUT_OF_STOCK
from merchants.ucp.page import PageItem, read_page
from merchants.ucp.reading import mapping, objects, text

# A handle of a few words finds its product on the first pages or not at all.
SEARCH_LIMIT = 25
SEARCH_PAGES = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """What a checkout is opened for: one variant, by the merchant's own id."""

    item_id: str
    title: str
    currency: str | None = None
    variant: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Candidate:
    """A variant on offer. `options` in the merchant's own spelling."""

    item_id: str
    title: str
    currency: str | None
    options: Mapping[str, str]
    available: bool


def find_item(api: Api, request: OfferRequest) -> Item | Refused:
    """The item at `request.product_url`, in the variant asked for."""
    product = _product(api, request.product_url)
    if product is not None:
        return _choose(_variants(api, product, request), request)
    candidates = [_from_page(item) for item in _page(api, request.product_url)]
    if candidates:
        return _choose(candidates, request)
    return Refused(code="product_not_found", message="the shop's catalog and page name no product for this URL")


def _product(api: Api, url: str) -> Mapping[str, Any] | None:
    handle = unquote(urlsplit(url).path.rstrip("/").rpartition("/")[2])
    if api.business.has("catalog.lookup"):
        for wanted in (url, handle):
            if not wanted:
                continue
            reply = api.ask("catalog", "lookup", body={"ids": [wanted]})
            for product in objects(reply.body.get("products")):
                if _is_at(product, url) or (not _urls(product) and (wanted == url or product.get("handle") == handle)):
                    return product
    if api.business.has("catalog.search") and handle:
        return next((product for product in _search(api, handle) if _is_at(product, url)), None)
    return None


def _search(api: Api, handle: str) -> Iterator[Mapping[str, Any]]:
    """Everything the catalog finds for the handle's words; the merchant, not our limit, says when it ends."""
    query = handle.replace("-", " ").replace("_", " ").strip()
    cursor: str | None = None
    for _ in range(SEARCH_PAGES):
        page = {"limit": SEARCH_LIMIT, **({"cursor": cursor} if cursor else {})}
        reply = api.ask("catalog", "search", body={"query": query, "pagination": page})
        yield from objects(reply.body.get("products"))
        following = mapping(reply.body.get("pagination"))
        cursor = text(following.get("cursor"))
        if not following.get("has_next_page") or cursor is None:
            return


def _variants(api: Api, product: Mapping[str, Any], request: OfferRequest) -> Sequence[_Candidate]:
    """The product's variants; a lookup shows one featured variant only, so one with options is asked for in full."""
    product_id = text(product.get("id"))
    several = any(len(objects(option.get("values"))) > 1 for option in objects(product.get("options")))
    if api.business.has("catalog.lookup") and product_id and (several or request.variant):
        selected = [{"name": name, "label": label} for name, label in request.variant.items()]
        reply = api.ask("catalog", "product", body={"id": product_id, **({"selected": selected} if selected else {})})
        product = mapping(reply.body.get("product")) or product
    title = text(product.get("title")) or ""
    found = [_candidate(variant, title) for variant in objects(product.get("variants"))]
    if not found and product_id:
        found = [_candidate(product, title)]
    return [candidate for candidate in found if candidate]


def _candidate(variant: Mapping[str, Any], product_title: str) -> _Candidate | None:
    item_id = text(variant.get("id"))
    if item_id is None:
        return None
    options = {
        name: label
        # A product without variants says in `selected` which choice it stands for.
        for option in objects(variant.get("selected") or variant.get("options"))
        if (name := text(option.get("name"))) and (label := text(option.get("label")))
    }
    return _Candidate(
        item_id=item_id,
        title=product_title or text(variant.get("title")) or item_id,
        currency=text(mapping(variant.get("price")).get("currency")),
        options=options,
        available=mapping(variant.get("availability")).get("available") is not False,
    )


def _choose(candidates: Sequence[_Candidate], request: OfferRequest) -> Item | Refused:
    named = parse_qs(urlsplit(request.product_url).query).get("variant", [])
    in_url = [candidate for candidate in candidates if candidate.item_id in named]
    wanted = {name.casefold(): label.casefold() for name, label in request.variant.items()}
    fitting = [
        candidate
        for candidate in (in_url if in_url and not wanted else candidates)
        if wanted.items() <= {name.casefold(): label.casefold() for name, label in candidate.options.items()}.items()
    ]
    choices = "; ".join(", ".join(f"{name}: {label}" for name, label in one.options.items()) for one in candidates)
    if not fitting:
        return Refused(
            code="variant_selections_invalid", message=f"no variant fits the selection; there are: {choices}"
        )
    if len(fitting) > 1:
        return Refused(code="variant_selections_required", message=f"choose a variant; there are: {choices}")
    chosen = fitting[0]
    if not chosen.available:
        return Refused(code=OUT_OF_STOCK, message=f"{chosen.title} is sold out")
    return Item(item_id=chosen.item_id, title=chosen.title, currency=chosen.currency, variant=chosen.options)


def _page(api: Api, url: str) -> Sequence[PageItem]:
    try:
        answer = api.fetcher.fetch("GET", url, headers={"Accept": "text/html"}, redirects=3)
    except FetchError:
        return ()  # the page is the last way; without it there is no product, which is what the caller then says
    return read_page(answer.body.decode("utf-8", "replace")) if answer.status == 200 else ()  # noqa: PLR2004 (HTTP)


def _from_page(item: PageItem) -> _Candidate:
    return _Candidate(
        item_id=item.item_id,
        title=item.title,
        currency=item.currency,
        options=item.options,
        available=item.available,
    )


def _urls(product: Mapping[str, Any]) -> Sequence[str]:
    things = [product, *objects(product.get("variants"))]
    return [url for thing in things if (url := text(thing.get("url")))]


def _is_at(product: Mapping[str, Any], url: str) -> bool:
    return any(_place(candidate) == _place(url) for candidate in _urls(product))


def _place(url: str) -> tuple[str, str]:
    """Where a URL leads, without what does not matter: scheme, `www.`, query, a slash at the end."""
    parts = urlsplit(url)
    host = (parts.hostname or "").removeprefix("www.")
    return f"{host}:{parts.port or ''}", unquote(parts.path).rstrip("/")
