"""A service on a clock that stands still: in memory, and on PostgreSQL where the database has a part in the proof."""

from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import text

from checkout.durable.testing import TestBed
from checkout.store.session import connection_of
from tests import servers

# What stands on locks, revisions, time and order is proven on both; what is pure, or of the SDK, in memory only.
ON_BOTH = {"wakeups", "leases", "callbacks", "timers", "wire", "parking", "executions", "chained_invoke"}
ON_BOTH |= {"invariants", "seats"}


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run the tests of those files on each database."""
    if metafunc.module.__name__.rpartition("test_")[2] in ON_BOTH:
        for name in {"bed", "skipping"} & set(metafunc.fixturenames):
            metafunc.parametrize(name, ["sqlite", "postgresql"], indirect=True)


@pytest.fixture(scope="session")
def emptied() -> Iterator[str]:
    """A PostgreSQL database for all of them: emptying it is faster than making one each."""
    with servers.postgres_url() as url:
        yield url


@pytest.fixture
def bed(request: pytest.FixtureRequest) -> Iterator[TestBed]:
    """Time moves when the test moves it."""
    with opened(request) as made:
        yield made


@pytest.fixture
def skipping(request: pytest.FixtureRequest) -> Iterator[TestBed]:
    """Time jumps to the next timer whenever nothing can run."""
    with opened(request, skip_time=True) as made:
        yield made


@contextmanager
def opened(request: pytest.FixtureRequest, *, skip_time: bool = False) -> Iterator[TestBed]:
    """A service on the database the test is run on; in memory unless it says otherwise."""
    on_postgresql = getattr(request, "param", "sqlite") == "postgresql"
    url = request.getfixturevalue("emptied") if on_postgresql else "sqlite://"
    with TestBed(url, skip_time=skip_time) as made:
        if on_postgresql:
            empty(made)
        yield made


def empty(bed: TestBed) -> None:
    """No execution is left of the test before."""
    with bed.database.transaction() as session:
        connection_of(session).execute(text("TRUNCATE durable_executions, durable_operations, durable_events"))
