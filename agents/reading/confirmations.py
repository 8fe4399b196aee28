"""Whether a page says that an order was placed, and under which number.

A page confirms when it says so in a sentence shops use for it. The number comes from the page, else from the address; a
page that thanks and gives no number is a confirmation whose `order_number` is "", which proves nothing by itself.
Knows such sentences; must never be asked before the commit, since any page can claim anything.
"""

import re
from collections.abc import Iterator
from itertools import pairwise
from urllib.parse import urlsplit

from playwright.sync_api import Page

from agents.errors import UnreadableError
from agents.reading.cost_lines import the_total
from agents.reading.labels import folded
from agents.reading.rows import currencies_of, rows_of
from agents.reading.seen import SURROUNDINGS, Seen, look
from agents.terms import Confirmation
from payments.money import Money

_CONFIRMS = re.compile(
    r"\b(thank(s| you)( so much| very much)?,?( \w+)? for (your|the) (order|purchase)|thank you, \w+[!.]?$"
    r"|thank you[!.]?$"
    r"|your order (is|has been|was) "
    r"(\w+ )?(placed|received|confirmed|complete|submitted|successful)|order (is |has been "
    r"|was )?(successfully )?(placed|received|confirmed|complete(d)?"
    r"|successful)|order [#\w-]+:? (is |has been )?(confirm(ed|ation)|received|placed)|order confirmation|(we('ve"
    r"| have)?) (received|got) your order|purchase complete"
    r"|(vielen )?dank fur (ihre|deine|die) bestellung|bestellung (\w+ )?(ist )?(eingegangen|erfolgreich|bestatigt"
    r"|aufgegeben|abgeschlossen)|bestellbestatigung"
    r"|merci (pour|de) (votre|ta) (commande|achat)|(votre )?commande (\w+ )?(a bien ete|a ete"
    r"|est) (\w+ )?(enregistree|confirmee|recue|validee|passee)|confirmation de (la |votre )?commande"
    r"|gracias por (tu|su) (pedido|compra)|(tu |su )?pedido (ha sido |se ha |esta )?(\w+ )?(realizado|recibido"
    r"|confirmado|completado)|confirmacion (del|de tu|de su) pedido"
    r"|grazie per (il tuo|il suo|l'|aver) ?(ordine|acquisto|ordinato)|ordine (e stato )?(\w+ )?(ricevuto|confermato"
    r"|completato|effettuato)|conferma (d'|dell')ordine"
    r"|(be)?dankt voor (je|uw) (bestelling|aankoop)|bestelling (is )?(\w+ )?(geplaatst|ontvangen|bevestigd|voltooid)"
    r"|orderbevestiging|bestelbevestiging)"
)
# Inside such a sentence it says the opposite.
_DENIES = re.compile(r"\b(not|never|nicht|keine?|pas|non|niet|geen|no)\b")
_ID = r"#?\s?(?P<id>[A-Z0-9][A-Z0-9_/-]*\d[A-Z0-9_/-]*)"
_NUMBERED = (
    re.compile(
        rf"\b(?:order|confirmation|purchase|reference|bestell|bestel|order|auftrags|bestelling)(?:[- ]?)(?:number"
        rf"|nummer|no\b\.?|nr\b\.?|id\b|reference|ref\b\.?|code)"
        rf"\s*(?:is|lautet|:|#|-)?\s*:?\s*{_ID}",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\b(?:n[uú]m[eé]ro|n[°ºo]\.?|r[eé]f[eé]rence|codice)\s*(?:de |di |del |dell')?(?:la |tu |votre |su "
        rf"|suo )?(?:commande|pedido|ordine|orden)\s*(?:est|es|[eè]|:|#)?\s*:?\s*{_ID}",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\b(?:commande|pedido|ordine|bestelling|bestellung|order|confirmation)\s*(?:n[°ºo]?\.|n[°º]|num\.?|nr\.?|no\b\.?|#)\s*:?\s*{_ID}",
        re.IGNORECASE,
    ),
    re.compile(rf"\border\s+{_ID}(?=\s*(?::|is\b|has\b|was\b|confirm|received|placed|$))", re.IGNORECASE),
)
_LABEL_ALONE = re.compile(
    r"(your )?(order|confirmation|purchase) ?(number|no\.?|id|reference|#)?|(bestell|auftrags|order|bestel)-?(nummer"
    r"|nr\.?)|order ref\.?"
    r"|numero (de |di )?(commande|pedido|ordine)|(commande|pedido|ordine) (n[°o]\.?|num\.?)|bestelling"
)
_ALONE = re.compile(_ID, re.IGNORECASE)
_IN_ADDRESS = re.compile(
    r"(?:order[-_]?(?:received|number|no|id|confirmation)?|orders|orderid|order_number|thank-?you|confirmation"
    r"|bestellung|commande|pedido|ordine)"
    r"[/=]#?([A-Za-z0-9-]*\d[A-Za-z0-9-]*)",
    re.IGNORECASE,
)
_PLACED = re.compile(
    r"\b(order status|status of your order|date placed|order(ed)? (date|on)|placed on|order details|bestellstatus"
    r"|bestelldatum"
    r"|statut de (la |votre )?commande|date de commande|estado del pedido|fecha del pedido|stato (dell')?ordine"
    r"|data ordine"
    r"|bestelstatus|besteldatum)\b"
)
# A heading, not a paragraph of terms that mentions orders.
MAX_SENTENCE = 300


def confirmation(page: Page | Seen) -> Confirmation | None:
    """What the page says about an order just placed; None when it does not say that one was."""
    seen = look(page)
    heading = _heading(seen)
    if heading is None:
        return None
    return Confirmation(
        order_number=_number(seen) or _number_in_address(seen.url), total=_total(seen), heading=heading, url=seen.url
    )


def shown_order(page: Page | Seen) -> Confirmation | None:
    """An order as its own page shows it later: a number, and words that only stand beside an order already placed."""
    seen = look(page)
    own = [chunk for chunk in seen.chunks if chunk.zone not in SURROUNDINGS and not chunk.unheard and not chunk.link]
    placed = next(
        (chunk.text for chunk in own if len(chunk.text) < MAX_SENTENCE and _PLACED.search(folded(chunk.text))), ""
    )
    number = _number(seen)
    if not placed or not number:
        return None
    return Confirmation(order_number=number, total=_total(seen), heading=placed, url=seen.url)


def _heading(seen: Seen) -> str | None:
    """The sentence that confirms: headings first, then other short text of the page's own part."""
    own = [chunk for chunk in seen.chunks if chunk.zone not in SURROUNDINGS and not chunk.button and not chunk.unheard]
    for chunk in sorted(own, key=lambda chunk: not chunk.heading):
        if len(chunk.text) <= MAX_SENTENCE and not chunk.link and _confirms(folded(chunk.text)):
            return chunk.text
    return None


def _confirms(text: str) -> bool:
    said = _CONFIRMS.search(text)
    return said is not None and not _DENIES.search(said[0])


def _number(seen: Seen) -> str:
    for text in _texts(seen):
        for pattern in _NUMBERED:
            if found := pattern.search(text):
                return found["id"].strip("-_/")
    texts = [chunk.text for chunk in seen.chunks if chunk.zone not in SURROUNDINGS and not chunk.unheard]
    for label, value in pairwise(texts):
        if _LABEL_ALONE.fullmatch(folded(label).strip(" :#")) and (found := _ALONE.fullmatch(value.strip())):
            return found["id"]
    return ""


def _texts(seen: Seen) -> Iterator[str]:
    for chunk in seen.chunks:
        if chunk.zone not in SURROUNDINGS and not chunk.unheard and not chunk.button:
            yield chunk.text


def _number_in_address(url: str) -> str:
    parts = urlsplit(url)
    found = _IN_ADDRESS.search(f"{parts.path}?{parts.query}")
    return found[1] if found else ""


def _total(seen: Seen) -> Money | None:
    """The order's total, where the page says one plainly."""
    try:
        return the_total(rows_of(seen, currencies_of(seen, None))).amount
    except UnreadableError:
        return None
