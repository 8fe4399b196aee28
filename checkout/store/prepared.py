"""Statements prepared once per connection and run by libpq itself: one call down, one answer up.

The driver's cursor spends several times as long on a small statement as the server does: it polls the socket from
Python, looks for the best type of each value and keeps books on what to prepare. Here every value goes as text whose
type the server infers, so that a statement is planned once, whatever mixture of numbers and nothings it is given; what
comes back is read by the driver's own loaders. Knows psycopg; must never know a table.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import blake2b
from typing import Any

import psycopg
from psycopg.adapt import Transformer
from psycopg.errors import InvalidSqlStatementName, error_from_result
from psycopg.pq import ConnStatus, ExecStatus

_PARAMETER = re.compile(r"%\((\w+)\)s")
_DONE = frozenset({ExecStatus.COMMAND_OK, ExecStatus.TUPLES_OK})


@dataclass(frozen=True, slots=True, kw_only=True)
class _Words:
    """A statement in the server's words, its name on every connection, and its values in order."""

    name: bytes
    text: bytes
    parameters: tuple[str, ...]


@dataclass(slots=True)
class Answer:
    """What a cursor tells of the rows that came."""

    rowcount: int
    _rows: list[tuple[Any, ...]]

    def fetchone(self) -> tuple[Any, ...] | None:
        """The first row, if there is one."""
        return self._rows[0] if self._rows else None

    def fetchall(self) -> list[tuple[Any, ...]]:
        """Every row."""
        return self._rows


def run(connection: "psycopg.Connection[Any]", prepared: set[bytes], text: str, values: Mapping[str, Any]) -> Answer:
    """Run `text`, with its values by name; psycopg's errors. `prepared` is what this connection has prepared."""
    words = _words(text)
    server = connection.pgconn
    if words.name not in prepared:
        _check(connection, server.prepare(words.name, words.text))
        prepared.add(words.name)
    texts: list[Any] = [_text(values[name]) for name in words.parameters]
    result = server.exec_prepared(words.name, texts)
    try:
        _check(connection, result)
    except InvalidSqlStatementName:
        prepared.clear()  # somebody has told the server to forget them: the next to ask prepares anew
        raise
    if result.status == ExecStatus.COMMAND_OK:
        return Answer(result.command_tuples or 0, [])
    loads = Transformer(connection)
    loads.set_pgresult(result)
    return Answer(result.ntuples, loads.load_rows(0, result.ntuples, tuple))


def kept(text: str) -> bytes:
    """Text as PostgreSQL can keep it: it has no NUL, which JSON and SQLite do have.

    A merchant that puts one into an order's number must not keep that order from being written; and an id with one in
    it is just no id of ours.
    """
    return text.replace("\0", "\ufffd").encode("utf-8", "replace")


@cache
def _words(text: str) -> _Words:
    """The driver's spelling turned into the server's: `%(name)s` into `$1`, `%%` into `%`."""
    names: dict[str, int] = {}

    def numbered(found: "re.Match[str]") -> str:
        return f"${names.setdefault(found[1], len(names) + 1)}"

    spelled = _PARAMETER.sub(numbered, text).replace("%%", "%")
    name = blake2b(text.encode(), digest_size=16).hexdigest().encode()
    return _Words(name=name, text=spelled.encode(), parameters=(*names,))


def _text(value: Any) -> bytes | None:
    return None if value is None else kept(str(value))


def _check(connection: "psycopg.Connection[Any]", result: Any) -> None:
    if result.status in _DONE:
        return
    if connection.pgconn.status == ConnStatus.BAD:
        raise psycopg.OperationalError(connection.pgconn.get_error_message())
    raise error_from_result(result)
