"""Which slot belongs in a field, told from its label. Knows labels in English and German; must never know a value."""

import re
from collections.abc import Set as AbstractSet

from agents.stand_in.page import Item

# Never the buyer's to fill, whatever else the label says.
LEAVE = re.compile(
    r"search|suche|coupon|voucher|promo|discount|gutschein|newsletter|company|firma|fax|vat|tax id|ust|note|"
    r"instruction|comment|message|bemerkung|hinweis|anmerkung|password|passwort|birth|geburt|gift|title|anrede|"
    r"third line|line 3|iban|review|rating|captcha",
    re.IGNORECASE,
)
# In this order: the more particular label comes first. A label is read with its star and colon taken off.
CARD = (
    ("card.number", r"card ?(no|num|#)|karten ?nummer|kreditkarten"),
    ("card.exp_month", r"(exp\w*|valid\w*|card|gültig\w*|ablauf\w*).*(month|monat)|^(month|monat|mm)$"),
    ("card.exp_year", r"(exp\w*|valid\w*|card|gültig\w*|ablauf\w*).*(year|jahr)|^(year|jahr|yy|yyyy|jj|jjjj)$"),
    ("card.expiry", r"expir|exp\.? date|valid (thru|until|through)|mm ?/ ?(yy|jj)|gültig bis|ablaufdatum|gültigkeit"),
    ("card.cvc", r"cvc|cvv|security code|card code|verification (code|value)|prüf(nummer|ziffer|code)|sicherheitscode"),
    ("card.name", r"(name|holder).*card|card ?holder|karteninhaber|name auf der karte"),
)
PERSON = (
    ("buyer.email", r"e-?mail"),
    ("buyer.phone", r"phone|mobile|\btel\b|telefon|handy|mobil|rufnummer"),
    ("buyer.first_name", r"first name|given name|forename|vorname"),
    ("buyer.last_name", r"last name|surname|family name|nachname|familienname"),
    (
        "buyer.full_name",
        r"^(full |your |recipient.?s? |contact )?name$|full name|vor- und nachname|vollständiger name|^name\b",
    ),
    ("buyer.postal_code", r"post ?code|postal|\bzip\b|\bplz\b|postleitzahl"),
    ("buyer.address2", r"address.*(line )?2|second line|apartment|suite|unit|\bapt\b|adresszusatz|zusatz|optional"),
    ("buyer.city", r"city|town|suburb|locality|\bort\b|stadt|wohnort|line 4"),
    ("buyer.province", r"state|province|county|region|bundesland|kanton"),
    ("buyer.country", r"country|\bland\b|staat"),
    ("buyer.address1", r"address|street|stra(ß|ss)e|first line|anschrift|hausnummer"),
)
FILLABLE = ("textbox", "combobox", "spinbutton", "searchbox", "listbox")


def slot_for(item: Item, slots: AbstractSet[str]) -> str | None:
    """The slot for this field among those there are; None for a field to be left alone."""
    if item.role not in FILLABLE or item.disabled:
        return None
    label = re.sub(r"[*:]|\((required|pflichtfeld)\)", "", item.name, flags=re.IGNORECASE).strip()
    for slot, pattern in CARD:
        if re.search(pattern, label, re.IGNORECASE):
            return slot if slot in slots else None
    if LEAVE.search(label):
        return None
    for slot, pattern in PERSON:
        if re.search(pattern, label, re.IGNORECASE):
            return slot if slot in slots else None
    return None


def is_card(item: Item) -> bool:
    """Whether a field asks for something that stands on a card."""
    return item.role in FILLABLE and any(re.search(pattern, item.name, re.IGNORECASE) for _, pattern in CARD)
