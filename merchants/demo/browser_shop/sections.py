"""The sections of the checkout: what each takes from a submitted form, and what it has to complain about.

Knows the rules of a form; must never know where on which page a section stands.
"""

from collections.abc import Callable, Mapping

from merchants.demo.browser_shop import places
from merchants.demo.browser_shop.goods import CARD, Behaviour
from merchants.demo.browser_shop.sessions import Session

# Field → key of the words that say what is wrong with it.
Errors = dict[str, str]

_MISSING_PASSWORD = {"password": "missing"}
_TYPED = ("email", "phone", "first_name", "last_name", "full_name", "address1", "address2", "city", "postal_code")


def _required(session: Session, *names: str) -> Errors:
    return {name: "missing" for name in names if not session.fields.get(name)}


def _typed(session: Session, form: Mapping[str, str]) -> None:
    session.fields.update({name: form[name].strip() for name in _TYPED if name in form})


def _contact(session: Session, form: Mapping[str, str]) -> Errors:
    _typed(session, form)
    session.fields["account"] = form.get("account", session.design.account)
    errors = _required(session, "email")
    if "@" not in session.fields.get("email", "@"):
        errors["email"] = "missing"
    if session.fields["account"] == "register" and not form.get("password"):
        errors |= _MISSING_PASSWORD
    return errors


def _address(session: Session, form: Mapping[str, str]) -> Errors:
    _typed(session, form)
    country = form.get("country", "")
    known = places.REGIONS.get(country, {})
    region = form.get("region", "") or form.get("region_text", "")
    # Free text may name a region that has a code.
    codes = {name.casefold(): code for code, name in known.items()}
    region = codes.get(region.strip().casefold(), region.strip())
    session.fields |= {"country": country if country in places.countries("en") else "", "region": region}
    names = ("full_name",) if session.design.names == "one" else ("first_name", "last_name")
    errors = _required(session, *names, "address1", "city", "country", "postal_code")
    if known and region not in known:
        errors["region"] = "missing"
    if session.bought(Behaviour.FORM_ERROR) and not errors and session.once("form_error"):
        errors["postal_code"] = "refused_postal_code"
    return errors


def _shipping(session: Session, form: Mapping[str, str]) -> Errors:
    session.rate_id = form.get("rate", session.rate_id)
    return {} if session.rate else {"rate": "missing"}


def _payment(session: Session, form: Mapping[str, str]) -> Errors:
    offered = session.pays_with
    session.payment = form.get("payment", session.payment or (offered[0] if len(offered) == 1 else ""))
    if session.payment not in offered:
        return {"payment": "missing"}
    if session.payment == CARD:
        session.token = form.get("card_token", session.token)
        session.last4 = form.get("card_last4", session.last4)[-4:]
        return {} if session.token else {"card": "card_missing"}
    session.token = session.last4 = ""
    return {}


def _review(session: Session, form: Mapping[str, str]) -> Errors:
    return {} if form.get("terms") or not session.design.terms else {"terms": "terms_missing"}


TAKES: Mapping[str, Callable[[Session, Mapping[str, str]], Errors]] = {
    "contact": _contact,
    "address": _address,
    "shipping": _shipping,
    "payment": _payment,
    "review": _review,
}


def layout(session: Session) -> list[tuple[str, list[str]]]:
    """The pages of this session's checkout and the sections on each, less what this basket needs not be asked."""
    pages = [(name, list(sections)) for name, sections in session.design.layout]
    if session.bought(Behaviour.SINGLE_SHIPPING):
        pages = [(name, [one for one in sections if one != "shipping"]) for name, sections in pages]
    if session.bought(Behaviour.LATE_SHIPPING) and ("shipping", ["shipping"]) in pages:
        pages.remove(("shipping", ["shipping"]))
        pages[0][1].append("shipping")
    return [(name, sections) for name, sections in pages if sections]
