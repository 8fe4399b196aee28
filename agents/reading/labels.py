"""What the label of a cost line means, in six languages. Knows words; must never see a page or an amount.

All words are folded: lower case, no accents. A total is recognised only when the label says nothing else, since a
product may be called "Total recall"; the other kinds are recognised by a word, and proven by the lines adding up.
"""

import re
import unicodedata
from enum import StrEnum


class Label(StrEnum):
    """The kinds of cost line."""

    TOTAL = "total"
    ESTIMATE = "estimate"  # a total that is not final
    SUBTOTAL = "subtotal"
    SHIPPING = "shipping"
    TAX = "tax"
    TAX_INCLUDED = "tax included"
    DISCOUNT = "discount"
    SURCHARGE = "surcharge"
    IGNORED = "ignored"  # a figure that is no part of the sum: savings, a net total, an amount before discounts


def folded(text: str) -> str:
    """Lower case without accents, white space squeezed."""
    decomposed = unicodedata.normalize("NFKD", text.replace("\u2019", "'"))
    bare = "".join(letter for letter in decomposed if not unicodedata.combining(letter))
    return " ".join(bare.casefold().split())


_TAX = (
    r"tax|taxes|vat|gst|hst|pst|qst|mwst|ust|umsatzsteuer|mehrwertsteuer|tva|iva|igic|impuestos?|impost[ae]"
    r"|btw|belasting(en)?"
)
_IGNORED = re.compile(
    r"\b(savings?|you (have )?saved?|total saved|(sie|du) spar(en|st)|ersparnis|economi(e|es|sez)|economie totale"
    r"|vous economisez"
    r"|ahorr(as|o|os)|risparmi(o|i)?|bespar(ing|t)|points?|rewards?|weight|quantity|credit|balance|instal?lments?"
    r"|monthly"
    r"|per month|im monat|par mois|al mes|al mese|per maand|before discounts?|vor rabatt|away from|more (to|for)"
    r"|fehlen)\b"
    r"|\b(net|netto(summe|betrag)?|ht|hors taxes?|sin iva|senza iva)\b|\btotal (items|quantity|articles?|artikel)\b$"
)
_NET = re.compile(rf"\b(excl(uding|\.|usive of)?|exkl\.?|ohne|before|sans|sin|escluse?|ex\.?|hors)\s*\(?({_TAX})\b")
_CLAUSE = re.compile(
    r"\([^)]*\)|\b(incl(uding|usive of|\.)?|inkl(usive|\.)?|excl(uding|\.)?|exkl\.?|inc\.?|ttc|t\.t\.c\."
    r"|toutes taxes comprises"
    r"|impuestos incluidos|iva (incluido|inclusa|incl\.?)|after discounts?|zzgl\.?)\b.*$"
)
_SUBTOTAL = re.compile(
    r"\b(sub-? ?total|item(s|\(s\))?( sub)? ?total|basket( sub)? ?total|(shopping )?cart( sub)? ?totals?|bag total"
    r"|merchandise( total)?"
    r"|products? total|total (of )?(products?|items|articles)|order subtotal|zwischensumme|warenwert|artikel(summe"
    r"|wert)|warenkorb(wert|summe)?"
    r"|sous-? ?total|total (des )?(articles|produits)|montant des articles|panier|subtotale|totale (articoli|prodotti"
    r"|merce)"
    r"|total (de )?(productos|articulos)|subtotaal|totaal (artikelen|producten)|artikelen)\b|^items?( \(\d+\))?$"
    r"|^\d+ items?$"
)
_SHIPPING = re.compile(
    r"\b(shipping|delivery|postage|freight|p&p|shipment|versand(kosten)?|liefer(ung|kosten|gebuhr)|porto|livraison"
    r"|frais de port|port|expedition|envio|gastos de envio|entrega|spedizione|spese di spedizione|consegna"
    r"|verzend(ing|kosten)|bezorg(ing|kosten)|levering)\b"
)
_TAX_LINE = re.compile(rf"\b({_TAX})\b")
_INCLUDED = re.compile(
    r"\b(includ(es|ed|ing)|incl|inkl|of which|davon|enthalten(e|er)?|darin|dont|inclus|y compris|incluid[oa]s?"
    r"|inclus[oaie]|di cui"
    r"|waarvan|inbegrepen|inclusief|de los cuales)\b"
)
_DISCOUNT = re.compile(
    r"\b(discounts?|coupons?|promo(tion|tions| code)?|vouchers?|offer|rabatt(e|code)?|gutschein(code)?|nachlass"
    r"|remise|reduction"
    r"|code promo|bon|descuentos?|cupon|sconto|sconti|buono|coupon|korting(scode)?|actie|gift ?card|geschenkkarte)\b"
)
# These name a delivery, and are a price for the way to pay.
_PAY_LATER_FEE = re.compile(
    r"\b(cash on delivery|c\.?o\.?d\.?|nachnahme\w*|contre remboursement|contra ?reembolso|contrassegno|rembours)\b"
)
_SURCHARGE = re.compile(
    r"\b(surcharges?|fees?|handling|insurance|protection|gift ?wrap(ping)?|tips?|donation|deposit|duties|customs"
    r"|zuschlag"
    r"|(\w*)gebuhr(en)?|servicepauschale|trinkgeld|supplement|frais|recargo|comision|supplemento|commissione"
    r"|contrassegno"
    r"|toeslag|servicekosten|transactiekosten|zoll)\b"
)
_TOTAL = re.compile(
    r"(your |the |my )?(order |grand |final |overall |purchase |checkout |invoice )?total( (amount|price|cost|charge"
    r"|payable|due|today|now|to pay))?"
    r"( (of|for) (your |the )?(order|purchase|\d+ items?))?"
    r"|(total )?amount (due|to pay|payable)( today)?|(total )?(to pay|due( today| now)?|payable)"
    r"|(total )?you('ll)? pay|(total )?to be paid"
    r"|(gesamt|end|bestell|rechnungs)(summe|betrag|preis)|gesamt|summe|zu zahlen(der betrag)?|zahlbetrag"
    r"|zahlungsbetrag|zu zahlende summe"
    r"|(montant )?total( (a payer|general|de la commande|de votre commande|commande|final))?|montant (a payer|total"
    r"|du)|(total )?net a payer"
    r"|(importe )?total( (a pagar|del pedido|de tu pedido|de la compra|pedido|general|final))?|(importe )?a pagar"
    r"|(importo )?totale( (ordine|dell'ordine|da pagare|complessivo|generale|finale))?|(importo )?da pagare"
    r"|(eind|totaal)(bedrag|totaal)|totaal( te betalen| bestelling)?|te betalen( bedrag)?"
)
_ESTIMATE = re.compile(r"\b(estimated|approximate|voraussichtliche?r?|estime|estimad[oa]|stimato|geschat(te)?)\b")
_TRIM = re.compile(r"^[\W_]+|[\W_]+$|\b(usd|eur|gbp|cad|aud|chf)\b|[*:†]")
# A label longer than this is a sentence.
MAX_LABEL = 120


