"""The unit of work: one transaction at the edge, nothing committed in between.

Knows how a transaction begins and ends on each database; must never know what is written in it. SQLite has one writer
at a time (`BEGIN IMMEDIATE` behind a lock of this process and SQLite's own between processes) and readers beside it;
PostgreSQL has many writers, and what a transaction is about to change it locks row by row. No transaction may be open
across an outside call.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import Self, TypeVar

from sqlalchemy import Connection, Engine
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import PoolProxiedConnection
from sqlmodel import Session, SQLModel

from checkout.store import migrations, postgres, sqlite
from checkout.store.driver import Driver
from checkout.store.errors import DatabaseNotMigratedError, DatabaseUnreachableError
from checkout.store.postgres import DEFAULT_LIMITS, Limits

T = TypeVar("T")
# Whoever was in another's way three times in a row is told so; the lock order makes even once an exception.
TIMES = 3


class Database:
    """One database: `transaction()` to write, `read()` to read, `after_commit` to tell others once it is true."""

    def __init__(self, url: str, limits: Limits = DEFAULT_LIMITS) -> None:
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
                self._writer = self._reader = postgres.engine(self._url, limits)
                self._begin_writing, self._begin_reading = postgres.BEGIN_WRITING, postgres.BEGIN_READING
                self._writing = self._reading = nullcontext()
                self._version = "SELECT pg_current_snapshot()::text"
            case other:
                raise ValueError(f"the store is SQLite or PostgreSQL; it cannot be {other}")
        self._claim: int | None = None
        self._watch: PoolProxiedConnection | None = None
        self._watch_lock = threading.Lock()

    @classmethod
    def open(cls, url: str, limits: Limits = DEFAULT_LIMITS) -> Self:
        """Open `sqlite:///path` (made if absent), `sqlite://` (in memory, for tests) or `postgresql://host/name`.

        DatabaseUnusableError for a file that is none of ours; a server is first spoken to when it is used, and `limits`
        are what is asked of it.
        """
        return cls(url, limits)

    def create_tables(self) -> None:
        """Bring the tables to this build's, from nothing or from an earlier release; processes take turns.

        DatabaseUnreachableError.
        """
        with self._changing_tables() as connection:
            if self._is_in_memory:
                SQLModel.metadata.create_all(connection)
            elif (migrations.revision_of(connection) or "") < migrations.NEWEST:
                migrations.upgrade(connection)
            connection.commit()

    def prepare(self) -> None:
        """Before serving: a file is brought to this build's tables; a server must have them.

        DatabaseUnreachableError, DatabaseNotMigratedError: many processes share a server, and one of an older build may
        be at work, so that it is migrated when somebody says so.
        """
        if self.dialect == "sqlite":
            self.create_tables()
            return
        found = self.revision()
        if found is None or found < migrations.NEWEST:  # a later release has only added to what this build uses
            raise DatabaseNotMigratedError(
                f"the database is at revision {found or 'none'}, and this build needs {migrations.NEWEST}: run "
                "`checkout migrate`"
            )

    def revision(self) -> str | None:
        """The revision its tables are at; None before there was any. DatabaseUnreachableError."""
        with self._reachable(), self.read() as session:
            return migrations.revision_of(connection_of(session))

    def migrate(self, revision: str) -> None:
        """Bring the tables up or down to a revision. What later revisions added is lost on the way down."""
        with self._changing_tables() as connection:
            found = migrations.revision_of(connection)
            if found is None or (revision != "base" and revision >= found):
                migrations.upgrade(connection, revision)
            else:
                migrations.downgrade(connection, revision)
            connection.commit()

    def migration_sql(self) -> str:
        """The statements that would bring the tables to this build's."""
        with self._reachable(), self.read() as session:
            return migrations.sql_of(connection_of(session))

    @contextmanager
    def _changing_tables(self) -> Iterator[Connection]:
        """A connection with an open transaction that is alone in changing tables."""
        with self._reachable(), self._writing, self._writer.connect() as connection:
            connection.exec_driver_sql(self._begin_writing)
            if self.dialect == "postgresql":
                # Others that migrate are waited for, and building an index takes as long as it takes.
                connection.exec_driver_sql("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0")
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({postgres.SCHEMA_LOCK})")
                # A change that waits for a table keeps everybody else waiting behind it.
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{postgres.TABLE_LOCK_SECONDS}s'")
            yield connection

    @contextmanager
    def _reachable(self) -> Iterator[None]:
        """What the driver says of a server that cannot be used, in a sentence without a password."""
        try:
            yield
        except OperationalError as refused:
            if self.dialect == "sqlite":
                raise
            said = str(refused.orig).strip().splitlines()[0]  # what follows are libpq's guesses
            raise DatabaseUnreachableError(
                f"{self._url.render_as_string()} cannot be used: {said}; mend that or CHECKOUT_DATABASE_URL"
            ) from None

    @property
    def _is_in_memory(self) -> bool:
        return self.dialect == "sqlite" and self._path is None

    def claim(self) -> None:
        """Be the one serving process of a SQLite file until it ends, however it ends; DatabaseInUseError.

        PostgreSQL serves as many as there are.
        """
        if self._path is not None and self._claim is None:
            self._claim = sqlite.claim(self._path)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session whose writes commit together when the block ends, or not at all."""
        with _told() as told, self._writing, _begun(self._writer, self._begin_writing) as session:
            session.info["told"] = told
            yield session
            if session.in_transaction():
                session.commit()  # the session joined our transaction: this writes what it holds, and no more
            connection_of(session).commit()

    def once(self, work: Callable[[Session], T]) -> T:
        """What `work` returns, in a transaction of its own; from the start if the server ended it for another's sake.

        So `work` must do nothing that outlives a rolled back transaction: no call outside above all.
        """
        for _ in range(TIMES - 1):
            try:
                with self.transaction() as session:
                    return work(session)
            except OperationalError as ended:
                if not postgres.was_in_the_way(ended):
                    raise
        with self.transaction() as session:
            return work(session)

    @contextmanager
    def single(self) -> Iterator[Driver]:
        """For a statement that needs no other: no session and, on PostgreSQL, no round trips around it.

        Each statement is a transaction there; on SQLite, where a round trip is a function call, the block is one.
        """
        # Closed is back in the pool, which rolls back what is not committed.
        with _told() as told, self._writing, closing(self._writer.raw_connection()) as connection:
            driver = Driver(connection=connection, dialect=self._writer.dialect, info={"told": told})
            if self.dialect == "sqlite":
                driver.run(self._begin_writing)
            yield driver
            driver.commit()

    @contextmanager
    def joined(self, session: Session | None) -> Iterator[Session]:
        """The caller's transaction if there is one, else one of its own."""
        if session is not None:
            yield session
        else:
            with self.transaction() as own:
                yield own

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A session that sees one consistent state and writes nothing."""
        with self._reading, _begun(self._reader, self._begin_reading) as session:
            yield session

    @contextmanager
    def glance(self) -> Iterator[Driver]:
        """For a statement that reads and needs no other: no session and, on PostgreSQL, no round trips around it."""
        with self._reading, closing(self._reader.raw_connection()) as connection:
            yield Driver(connection=connection, dialect=self._reader.dialect)

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


def driver_of(unit: Session | Driver) -> Driver:
    """The transaction's connection as its driver has it."""
    if isinstance(unit, Driver):
        return unit
    if "driver" not in unit.info:
        connection = connection_of(unit)
        unit.info["driver"] = Driver(connection=connection.connection, dialect=connection.dialect)
    driver: Driver = unit.info["driver"]
    return driver


