"""SQLite as the store: a file, one serving process, one writer at a time.

WAL, every commit on disk before it is acknowledged (`synchronous=FULL`); readers run beside the writer. Knows pragmas,
files and locks; must never know a table.
"""

import fcntl
import os
import sqlite3
import time
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.pool import QueuePool, StaticPool

from checkout.store.errors import DatabaseInUseError, DatabaseUnusableError

# A second process (the CLI beside the service) waits this long for the writer, in seconds, before it is told so.
BUSY_TIMEOUT_SECONDS = 10
BUSY_LOOK_SECONDS = 0.01
# Readers never block the writer in WAL; enough for the API's thread pool and the console.
READ_CONNECTIONS = 16
# How every SQLite file begins; an empty one is a database too.
_BEGINS = b"SQLite format 3\0"


def file_of(url: URL) -> Path | None:
    """The database's file; None for one in memory."""
    return None if url.database in (None, "", ":memory:") else Path(str(url.database))


def engines(url: URL) -> tuple[Engine, Engine]:
    """The one writer and the readers of a database; the same engine twice for one in memory. DatabaseUnusableError."""
    path = file_of(url)
    if path is None:
        engine = _engine(url, poolclass=StaticPool)
        return engine, engine
    make_usable(path)
    return (
        _engine(url, poolclass=QueuePool, pool_size=1, max_overflow=0),
        _engine(url, poolclass=QueuePool, pool_size=READ_CONNECTIONS, max_overflow=0, read_only=True),
    )


def claim(path: Path) -> int:
    """Lock the file for one serving process until its descriptor is closed; DatabaseInUseError if it is locked."""
    descriptor = os.open(f"{path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as busy:
        os.close(descriptor)
        raise DatabaseInUseError(
            f"another process serves {path}; stop it or set another CHECKOUT_DATABASE_URL"
        ) from busy
    return descriptor


def make_usable(path: Path) -> None:
    """Make the file and its folders, or say why not: DatabaseUnusableError. SQLite itself would say less."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a+b") as file:
            file.seek(0)
            begins = file.read(len(_BEGINS))
    except OSError as refused:
        raise DatabaseUnusableError(
            f"CHECKOUT_DATABASE_URL: {path} cannot be written: {refused.strerror}; mend that or name another file"
        ) from refused
    if begins not in (b"", _BEGINS):
        raise DatabaseUnusableError(f"CHECKOUT_DATABASE_URL: {path} is no SQLite database; name another file")


def _engine(url: URL, *, read_only: bool = False, **pool: Any) -> Engine:
    arguments = {"check_same_thread": False, "timeout": BUSY_TIMEOUT_SECONDS}
    # An error's message reaches the log; the buyers' addresses that were its parameters must not.
    engine = create_engine(url, connect_args=arguments, hide_parameters=True, **pool)

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        # The driver's own implicit BEGIN is deferred and can deadlock on upgrade; `_begun` begins.
        connection.isolation_level = None
        _write_ahead(connection)
        for pragma in ("synchronous=FULL", "foreign_keys=ON"):
            connection.execute(f"PRAGMA {pragma}")
        if read_only:
            connection.execute("PRAGMA query_only=ON")

    return engine


def _write_ahead(connection: Any) -> None:
    """Have the file in WAL. A new file is in it after the first of these, which SQLite lets nobody wait for.

    It refuses at once, whatever the timeout, while another connection is about to change the file's mode too.
    """
    deadline = time.monotonic() + BUSY_TIMEOUT_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
        except sqlite3.OperationalError as busy:
            if busy.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(BUSY_LOOK_SECONDS)
        else:
            return
