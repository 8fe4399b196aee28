"""One Redis per module, which a test may stop and start; it is running whenever a test begins."""

from collections.abc import Iterator

import pytest

from tests.servers import RedisServer


@pytest.fixture(scope="module")
def _redis_server() -> Iterator[RedisServer]:
    with RedisServer.started() as server:
        yield server


@pytest.fixture
def redis_server(_redis_server: RedisServer) -> RedisServer:
    """A Redis of this module's own, empty."""
    if _redis_server.keeper is None:
        _redis_server.start()
    _redis_server.flush()
    return _redis_server
