"""The stand-in on a socket: HTTP/1.1, one thread per connection. Knows sockets and no message."""

import threading
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

from agents.stand_in.core import MAX_BODY_BYTES, STREAM, Incoming, Outgoing, StandIn

# Loopback unless it is told otherwise: whoever reaches it may do as they like.
HOST = "127.0.0.1"
POLL_SECONDS = 0.05


class Server:
    """Serves a stand-in until it is closed."""

    def __init__(self, stand_in: StandIn, port: int = 0, *, host: str = HOST, name: str | None = None) -> None:
        """Listen on `host`; `name` is what others call it, by default its address."""
        self._closing = threading.Event()
        self._http = ThreadingHTTPServer((host, port), _handler_for(stand_in, self._closing))
        self._http.daemon_threads = True
        self._name = name or host

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{self._name}:{self._http.server_address[1]}"

    def serve(self) -> None:
        """Serve until `close` is called from another thread."""
        self._http.serve_forever(poll_interval=POLL_SECONDS)

    def close(self) -> None:
        """Stop serving; answers that hang end at once."""
        self._closing.set()
        self._http.shutdown()
        self._http.server_close()


def _handler_for(stand_in: StandIn, closing: threading.Event) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Headers and body leave in several writes; without this the second waits for the caller's acknowledgement.
        disable_nagle_algorithm = True

        def handle(self) -> None:
            with suppress(ConnectionError):  # the caller gave up waiting
                super().handle()

        def _answer(self) -> None:
            length = self.headers.get("content-length") or "0"
            fits = length.isdigit() and int(length) <= MAX_BODY_BYTES
            incoming = Incoming(
                method=self.command,
                path=urlsplit(self.path).path,
                headers={name.lower(): value for name, value in self.headers.items()},
                body=self.rfile.read(int(length)) if fits else None,
            )
            out = stand_in.handle(incoming)
            if out.delay_seconds:
                closing.wait(out.delay_seconds)
            # What was not read, or not sent in full, leaves nothing that could follow on this connection.
            self.close_connection = out.cut or not fits
            self._send(out)

        def _send(self, out: Outgoing) -> None:
            if out.cut and not out.parts:
                return
            streamed = out.kind == STREAM
            # Of a half answer more is announced than comes.
            length = str(sum(map(len, out.parts)) + out.cut)
            framing = {"transfer-encoding": "chunked"} if streamed else {"content-length": length}
            ending = {"connection": "close"} if self.close_connection else {}
            self.send_response(out.status)
            for name, value in ({"content-type": out.kind} | out.headers | framing | ending).items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.writelines(_chunked(out) if streamed else out.parts)

        do_GET = do_POST = do_DELETE = _answer  # noqa: N815 (the names the standard library looks for)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the standard library's name)
            """Say nothing: the stand-in keeps its own log."""

    return Handler


def _chunked(out: Outgoing) -> Iterator[bytes]:
    for part in out.parts:
        yield b"%x\r\n%s\r\n" % (len(part), part)
    if not out.cut:
        yield b"0\r\n\r\n"
