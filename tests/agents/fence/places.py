"""Places on loopback a browser can be sent to: each serves what it is told, and counts whoever so much as connects."""

import shutil
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from agents.browsing.browser import find

# Every browser of this machine that the fence must hold in.
INSTALLED = [
    path for name in ("chromium-headless-shell", "chromium", "google-chrome") if (path := shutil.which(name))
] or [find().path]
# The merchant's name in these tests.
NAME = "shop.localhost"
WAIT_SECONDS = 30.0  # only what never comes takes that long; a busy machine is slow
POLL_SECONDS = 0.01


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer. `wait`: it is held back until then; `hang_up`: the connection is cut instead."""

    body: str = ""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    wait: threading.Event | None = None
    hang_up: bool = False


Page = Reply | Callable[[str], Reply]


@dataclass
class Place:
    """A server: `pages` by path (a query is ignored), `connections` that were made, `asked` as "METHOD /path"."""

    pages: dict[str, Page] = field(default_factory=dict)
    host: str = "127.0.0.1"
    certificate: Path | None = None  # with its key; then it is served over TLS
    port: int = 0
    connections: int = 0
    asked: list[str] = field(default_factory=list)
    headers: list[Mapping[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    @property
    def pair(self) -> str:
        """`host:port` as exceptions are written."""
        return f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        """Where it is."""
        return f"{'https' if self.certificate else 'http'}://{self.pair}"

    @contextmanager
    def listening(self, *, address: str = "127.0.0.1") -> Iterator["Place"]:
        """Serve until the block ends."""
        server = _Server((address, 0), _handler(self), self)
        self.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
        thread.start()
        try:
            yield self
        finally:
            server.shutdown()
            server.server_close()
            thread.join()

    def reached(self, path: str) -> bool:
        """Whether somebody asked for this path."""
        return any(asked.partition(" ")[2].startswith(path) for asked in self.asked)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def __init__(self, address: tuple[str, int], handler: type[BaseHTTPRequestHandler], place: Place) -> None:
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        super().__init__(address, handler)
        self.place = place
        self.context = None
        if place.certificate:
            self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            self.context.load_cert_chain(place.certificate)

    def get_request(self) -> tuple[socket.socket, Any]:
        """Count it before a byte is read."""
        taken, address = super().get_request()
        self.place.connections += 1
        if self.context:
            try:
                # The handshake is for the connection's own thread.
                taken = self.context.wrap_socket(taken, server_side=True, do_handshake_on_connect=False)
            except OSError:
                taken.close()  # the browser has hung up already
                raise
        return taken, address

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that hangs up half-way is no error here."""


def _handler(place: Place) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, *_: Any) -> None:
            pass

        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            path = self.path.partition("?")[0]
            place.bodies.append(body)
            place.headers.append({name.lower(): value for name, value in self.headers.items()})
            place.asked.append(f"{self.command} {self.path}")
            page = place.pages.get(path, Reply("not here", 404))
            reply = page(self.path) if callable(page) else page
            if reply.wait:
                reply.wait.wait(WAIT_SECONDS * 4)
            if reply.hang_up:
                self.close_connection = True
                return
            content = reply.body.encode()
            headers = {"Content-Type": "text/html; charset=utf-8", **reply.headers}
            head = f"HTTP/1.1 {reply.status} Said\r\n" + "".join(f"{name}: {v}\r\n" for name, v in headers.items())
            head += "" if reply.status == 101 else f"Content-Length: {len(content)}\r\n"
            self.wfile.write(head.encode() + b"\r\n" + content)

        do_GET = do_POST = do_PUT = do_HEAD = answer  # noqa: N815 (the standard library's names)

    return Handler


def until(
    true: Callable[[], object], seconds: float = WAIT_SECONDS, *, meanwhile: Callable[[], object] | None = None
) -> bool:
    """Poll until it is so; False when the time is over. `meanwhile` lets a browser's events be heard."""
    deadline = time.monotonic() + seconds
    while not true():
        if time.monotonic() > deadline:
            return False
        if meanwhile:
            meanwhile()
        else:
            time.sleep(POLL_SECONDS)
    return True


def serve(shop: Place, body: str, **others: Reply) -> None:
    """The shop's first page, and others by name."""
    shop.asked.clear()
    shop.pages = {"/": Reply(body), **{f"/{name}": reply for name, reply in others.items()}}


class Names:
    """A resolver that knows these addresses, one list per question, the last one for ever; it counts the questions."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = answers
        self.asked: list[str] = []

    def __call__(self, host: str, _port: int) -> Sequence[str]:
        """The addresses of `host`."""
        self.asked.append(host)
        return self.answers[min(len(self.asked), len(self.answers)) - 1]
