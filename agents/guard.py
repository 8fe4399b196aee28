"""The rules between a page and a click that spends money. Pure: the worker asks it, and so does the service.

Knows words, readings and the confirmed offer; must never know a browser. Whatever it cannot tell is a difference.
"""

import re
import unicodedata
from collections.abc import Sequence

from agents.terms import Readings
from merchants.sdk import Offer, OfferRequest
from payments.money import Money

# Letters of other alphabets that look like Latin ones; a page may write "Pay now" with them.
_LOOKALIKES = str.maketrans("аеорсухіѕјһԁкмтвнαορυικεντ", "aeopcyxisjhdkmtbhaopuikevt")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u2060-\u2064\u202a-\u202e\u2066-\u2069\ufeff]")

# What stands on controls that place an order. Words that only lead to the payment are taken out before.
_LEADS_ON = re.compile(
    r"\b(add to|continue to (payment|checkout|shipping|delivery|review)|proceed to (payment|checkout)|go to|back"
    r"|return to"
    r"|payment (method|option|detail|information|step)s?|review (your |my )?order|view|edit|change|track|cancel|print"
    r"|download"
    r"|order (summary|details|history|status|number|review|preview|lookup|items|contents)|your orders|my orders|orders"
    r"|pay (on|upon|at|by) (delivery|collection|pickup|store|invoice|transfer|bank transfer|receipt)|how to pay"
    r"|minimum order|pre-?order policy|about|why|terms|policy|learn more"
    r"|zur kasse|weiter zu(r|m)?|zuruck|bestell(ubersicht|status|historie|nummer)|zahlungs(art|weise|methode|mittel)en?"
    r"|continuer vers|retour|mode de paiement|moyens? de paiement|voir|suivi|seguir comprando|continuar (a|al|con)"
    r"|metodos? de pago|forma de pago|tramitar pedido|ver|procedi al(la|l)?|vai al(la|l)?|metod[oi] di pagamento|torna"
    r"|ga naar|verder (naar|winkelen)|betaal(methode|wijze)n?|terug|naar de kassa)\b"
)
_COMMITS = re.compile(
    r"\b("
    r"place (the |this |your |my |an )?order|plac(e|ing) order|order (it )?now|order and pay"
    r"|order with obligation to pay"
    r"|(complete|submit|confirm|finish|finali[sz]e|send|process|authori[sz]e|approve|make|accept)"
    r"( (and|&) (pay|order|buy))?( (the|this|your|my|an?))? (order|purchase|payment|transaction|checkout|booking)"
    r"|(confirm|agree|accept|review|submit|continue|proceed|save)( (and|&|to))+ (pay|buy|order|purchase|place)"
    r"|buy( it)?( now)?|purchase( now)?|pay|payer|checkout and pay|check out now and pay"
    r"|(jetzt |sofort )?(zahlungspflichtig|kostenpflichtig|verbindlich) (bestellen|kaufen)|(jetzt"
    r"|sofort) (be)?(zahlen|stellen|kaufen)"
    r"|kaufen|bezahlen|bestellen|bestellung (jetzt )?(abschicken|absenden|aufgeben|abschliessen|bestatigen|senden"
    r"|ausfuhren)"
    r"|(kauf|zahlung|einkauf) (abschliessen|bestatigen|ausfuhren|durchfuhren)|zahlen"
    r"|commander|passer (la |ma |votre )?commande|acheter|(valider|confirmer|finaliser|terminer|envoyer)( (et"
    r"|puis) payer|( (la|le|ma|mon|votre|l'))? ?"
    r"(commande|paiement|achat))|commande avec obligation de paiement|regler( la commande| maintenant)?"
    r"|(realizar|hacer|confirmar|finalizar|completar|enviar|efectuar)( (y pagar|(el |la |mi |tu )?(pedido|compra|pago"
    r"|orden)))"
    r"|pagar|comprar|pedir ahora|pedido con obligacion de pago"
    r"|(effettua|invia|concludi|completa|conferma|inoltra|finalizza)( (e paga|(l'|il |lo |la )?(ordine|acquisto"
    r"|pagamento)))"
    r"|paga|acquista|compra|ordina( ora| adesso)?|ordine con obbligo di (pagare|pagamento)"
    r"|bestelling (plaatsen|bevestigen|afronden|verzenden)|(plaats|bevestig|rond|verstuur)( (de|mijn|je"
    r"|uw))? bestelling( af)?"
    r"|betalen|betaal( nu)?|koop nu|nu (kopen|bestellen|betalen)|kopen|bestel( nu)?"
    r"|bestelling met betalingsverplichting"
    r")\b"
)
# Alone on a control these may place an order as well as anything else.
_BARE = frozenset(
    [
        "confirm",
        "bestatigen",
        "confirmer",
        "confirmar",
        "conferma",
        "confermare",
        "bevestigen",
        "bevestig",
        "valider",
        "absenden",
    ]
)
# With a card typed in, these too may spend money.
_COULD = re.compile(
    r"\b(submit|finish|complete|done|ok|okay|yes|proceed|process|send|go|weiter|fertig|abschicken|senden|abschliessen"
    r"|terminer|envoyer|continuer|continue|next|finalizar|enviar|siguiente|continuar|completa|invia|avanti|prosegui"
    r"|afronden|verzenden|volgende|verder)\b"
)


