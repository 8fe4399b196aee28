"""Whether the buyer's address stands on a page as the one the order ships to.

Looked for in a block, not all over the page: from the street outwards, the part of the page that holds most of the
address. Where the page says which block is the shipping address, only that block counts. Case, accents, punctuation and
common street abbreviations make no difference; anything else does. Knows addresses; must never know a checkout.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from babel import Locale
from playwright.sync_api import Page

from agents.reading.labels import folded
from agents.reading.seen import SURROUNDINGS, Seen, look
from merchants.sdk import Buyer

# One word for each of these, whichever way it is written. Only words that stand alone or end a German street's name.
_ALIKE = {
    "street": "st",
    "strasse": "str",
    "avenue": "ave",
    "av": "ave",
    "road": "rd",
    "drive": "dr",
    "lane": "ln",
    "boulevard": "blvd",
    "court": "ct",
    "place": "pl",
    "square": "sq",
    "terrace": "ter",
    "highway": "hwy",
    "apartment": "apt",
    "suite": "ste",
    "floor": "fl",
    "building": "bldg",
    "unit": "apt",
    "north": "n",
    "south": "s",
    "east": "e",
    "west": "w",
    "northeast": "ne",
    "northwest": "nw",
    "southeast": "se",
    "southwest": "sw",
    "mount": "mt",
    "fort": "ft",
    "rue": "r",
    "calle": "c",
    "straat": "str",
}
# Regions that are written both ways.
_REGIONS = {
    "US": "AL Alabama,AK Alaska,AZ Arizona,AR Arkansas,CA California,CO Colorado,CT Connecticut,DE Delaware,"
    "DC District of Columbia,FL Florida,GA Georgia,HI Hawaii,ID Idaho,IL Illinois,IN Indiana,IA Iowa,KS Kansas,"
    "KY Kentucky,LA Louisiana,"
    "ME Maine,MD Maryland,MA Massachusetts,MI Michigan,MN Minnesota,MS Mississippi,MO Missouri,MT Montana,NE Nebraska,"
    "NV Nevada,NH New Hampshire,NJ New Jersey,NM New Mexico,NY New York,NC North Carolina,ND North Dakota,OH Ohio,"
    "OK Oklahoma,OR Oregon,PA Pennsylvania,RI Rhode Island,SC South Carolina,SD South Dakota,TN Tennessee,TX Texas,"
    "UT Utah,VT Vermont,VA Virginia,WA Washington,WV West Virginia,WI Wisconsin,WY Wyoming",
    "CA": "AB Alberta,BC British Columbia,MB Manitoba,NB New Brunswick,NL Newfoundland and Labrador,NS Nova Scotia,"
    "NT Northwest Territories,NU Nunavut,ON Ontario,PE Prince Edward Island,QC Quebec,SK Saskatchewan,YT Yukon",
}
_COUNTRY_NAMES = {
    "US": ("usa", "united states of america", "u s a"),
    "GB": ("uk", "great britain", "england"),
    "NL": ("holland",),
}
_LANGUAGES = ("en", "de", "fr", "es", "it", "nl")
_SHIPS = re.compile(
    r"\b(ship(ping)? (to|address|details|information)|deliver(y|ed|ing)? (to|address|details)|ships to|lieferadresse"
    r"|lieferanschrift|liefern an|versand an"
    r"|adresse de livraison|livre a|direccion de (envio|entrega)|enviar a|indirizzo di (spedizione|consegna)|spedire a"
    r"|verzendadres|bezorgadres|afleveradres)\b|^(shipping|delivery|lieferung|livraison|envio|spedizione"
    r"|bezorging)( address)?$"
)
_OTHER = re.compile(
    r"\b(bill(ing|ed)?( to| address)?|invoice address|rechnungs(adresse|anschrift)|adresse de facturation"
    r"|(direccion de )?facturacion"
    r"|(indirizzo di )?fatturazione|factuuradres|payment|shipping method|delivery method|order (contents|summary"
    r"|items)|your order"
    r"|totals?|contact|zahlung|versandart|paiement|pago|pagamento|betaling)\b"
)
_NAME_FIELD = re.compile(
    r"(family-?name|last-?_?name|surname|nachname|nom\b|apellido|cognome|achternaam)", re.IGNORECASE
)
_ELSEWHERE = re.compile(r"\b(different|another|abweichende|andere|autre|otra|diverso|same as)\b")
# What only an address has: four digits, or a British or Canadian postal code.
_POSTAL = re.compile(r"(?<![\d.,])\d{4,5}(?![\d.,]\d)|\b[A-Z]{1,2}\d[A-Z\d]? ?\d[A-Z]{2}\b|\b[A-Z]\d[A-Z] ?\d[A-Z]\d\b")
# A block with more text than this is a page, not an address.
MAX_BLOCK = 1500


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """A text or a filled-in field, in document order."""

    text: str
    path: tuple[int, ...]
    heading: bool = False


def address_found(page: Page | Seen, buyer: Buyer) -> tuple[str, ...]:
    """Which of the buyer's fields stand on the page as the shipping address; names of `Buyer` fields.

    Empty where the page's own shipping fields or block show another person's name: then nothing counts.
    """
    seen = look(page)
    if _names_another(seen, buyer):
        return ()
    pieces = _pieces(seen)
    shipping = [block for block in _shipping_blocks(pieces) if _POSTAL.search(" ".join(block))]
    blocks = shipping or list(_blocks_around_street(pieces, buyer))
    found = max((_fields_in(block, buyer) for block in blocks), key=len, default=())
    everywhere = " ".join(piece.text for piece in pieces)
    reach = [name for name in ("email", "phone") if name not in found and _stands(name, buyer, everywhere)]
    return (*found, *(reach if found else ()))


def _pieces(seen: Seen) -> list[_Piece]:
    """Texts and contents of fields, as they follow each other on the page."""
    placed: list[tuple[float, _Piece]] = [
        (index, _Piece(text=chunk.text, path=chunk.path, heading=chunk.heading or _is_title(chunk.text)))
        for index, chunk in enumerate(seen.chunks)
        if chunk.zone not in SURROUNDINGS and not chunk.button and not chunk.unheard
    ]
    placed += [
        (control.chunk - 0.5, _Piece(text=control.content, path=control.path))
        for control in seen.controls
        if control.is_typed and not control.secret and control.content.strip()
    ]
    return [piece for _, piece in sorted(placed, key=lambda entry: entry[0])]


def _is_title(text: str) -> bool:
    said = folded(text).strip(" :")
    return len(said) <= 40 and bool(_SHIPS.fullmatch(said) or _OTHER.fullmatch(said))  # noqa: PLR2004 (a title, not a sentence)


def _shipping_blocks(pieces: Sequence[_Piece]) -> Iterator[list[str]]:
    """The text under every title that says "shipping address", up to the next title."""
    block: list[str] | None = None
    for piece in pieces:
        said = folded(piece.text).strip(" :")
        ships = _SHIPS.search(said)
        titled = piece.heading or said.startswith(ships[0]) if ships else False
        if ships and titled and not _OTHER.search(said) and not _ELSEWHERE.search(said):
            if block:
                yield block
            block = [piece.text[len(ships[0]) :]] if not piece.heading else []
        elif block is not None and _OTHER.search(said) and (piece.heading or _OTHER.fullmatch(said)):
            yield block
            block = None
        elif block is not None and sum(map(len, block)) < MAX_BLOCK:
            block.append(piece.text)
    if block:
        yield block


def _blocks_around_street(pieces: Sequence[_Piece], buyer: Buyer) -> Iterator[list[str]]:
    """From the street outwards, every element small enough to be an address."""
    for piece in pieces:
        if not _stands("address1", buyer, piece.text):
            continue
        for depth in range(len(piece.path), 0, -1):
            block = [other.text for other in pieces if other.path[:depth] == piece.path[:depth]]
            if sum(map(len, block)) > MAX_BLOCK:
                break
            yield block


def _fields_in(block: Sequence[str], buyer: Buyer) -> tuple[str, ...]:
    text = " ".join(block)
    names = (
        "first_name",
        "last_name",
        "address1",
        "address2",
        "city",
        "province",
        "postal_code",
        "country",
        "email",
        "phone",
    )
    return tuple(name for name in names if _stands(name, buyer, text))


def _stands(name: str, buyer: Buyer, text: str) -> bool:
    """Whether a field's value stands in a text, in any of the ways it is written."""
    value = getattr(buyer, name)
    if not value:
        return False
    if name == "phone":
        digits = re.sub(r"\D", "", value)[-8:]
        return len(digits) >= 6 and digits in re.sub(r"[^\d\n]", "", text)  # noqa: PLR2004 (fewer digits are no number)
    if name == "email":
        return folded(value) in folded(text)
    if name == "postal_code":
        spaced = r"[\s-]*".join(re.escape(letter) for letter in re.sub(r"[\s-]", "", folded(value)))
        return bool(re.search(rf"(?<![a-z0-9]){spaced}(?![a-z0-9])", folded(text)))
    return any(_has(spelling, text) for spelling in _spellings(name, value, buyer.country))


