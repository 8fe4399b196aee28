"""The ways to ship that a page offers: radio buttons, a select, or a row each with a button or link.

Knows structure and shipping words; must never pick one. The price of a way is what its own row says.
"""

import re
from collections.abc import Iterator, Sequence

from playwright.sync_api import Page

from agents.errors import UnreadableError
from agents.reading.amounts import FREE, Currencies, amounts_in, money
from agents.reading.labels import folded
from agents.reading.rows import currencies_of
from agents.reading.seen import Control, Seen, look
from agents.terms import ShippingChoice
from merchants.sdk import ShippingOption
from payments.money import Money

_SHIPS = re.compile(
    r"ship|deliver|postage|courier|freight|pick ?up|collect|express|standard|overnight|business day|working day"
    r"|next[- ]day|parcel"
    r"|versand|liefer|abholung|werktag|livraison|expedition|retrait|envio|entrega|recogida|spedizione|consegna|ritiro"
    r"|verzend|bezorg|levering|ophalen|\b(ups|dhl|fedex|usps|gls|dpd|hermes|colissimo|postnl)\b"
)
_PAYS = re.compile(
    r"pay|card\b|visa|mastercard|invoice|transfer|cash on|zahl|karte|rechnung|uberweisung|nachnahme|paie|carte"
    r"|virement|pago|tarjeta"
    r"|pagamento|carta di|bonifico|contrassegno|betaal|rembours|overschrijving|billing"
)
_TAKES = re.compile(
    r"^(choose|select|use|pick|auswahlen|wahlen|choisir|selectionner|elegir|seleccionar|scegli|seleziona|kies"
    r"|selecteer)\b"
)
# A row with more text than this holds more than one way to ship.
MAX_ROW_CHUNKS = 8


def shipping_choices(page: Page | Seen) -> list[ShippingChoice]:
    """The ways to ship, in the page's order; empty where it offers none."""
    seen = look(page)
    currencies = currencies_of(seen, None)
    found = [*_radios(seen, currencies), *_selects(seen, currencies)] or list(_rows(seen, currencies))
    distinct = {choice.option.option_id: choice for choice in found}
    return list(distinct.values())


def _radios(seen: Seen, currencies: Currencies) -> Iterator[ShippingChoice]:
    groups: dict[tuple[str, int], list[Control]] = {}
    for control in seen.controls:
        if control.type == "radio" or control.role == "radio":
            groups.setdefault((control.group, control.form), []).append(control)
    for (group, _form), radios in groups.items():
        texts = [_text_of(seen, radio, radios) for radio in radios]
        about = folded(" ".join([group.replace("_", " "), *(radio.legend for radio in radios)]))
        said = folded(" ".join(texts))
        ships = _SHIPS.search(about) or (_SHIPS.search(said) and not _PAYS.search(f"{about} {said}"))
        if not ships or (_PAYS.search(about) and not _SHIPS.search(about)):
            continue
        for radio, text in zip(radios, texts, strict=True):
            yield from _choice(text, _identity(radio.value, text), currencies, seen, selected=radio.checked)


def _selects(seen: Seen, currencies: Currencies) -> Iterator[ShippingChoice]:
    for select in seen.controls:
        said = folded(f"{select.name} {select.key} {select.legend}")
        if not select.options or not _SHIPS.search(said) or "address" in said or "country" in said:
            continue
        for option in select.options:
            if not option.disabled and (amounts_in(option.text) or FREE.search(option.text)):
                yield from _choice(
                    option.text, _identity(option.value, option.text), currencies, seen, selected=option.selected
                )


def _rows(seen: Seen, currencies: Currencies) -> Iterator[ShippingChoice]:
    """Several buttons of one name ("Select option"), told apart by their rows."""
    headings = folded(" ".join([seen.title, *(chunk.text for chunk in seen.chunks if chunk.heading)]))
    takers = [
        control
        for control in seen.controls
        if _TAKES.search(folded(control.name)) and (control.is_press or control.href)
    ]
    if not _SHIPS.search(headings):
        return
    for taker in takers:
        for depth in range(len(taker.path) - 1, 0, -1):
            path = taker.path[:depth]
            chunks = [chunk for chunk in seen.within(path) if not chunk.button]
            if len(chunks) > MAX_ROW_CHUNKS or sum(other in takers for other in seen.controls_within(path)) > 1:
                break
            priced = any(amounts_in(chunk.text) or FREE.search(chunk.text) for chunk in chunks)
            named = [
                chunk.text for chunk in chunks if re.search(r"[^\W\d_]{2}", chunk.text) and not amounts_in(chunk.text)
            ]
            if priced and (named or len(chunks) == 1):
                text = " — ".join(chunk.text for chunk in chunks)
                yield from _choice(text, _slug(named[0] if named else text), currencies, seen, selected=False)
                break


def _text_of(seen: Seen, radio: Control, radios: Sequence[Control]) -> str:
    """A radio's label, widened to its row where the price stands beside the label."""
    if amounts_in(radio.name) or FREE.search(radio.name):
        return radio.name
    for depth in range(len(radio.path) - 1, 0, -1):
        path = radio.path[:depth]
        if sum(other in radios for other in seen.controls_within(path)) > 1:
            break
        texts = [chunk.text for chunk in seen.within(path) if not chunk.button]
        if any(amounts_in(text) or FREE.search(text) for text in texts):
            return " — ".join(texts)
    return radio.name


def _choice(
    text: str, identity: str, currencies: Currencies, seen: Seen, *, selected: bool
) -> Iterator[ShippingChoice]:
    """The way to ship a text describes; none where it names no price."""
    amounts = amounts_in(text)
    try:
        if amounts:
            cost = money(amounts[-1], currencies)
            title = text[: amounts[-1].start] + " " + text[amounts[-1].end :]
        elif FREE.search(text):
            cost = Money(0, _code(seen, currencies))
            title = re.sub(rf"[\s:(\u2013—-]*{FREE.pattern}\)?\s*$", "", text, flags=re.IGNORECASE) or text
        else:
            return
    except UnreadableError:
        return
    title = re.sub(r"\(\s*\)|\s+", " ", title).strip(" :\u2013—-+(|·") or text
    yield ShippingChoice(
        option=ShippingOption(option_id=identity, title=" ".join(title.split()), cost=cost), selected=selected
    )


def _code(seen: Seen, currencies: Currencies) -> str:
    marks = [amount.mark for chunk in seen.chunks for amount in amounts_in(chunk.text)]
    marks += [
        amount.mark
        for control in seen.controls
        for text in (control.name, *(o.text for o in control.options))
        for amount in amounts_in(text)
    ]
    return currencies.code(marks[0] if marks else "")


def _identity(value: str, text: str) -> str:
    """The page's own value for a way to ship, else its words."""
    return value if value not in ("", "on", text) else _slug(text)


def _slug(text: str) -> str:
    amounts = amounts_in(text)
    bare = FREE.sub("", text[: amounts[0].start] if amounts and amounts[0].start else text)
    return re.sub(r"[^\w]+", "-", folded(bare)).strip("-")
