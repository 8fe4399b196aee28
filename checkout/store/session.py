"""The unit of work: one transaction at the edge, nothing committed in between.

Knows how a transaction begins and ends on each database; must never know what is written in it. SQLite has one writer
at a time (`BEGIN IMMEDIATE` behind a lock of this process and SQLite's own between processes) and readers beside it;
PostgreSQL has many writers, and what a transaction is about to change it locks row by row. No transaction may be open
across an outside call.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import Self

from sqlalchemy import Connection, Engine, inspect
from sqlalchemy.engine import make_url
from sqlalchemy.pool import PoolProxiedConnection
from sqlalchemy.schema import CreateColumn
from sqlmodel import Session, SQLModel

from checkout.store import postgres, sqlite


class Database:
    """One database: `transaction()` to write, `read()` to read, `after_commit` to tell others once it is true."""

    def __init__(self, url: str) -> None:
        self._url = make_url(url)
        self.dialect = self._url.get_backend_name()
        match self.dialect:
            case "sqlite":
                self._path = sqlite.file_of(self._url)
                self._writer, self._reader = sqlite.engines(self._url)
                self._begin_writing, self._begin_reading = "BEGIN IMMEDIATE", "BEGIN"
                lock = threading.Lock()
                self._writing: AbstractContextManager[object] = lock
                # In memory there is one connection, so readers take turns with the writer.
                self._reading: AbstractContextManager[object] = nullcontext() if self._path else lock
                self._version = "PRAGMA data_version"
            case "postgresql":
                self._path = None
                self._writer = self._reader = postgres.engine(self._url)
                self._begin_writing, self._begin_reading = postgres.BEGIN_WRITING, postgres.BEGIN_READING
                self._writing = self._reading = nullcontext()
                self._version = "SELECT pg_current_snapshot()::text"
            case other:
                raise ValueError(f"the store is SQLite or PostgreSQL; it cannot be {other}")
        self._claim: int | None = None
        self._watch: PoolProxiedConnection | None = None
        self._watch_lock = threading.Lock()

    @classmethod
    def open(cls, url: str) -> Self:
        """Open `sqlite:///path` (made if absent), `sqlite://` (in memory, for tests) or `postgresql://host/name`.

        DatabaseUnusableError for a file that is none of ours; a server is first spoken to when it is used.
        """
        return cls(url)

    def create_tables(self) -> None:
        """Create the tables and columns that are missing, as an earlier release left them; changes nothing else."""
        with self._writing, self._writer.begin() as connection:
            connection.exec_driver_sql(self._begin_writing)
            if self.dialect == "postgresql":
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({postgres.SCHEMA_LOCK})")
            SQLModel.metadata.create_all(connection)
            _add_columns(connection)

    def claim(self) -> None:
        """Be the one serving process of a SQLite file until it ends, however it ends; DatabaseInUseError.

        PostgreSQL serves as many as there are.
        """
        if self._path is not None and self._claim is None:
            self._claim = sqlite.claim(self._path)

    @contextmanager
    def transaction(self, *, single: bool = False) -> Iterator[Session]:
        """A session whose writes commit together when the block ends, or not at all.

        `single`: the block runs one statement and no more, which on PostgreSQL spares the round trips around it.
        """
        with self._writing, _begun(self._writer, self._how(self._begin_writing, single)) as session:
            yield session
            if session.in_transaction():
                session.commit()  # the session joined our transaction: this writes what it holds, and no more
            connection_of(session).commit()
        for tell in session.info.get("after_commit", ()):
            tell()

    @contextmanager
    def joined(self, session: Session | None) -> Iterator[Session]:
        """The caller's transaction if there is one, else one of its own."""
        if session is not None:
            yield session
        else:
            with self.transaction() as own:
                yield own

    @contextmanager
    def read(self, *, single: bool = False) -> Iterator[Session]:
        """A session that sees one consistent state and writes nothing; `single` as in `transaction`."""
        with self._reading, _begun(self._reader, self._how(self._begin_reading, single)) as session:
            yield session

    def _how(self, begin: str, single: bool) -> str | None:  # noqa: FBT001 (private, and named where it is public)
        """PostgreSQL takes a statement outside a transaction for one; SQLite's BEGIN costs no round trip."""
        return None if single and self.dialect == "postgresql" else begin

    def data_version(self) -> object:
        """A value that changes with every commit, this process's and others'; cheap enough to ask every second.

        SQLite counts per connection, so one connection is kept for the question, and never in a transaction.
        """
        with self._watch_lock:
            if self.dialect == "postgresql":
                with self._reader.connect() as connection:
                    return connection.exec_driver_sql(self._version).scalar()
            if self._watch is None:
                self._watch = self._reader.raw_connection()
            return self._watch.cursor().execute(self._version).fetchone()[0]

    def close(self) -> None:
        """Close every connection and give up the claim."""
        if self._watch is not None:
            self._watch.close()
            self._watch = None
        self._writer.dispose()
        self._reader.dispose()
        if self._claim is not None:
            os.close(self._claim)
            self._claim = None


def connection_of(session: Session) -> Connection:
    """The transaction's one connection. Asking the session for it each time costs as much as a small statement."""
    connection: Connection = session.info["connection"]
    return connection


@contextmanager
def _begun(engine: Engine, how: str | None) -> Iterator[Session]:
    """A session on a connection whose transaction is begun at once; rolled back unless it is committed.

    It is said here (`how`), because the drivers begin late: SQLite's without the writer's lock. An engine event would
    cost at every statement, and PostgreSQL's isolation level at every connection; so both drivers commit by
    themselves what is outside a transaction.
    The connection carries the transaction, so that who writes rows directly does not pay for the session's own.
    """
    with engine.connect() as connection:
        if how:
            connection.exec_driver_sql(how)
        else:
            connection.begin()
        with Session(connection, expire_on_commit=False, info={"connection": connection}) as session:
            yield session


def after_commit(session: Session, tell: Callable[[], None]) -> None:
    """Call `tell` once this session's transaction is on disk; never if it is rolled back. It must not raise."""
    session.info.setdefault("after_commit", []).append(tell)


def _add_columns(connection: Connection) -> None:
    """Columns a later release added: nullable, or with a default the database itself knows."""
    inspector = inspect(connection)
    for table in SQLModel.metadata.sorted_tables:
        there = {column["name"] for column in inspector.get_columns(table.name)}
        for column in table.columns:
            if column.name not in there:
                made = CreateColumn(column).compile(dialect=connection.dialect)
                connection.exec_driver_sql(f'ALTER TABLE "{table.name}" ADD COLUMN {made}')
