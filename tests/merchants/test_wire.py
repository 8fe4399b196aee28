"""Over real sockets: connections go where they were pinned, and every call ends by its deadline."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from merchants.errors import AnswerLostError, NotSentError
from merchants.fetch import Fetcher

# Far more than a loaded machine needs between two instructions, far less than a test may hang.
GENEROUS_SECONDS = 20


@contextmanager
def listening(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server on loopback that hands each connection to `serve`; yields its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def accept() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection:
                    try:
                        serve(connection)
                    except OSError:
                        continue  # the client went first

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        server.shutdown(socket.SHUT_RDWR)
        thread.join(GENEROUS_SECONDS)


def plain(connection: socket.socket) -> None:
    """Answer with the Host header that was sent."""
    head = connection.recv(65536).decode()
    host = next(line for line in head.split("\r\n") if line.lower().startswith("host:"))
    connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {len(host)}\r\n\r\n{host}".encode())


def test_a_connection_goes_to_the_checked_address_under_the_name_that_was_asked_for() -> None:
    """The name resolves to where we say, once; the server is still told its name."""
    with listening(plain) as port:
        fetcher = Fetcher(allowed=[f"shop.example:{port}"], resolve=lambda _host, _port: ("127.0.0.1",))
        assert (
            f"host: shop.example:{port}" == fetcher.fetch("GET", f"http://shop.example:{port}/").body.decode().lower()
        )


def test_the_next_checked_address_is_tried_when_one_takes_no_connection() -> None:
    """A shop with a dead address is still reached."""
    with listening(plain) as port:
        fetcher = Fetcher(allowed=[f"shop.example:{port}"], resolve=lambda _host, _port: ("127.0.0.2", "127.0.0.1"))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("merchants.wire.httpcore2.SyncBackend", refusing("127.0.0.2"))
            assert 200 == fetcher.fetch("GET", f"http://shop.example:{port}/").status


def refusing(dead: str) -> type:
    """The real sockets, except that one address refuses connections (a sandbox may have no second loopback)."""
    import httpcore2  # noqa: PLC0415 (the class is built over the real one, before it is replaced)

    class Backend(httpcore2.SyncBackend):
        def connect_tcp(self, host: str, *rest: object, **named: object) -> httpcore2.NetworkStream:
            if host == dead:
                raise httpcore2.ConnectError("refused")
            return super().connect_tcp(host, *rest, **named)  # type: ignore[arg-type]

    return Backend


def test_nobody_listening_means_not_sent() -> None:
    """A refused connection carried nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(NotSentError):
        Fetcher(allowed=[f"127.0.0.1:{port}"]).fetch("GET", f"http://127.0.0.1:{port}/")


def dripping(first: bytes) -> Callable[[socket.socket], None]:
    """A server that sends `first`, then one byte at a time, for ever."""

    def serve(connection: socket.socket) -> None:
        connection.recv(65536)
        connection.sendall(first)
        ended = threading.Event()
        while not ended.wait(0.05):
            connection.sendall(b"x")

    return serve


@pytest.mark.parametrize(
    "first", [b"HTTP/1.1 200 OK\r\nX-Endless: ", b"HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"]
)
def test_a_server_that_drips_is_left_at_the_deadline(first: bytes) -> None:
    """Neither endless headers nor an endless body outlive the call's own time, though every read succeeds."""
    with listening(dripping(first)) as port:
        started = time.monotonic()
        with pytest.raises(AnswerLostError):
            Fetcher(allowed=[f"127.0.0.1:{port}"]).fetch("GET", f"http://127.0.0.1:{port}/", timeout_seconds=0.5)
        assert time.monotonic() - started < GENEROUS_SECONDS


def test_a_closed_connection_is_a_lost_answer() -> None:
    """The request arrived; what became of it is not known."""

    def serve(connection: socket.socket) -> None:
        connection.recv(65536)

    with listening(serve) as port, pytest.raises(AnswerLostError):
        Fetcher(allowed=[f"127.0.0.1:{port}"]).fetch("POST", f"http://127.0.0.1:{port}/", content=b"{}")
