"""The shop's sites behind sockets: one port and one name each, one thread per request.

Turns an answer's fate into what a browser sees: a pause, a closed connection, silence. Every request is logged by
method, path and host; never a query, a body or a header, since those hold what buyers type. Knows sockets; must never
know a product.
"""

import json
import select
import socket
import threading
from collections.abc import Callable
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from merchants.demo.browser_shop.web import Fate, Request, Response

# Loopback unless it is told otherwise: a demo shop asks nobody who they are.
LISTENS_ON = "127.0.0.1"
MAX_BODY_BYTES = 1024 * 1024
# How often a silent answer looks whether its client is still there, and how long it stays silent, in seconds.
SILENCE_LOOK_SECONDS = 0.05
MAX_SILENCE_SECONDS = 120.0

Site = Callable[[Request], Response]


class RequestLog:
    """What was asked, one JSON line each. Not synced: it is evidence, and no answer depends on it."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("a", buffering=1)

    def note(self, method: str, host: str, path: str) -> None:
        """Write down a request."""
        self._file.write(json.dumps({"method": method, "host": host, "path": path}) + "\n")

    def close(self) -> None:
        """No more."""
        self._file.close()


class Door(ThreadingHTTPServer):
    """One site at one port."""

    daemon_threads = True
    # A browser opens several connections at once, and several browsers come at once.
    request_queue_size = 64

    def __init__(self, name: str, port: int, log: RequestLog, *, host: str = LISTENS_ON) -> None:
        super().__init__((host, port), _Handler)
        self.pair = f"{name}:{self.server_address[1]}"
        self.url = f"http://{self.pair}"
        self.site: Site = lambda _: Response(status=503)
        self.log = log
        self.closing = threading.Event()
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    def start(self, site: Site) -> None:
        """Begin to answer."""
        self.site = site
        self._thread.start()

    def stop(self) -> None:
        """Stop answering and free the port."""
        self.closing.set()
        self.shutdown()
        self.server_close()
        self._thread.join()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away mid-answer is this shop's business as usual."""


class _Handler(BaseHTTPRequestHandler):
    server: Door
    protocol_version = "HTTP/1.1"
    timeout = 30

    def _answer(self) -> None:
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > MAX_BODY_BYTES:
            self._send(Response(status=413))
            return
        body = self.rfile.read(int(length))
        asked = urlsplit(self.path)
        host = self.headers.get("Host", "")
        self.server.log.note(self.command, host, asked.path)
        answer = self.server.site(
            Request(
                method=self.command,
                host=host,
                path=asked.path,
                query=dict(parse_qsl(asked.query, keep_blank_values=True)),
                form=dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True)),
                cookies=self._cookies(),
                headers={name.lower(): value for name, value in self.headers.items()},
            )
        )
        if answer.pause_seconds:
            self.server.closing.wait(answer.pause_seconds)
        if answer.fate is Fate.HANGS:
            self._stay_silent()
        if answer.fate is Fate.ANSWERED:
            self._send(answer)
            return
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)

    do_GET = do_POST = do_HEAD = do_PUT = do_DELETE = do_PATCH = do_OPTIONS = _answer  # noqa: N815 (the base class's names)

    def _cookies(self) -> dict[str, str]:
        try:
            return {name: morsel.value for name, morsel in SimpleCookie(self.headers.get("Cookie", "")).items()}
        except CookieError:
            return {}

    def _stay_silent(self) -> None:
        for _ in range(int(MAX_SILENCE_SECONDS / SILENCE_LOOK_SECONDS)):
            readable, _, _ = select.select([self.connection], [], [], 0)
            if self.server.closing.wait(SILENCE_LOOK_SECONDS) or (
                readable and not self.connection.recv(1, socket.MSG_PEEK)
            ):
                return

    def _send(self, answer: Response) -> None:
        self.send_response(answer.status)
        for name, value in answer.headers:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(answer.body)))
        self.send_header("Connection", "close")
        # Header and body leave in one write: two would wait for each other's acknowledgement (40 ms a request).
        self._headers_buffer: list[bytes]
        self._headers_buffer.append(b"\r\n" + (b"" if self.command == "HEAD" else answer.body))
        self.flush_headers()
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the base class's name)
        """Nothing: the shop's own log says more."""