def is_commit(name: str) -> bool:
    """Whether a control of this name places an order. In doubt it does: then only code may press it.

    "Buy now" on a product page and "Commander" in a basket are such doubts, and are treated as commits.
    """
    said = _plain(name)
    rest = _LEADS_ON.sub("|", said)
    return said in _BARE or bool(_COMMITS.search(rest))


def could_commit(name: str) -> bool:
    """Whether pressing a control of this name could place an order once everything is filled in: a wider net.

    For pages where a card was typed in, or that are a review. A control without a name could be anything.
    """
    return not name.strip() or is_commit(name) or bool(_COULD.search(_plain(name)))


def similar(one: str, other: str) -> bool:
    """Whether two titles name the same thing: three quarters of the shorter one's words, and no number against another.

    Shops cut titles short and append variants, so one may say more than the other.
    """
    first, second = _words(one), _words(other)
    if not first or not second:
        return False
    shorter, longer = sorted((first, second), key=len)
    only_first = {word for word in first - second if word.isdigit()}
    only_second = {word for word in second - first if word.isdigit()}
    if only_first and only_second:
        return False
    shared = sum(1 for word in shorter if _stands_in(word, longer))
    return shared >= 0.75 * len(shorter)  # three of four words


def differences(readings: Readings, offer: Offer, request: OfferRequest) -> list[str]:
    """Where what was read is not exactly what was confirmed, in sentences; empty means it is.

    The address counts as found when the street and the postal code or the city stand there. Names are asked for only
    where the page shows some: the reading takes the street away when it shows another person's.
    """
    return [
        *_total_differs(readings, offer),
        *_item_differs(readings, offer, request),
        *_variant_differs(readings, request),
        *_address_differs(readings.address_found),
        *([] if is_commit(readings.commit_control) else [f"{readings.commit_control!r} does not place an order"]),
    ]


def _total_differs(readings: Readings, offer: Offer) -> list[str]:
    confirmed = offer.cost.total
    return [
        f"the total is {total}, not the confirmed {confirmed}"
        for total in _distinct(readings.totals)
        if total != confirmed
    ]


def _item_differs(readings: Readings, offer: Offer, request: OfferRequest) -> list[str]:
    if len(readings.lines) != 1:
        return [f"the page shows {len(readings.lines)} lines to be bought, not one"]
    line = readings.lines[0]
    found = []
    if not similar(offer.title, line.title):
        found.append(f"the item is {line.title!r}, not {offer.title!r}")
    if not line.quantity == offer.quantity == request.quantity:
        found.append(f"the quantity is {line.quantity}, not {request.quantity}")
    return found


def _variant_differs(readings: Readings, request: OfferRequest) -> list[str]:
    text = " ".join(line.text for line in readings.lines)
    return [
        f"{label} {value!r} is not on the page"
        for label, value in request.variant.items()
        if not has_words(value, text) and not has_words(value, readings.variant_found.get(label, ""))
    ]


def _address_differs(found: Sequence[str]) -> list[str]:
    missing = [] if "address1" in found else ["street"]
    if "postal_code" not in found and "city" not in found:
        missing.append("postal code and city")
    return [f"the buyer's {' and '.join(missing)} are not on the page as the address"] if missing else []


def has_words(wanted: str, text: str) -> bool:
    """Whether the words of one text stand in another, whole and in order, whatever the case and punctuation."""
    needle, hay = _token_list(wanted), _token_list(text)
    return bool(needle) and any(hay[at : at + len(needle)] == needle for at in range(len(hay) - len(needle) + 1))


def _distinct(values: Sequence[Money]) -> list[Money]:
    return list(dict.fromkeys(values))


def _plain(name: str) -> str:
    """Folded: no case, accents, invisible characters or look-alike letters; letters spaced out are put together."""
    text = unicodedata.normalize("NFKD", _INVISIBLE.sub("", name)).casefold().translate(_LOOKALIKES)
    text = "".join(letter for letter in text if not unicodedata.combining(letter))
    text = re.sub(r"(?<!\S)(\w)((?: \w)+)(?!\S)", lambda spaced: spaced[1] + spaced[2].replace(" ", ""), text)
    return " ".join(re.sub(r"[^\w&'-]+", " ", text.replace("\u2019", "'")).split())


def _token_list(text: str) -> list[str]:
    folded = unicodedata.normalize("NFKD", _INVISIBLE.sub("", text)).casefold()
    folded = "".join(letter for letter in folded if not unicodedata.combining(letter))
    return re.findall(r"[^\W_]+", folded)


def _words(title: str) -> set[str]:
    return set(_token_list(title)) - {"the", "a", "an", "of", "and", "by", "with", "for", "in"}


def _stands_in(word: str, words: set[str]) -> bool:
    """A word, also in its plural."""
    return word in words or f"{word}s" in words or word.removesuffix("s") in words
