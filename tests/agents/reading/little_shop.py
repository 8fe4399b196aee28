"""A shop of four pages and one basket, which answers an order in the way it is told. Its `orders` are the truth."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

ADDRESS = "<h2>Ship to</h2><p>Ada Ashworth<br>1200 Fillmore Street<br>San Francisco, CA 94115</p>"
COSTS = (
    "<table><tr><td>Subtotal</td><td>$20.00</td></tr><tr><td>Shipping</td><td>$6.46</td></tr>"
    "<tr><th>Total</th><td>{total}</td></tr></table>"
)
LINE = "<div><a href='/mug'>Enamel mug</a><p>Colour: Blue</p><p>Qty: {quantity}</p><p>$20.00</p></div>"
BUTTON = "<form method='post' action='/place'><button>Place order</button></form>"


@dataclass(frozen=True, slots=True)
class Answer:
    """What a request is answered with. `hold`: not before it is set; `hang_up`: not at all."""

    body: str = ""
    status: int = 200
    location: str = ""
    hold: threading.Event | None = None
    hang_up: bool = False


@dataclass
class LittleShop:
    """`place` is what happens to an order; `review_extra` is added to the review page. `posts` counts what came in."""

    quantity: int = 2
    total: str = "$26.46"
    button: str = BUTTON
    review_extra: str = ""
    error: str = ""
    place: Callable[["LittleShop"], Answer] = lambda shop: shop.accept()
    pages: dict[str, str] = field(default_factory=dict)
    orders: list[str] = field(default_factory=list)
    posts: list[str] = field(default_factory=list)
    port: int = 0
    released: threading.Event = field(default_factory=threading.Event)

    @property
    def pair(self) -> str:
        """Where it is."""
        return f"shop.localhost:{self.port}"

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://{self.pair}"

    def accept(self, location: str = "/thanks") -> Answer:
        """Take the order, and lead to a page."""
        self.order()
        return Answer(status=303, location=location)

    def order(self) -> str:
        """Take the order."""
        self.orders.append(str(1001 + len(self.orders)))
        self.quantity = 0
        return self.orders[-1]

    def decline(self) -> Answer:
        """Take nothing, and say so on the review page."""
        self.error = "<div role='alert'>Your card was declined.</div>"
        return Answer(status=303, location="/review")

    def answer(self, method: str, path: str) -> Answer:
        """The page at a path."""
        if method == "POST":
            self.posts.append(path)
            return (
                self.place(self) if path == "/place" else Answer(status=303, location=self.pages.get(path, "/thanks"))
            )
        if path in self.pages:
            return Answer(self.pages[path])
        if path == "/thanks" and self.orders:
            number, total = self.orders[-1], COSTS.format(total=self.total)
            return Answer(f"<h1>Thank you for your order</h1><p>Order number: {number}</p><p>Enamel mug</p>{total}")
        if path == "/review" and self.quantity:
            line, costs = LINE.format(quantity=self.quantity), COSTS.format(total=self.total)
            basket = "<a href='/basket'>Basket</a>"
            return Answer(f"{self.error}{basket}<h1>Review</h1>{line}{ADDRESS}{costs}{self.button}{self.review_extra}")
        if path == "/basket":
            line = LINE.format(quantity=self.quantity) if self.quantity else "<p>Your basket is empty</p>"
            return Answer(f"<h1>Basket</h1>{line}<a href='/review'>Checkout</a><button>Update</button>")
        return Answer(status=303, location="/basket") if path == "/review" else Answer("nothing here", 404)

    @contextmanager
    def listening(self) -> Iterator["LittleShop"]:
        """Serve until the block ends."""
        server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        server.daemon_threads = True
        self.port = server.server_port
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        try:
            yield self
        finally:
            self.released.set()
            server.shutdown()
            server.server_close()


def _handler(shop: LittleShop) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _serve(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            answer = shop.answer(self.command, urlsplit(self.path).path)
            if answer.hold:
                answer.hold.wait(60)
            if answer.hang_up:
                self.close_connection = True
                return
            body = f"<!doctype html><html lang='en-US'><title>Shop</title><body>{answer.body}".encode()
            head: Mapping[str, str] = {
                "content-type": "text/html; charset=utf-8",
                "content-length": str(len(body)),
                **({"location": answer.location} if answer.location else {}),
            }
            self.send_response(answer.status)
            for name, value in head.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_GET = do_POST = _serve  # noqa: N815 (the names the server calls)

        def log_message(self, *_: Any) -> None:
            """Quiet."""

    return Handler
