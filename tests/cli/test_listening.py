"""The socket that servers of ours listen on."""

import socket

import pytest

from checkout.listening import listening


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_an_accepted_connection_holds_nothing_back(host: str) -> None:
    """An answer in two parts does not wait for the client's acknowledgement of the first."""
    with listening(host, 0) as entrance, socket.create_connection((host, entrance.getsockname()[1])):
        accepted, _ = entrance.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
