"""The proxy loses exactly what it is told to lose: of a real PostgreSQL, with the driver the service uses."""

from collections.abc import Callable, Iterator
from contextlib import closing

import psycopg
import pytest
from sqlalchemy.engine import make_url

from tests.faults.infrastructure.proxy import Mode, Proxy
from tests.servers import postgres_url

Connection = psycopg.Connection[tuple[int]]


def alone(connection: Connection) -> None:
    """A statement that is a transaction, prepared as ours are."""
    connection.execute("INSERT INTO kept VALUES (%(number)s)", {"number": 1}, prepare=True)


def hidden(connection: Connection) -> None:
    """A statement whose answer looks like that of a reading."""
    connection.execute("WITH made AS (INSERT INTO kept VALUES (1) RETURNING number) SELECT number FROM made")


def together(connection: Connection) -> None:
    """A transaction begun and ended in words."""
    connection.execute("BEGIN")
    connection.execute("INSERT INTO kept VALUES (1)")
    connection.commit()


@pytest.fixture
def server() -> Iterator[tuple[str, Proxy]]:
    """A database with a table, and a proxy before it."""
    with postgres_url(tables=False) as url, psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE kept (number int)")
        host = make_url(url)
        with closing(Proxy(str(host.host), host.port or 5432, speaks_postgresql=True)) as proxy:
            yield host.set(host="127.0.0.1", port=proxy.port).render_as_string(hide_password=False), proxy


@pytest.mark.parametrize(("mode", "stands"), [(Mode.LOSE_CHANGE, 0), (Mode.LOSE_ANSWER, 1)])
@pytest.mark.parametrize("change", [alone, hidden, together])
def test_a_change_is_lost_or_its_answer_and_nothing_else(
    server: tuple[str, Proxy], change: Callable[[Connection], None], mode: Mode, stands: int
) -> None:
    """Readings and what locks pass; the client sees a lost connection; the next one finds what stands."""
    url, proxy = server
    with psycopg.connect(url, autocommit=True) as connection:
        proxy.turn(mode)
        connection.execute("SELECT number FROM kept FOR UPDATE")
        assert 0 == proxy.lost
        with pytest.raises(psycopg.OperationalError):
            change(connection)
    assert 1 == proxy.lost
    with psycopg.connect(url, autocommit=True) as connection:
        assert (stands,) == connection.execute("SELECT count(*) FROM kept").fetchone()
        change(connection)
        assert (stands + 1,) == connection.execute("SELECT count(*) FROM kept").fetchone()


def test_only_changes_like_the_one_that_is_meant_are_lost(server: tuple[str, Proxy]) -> None:
    """Others pass, and so does the next one of its kind."""
    url, proxy = server
    proxy.turn(Mode.LOSE_CHANGE, like="INTO kept")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE other (number int)")
        connection.execute("INSERT INTO other VALUES (1)")
        with pytest.raises(psycopg.OperationalError):
            alone(connection)
