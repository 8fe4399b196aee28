"""A receiver of webhooks: a real HTTP server on loopback that verifies with the convention's own package.

What it answers is a script: each request takes the next item, and the last one stays. It keeps what it was sent.
"""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from standardwebhooks import Webhook

from tests.api.standing import eventually

# An HTTP status, `hang`, `close`, `long`, or a URL to redirect to.
Does = int | str


@dataclass(frozen=True, slots=True, kw_only=True)
class Got:
    """One request: its headers in lower case, and the bytes of its body."""

    path: str
    headers: dict[str, str]
    body: str
    answered: Does

    @property
    def event(self) -> dict[str, Any]:
        """What it says."""
        read: dict[str, Any] = json.loads(self.body)
        return read

    def verified(self, secret: str) -> dict[str, Any]:
        """What it says, if `secret` signed it; WebhookVerificationError."""
        checked: dict[str, Any] = Webhook(secret).verify(self.body, self.headers)
        return checked


@dataclass
class Receiver:
    """What it does next, the last item for good, and what it got."""

    url: str = ""
    pair: str = ""
    does: list[Does] = field(default_factory=lambda: [200])
    got: list[Got] = field(default_factory=list)
    released: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def accepted(self) -> list[Got]:
        """What it answered with 2xx."""
        return [one for one in self.got if isinstance(one.answered, int) and 200 <= one.answered < 300]

    def states(self) -> list[str]:
        """The states it accepted, in its order."""
        return [one.event["data"]["state"] for one in self.accepted]

    def has(self, count: int) -> None:
        """Wait until it has accepted so many."""
        eventually(lambda: len(self.accepted) >= count)

    def take(self, path: str, headers: dict[str, str], body: str) -> Does:
        """Note a request; what to do with it."""
        with self.lock:
            does = self.does.pop(0) if len(self.does) > 1 else self.does[0]
            self.got.append(Got(path=path, headers=headers, body=body, answered=does))
        return does


@contextmanager
def receiving(port: int = 0) -> Iterator[Receiver]:
    """A receiver on a free port, or on one it had before."""
    receiver = Receiver()
    server = _Server(("127.0.0.1", port), _handler(receiver))
    receiver.pair = f"127.0.0.1:{server.server_address[1]}"
    receiver.url = f"http://{receiver.pair}/hooks?for=ada"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        receiver.released.set()
        server.shutdown()
        server.server_close()
        thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A sender that has gone away is no news."""


def _handler(receiver: Receiver) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            headers = {name.lower(): value for name, value in self.headers.items()}
            match receiver.take(self.path, headers, body):
                case "hang":
                    receiver.released.wait(30)
                case "close":
                    self.close_connection = True
                case "long":
                    self._answer(200, content=b"x" * 200_000)
                case str() as location:
                    self._answer(302, location=location)
                case status:
                    self._answer(status)

        def do_GET(self) -> None:
            receiver.take(self.path, {}, "{}")
            self._answer(200)

        def _answer(self, status: int, *, location: str = "", content: bytes = b"ok") -> None:
            self.send_response(status)
            if location:
                self.send_header("location", location)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Nothing."""

    return Handler