def _spellings(name: str, value: str, country: str) -> Iterator[str]:
    yield value
    if name == "province":
        for region in _REGIONS.get(country.upper(), "").split(","):
            code, _, full = region.partition(" ")
            if folded(value) in (folded(code), folded(full)):
                yield from (code, full)
    if name == "country":
        yield from _COUNTRY_NAMES.get(value.upper(), ())
        for language in _LANGUAGES:
            if translated := Locale(language).territories.get(value.upper()):
                yield translated


def _has(wanted: str, text: str) -> bool:
    needle, hay = _tokens(wanted), _tokens(text)
    return bool(needle) and any(hay[at : at + len(needle)] == needle for at in range(len(hay) - len(needle) + 1))


def _tokens(text: str) -> list[str]:
    words = re.findall(r"[^\W_]+", folded(text))
    return [_ALIKE.get(word, re.sub(r"(?<=[a-z]{3})(strasse|straat)$", "str", word)) for word in words]


def _names_another(seen: Seen, buyer: Buyer) -> bool:
    """Whether a filled-in surname field holds somebody else's name."""
    fields = [
        control for control in seen.controls if control.is_typed and _NAME_FIELD.search(f"{control.key} {control.name}")
    ]
    filled = [field.content for field in fields if field.content.strip()]
    return any(not _has(buyer.last_name, content) for content in filled)
