"""Which phase of a purchase a page is in, told from its controls, and what may be done in each.

The same controls always give the same phase: no model is asked. Knows what controls are called; must never know a shop.
"""

import re
from collections.abc import Iterable
from typing import Final, Protocol

from agents.guard import is_commit
from agents.terms import Phase


class Named(Protocol):
    """What tells a phase: the role and the accessible name of a control."""

    @property
    def role(self) -> str:
        """The ARIA role."""
        ...

    @property
    def name(self) -> str:
        """The accessible name."""
        ...


FIELDS: Final = frozenset({"textbox", "searchbox", "combobox", "listbox", "spinbutton"})
PRESSED: Final = frozenset({"button", "link", "menuitem"})

_CARD = re.compile(
    r"card ?(no\b|num|#)|kart\w*[ -]?nummer|num[eé]ro de (la )?carte|n[uú]mero de (la )?tarjeta|numero (della )?carta"
    r"|kaartnummer|\bcvc\b|\bcvv\b|security code|prüfziffer|cryptogramme",
    re.IGNORECASE,
)
# One of these may be a newsletter or a shipping estimate; two different ones are a person's address.
_PERSON = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"e-?mail|courriel|correo",
        r"\b(first|last|full|given|family|sur)[ -]?name|vorname|nachname|pr[eé]nom|\bnom\b|nombre|apellido|cognome",
        r"address|street|stra(ß|ss)e|adresse|direcci[oó]n|indirizzo|adres",
        r"post ?(al )?-?code|zip|plz|postleitzahl|code postal|c[oó]digo postal|\bcap\b",
        r"\bcity\b|town|\bort\b|stadt|ville|ciudad|citt[aà]|plaats",
        r"phone|telefon|t[eé]l[eé]fono?|mobile|handy",
    )
)
_PERSONS_AT_LEAST = 2
_PAYS = re.compile(
    r"pay(ing|ment)? (by|with|on|method)|credit card|debit card|on delivery|bank transfer|wire transfer|invoice|paypal"
    r"|kreditkarte|nachnahme|rechnung|überweisung|vorkasse|carte bancaire|virement|tarjeta|transferencia"
    r"|contra reembolso|bonifico|contrassegno|rembours|overschrijving",
    re.IGNORECASE,
)
_SHIPS = re.compile(
    r"shipping|delivery|deliver|standard|express|courier|pick-?up|business days|working days|versand|lieferung|werktage"
    r"|livraison|env[ií]o|entrega|spedizione|consegna|verzending|levering",
    re.IGNORECASE,
)
_SHIPS_HERE: Final = re.compile(
    r"^\W*(choose |select )?(your )?(shipping|delivery) (method|option)s?\b|versandart|mode de livraison"
    r"|m[eé]todo de env[ií]o",
    re.IGNORECASE,
)
_PAYS_HERE: Final = re.compile(
    r"^\W*(choose |select |enter )?(your )?payment( (method|option|detail|information)s?)?\s*(\||\u2013|-|$)"
    r"|zahlungsart|mode de paiement|m[eé]todo de pago",
    re.IGNORECASE,
)
# Where this stands, goods are still being chosen, whatever else may be bought there at once.
_ADDS = re.compile(
    r"add (\w+ ){0,3}?to (\w+ )?(cart|basket|bag|trolley)|in den (waren|einkaufs)korb|ajouter (\w+ )?au panier"
    r"|añadir (\w+ )?(al|a la) (carrito|cesta)|aggiungi al carrello|in (de )?winkel(wagen|mand)",
    re.IGNORECASE,
)

_SEES: Final = frozenset({"read_page", "find", "screenshot", "wait"})
_ACTS: Final = _SEES | {"form_input", "left_click"}


def phase_of(controls: Iterable[Named], title: str = "") -> Phase:
    """The phase of the page that has these controls.

    Where they do not tell, a title may: ways to ship may each have a button, a page about paying nothing at all.
    """
    there = list(controls)
    pressed = [control.name for control in there if control.role in PRESSED]
    fields = [control.name for control in there if control.role in FIELDS]
    radios = [control.name for control in there if control.role == "radio"]
    adds = any(_ADDS.search(name) for name in pressed)
    card = any(_CARD.search(name) for name in fields)
    if any(is_commit(name) for name in pressed) and not adds:
        return Phase.REVIEW
    if not adds and (card or any(_PAYS.search(name) for name in radios)):
        return Phase.PAYMENT
    if sum(any(kind.search(name) for name in fields) for kind in _PERSON) >= _PERSONS_AT_LEAST:
        return Phase.CONTACT
    if adds:
        return Phase.BROWSE
    if any(_SHIPS.search(name) for name in radios) or _SHIPS_HERE.search(title):
        return Phase.SHIPPING
    return Phase.PAYMENT if _PAYS_HERE.search(title) else Phase.BROWSE


def actions_in(phase: Phase) -> frozenset[str]:
    """The browser tools for a phase. Once paying has begun, one moves by the page's own controls only."""
    return _ACTS if phase in (Phase.PAYMENT, Phase.REVIEW) else _ACTS | {"navigate"}
