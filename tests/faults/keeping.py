"""A world as bytes: pages of a database in memory, and the sandbox, shop and clock beside it.

Knows how things are copied, and nothing of what they are.
"""

import functools
import pickle
import threading
from collections.abc import Callable, Mapping
from io import BytesIO
from typing import Any

from checkout.store.session import Database


def empty() -> Database:
    """A database in memory with nothing in it but tables."""
    database = Database.open("sqlite://")
    database.create_tables()
    return database


@functools.cache
def no_rows() -> bytes:
    """The pages of a database with nothing in it but tables."""
    database = empty()
    pages: bytes = driver(database).serialize()
    database.close()
    return pages


def driver(database: Database) -> Any:
    """The driver's own connection to a database in memory."""
    return database._writer.raw_connection().dbapi_connection


def no_sleep(_seconds: float) -> None:
    """Nobody waits here."""


# A lock is copied as a new one: nobody holds it where a world is kept.
_COPIED: Mapping[type, Callable[[Any], Any]] = {
    type(threading.Lock()): lambda _lock: (threading.Lock, ()),
    type(threading.RLock()): lambda _lock: (threading.RLock, ()),
}


def pickled(what: object) -> bytes:
    """Everything that hangs together, as bytes."""
    buffer = BytesIO()
    pickler = pickle.Pickler(buffer, protocol=pickle.HIGHEST_PROTOCOL)
    pickler.dispatch_table = _COPIED
    pickler.dump(what)
    return buffer.getvalue()
