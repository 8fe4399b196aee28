"""What a product page says about itself in JSON-LD: the last way from a URL to an item, for shops without a catalog.

Knows schema.org's Product; must never run a script or follow a link.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser
from typing import Any

from merchants.ucp.reading import document, mapping, objects, text

# Which properties of a schema.org product a buyer chooses by.
_CHOICES = ("color", "size", "material", "pattern")


@dataclass(frozen=True, slots=True, kw_only=True)
class PageItem:
    """Something a page offers: the shop's own id, its title, currency, and what tells it from its siblings."""

    item_id: str
    title: str
    currency: str | None
    options: Mapping[str, str] = field(default_factory=dict)
    available: bool = True


def read_page(html: str) -> Sequence[PageItem]:
    """The items a page offers, one per variant; empty when it says nothing."""
    reader = _Scripts()
    reader.feed(html)
    return tuple(item for script in reader.scripts for thing in _things(script) for item in _items(thing))


class _Scripts(HTMLParser):
    """Collects the page's JSON-LD scripts."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.scripts: list[str] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside = tag == "script" and (dict(attrs).get("type") or "").lower() == "application/ld+json"
        if self._inside:
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        if tag == "script":
            self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.scripts[-1] += data


def _things(script: str) -> Iterator[Mapping[str, Any]]:
    try:
        read = document(script.encode())
    except ValueError:
        return
    for thing in objects(read):
        yield from objects(thing.get("@graph")) or (thing,)


def _items(thing: Mapping[str, Any]) -> Iterator[PageItem]:
    kinds = thing.get("@type")
    kinds = kinds if isinstance(kinds, list) else [kinds]
    if "ProductGroup" in kinds:
        for variant in objects(thing.get("hasVariant")):
            yield from _product(variant, str(text(thing.get("name")) or ""))
    elif "Product" in kinds:
        yield from _product(thing, "")


def _product(product: Mapping[str, Any], group_title: str) -> Iterator[PageItem]:
    offer = next(iter(objects(product.get("offers"))), {})
    item_id = text(product.get("productID")) or text(product.get("sku")) or text(offer.get("sku"))
    if item_id is None:
        return
    options = {name: value for name in _CHOICES if (value := text(product.get(name)))}
    for extra in objects(product.get("additionalProperty")):
        name, value = text(extra.get("name")), text(extra.get("value"))
        if name and value:
            options[name] = value
    yield PageItem(
        item_id=item_id,
        title=text(product.get("name")) or group_title or item_id,
        currency=text(offer.get("priceCurrency"))
        or text(mapping(offer.get("priceSpecification")).get("priceCurrency")),
        options=options,
        available=not (text(offer.get("availability")) or "").endswith(("OutOfStock", "SoldOut", "Discontinued")),
    )
