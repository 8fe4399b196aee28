"""Statements compiled once and run on the driver's own cursor, in the caller's transaction.

Each is written in SQLAlchemy's Core, once for both databases, compiled when it is first used on each, and then handed
to the driver as text and values. Knows how values cross; must never know a table.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Dialect
from sqlalchemy.dialects.sqlite import dialect as SQLiteDialect  # noqa: N812 (it is a class)
from sqlalchemy.sql.expression import Executable
from sqlmodel import Session

from checkout.store.driver import Driver
from checkout.store.session import driver_of

Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compiled:
    """A statement in one database's words: its constants, and how each value is converted on its way in and out."""

    text: str
    constants: dict[str, Any]
    outgoing: tuple[tuple[str, Callable[[Any], Any]], ...]
    columns: tuple[str, ...]
    incoming: tuple[tuple[str, Callable[[Any], Any]], ...]


class Statement:
    """One statement of SQLAlchemy's Core; its bound parameters are given by name."""

    def __init__(self, statement: Executable) -> None:
        self.core: Any = statement
        self._compiled: dict[str, _Compiled] = {}

    def rows(self, unit: Session | Driver, **values: Any) -> Rows:
        """Run it; each row by the names of its columns."""
        compiled, cursor = self._run(unit, values)
        found = [dict(zip(compiled.columns, row, strict=True)) for row in cursor.fetchall()]
        for row in found:
            for name, convert in compiled.incoming:
                row[name] = convert(row[name])
        return found

    def first(self, unit: Session | Driver, **values: Any) -> dict[str, Any] | None:
        """Run it; the first row, if there is one."""
        found = self.rows(unit, **values)
        return found[0] if found else None

    def value(self, unit: Session | Driver, **values: Any) -> Any:
        """Run it; the first column of the first row, None if there is none."""
        row = self._run(unit, values)[1].fetchone()
        return row[0] if row else None

    def changed(self, unit: Session | Driver, **values: Any) -> int:
        """Run it; how many rows it changed or, for one that returns rows, how many came."""
        count: int = self._run(unit, values)[1].rowcount
        return count

    def _run(self, unit: Session | Driver, values: dict[str, Any]) -> tuple[_Compiled, Any]:
        driver = driver_of(unit)
        compiled = self._compiled.get(driver.dialect.name) or self._compile(driver.dialect)
        for name, convert in compiled.outgoing:
            values[name] = convert(values[name])
        return compiled, driver.run(compiled.text, compiled.constants | values)

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
