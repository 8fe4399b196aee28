"""Statements compiled once and run on the driver's own cursor, in the session's transaction.

SQLAlchemy spends several times as long on a small statement as the database does; a checkpoint is small statements. So
each is written in SQLAlchemy's Core, once for both databases, compiled when it is first used on each, and then handed
to the driver as text and values. Knows cursors and how values cross them; must never know a table.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Dialect
from sqlalchemy.dialects.sqlite import dialect as SQLiteDialect  # noqa: N812 (it is a class)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.expression import Executable
from sqlmodel import Session

from checkout.store.session import connection_of

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compiled:
    """A statement in one database's words: its constants, and how each value is converted on its way in and out."""

    text: str
    constants: Mapping[str, Any]
    outgoing: tuple[tuple[str, Callable[[Any], Any]], ...]
    columns: tuple[str, ...]
    incoming: tuple[tuple[str, Callable[[Any], Any]], ...]


class Statement:
    """One statement of SQLAlchemy's Core; its bound parameters are given by name."""

    def __init__(self, statement: Executable) -> None:
        self.core: Any = statement
        self._compiled: dict[str, _Compiled] = {}

    def rows(self, session: Session, **values: Any) -> Rows:
        """Run it; each row by the names of its columns."""
        compiled, cursor = self._run(session, values)
        found = [dict(zip(compiled.columns, row, strict=True)) for row in cursor.fetchall()]
        for row in found:
            for name, convert in compiled.incoming:
                row[name] = convert(row[name])
        return found

    def first(self, session: Session, **values: Any) -> dict[str, Any] | None:
        """Run it; the first row, if there is one."""
        found = self.rows(session, **values)
        return found[0] if found else None

    def value(self, session: Session, **values: Any) -> Any:
        """Run it; the first column of the first row, None if there is none."""
        row = self._run(session, values)[1].fetchone()
        return row[0] if row else None

    def changed(self, session: Session, **values: Any) -> int:
        """Run it; how many rows it changed or, for one that returns rows, how many came."""
        count: int = self._run(session, values)[1].rowcount
        return count

    def _run(self, session: Session, values: dict[str, Any]) -> tuple[_Compiled, Any]:
        connection = connection_of(session)
        compiled = self._compiled.get(connection.dialect.name) or self._compile(connection.dialect)
        for name, convert in compiled.outgoing:
            values[name] = convert(values[name])
        return compiled, run(connection, compiled.text, {**compiled.constants, **values})

    def _compile(self, dialect: Dialect) -> _Compiled:
        # Named parameters on both drivers: values are then the same dictionary on either.
        named = SQLiteDialect(paramstyle="named") if dialect.name == "sqlite" else dialect
        made = self.core.compile(dialect=named)
        returned: Sequence[Any] = tuple(getattr(self.core, "exported_columns", ()))  # plain text names none
        constants: dict[str, Any] = {}
        outgoing: dict[str, Callable[[Any], Any]] = {}
        for bind, name in made.bind_names.items():
            convert = bind.type.dialect_impl(named).bind_processor(named)
            if bind.required:
                outgoing |= {name: convert} if convert else {}
            else:
                constants[name] = convert(bind.value) if convert else bind.value
        incoming = [(one.name, one.type.dialect_impl(named).result_processor(named, None)) for one in returned]
        compiled = self._compiled[dialect.name] = _Compiled(
            text=made.string,
            constants=constants,
            outgoing=tuple(outgoing.items()),
            columns=tuple(column.name for column in returned),
            incoming=tuple((name, convert) for name, convert in incoming if convert),
        )
        return compiled


def run(connection: Connection, text: str, values: Mapping[str, Any]) -> Any:
    """Run text on a cursor of the connection's driver; the cursor. SQLAlchemy's errors, as if it had run it itself."""
    cursor = connection.connection.cursor()
    try:
        cursor.execute(text, values)
    except connection.dialect.loaded_dbapi.Error as broken:
        gone = connection.dialect.is_disconnect(broken, cursor.connection, cursor)
        error = DBAPIError.instance(
            text,
            None,  # the values are a buyer's; an error's text reaches the log
            broken,
            connection.dialect.loaded_dbapi.Error,
            hide_parameters=True,
            connection_invalidated=gone,
            dialect=connection.dialect,
        )
        if gone:
            connection.invalidate(error)
        raise error from broken
    return cursor
