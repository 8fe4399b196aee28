"""The HTTP client under the SDK: limits that hold, connections that close, and certainty about what was never sent."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
import stripe

from payments import stripe_http
from payments.stripe_answers import Certainty, failure
from payments.stripe_gateway import StripeGateway
from payments.stripe_http import BoundedClient, NotSentError

Serve = Callable[[socket.socket], None]


@contextmanager
def serving(serve: Serve) -> Iterator[str]:
    """A server on the loopback that does one thing with one connection."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def accept() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                serve(connection)

        thread = threading.Thread(target=accept)
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1/x"
        thread.join(10)
        assert not thread.is_alive()


@pytest.fixture
def client() -> Iterator[BoundedClient]:
    """A client, closed afterwards."""
    client = BoundedClient()
    yield client
    client.close()


def test_an_answer_is_passed_on(client: BoundedClient) -> None:
    """Body, status, headers in any case."""

    def serve(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 402 No\r\nIdempotent-Replayed: true\r\nContent-Length: 2\r\n\r\n{}")

    with serving(serve) as url:
        body, status, headers = client.request("post", url, {"A": "b"}, "x=1")
    assert (b"{}", 402, "true") == (body, status, headers["idempotent-replayed"])


def test_no_connection_means_nothing_was_executed(client: BoundedClient) -> None:
    """Refused before anything was sent: certain."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with pytest.raises(NotSentError) as refused:
        client.request("post", f"http://127.0.0.1:{port}/", {}, "")
    assert Certainty.NOT_EXECUTED is failure(refused.value).certainty


def test_a_connection_lost_after_sending_is_unknown(client: BoundedClient) -> None:
    """Whether the other side acted before it went away, nobody can see."""
    with serving(lambda _: None) as url, pytest.raises(stripe.APIConnectionError) as lost:
        client.request("post", url, {}, "x=1")
    assert not isinstance(lost.value, NotSentError)
    assert Certainty.UNKNOWN is failure(lost.value).certainty


def test_silence_ends_at_the_limit(client: BoundedClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A server that never answers does not keep a purchase waiting."""
    monkeypatch.setattr(stripe_http, "POST_SECONDS", 0.2)
    over = threading.Event()
    with serving(lambda _: (over.wait(10), None)[1]) as url:
        with pytest.raises(stripe.APIConnectionError, match="ReadTimeout"):
            client.request("post", url, {}, "x=1")
        over.set()


def test_a_trickle_ends_at_the_limit_too() -> None:
    """Bytes that keep coming do not extend the limit."""
    moments = iter([0.0])
    client = BoundedClient(now=lambda: next(moments, 1000.0))
    go_on = threading.Event()

    def serve(connection: socket.socket) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{")
        go_on.wait(10)

    with serving(serve) as url:
        with pytest.raises(stripe.APIConnectionError, match="trickled"):
            client.request("get", url, {})
        go_on.set()
    client.close()


@pytest.mark.parametrize(
    ("status", "certainty"),
    [
        (400, Certainty.REFUSED),
        (401, Certainty.REFUSED),
        (402, Certainty.REFUSED),
        (403, Certainty.REFUSED),
        (404, Certainty.REFUSED),
        (409, Certainty.NOT_EXECUTED),
        (429, Certainty.NOT_EXECUTED),
        (500, Certainty.UNKNOWN),
        (502, Certainty.UNKNOWN),
        (503, Certainty.UNKNOWN),
        (418, Certainty.UNKNOWN),
        (None, Certainty.UNKNOWN),
    ],
)
def test_a_failures_certainty_is_its_status(status: int | None, certainty: Certainty) -> None:
    """What the table does not know is unknown."""
    assert certainty is failure(stripe.APIError("said", http_status=status)).certainty


def test_the_sdk_itself_never_sends_twice(client: BoundedClient) -> None:
    """Whether to send again is decided after reading back, so the SDK's own retries are off, explicitly."""
    gateway = StripeGateway.connect("sk_test_1", "http://127.0.0.1:1", client)
    assert 0 == gateway.client._requestor._options.max_network_retries
    assert not stripe.enable_telemetry
