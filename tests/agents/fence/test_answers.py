"""Whatever a server answers in, the proxy brings it to the page whole, and one answer to a connection."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest

from agents.browsing.egress import Egress

SECONDS = 5.0


@contextmanager
def server(answer: bytes, *, stays: bool) -> Iterator[str]:
    """A server that says this to whoever comes, and then hangs up or stays on the line; its `host:port`."""
    over = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            with suppress(OSError), listening.accept()[0] as client:
                client.recv(65536)
                client.sendall(answer)
                if stays:
                    over.wait(SECONDS)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"127.0.0.1:{listening.getsockname()[1]}"
        finally:
            over.set()
            thread.join()


def ask(pair: str, *, until: bytes) -> bytes:
    """What the proxy says to a request for this server, up to these bytes or to its end."""
    with (
        Egress(frozenset({pair})).running() as egress,
        socket.create_connection(("127.0.0.1", egress.port), SECONDS) as client,
    ):
        client.sendall(f"GET http://{pair}/ HTTP/1.1\r\nHost: {pair}\r\n\r\n".encode())
        client.settimeout(SECONDS)
        said = b""
        while not said.endswith(until) and (chunk := client.recv(65536)):
            said += chunk
        return said


@pytest.mark.parametrize("stays", [True, False])
@pytest.mark.parametrize(
    ("head", "body"),
    [
        (b"HTTP/1.1 200 OK\r\nContent-Length: 5", b"hello"),
        (b"HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nKeep-Alive: timeout=5\r\nContent-Length: 5", b"hello"),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked", b"5\r\nhello\r\n0\r\n\r\n"),
        (b"HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5", b"hello"),
        (b"HTTP/1.0 200 OK", b"hello"),
        (b"HTTP/1.1 304", b""),
    ],
)
def test_an_answer_comes_whole_and_ends_the_connection(head: bytes, body: bytes, *, stays: bool) -> None:
    """Its body byte for byte, its head without what was meant for the proxy alone."""
    with server(head + b"\r\n\r\n" + body, stays=stays) as pair:
        said = ask(pair, until=b"\r\n\r\n" + body)
    assert said.startswith(head.partition(b"\r\n")[0])
    assert said.endswith(b"Connection: close\r\n\r\n" + body)
    assert b"keep-alive" not in said.lower()


@pytest.mark.parametrize(
    "answer", [b"", b"SSH-2.0-OpenSSH_9.9\r\n\r\n", b"HTTP/1.1 200 OK\r\nContent-", b"x" * 300_000]
)
def test_what_is_no_answer_ends_the_connection(answer: bytes) -> None:
    """The page learns it as it would without a proxy: nothing came."""
    with server(answer, stays=False) as pair:
        assert b"" == ask(pair, until=b"nothing")
