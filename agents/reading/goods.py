"""The product on a page: title, price, whether it can be bought, its variants and which are chosen.

Declared data (JSON-LD, microdata, meta) is believed only where the page shows the same. Knows product pages; must never
know which variant is wanted.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from playwright.sync_api import Page

from agents.errors import UnreadableError
from agents.guard import is_commit, similar
from agents.reading.amounts import Currencies, amounts_in, money
from agents.reading.basket import ADD
from agents.reading.labels import folded
from agents.reading.rows import currencies_of
from agents.reading.seen import SURROUNDINGS, Control, Seen, look
from payments.money import Money

SOLD_OUT = re.compile(
    r"\b(sold ?out|out of stock|currently unavailable|no longer available|not available|unavailable|ausverkauft"
    r"|nicht (vorratig|verfugbar|lieferbar|auf lager)"
    r"|vergriffen|epuise|rupture de stock|indisponible|en rupture|agotado|sin existencias|no disponible|esaurito"
    r"|non disponibile"
    r"|uitverkocht|niet (op voorraad|beschikbaar))\b"
)
_PLACEHOLDER = re.compile(
    r"^(-+|choose|select|pick|please|bitte|wahlen|auswahlen|choisir|choisissez|selectionne|elige|elegir|selecciona"
    r"|scegli|seleziona|kies|maak|option)\b|^[\W_]*$"
)
_NO_VARIANT = re.compile(
    r"qty|quantity|menge|anzahl|quantite|cantidad|quantita|aantal|country|land\b|pays\b|currency|wahrung|language"
    r"|sprache|sort|search|email|rating"
    r"|subscri|ship|newsletter|payment|region|province|state\b"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductReading:
    """One product as its page shows it. `variants`: the values to choose from, by label; `chosen`: those that are."""

    title: str
    price: Money | None
    available: bool
    variants: Mapping[str, tuple[str, ...]]
    chosen: Mapping[str, str]


def product(page: Page | Seen) -> ProductReading:
    """The page's one product; UnreadableError where it shows none."""
    seen = look(page)
    title = _title(seen)
    if not title:
        raise UnreadableError("the page shows no product")
    options = list(_options(seen))
    variants: dict[str, tuple[str, ...]] = {}
    chosen: dict[str, str] = {}
    for label, values, value in options:
        if values:
            variants[label] = values
        if value:
            chosen[label] = value
    return ProductReading(
        title=title,
        price=_price(seen, currencies_of(seen, None)),
        available=_available(seen),
        variants=variants,
        chosen=chosen if options else _attributes(seen),
    )


def _title(seen: Seen) -> str:
    """The main heading; else what the page declares, if it shows that."""
    declared = [str(node.get("name") or "") for node in _products(seen)]
    declared += [item["value"] for item in seen.items if item["name"] == "name" and "Product" in item["type"]]
    declared += [seen.metas.get("og:title", "")]
    headings = [chunk.text for chunk in seen.chunks if chunk.heading and chunk.zone not in SURROUNDINGS]
    for name in declared:
        if found := next((text for text in headings if name and similar(name, text)), ""):
            return found
    return headings[0] if headings else ""


def _products(seen: Seen) -> list[Mapping[str, object]]:
    return [
        node
        for node in seen.declared
        if node.get("@type") in ("Product", "ProductGroup") or "Product" in _list(node.get("@type"))
    ]


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []


def _price(seen: Seen, currencies: Currencies) -> Money | None:
    """The first amount after the title; None where the page shows none."""
    title = _title(seen)
    started = False
    for chunk in seen.chunks:
        started = started or chunk.text == title
        if started and not chunk.unheard and not chunk.odd and chunk.zone not in SURROUNDINGS:
            for amount in amounts_in(chunk.text):
                try:
                    return money(amount, currencies)
                except UnreadableError:
                    return None
    return None


def _available(seen: Seen) -> bool:
    """Whether it can be put into the basket: by a control that says so, and no word against it.

    A control that is only disabled says nothing: many are, until a variant is chosen.
    """
    presses = [control for control in seen.controls if control.is_press and control.zone not in SURROUNDINGS]
    adds = [press for press in presses if ADD.search(folded(press.name)) or is_commit(press.name)]
    says_no = any(SOLD_OUT.search(folded(press.name)) for press in presses)
    states = [str(node["availability"]) for node in seen.declared if node.get("availability")]
    states += [item["value"] for item in seen.items if item["name"] == "availability"]
    declared_out = bool(states) and all(re.search(r"OutOfStock|SoldOut|Discontinued", state) for state in states)
    if adds:
        return not declared_out or any(not add.disabled for add in adds)
    return not (says_no or declared_out or _says_sold_out(seen))


def _says_sold_out(seen: Seen) -> bool:
    """A short text of its own that says so, between the title and whatever else the page sells."""
    texts = [chunk.text for chunk in seen.chunks if chunk.zone not in SURROUNDINGS and not chunk.link]
    return any(len(text) <= 60 and SOLD_OUT.search(folded(text)) for text in texts)  # noqa: PLR2004 (a notice, not a description)


def _options(seen: Seen) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """Label, values that can be chosen, and the chosen one, for every group of variant controls."""
    for select in seen.controls:
        if select.options and select.zone not in SURROUNDINGS and not _NO_VARIANT.search(_about(select)):
            real = [option for option in select.options if not _PLACEHOLDER.search(folded(option.text))]
            values = tuple(
                _bare(option.text)
                for option in real
                if not option.disabled and not SOLD_OUT.search(folded(option.text))
            )
            chosen = next((_bare(option.text) for option in real if option.selected), "")
            if values or chosen:
                yield _label(select.name or select.group), values, chosen
    groups: dict[tuple[str, str], list[Control]] = {}
    for control in seen.controls:
        if control.type == "radio" or control.role in ("radio", "option"):
            groups.setdefault((control.group, control.legend), []).append(control)
    for (group, legend), radios in groups.items():
        if not _NO_VARIANT.search(folded(f"{group} {legend}")) and radios[0].zone not in SURROUNDINGS:
            yield (
                _label(legend or group),
                _values(radios),
                next((_bare(radio.name) for radio in radios if radio.checked), ""),
            )


def _about(control: Control) -> str:
    return folded(f"{control.name} {control.key}")


def _values(radios: Sequence[Control]) -> tuple[str, ...]:
    fit = [radio for radio in radios if not radio.disabled and not SOLD_OUT.search(folded(radio.name))]
    return tuple(_bare(radio.name) for radio in fit)


def _bare(text: str) -> str:
    """An option without its price and its remark: "L (sold out)", "Blue +$2.00"."""
    amounts = amounts_in(text)
    cut = text[: amounts[0].start] if amounts and amounts[0].start else text
    return re.sub(r"(\s*\([^()]*\)?|[\s+(\u2013\u2014-]+)$", "", cut).strip()


def _label(text: str) -> str:
    return text.strip(" :*").replace("_", " ")


def _attributes(seen: Seen) -> dict[str, str]:
    """On the page of one variant, without anything to choose: what its table says of it ("Size: M")."""
    found: dict[str, str] = {}
    for label, value in zip(seen.chunks, seen.chunks[1:], strict=False):
        if label.th and not value.th and label.path[:-1] == value.path[:-1] and not amounts_in(value.text):
            found[_label(label.text)] = value.text
    return found
