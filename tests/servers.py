"""PostgreSQL and Redis for tests: given by URL, else private ones on free ports that end with the test run.

`CHECKOUT_TEST_POSTGRES_URL` and `CHECKOUT_TEST_REDIS_URL` name servers that need not be clean: every database made on
one has a name of its own and is dropped. Where no server can be had that is an error that says what to install, never a
skip. Loopback only; PostgreSQL keeps `fsync` on, because what is acknowledged must be on disk.
"""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from checkout.durable import store_tables
from checkout.store import models, tenants, webhooks
from checkout.store.session import Database
from tests.own_servers import (
    POSTGRES,
    REDIS,
    USED,
    PostgresServer,
    RedisServer,
    ServerMissingError,
    postgres_binary,
    say,
)

__all__ = ["USED", "PostgresServer", "RedisServer", "ServerMissingError", "finish", "postgres_url", "redis_url"]

# Tables are known once their modules are imported.
TABLES = (models, tenants, webhooks, store_tables)


@contextmanager
def postgres_url(*, tables: bool = True) -> Iterator[str]:
    """A fresh database, with the tables of this release unless told otherwise; dropped afterwards."""
    server = make_url(_postgres())
    name = f"checkout_test_{uuid.uuid4().hex[:12]}"
    template = _template() if tables else "template1"
    _on_server(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
    try:
        yield server.set(database=name).render_as_string(hide_password=False)
    finally:
        _drop(name)


@contextmanager
def redis_url() -> Iterator[str]:
    """A Redis: the one that is given, emptied of nothing, else one of its own that is ended afterwards."""
    if given := os.environ.get(REDIS):
        say(f"Redis: the one in {REDIS}")
        yield given
        return
    with RedisServer.started() as server:
        yield server.url


@cache
def _postgres() -> str:
    """The server's address, started once per run if none was given."""
    if given := os.environ.get(POSTGRES):
        say(f"PostgreSQL: the one in {POSTGRES}")
        return given
    server = PostgresServer()
    server.initialise()
    USED.servers.append(server)
    server.start()
    say(f"PostgreSQL: private, {Path(postgres_binary('postgres')).parts[-3]} on port {server.port}")
    return server.url


@cache
def _template() -> str:
    """A database with this release's tables; copying it is faster than making them."""
    name = f"checkout_template_{uuid.uuid4().hex[:12]}"
    _on_server(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    database = Database.open(make_url(_postgres()).set(database=name).render_as_string(hide_password=False))
    try:
        database.create_tables()
    finally:
        database.close()
    return name


def finish() -> None:
    """Leave a given server as it was found, and end the private one."""
    if os.environ.get(POSTGRES):
        if _template.cache_info().currsize:
            _drop(_template())
    elif USED.servers:
        USED.servers.pop().stop()


def _on_server(statement: sql.Composed) -> None:
    with psycopg.connect(_postgres(), autocommit=True) as connection:
        connection.execute(statement)


def _drop(name: str) -> None:
    _on_server(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