def connection_of(session: Session) -> Connection:
    """The transaction's one connection. Asking the session for it each time costs as much as a small statement."""
    connection: Connection = session.info["connection"]
    return connection


@contextmanager
def _begun(engine: Engine, how: str) -> Iterator[Session]:
    """A session on a connection whose transaction is begun at once; rolled back unless it is committed.

    It is said here (`how`), because the drivers begin late: SQLite's without the writer's lock. An engine event would
    cost at every statement, and PostgreSQL's isolation level at every connection; so both drivers commit by
    themselves what is outside a transaction.
    The connection carries the transaction, so that who writes rows directly does not pay for the session's own.
    """
    with engine.connect() as connection:
        connection.exec_driver_sql(how)
        with Session(connection, expire_on_commit=False, info={"connection": connection}) as session:
            yield session


@dataclass(frozen=True, slots=True)
class _Told:
    """Who is told how a transaction ended, once it has let go of its connection."""

    committed: list[Callable[[], None]] = field(default_factory=list)
    failed: list[Callable[[], None]] = field(default_factory=list)


@contextmanager
def _told() -> Iterator[_Told]:
    told = _Told()
    try:
        yield told
    except BaseException:
        for tell in told.failed:
            tell()
        raise
    for tell in told.committed:
        tell()


def after_commit(session: Session | Driver, tell: Callable[[], None]) -> None:
    """Call `tell` once this session's transaction is on disk; never if it is rolled back. It must not raise."""
    session.info["told"].committed.append(tell)


def after_failure(session: Session | Driver, tell: Callable[[], None]) -> None:
    """Call `tell` if this transaction fails: it was rolled back, or nobody knows. It must not raise."""
    session.info["told"].failed.append(tell)
