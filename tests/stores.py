"""On which database a test runs: SQLite, unless `CHECKOUT_TEST_STORE=postgresql` asks for the other one.

`make test-full` runs the rooms whose code depends on it once on each.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql

from tests import servers

STORE = "CHECKOUT_TEST_STORE"


def on_postgresql() -> bool:
    """Whether this run is on PostgreSQL."""
    chosen = os.environ.get(STORE, "sqlite")
    assert chosen in ("sqlite", "postgresql"), f"{STORE} is sqlite or postgresql"
    return chosen == "postgresql"


@contextmanager
def store_url(folder: Path | None = None) -> Iterator[str]:
    """A fresh database: one on the server, or a file in `folder`, or without a folder one in memory."""
    if on_postgresql():
        with servers.postgres_url() as url:
            yield url
    else:
        yield f"sqlite:///{folder / 'checkout.sqlite3'}" if folder else "sqlite://"


def everything(url: str) -> bytes:
    """Every row of every table of a PostgreSQL database, as text."""
    with psycopg.connect(url) as connection:
        names = connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'").fetchall()
        rows = [
            row[0]
            for (name,) in names
            for row in connection.execute(sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(name)))
        ]
    return "\n".join(rows).encode()
