"""The sandbox on a socket: HTTP/1.1, one thread per connection. Knows sockets and nothing of money."""

import threading
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import httpx2

from payments.sandbox.core import Sandbox
from payments.sandbox.webhooks import Delivery
from payments.sandbox.wire import AnswerDroppedError, Request

# Loopback unless it is told otherwise: whoever reaches it may do as they like.
HOST = "127.0.0.1"
# How often the courier looks for events to deliver.
COURIER_PERIOD_SECONDS = 0.05
# A receiver of webhooks that takes longer is tried again.
DELIVERY_TIMEOUT_SECONDS = 5
# No request to Stripe's payment endpoints comes near this.
MAX_BODY_BYTES = 1_000_000


class Server:
    """Serves a sandbox, and delivers its webhooks, until it is closed."""

    def __init__(self, sandbox: Sandbox, port: int = 0, *, host: str = HOST, name: str | None = None) -> None:
        """Listen on `host`; `name` is what others call it, by default its address."""
        self._http = ThreadingHTTPServer((host, port), _handler_for(sandbox))
        self._http.daemon_threads = True
        self._name = name or host
        self._sandbox = sandbox
        self._closing = threading.Event()
        self._courier = threading.Thread(target=self._deliver, name="courier", daemon=True)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://{self._name}:{self._http.server_address[1]}"

    def serve(self) -> None:
        """Serve until `close` is called from another thread or a signal handler's thread."""
        self._courier.start()
        self._http.serve_forever(poll_interval=COURIER_PERIOD_SECONDS)

    def close(self) -> None:
        """Stop serving and delivering."""
        self._closing.set()
        self._http.shutdown()
        self._http.server_close()
        if self._courier.is_alive():
            self._courier.join()

    def _deliver(self) -> None:
        with httpx2.Client(timeout=DELIVERY_TIMEOUT_SECONDS, trust_env=False) as client:

            def post(delivery: Delivery) -> int:
                headers = {"Stripe-Signature": delivery.signature, "Content-Type": "application/json; charset=utf-8"}
                try:
                    return client.post(delivery.url, content=delivery.body, headers=headers).status_code
                except httpx2.HTTPError:
                    return 0  # no answer: tried again later

            while not self._closing.wait(COURIER_PERIOD_SECONDS):
                self._sandbox.deliver(post)


def _handler_for(sandbox: Sandbox) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Headers and body leave in two writes; without this the second waits for the caller's acknowledgement.
        disable_nagle_algorithm = True

        def _answer(self) -> None:
            parts = urlsplit(self.path)
            length = self.headers.get("content-length") or "0"
            if not length.isdigit() or int(length) > MAX_BODY_BYTES:
                self.close_connection = True  # what follows on this connection cannot be told apart
                self.send_error(413 if length.isdigit() else 400)
                return
            request = Request(
                method=self.command,
                path=parts.path,
                query=parts.query,
                body=self.rfile.read(int(length)).decode(errors="replace"),
                headers={name.lower(): value for name, value in self.headers.items()},
            )
            try:
                response = sandbox.handle(request)
            except AnswerDroppedError:
                self.close_connection = True
                return
            body = response.body.encode()
            with suppress(ConnectionError):  # the caller gave up waiting; what was done is done
                self.send_response(response.status)
                for name, value in response.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        do_GET = do_POST = do_DELETE = _answer  # noqa: N815 (the names the standard library looks for)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 (the standard library's name)
            """Say nothing: the sandbox keeps its own record of requests."""

    return Handler
