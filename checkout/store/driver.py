"""The driver's own connection: text and values in, rows out, SQLAlchemy's errors when it fails.

SQLAlchemy spends several times as long on a small statement as the database does, and as long again on a session around
it. Knows cursors, and how a lost connection is noticed; must never know a table.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import PoolProxiedConnection

from checkout.store import postgres, prepared


@dataclass(frozen=True, slots=True, kw_only=True)
class Driver:
    """One connection in a transaction, or about to run its only statement. `info` is what a session's is."""

    connection: PoolProxiedConnection
    dialect: Dialect
    info: dict[str, Any] = field(default_factory=dict)

    def run(self, text: str, values: Mapping[str, Any] | None = None) -> Any:
        """Run `text` in the driver's words; a cursor with what came."""
        with self._translated():
            if values is not None and self.dialect.name == "postgresql":
                connection: Any = self.connection.driver_connection
                return prepared.run(connection, self.connection.info.setdefault("prepared", set()), text, values)
            cursor: Any = self.connection.cursor()
            if values is None:
                cursor.execute(text)
            else:
                cursor.execute(text, values)
            return cursor

    def commit(self) -> None:
        """Commit the transaction, if there is one."""
        with self._translated():
            if self.dialect.name != "postgresql" or postgres.in_transaction(self.connection.driver_connection):
                self.connection.commit()

    @contextmanager
    def _translated(self) -> Iterator[None]:
        """The driver's errors as SQLAlchemy raises them; a connection that is gone leaves the pool."""
        base = self.dialect.loaded_dbapi.Error
        try:
            yield
        except base as broken:
            gone = self.dialect.is_disconnect(broken, self.connection.driver_connection, None)
            error = DBAPIError.instance(
                "",
                None,  # the values are a buyer's, and an error's text reaches the log
                broken,
                base,
                hide_parameters=True,
                connection_invalidated=gone,
                dialect=self.dialect,
            )
            if gone:
                self.connection.invalidate(error)
            raise error from broken
