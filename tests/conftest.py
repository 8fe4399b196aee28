"""What the whole run has in common: which servers it used is said at its end."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests import servers

# The machines that run this are shared: that an example took long once says nothing about the code.
settings.register_profile("unhurried", settings.default, deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")


@pytest.fixture
def postgres_url() -> Iterator[str]:
    """A fresh PostgreSQL database with this release's tables."""
    with servers.postgres_url() as url:
        yield url


@pytest.fixture
def redis_url() -> Iterator[str]:
    """A Redis server."""
    with servers.redis_url() as url:
        yield url


def pytest_sessionfinish() -> None:
    """Leave given servers as they were found."""
    servers.finish()


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Name the servers."""
    if servers.USED.lines:
        terminalreporter.section("servers")
        for line in servers.USED.lines:
            terminalreporter.line(line)
