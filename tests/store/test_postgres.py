"""What every connection to PostgreSQL promises, whoever opened it."""

import socket

from sqlalchemy.engine import make_url

from checkout.store.postgres import DEFAULT_LIMITS, engine
from tests import servers


def test_a_server_that_is_gone_without_a_word_is_noticed() -> None:
    """The kernel asks after it, and gives up what it never acknowledges: no other timeout is on this side."""
    with servers.postgres_url() as url:
        made = engine(make_url(url), DEFAULT_LIMITS)
        try:
            with made.connect() as connection:
                driver = connection.connection.driver_connection
                assert driver
                with socket.socket(fileno=driver.fileno()) as wire:
                    kept = {
                        name: wire.getsockopt(socket.IPPROTO_TCP, getattr(socket, name))
                        for name in ("TCP_KEEPIDLE", "TCP_KEEPINTVL", "TCP_KEEPCNT", "TCP_USER_TIMEOUT")
                    }
                    asked = wire.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
                    wire.detach()
                assert 1 == connection.exec_driver_sql("SELECT 1").scalar()
        finally:
            made.dispose()
    assert 1 == asked
    assert kept["TCP_KEEPIDLE"] + kept["TCP_KEEPINTVL"] * kept["TCP_KEEPCNT"] <= 30
    assert 30_000 == kept["TCP_USER_TIMEOUT"]
