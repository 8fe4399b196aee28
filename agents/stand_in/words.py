"""The words shops use, in English and German, as the policy looks for them. Knows words only; decides nothing."""

import re

Words = re.Pattern[str]


def _words(*alternatives: str) -> Words:
    return re.compile("|".join(alternatives), re.IGNORECASE)


# What places the order: never clicked, only pointed at.
COMMIT = _words(
    r"place (my |your |the )?order|order now|buy now|submit (my |your |the )?order",
    r"(complete|confirm|finish|finali[sz]e) (my |your |the |this )?(order|purchase|payment)",
    r"confirm (and|&) pay|^pay\b(?!.*(with|method|later))|pay (and|&) order",
    r"order (and|with obligation to) pay|zahlungspflichtig|kostenpflichtig",
    r"jetzt (kaufen|bestellen|bezahlen)",
    r"(bestellung|kauf) (abschicken|aufgeben|absenden|abschließen|bestätigen)",
)
ADD = _words(
    r"\badd\b.*\b(to|into) (\w+ )?(basket|cart|bag|trolley)\b|^add to|in den (waren|einkaufs)korb", r"^hinzufügen$"
)
BASKET = _words(r"\b(view|show|go to|see|open|your|shopping|my)?\s*(basket|cart|bag)\b|warenkorb|einkaufswagen")
CHECKOUT = _words(
    r"\bcheck ?out\b|zur kasse|^kasse\b|proceed to (payment|shipping|order)|bestellvorgang|zur bestellung"
)
GUEST = _words(
    r"\b(as a |as )?guests?\b|without (an |a )?(account|regist)|als gast", r"ohne (anmeld|regist|konto|kundenkonto)"
)
LEAD_ON = _words(
    r"^(save (and|&) )?(continue|next|proceed|weiter|fortfahren)\b|continue$|\bcontinue to\b",
    r"\bproceed to\b|\bgo to\b|^to (the )?(shipping|delivery|payment|review|checkout)|^weiter\b|^zu(r|m)? ",
    r"review (your |my |the )?order|(ship|deliver) to this|use this address|save address",
    r"^(submit|save|ok)$|preview( order)?$|view preview|(bestellung|angaben) (prüfen|überprüfen)",
    r"übernehmen|^speichern",
)
PICK_THIS = _words(r"^(select|choose|use|pick)( this)?( shipping| delivery| payment)?( method| option)?$|^auswählen$")
RECALCULATE = _words(r"^(update|calculate|recalculate|refresh)\b|aktualisieren|berechnen")
# Controls beside the way: searching, vouchers, accounts, wallets, and everything that undoes.
ASIDE = _words(
    r"search|suche|coupon|voucher|promo|discount|gutschein|rabatt|newsletter|subscribe|abonnieren|sign ?in",
    r"log ?in|anmelden|einloggen|register|create (an )?account|registrieren|remove|delete|entfernen",
    r"löschen|back\b|zurück|continue shopping|keep shopping|weiter einkaufen|edit|change|ändern|bearbeiten",
    r"pay ?pal|google pay|apple pay|shop ?pay|klarna|wish ?list|merkliste|compare|share|print|help",
    r"language|currency|cancel|abbrechen|skip to",
)
LATER_CHECKOUT = _words(r"continue shopping|keep shopping|weiter einkaufen")

# Cookies and pop-ups.
REFUSE = _words(
    r"(reject|decline|refuse|deny)( all)?|only (necessary|essential|required)",
    r"(necessary|essential|required)( cookies)? only|no,? thanks?|not now|maybe later|ablehnen",
    r"nur (notwendige|erforderliche|essenzielle)|nein,? danke",
)
CLOSE = _words(
    r"^(close|dismiss|\u00d7|x|\u2715|schließen)( .*(banner|dialog|pop-?up|window|message|notice|fenster))?$"
)
CONSENT = _words(r"^(accept|allow|agree|ok|got it|akzeptieren|zustimmen|alle akzeptieren)\b")
COOKIES = _words(r"cookie|consent|privacy settings|einwilligung|datenschutzeinstellung")

# Checkboxes.
TERMS = _words(
    r"terms|conditions|\bagb\b|geschäftsbedingungen|widerruf|i (have read|agree|accept)",
    r"ich (stimme|akzeptiere|habe)",
)
EXTRA = _words(
    r"newsletter|offers|marketing|news|subscribe|insurance|protection|gift|donat|save (my|this)|remember",
    r"create|account|angebote|werbung|versicherung|geschenk|spende|merken|speichern|konto",
)
SAME_ADDRESS = _words(
    r"same as|same address|use (my |the )?(shipping|delivery)|wie (liefer|versand)|entspricht|identisch", r"gleiche"
)

# States of a product, told where a shop tells them.
SOLD_OUT = _words(
    r"sold ?out|out of stock|unavailable|no longer available|not available|ausverkauft",
    r"nicht (verfügbar|lieferbar)|vergriffen",
)
TOO_FEW = _words(
    r"only \d+ (left|available|in stock)|not enough|insufficient stock|maximum of|höchstens|nur noch \d+",
    r"can be bought|exceeds",
)
RELATED = _words(
    r"related|you may also|also (like|bought|viewed)|recommend|similar|recently viewed|ähnliche",
    r"auch (gekauft|gefallen|interessant)|empfehl",
)
NOTHING_CHOSEN = _words(r"^$|^-+.*-*$|choose|select|please|pick|wählen|bitte")

# Walls.
CAPTCHA = _words(r"captcha|not a robot|are (you )?human|verify (that )?you|kein roboter|mensch sind")
BOT_WALL = _words(
    r"access denied|unusual traffic|automated (access|requests|traffic)|checking your browser|\bbots?\b",
    r"zugriff verweigert",
)
NOT_FOUND = _words(r"\b404\b|not found|does not exist|doesn.t exist|nicht gefunden|existiert nicht")
PASSWORD = _words(r"password|passwort|kennwort")
SIGN_IN = _words(r"sign ?in|log ?in|anmelden|einloggen")
ACCOUNT = _words(
    r"regist|create (an |my )?account|new account|returning|existing|already|log ?in|sign ?in",
    r"konto (anlegen|erstellen)|bestandskunde",
)

# Ways to ship and to pay.
SHIP = _words(
    r"ship|deliver|standard|express|overnight|next.day|courier|parcel|pick.?up|collect|postal|\bpost\b",
    r"\bups\b|dhl|fedex|economy|priority|business days|versand|liefer|abhol|werktag|spedition|free\b",
    r"kostenlos",
)
PAY_CARD = _words(r"card|karte\b|visa|master|amex")
PAY_LATER = _words(
    r"on delivery|\bcod\b|cash|invoice|bank transfer|wire|transfer|purchase order|nachnahme|rechnung",
    r"vorkasse|überweisung|barzahlung",
)
PAY_OTHER = _words(
    r"pay ?pal|klarna|google|apple|amazon pay|gift card|voucher|sofort|giropay|crypto|bitcoin|direct debit",
    r"lastschrift",
)
QUANTITY = _words(r"quantity|\bqty\b|how many|menge|anzahl|stückzahl")
TOTAL = _words(
    r"(^|\d)\W*(order |grand |your )?total\b(?!.*(items?|saving))|amount (due|to pay)|to pay|gesamt|^summe",
    r"zu zahlen|endbetrag|rechnungsbetrag",
)
MONEY = _words(r"\d[\d.,\s]*\d|\d")
FREE = _words(r"\bfree\b|kostenlos|gratis|versandkostenfrei")
