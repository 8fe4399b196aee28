"""A visitor of the browser shop without a browser: plain HTTP, a cookie jar, the forms as a browser sends them."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx2

from merchants.demo.browser_shop.__main__ import OpenShop
from merchants.demo.browser_shop.goods import CARD, ON_DELIVERY, Behaviour
from merchants.demo.browser_shop.shop import Settings

ADDRESS = {
    "email": "ada.ashworth@example.org",
    "first_name": "Ada",
    "last_name": "Ashworth",
    "address1": "1200 Fillmore Street",
    "city": "San Francisco",
    "country": "US",
    "region": "CA",
    "postal_code": "94115",
    "phone": "+1 415 555 0132",
}
CARD_FORM = {"number": "4242 4242 4242 4242", "expiry": "12 / 31", "cvc": "737", "name": "Ada Ashworth"}


@contextmanager
def shop(folder: Path, **settings: Any) -> Iterator[OpenShop]:
    """The shop's four sites on free ports of this process."""
    opened = OpenShop(folder / "orders.jsonl", folder / "requests.jsonl", settings=Settings(**settings))
    try:
        yield opened
    finally:
        opened.close()


def book(opened: OpenShop) -> list[dict[str, Any]]:
    """The orders on disk."""
    path = Path(opened.files["book"])
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


@dataclass(slots=True)
class Visitor:
    """One cookie jar. Names under `.localhost` are called at 127.0.0.1, as browsers do."""

    opened: OpenShop
    client: httpx2.Client = field(default_factory=lambda: httpx2.Client(timeout=10))
    cookies: dict[str, str] = field(default_factory=dict)

    def send(self, method: str, url: str, form: Mapping[str, str] | None = None) -> httpx2.Response:
        """One request, no redirects followed."""
        parts = urlsplit(url if "://" in url else f"{self.opened.sites.shop}{url}")
        headers = {"Host": parts.netloc}
        if self.cookies and parts.netloc.startswith("shop."):
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        query = f"?{parts.query}" if parts.query else ""
        answer = self.client.request(
            method, f"http://127.0.0.1:{parts.port}{parts.path}{query}", data=form, headers=headers
        )
        self.cookies.update(answer.cookies)
        return answer

    def get(self, url: str) -> httpx2.Response:
        """A page."""
        return self.send("GET", url)

    def post(self, url: str, form: Mapping[str, str]) -> httpx2.Response:
        """A form."""
        return self.send("POST", url, form)

    def add(self, behaviour: Behaviour, quantity: int = 1, **options: str) -> httpx2.Response:
        """Into the basket."""
        chosen = {f"option_{group}": value for group, value in options.items()}
        handle = behaviour.replace("_", "-")
        return self.post("/basket/add", {"product": handle, "quantity": str(quantity), **chosen})

    def token(self) -> dict[str, str]:
        """A card, as the hosted fields hand it over."""
        kept = self.post(f"{self.opened.sites.pay}/tokens", CARD_FORM).json()
        return {"card_token": kept["token"], "card_last4": kept["last4"]}

    def to_review(self, *, payment: str = CARD, rate: str = "standard", **address: str) -> httpx2.Response:
        """From the basket to the page that places the order."""
        self.post("/checkout/address", {**ADDRESS, **address})
        self.post("/checkout/shipping", {"rate": rate})
        card = self.token() if payment == CARD else {}
        self.post("/checkout/payment", {"payment": payment, **card})
        return self.get("/checkout/review")

    def place(self) -> httpx2.Response:
        """Press the button."""
        return self.post("/checkout/place", {"terms": "yes"})

    def buy(self, behaviour: Behaviour, quantity: int = 1, **options: str) -> httpx2.Response:
        """All of it, paid on delivery where that is possible."""
        self.add(behaviour, quantity, **options)
        by_card = behaviour in (Behaviour.FRICTIONLESS, Behaviour.CHALLENGE, Behaviour.DECLINES)
        self.to_review(payment=CARD if by_card else ON_DELIVERY)
        return self.place()
