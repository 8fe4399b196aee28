"""The shop itself: which page answers which request, product pages and basket.

Knows a visitor by a cookie. One lock around everything, so that a click that is sent twice is handled one after the
other; pauses and silences happen outside it. Must never know a socket.
"""

import secrets
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from merchants.demo.books import Lines
from merchants.demo.browser_shop import goods, pages, places
from merchants.demo.browser_shop.arriving import arrival
from merchants.demo.browser_shop.basket import Errors, add, change, unit_minor
from merchants.demo.browser_shop.checkout import BANK_RETURN, Checkout
from merchants.demo.browser_shop.design import DESIGNS, Design, named
from merchants.demo.browser_shop.goods import Behaviour, Product
from merchants.demo.browser_shop.hostile import NO_CASE, Case, Spot
from merchants.demo.browser_shop.paying import Bank, Vault
from merchants.demo.browser_shop.placing import Till
from merchants.demo.browser_shop.sessions import Session
from merchants.demo.browser_shop.tricks import at_adding
from merchants.demo.browser_shop.web import Request, Response, Sites, answer_json, html, see_other, text

COOKIE = "visit"
SLOW_SECONDS = 0.8


@dataclass(slots=True)
class Settings:
    """What one process of the shop is told."""

    currency: str = "USD"
    design: Design = DESIGNS["ordinary"]
    cases: Mapping[str, Case] = field(default_factory=dict)


@dataclass(slots=True)
class Shop:
    """The shop's front door."""

    book: Lines
    sites: Sites
    settings: Settings
    vault: Vault = field(default_factory=Vault)
    visits: dict[str, Session] = field(default_factory=dict)
    quoted: Counter[Behaviour] = field(default_factory=Counter)
    _lock: threading.RLock = field(default_factory=threading.RLock)
    _pages: pages.Pages = field(init=False)
    _checkout: Checkout = field(init=False)

    def __post_init__(self) -> None:
        self._pages = pages.Pages(
            currency=self.settings.currency, pay_origin=self.sites.pay, shop_origin=self.sites.shop
        )
        till = Till(book=self.book, currency=self.settings.currency)
        self._checkout = Checkout(pages=self._pages, till=till, bank=Bank(self.sites), vault=self.vault)

    def site(self, request: Request) -> Response:
        """Answer."""
        if request.path in ("/shop.js", "/style.css"):
            kind = "text/javascript" if request.path.endswith("js") else "text/css"
            return text(pages.asset(request.path[1:]), kind)
        if request.path == "/favicon.ico":
            return Response(status=204)
        with self._lock:
            session, fresh = self._visit(request)
            answer = self._answer(request, session)
            slow = session.bought(Behaviour.SLOW_PAGES)
        # The bank's page posts from another site, without the visitor's cookie: that must not become a new visit.
        if fresh and request.path != BANK_RETURN:
            cookie = ("Set-Cookie", f"{COOKIE}={session.session_id}; Path=/; HttpOnly; SameSite=Lax")
            answer = replace(answer, headers=(*answer.headers, cookie))
        return replace(answer, pause_seconds=SLOW_SECONDS) if slow else answer

    def _visit(self, request: Request) -> tuple[Session, bool]:
        known = self.visits.get(request.cookies.get(COOKIE, ""))
        session = known or Session(session_id=secrets.token_hex(12), design=self.settings.design)
        self.visits[session.session_id] = session
        if wanted := named(request.query.get("design", "") or request.headers.get("x-design", "")):
            session.design = wanted
        if "case" in request.query:
            session.case = self.settings.cases.get(request.query["case"], NO_CASE)
        return session, known is None

    def _answer(self, request: Request, session: Session) -> Response:  # noqa: PLR0911, C901 (routes)
        first, _, rest = request.path.strip("/").partition("/")
        posted = request.method == "POST"
        match first, posted:
            case "", False:
                return html(self._pages.page("home.html", session, products=goods.PRODUCTS))
            case "products", False if session.case.spot is Spot.REDIRECT_PRODUCT:
                return see_other(session.case.text)
            case "products", False if product := goods.BY_HANDLE.get(rest):
                return arrival(product) or self._product(session, product, request.query)
            case "basket", False:
                return html(self._pages.page("basket.html", session))
            case "basket", True:
                return self._basket(request, session, rest)
            case "express", True:
                return self._checkout.express(session)
            case "checkout", _:
                return self._checkout.answer(request, session, rest)
            case "confirmation", False:
                return self._checkout.confirmation(request, session)
            case "orders", False:
                return html(self._pages.page("orders.html", session, orders=self._checkout.orders(session)))
            case "regions", False:
                return answer_json(places.REGIONS.get(request.query.get("country", ""), {}))
            case "cookies", True:
                session.seen.add("cookies")
                return Response(status=204)
            case "newsletter", True:
                return Response(status=204)
        return html(self._pages.page("message.html", session, title="404 Not found"), status=404)

    def _product(
        self, session: Session, product: Product, chosen: Mapping[str, str], errors: Errors | None = None
    ) -> Response:
        page = self._pages.page(
            "product.html",
            session,
            product=product,
            errors=errors or {},
            unit_minor=unit_minor(session, product, (), self.quoted),
            prices=self._pages.prices(session.design, product) if product.options else {},
            chosen=chosen,
            added=session.design.after_add == "drawer" and "added" in chosen,
            popup=session.design.newsletter and session.once("newsletter"),
        )
        return html(page, status=422 if errors else 200)

    def _basket(self, request: Request, session: Session, what: str) -> Response:
        if what == "add" and (product := goods.BY_HANDLE.get(request.form.get("product", ""))):
            errors = add(session, product, request.form, self.quoted)
            if errors:
                return self._product(session, product, request.form, errors)
            at_adding(session)
            after = {"basket": "/basket", "checkout": "/checkout", "drawer": f"{product.path}?added=1"}
            return see_other(after[session.design.after_add])
        if what == "change":
            change(session, request.form)
        return see_other("/basket")
