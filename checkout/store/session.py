"""The unit of work: one transaction at the edge, nothing committed in between.

Knows how a transaction begins and ends on each database; must never know what is written in it. SQLite: WAL, every
commit on disk before it is acknowledged (`synchronous=FULL`), one writer at a time (`BEGIN IMMEDIATE` behind a lock of
this process and SQLite's own between processes), readers beside it. No transaction may be open across an outside call.
PostgreSQL is one more branch of `Database.open`, with row locks where SQLite has the one writer.
"""

import fcntl
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from sqlalchemy import Connection, Engine, create_engine, event, inspect
from sqlalchemy.engine import make_url
from sqlalchemy.pool import PoolProxiedConnection, QueuePool, StaticPool
from sqlalchemy.schema import CreateColumn
from sqlmodel import Session, SQLModel

# A second process (the CLI beside the service) waits this long for the writer, in seconds, before it is told so.
BUSY_TIMEOUT_SECONDS = 10
# Readers never block the writer in WAL; enough for the API's thread pool and the console.
READ_CONNECTIONS = 16
# How every SQLite file begins; an empty one is a database too.
_SQLITE_BEGINS = b"SQLite format 3\0"


class DatabaseInUseError(RuntimeError):
    """Another process already serves this SQLite file; stop it, or give this one its own file."""


class DatabaseUnusableError(RuntimeError):
    """The file that CHECKOUT_DATABASE_URL names cannot be a database of ours."""

    code = "database_unusable"


class Database:
    """One database: `transaction()` to write, `read()` to read, `after_commit` to tell others once it is true."""

    def __init__(self, writer: Engine, reader: Engine, *, path: Path | None) -> None:
        self._writer = writer
        self._reader = reader
        self._write_lock = threading.Lock()
        self._path = path
        self._claim: int | None = None
        self._watch: PoolProxiedConnection | None = None
        self._watch_lock = threading.Lock()

    @classmethod
    def open(cls, url: str) -> Self:
        """Open `sqlite:///path` (made if absent) or `sqlite://` (in memory, for tests). DatabaseUnusableError."""
        parsed = make_url(url)
        if parsed.get_backend_name() != "sqlite":
            raise ValueError(f"this build stores in SQLite; it cannot open {parsed.render_as_string()}")
        if parsed.database in (None, "", ":memory:"):
            engine = _sqlite_engine(url, poolclass=StaticPool)
            return cls(engine, engine, path=None)
        path = Path(str(parsed.database))
        make_usable(path)
        return cls(
            _sqlite_engine(url, poolclass=QueuePool, pool_size=1, max_overflow=0),
            _sqlite_engine(url, poolclass=QueuePool, pool_size=READ_CONNECTIONS, max_overflow=0, read_only=True),
            path=path,
        )

    def create_tables(self) -> None:
        """Create the tables and columns that are missing, as an earlier release left them; changes nothing else."""
        with self._write_lock, self._writer.begin() as connection:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
            SQLModel.metadata.create_all(connection)
            _add_columns(connection)

    def claim(self) -> None:
        """Be the one serving process of this file until it ends, however it ends; raise if another already is."""
        if self._path is None or self._claim is not None:
            return
        claim = os.open(f"{self._path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(claim, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as busy:
            os.close(claim)
            raise DatabaseInUseError(
                f"another process serves {self._path}; stop it or set another CHECKOUT_DATABASE_URL"
            ) from busy
        self._claim = claim

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session whose writes commit together when the block ends, or not at all."""
        with self._write_lock, _begun(self._writer, "BEGIN IMMEDIATE") as session:
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
    def read(self) -> Iterator[Session]:
        """A session that sees one consistent state and writes nothing."""
        if self._path is None:  # in memory there is one connection, so readers take turns with the writer
            with self._write_lock, _begun(self._writer, "BEGIN") as session:
                yield session
        else:
            with _begun(self._reader, "BEGIN") as session:
                yield session

    def data_version(self) -> int:
        """A number that changes with every commit, this process's and others'; cheap enough to ask every second.

        SQLite counts per connection, so one connection is kept for the question, and never in a transaction.
        """
        with self._watch_lock:
            if self._watch is None:
                self._watch = self._reader.raw_connection()
            return int(self._watch.cursor().execute("PRAGMA data_version").fetchone()[0])

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
def _begun(engine: Engine, how: str) -> Iterator[Session]:
    """A session on a connection whose transaction is begun at once; rolled back unless it is committed.

    The driver's own BEGIN is deferred and late, so it is said here; an engine event would cost at every statement.
    The connection carries the transaction, so that who writes rows directly does not pay for the session's own.
    """
    with engine.connect() as connection:
        connection.exec_driver_sql(how)
        with Session(connection, expire_on_commit=False, info={"connection": connection}) as session:
            yield session


def make_usable(path: Path) -> None:
    """Make the file and its folders, or say why not: DatabaseUnusableError. SQLite itself would say less."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b") as file:
            file.seek(0)
            begins = file.read(len(_SQLITE_BEGINS))
    except OSError as refused:
        raise DatabaseUnusableError(
            f"CHECKOUT_DATABASE_URL: {path} cannot be written: {refused.strerror}; mend that or name another file"
        ) from refused
    if begins not in (b"", _SQLITE_BEGINS):
        raise DatabaseUnusableError(f"CHECKOUT_DATABASE_URL: {path} is no SQLite database; name another file")


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


def _sqlite_engine(url: str, *, read_only: bool = False, **pool: Any) -> Engine:
    arguments = {"check_same_thread": False, "timeout": BUSY_TIMEOUT_SECONDS}
    # An error's message reaches the log; the buyers' addresses that were its parameters must not.
    engine = create_engine(url, connect_args=arguments, hide_parameters=True, **pool)

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        # The driver's own implicit BEGIN is deferred and can deadlock on upgrade; `_begun` begins.
        connection.isolation_level = None
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")
        if read_only:
            connection.execute("PRAGMA query_only=ON")

    return engine
