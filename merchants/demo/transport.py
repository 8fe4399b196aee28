"""The demo shop called in process: the same core behind an HTTP transport without sockets.

Each version of the protocol has a door, told apart by port. What a socket would show of an answer's fate is shown as
the transport's own errors. A test that wants faults wraps this transport; the shop itself is never told.
"""

from collections.abc import Mapping
from urllib.parse import urlsplit

import httpx2

from merchants.demo import goods
from merchants.demo.goods import Behaviour
from merchants.demo.http import Fate, Request
from merchants.demo.shop import Shop
from merchants.ucp.versions import LATEST, VERSIONS, WireVersion

HOST = "127.0.0.1"
DOORS: Mapping[int, WireVersion] = {8000 + number: wire for number, wire in enumerate(VERSIONS, 1)}


class ShopTransport(httpx2.BaseTransport):
    """Carries checked requests to a shop in this process."""

    def __init__(self, shop: Shop, doors: Mapping[int, WireVersion] = DOORS) -> None:
        self.shop = shop
        # Whether what stalls proceeds after all; until then it is a silence.
        self.released = False
        self._doors = doors

    @property
    def pairs(self) -> tuple[str, ...]:
        """The host:port pairs a fetcher must let through to reach it."""
        return tuple(f"{HOST}:{port}" for port in self._doors)

    def product_url(self, behaviour: Behaviour, wire: WireVersion = LATEST) -> str:
        """The page of the product that behaves so, at the door of that version."""
        port = next(port for port, door in self._doors.items() if door is wire)
        product = next(product for product in goods.PRODUCTS if product.behaviour is behaviour)
        return f"http://{HOST}:{port}/products/{product.handle}"

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Answer as the shop does, or fail as a socket would."""
        parts = urlsplit(str(request.url))
        wire = self._doors.get(parts.port or 0)
        if wire is None:
            raise httpx2.ConnectError(f"nobody listens at {parts.netloc}")
        answer = self.shop.handle(
            Request(
                method=request.method,
                path=parts.path,
                headers={name.lower(): value for name, value in request.headers.items()},
                body=request.read(),
                wire=wire,
            ),
            released=self.released,
        )
        if answer.fate is Fate.DROPPED:
            raise httpx2.ReadError("the connection was closed without an answer")
        if answer.fate is Fate.STALLED:
            raise httpx2.ReadTimeout("no answer in time")
        return httpx2.Response(status_code=answer.status, headers=dict(answer.headers), content=answer.body)
