"""The demo shop behind sockets: one port per protocol version, one thread per request.

Turns an answer's fate into what a client sees: a pause, a closed connection, silence. A stalled request is acted upon
only when the shop is told to release it, and never once its client has gone. Knows sockets; must never know a product.
"""

import select
import socket
import threading
from collections.abc import Mapping, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from merchants.demo.http import Fate, Request, Response, json_response
from merchants.demo.shop import Shop
from merchants.ucp.versions import VERSIONS, WireVersion

# Loopback unless it is told otherwise: a demo shop asks nobody who they are.
HOST = "127.0.0.1"
# For the demo's eyes, not the protocol's: the books over HTTP, and the release of what stalls.
CONTROL = "/_demo/"
# How often a stalled request looks whether its client is still there, in seconds.
STALL_LOOK_SECONDS = 0.05
# A client that waits longer than this for a stalled answer is told that nothing came of it.
MAX_STALL_SECONDS = 120.0
MAX_BODY_BYTES = 1024 * 1024


class Door(ThreadingHTTPServer):
    """One port of the shop, speaking one version."""

    daemon_threads = True

    def __init__(
        self, shop: Shop, wire: WireVersion, address: tuple[str, int], *, name: str, late_seconds: float
    ) -> None:
        super().__init__(address, _Handler)
        self.name = name
        self.shop = shop
        self.wire = wire
        self.late_seconds = late_seconds
        self.released = threading.Event()
        self.closing = threading.Event()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{self.name}:{self.server_address[1]}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away mid-answer is this shop's business as usual."""


class ShopServer:
    """The shop: the newest version at the first port."""

    def __init__(
        self,
        shop: Shop,
        *,
        ports: Sequence[int] = (),
        late_seconds: float = 3.0,
        host: str = HOST,
        name: str | None = None,
    ) -> None:
        """`ports` in the order of the versions, newest first; missing ones and 0 are free ports.

        It listens on `host`; `name` is what others call it, by default that address.
        """
        wanted = [*ports, *[0] * len(VERSIONS)]
        self.shop = shop
        self.doors = [
            Door(shop, wire, (host, port), name=name or host, late_seconds=late_seconds)
            for wire, port in zip(VERSIONS, wanted, strict=False)
        ]
        self._threads = [
            threading.Thread(target=door.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
            for door in self.doors
        ]

    @property
    def urls(self) -> Mapping[str, str]:
        """Version → URL."""
        return {door.wire.version: door.url for door in self.doors}

    def start(self) -> None:
        """Begin to answer."""
        for thread in self._threads:
            thread.start()

    def release(self) -> None:
        """Let every stalled request proceed."""
        for door in self.doors:
            door.released.set()

    def stop(self) -> None:
        """Stop answering and free the ports."""
        for door in self.doors:
            door.closing.set()
            door.shutdown()
            door.server_close()
        for thread in self._threads:
            thread.join()


class _Handler(BaseHTTPRequestHandler):
    server: Door
    protocol_version = "HTTP/1.1"
    # Header and body are two writes: the second would wait for the first one's acknowledgement.
    disable_nagle_algorithm = True
    timeout = 30

    def _answer(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > MAX_BODY_BYTES:
            self._send(json_response(413, {"code": "request_too_large", "content": "the body is too large"}))
            return
        path = urlsplit(self.path).path
        request = Request(
            method=self.command,
            path=path,
            headers={name.lower(): value for name, value in self.headers.items()},
            body=self.rfile.read(int(length)),
            wire=self.server.wire,
        )
        if path.startswith(CONTROL):
            self._send(self._control(path.removeprefix(CONTROL)))
            return
        answer = self.server.shop.handle(request)
        if answer.fate is Fate.STALLED:
            if not self._wait_for_release(path):
                return
            answer = self.server.shop.handle(request, released=True)
        if answer.fate is Fate.LATE:
            self.server.closing.wait(self.server.late_seconds)
        if answer.fate is Fate.DROPPED:
            self.server.shop.books.note("answer_dropped", path=path)
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self._send(answer)

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = _answer  # noqa: N815 (the base class's names)

    def _control(self, what: str) -> Response:
        books = self.server.shop.books
        if self.command == "GET" and what == "orders":
            return json_response(200, {"orders": list(books.orders.all())})
        if self.command == "GET" and what == "log":
            return json_response(200, {"log": list(books.log.all())})
        if self.command == "POST" and what == "release":
            self.server.released.set()
            return json_response(200, {"released": True})
        return json_response(404, {"code": "not_found", "content": "orders, log, release"})

    def _wait_for_release(self, path: str) -> bool:
        """Whether the request may proceed: it was released while its client was still waiting."""
        server = self.server
        for _ in range(int(MAX_STALL_SECONDS / STALL_LOOK_SECONDS)):
            released = server.released.wait(STALL_LOOK_SECONDS)
            if self._client_gone() or server.closing.is_set():
                server.shop.books.note("client_gone", path=path)
                self.close_connection = True
                return False
            if released:
                return True
        self._send(
            json_response(503, {"code": "unavailable", "content": "nothing came of it; the order was not placed"})
        )
        return False

    def _client_gone(self) -> bool:
        readable, _, _ = select.select([self.connection], [], [], 0)
        return bool(readable) and not self.connection.recv(1, socket.MSG_PEEK)

    def _send(self, answer: Response) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(answer.body)
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
        """Nothing: the shop's own log says more."""
