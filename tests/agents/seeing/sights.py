"""Pages to see: HTML served by name, without a network, and the stand-in for a visit."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from playwright.sync_api import Browser, Page, Route

from agents.browsing.fence import Fence
from agents.filling.control import fill
from agents.redaction import Redactor
from agents.seeing.observe import Observer, Snapshot
from agents.slots import Slots
from agents.terms import Phase
from merchants.sdk import Buyer
from payments.cards import Card

BUYER = Buyer(
    first_name="Ada",
    last_name="Ashworth",
    email="ada.ashworth@example.org",
    phone="+1 415 555 0132",
    address1="1200 Fillmore Street",
    city="San Francisco",
    province="CA",
    postal_code="94115",
    country="US",
)
CARD = Card(number="4242424242424242", exp_month=7, exp_year=2031, cvc="737", holder="Ada Ashworth")
SHOP = "https://shop.example/checkout"
SLOTS = Slots(BUYER, CARD)


@dataclass(frozen=True)
class Visited:
    """A visit as an observer needs it."""

    page: Page
    fence: Fence

    def settle(self) -> None:
        """These pages change by themselves or not at all."""


@dataclass
class Sight:
    """One page of a shop, and what is seen of it."""

    page: Page
    observer: Observer

    def see(self, *, whole: bool = False) -> Snapshot:
        """A new reading."""
        return self.observer.snapshot(whole=whole)

    def lines(self) -> list[str]:
        """The reading without its first line."""
        return self.see().text.split("\n")[1:]

    def ref(self, role: str, name: str = "") -> str:
        """The reference of the first control of this role and name, in a new reading."""
        return next(
            control.ref
            for control in self.see().controls.values()
            if control.role == role and (not name or control.name == name)
        )

    def fresh(self, html: str) -> None:
        """Another page at the same address."""
        self.page.set_content(html)


def put(seen: Sight, role: str, value: str | bool, name: str = "", phase: Phase = Phase.PAYMENT) -> str:  # noqa: FBT001 (what a field takes)
    """Fill the first control of this role (and name)."""
    return fill(seen.observer, seen.ref(role, name), value, slots=SLOTS, phase=phase)


def held(seen: Sight, selector: str) -> str:
    """What a field holds."""
    return seen.page.input_value(selector)


def sight(browser: Browser, html: str, others: Mapping[str, str] | None = None) -> Sight:
    """A page of HTML at the shop's address; `others` are pages at other addresses, by URL."""
    pages = {SHOP: html, **(others or {})}
    page = browser.new_page()

    def answer(route: Route) -> None:
        parts = urlsplit(route.request.url)
        body = pages.get(f"{parts.scheme}://{parts.netloc}{parts.path}")
        route.fulfill(status=200 if body is not None else 404, body=body or "", content_type="text/html; charset=utf-8")

    page.route("**/*", answer)
    page.goto(SHOP)
    fence = Fence(SHOP, payment_hosts=("pay.example",))
    return Sight(page, Observer(Visited(page, fence), Redactor(SLOTS)))
