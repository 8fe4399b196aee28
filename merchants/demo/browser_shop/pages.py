"""The shop's pages as HTML, from templates.

Knows how things are written: money, words, wrappers; must never change anything.
"""

import itertools
from typing import Any

from babel.numbers import format_currency, get_currency_precision
from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from merchants.demo.browser_shop import places
from merchants.demo.browser_shop.design import Design
from merchants.demo.browser_shop.goods import RISE_MINOR, Behaviour, Product, related_to
from merchants.demo.browser_shop.places import Rate
from merchants.demo.browser_shop.sessions import Session
from merchants.demo.browser_shop.words import words

_LOCALES = {"en": "en_US", "de": "de_DE"}

_environment = Environment(
    loader=PackageLoader("merchants.demo.browser_shop"),
    autoescape=select_autoescape(),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def written(amount_minor: int, currency: str, design: Design) -> str:
    """An amount as this shop writes it: `$19.99`, `19,99 €`."""
    major = amount_minor / 10 ** get_currency_precision(currency)
    return str(format_currency(major, currency, locale=_LOCALES[design.language]))


def ship_to(session: Session) -> list[str]:
    """The address as typed, one line each."""
    typed = session.fields
    name = typed.get("full_name") or f"{typed.get('first_name', '')} {typed.get('last_name', '')}"
    region = places.REGIONS.get(typed.get("country", ""), {}).get(typed.get("region", ""), typed.get("region", ""))
    country = places.countries(session.design.language).get(typed.get("country", ""), "")
    town = f"{typed.get('city', '')}, {region} {typed.get('postal_code', '')}".replace(", ,", ",")
    lines = [name, typed.get("address1", ""), typed.get("address2", ""), town, country, typed.get("phone", "")]
    return [line.strip(" ,") for line in lines if line.strip(" ,")]


class Pages:
    """One shop's way to write its pages."""

    def __init__(self, *, currency: str, pay_origin: str, shop_origin: str) -> None:
        self._currency = currency
        self._origins = {"pay_origin": pay_origin, "shop_origin": shop_origin}

    def page(self, template: str, session: Session, **more: Any) -> str:
        """A page for this visitor; it also says, once, what is to be said."""
        said, session.said = session.said, []
        return _environment.get_template(template).render(
            session=session,
            said=said,
            banner=session.design.cookies != "none" and "cookies" not in session.seen,
            **self._shared(session),
            **more,
        )

    def prices(self, design: Design, product: Product) -> dict[str, str]:
        """Every variant's price as written, by its values joined with commas."""
        return {
            ",".join(choice): written(product.unit_minor(choice), self._currency, design)
            for choice in itertools.product(*product.options.values())
        }

    def part(self, template: str, session: Session) -> str:
        """A part of a page, for a script to put into it."""
        return _environment.get_template(template).render(
            session=session, errors={}, sections=["contact", "address"], **self._shared(session)
        )

    def _shared(self, session: Session) -> dict[str, Any]:
        design = session.design
        said = words(design)

        def money(amount_minor: int) -> str:
            return written(amount_minor, self._currency, design)

        def plain(amount_minor: int) -> str:
            digits = get_currency_precision(self._currency)
            return f"{amount_minor / 10**digits:.{digits}f}"

        def rate_name(rate: Rate) -> str:
            return f"{said[rate.rate_id]} ({said['days'].format(*rate.days)})"

        return {
            "t": said,
            "design": design,
            "money": money,
            "plain": plain,
            "case": session.case,
            "rate_name": rate_name,
            "sums": session.sums(),
            "ship_to": ship_to(session),
            "countries": places.countries(design.language),
            "regions": places.REGIONS.get(session.fields.get("country", ""), {}),
            "Behaviour": Behaviour,
            "related_to": related_to,
            "rise_minor": RISE_MINOR,
            "currency": self._currency,
            **self._origins,
        }


def asset(name: str) -> str:
    """The script or the style sheet, as it is."""
    return _environment.get_template(name).render()


def bare(template: str, **more: Any) -> str:
    """A page of another site than the shop's."""
    return _environment.get_template(template).render(**more)
