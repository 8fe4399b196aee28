"""A shop in this process and an adapter that buys there: the parts most of these tests begin with."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import httpx2

from merchants.demo.books import Books
from merchants.demo.goods import Behaviour
from merchants.demo.shop import Shop
from merchants.demo.transport import ShopTransport
from merchants.fetch import Fetcher
from merchants.sdk import Buyer, Instrument, Offer, OfferRequest, Order, Refused, Unclear
from merchants.ucp import UcpMerchant, adapter
from merchants.ucp.versions import LATEST, VERSIONS, WireVersion
from payments.demo_instruments import DemoInstruments

PROFILE_URL = "https://platform.example/.well-known/ucp-agent.json"
ADA = Buyer(
    first_name="Ada",
    last_name="Lovelace",
    email="ada@example.com",
    phone="+12025550123",
    address1="1 Engine Way",
    city="Los Angeles",
    province="CA",
    postal_code="90001",
    country="US",
)
WIRES = {wire.version: wire for wire in VERSIONS}

Answer = Callable[[httpx2.Request], httpx2.Response | None]


@dataclass(slots=True)
class Tap(httpx2.BaseTransport):
    """Keeps every request that passes, and lets a test answer in the shop's place or fail on the way."""

    inner: httpx2.BaseTransport
    requests: list[httpx2.Request] = field(default_factory=list)
    before: Answer | None = None
    after: Callable[[httpx2.Request, httpx2.Response], httpx2.Response] | None = None

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Pass it on, unless `before` answers or raises."""
        self.requests.append(request)
        answered = self.before(request) if self.before else None
        answer = answered or self.inner.handle_request(request)
        return self.after(request, answer) if self.after else answer

    def sent(self, method: str, ending: str = "") -> Sequence[httpx2.Request]:
        """The requests of this method whose path ends so."""
        return [one for one in self.requests if one.method == method and one.url.path.endswith(ending)]


@dataclass(slots=True)
class World:
    """One shop, one adapter, one buyer with the demo's instruments."""

    wire: WireVersion = LATEST
    shop: Shop = field(default_factory=lambda: Shop(Books()))
    instruments: DemoInstruments = field(default_factory=DemoInstruments)
    tap: Tap = field(init=False)
    doors: ShopTransport = field(init=False)
    adapter: UcpMerchant = field(init=False)

    def __post_init__(self) -> None:
        self.doors = ShopTransport(self.shop)
        self.tap = Tap(self.doors)
        self.adapter = adapter(Fetcher(allowed=self.doors.pairs, wire=self.tap), profile_url=PROFILE_URL)

    @property
    def orders(self) -> Sequence[Mapping[str, Any]]:
        """The shop's own book."""
        return self.shop.books.orders.all()

    def request(self, behaviour: Behaviour = Behaviour.SELLS, **changes: Any) -> OfferRequest:
        """One of the product that behaves so, for Ada."""
        asked: dict[str, Any] = {
            "product_url": self.doors.product_url(behaviour, self.wire),
            "quantity": 1,
            "buyer": ADA,
            **changes,
        }
        return OfferRequest(**asked)

    def quote(self, request: OfferRequest, *, key: str = "ci_1/fetch-offer") -> Offer | Refused:
        """What the adapter offers."""
        return self.adapter.offer(request, self.instruments, key=key)

    def offer(self, request: OfferRequest) -> Offer:
        """The offer, which there must be."""
        offer = self.quote(request)
        assert isinstance(offer, Offer), offer
        return offer

    def instrument(self, offer: Offer) -> Instrument | None:
        """What pays it."""
        if offer.payment_handler is None:
            return None
        return self.instruments.instrument(offer.payment_handler, offer.cost.total, key="ci_1/place-order")

    def place(self, request: OfferRequest, offer: Offer) -> Order | Refused | Unclear:
        """Place the offered order."""
        return self.adapter.place_order(request, offer, self.instrument(offer), key="ci_1/place-order")