def label_of(text: str) -> Label | None:  # noqa: PLR0911 (one question after another, the order is the rule)
    """The kind of cost line a label stands for; None for any other text."""
    said = folded(text)
    if not said or len(said) > MAX_LABEL:
        return None
    core = _TRIM.sub("", _CLAUSE.sub("", said)).strip()
    if _IGNORED.search(core) or (_NET.search(said) and _TOTAL.fullmatch(core)) or "before discount" in said:
        return Label.IGNORED
    if _SUBTOTAL.search(core):
        return Label.SUBTOTAL
    if _TOTAL.fullmatch(core):
        return Label.TOTAL
    if _ESTIMATE.search(core) and _TOTAL.fullmatch(_ESTIMATE.sub("", core).strip()):
        return Label.ESTIMATE
    if _TAX_LINE.search(said) and not _SHIPPING.search(core) and not _SURCHARGE.search(core):
        return Label.TAX_INCLUDED if _INCLUDED.search(said) else Label.TAX
    for pattern, label in (
        (_DISCOUNT, Label.DISCOUNT),
        (_PAY_LATER_FEE, Label.SURCHARGE),
        (_SHIPPING, Label.SHIPPING),
        (_SURCHARGE, Label.SURCHARGE),
    ):
        if pattern.search(core):
            return label
    return None
