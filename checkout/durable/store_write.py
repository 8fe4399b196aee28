"""The one write of the hot path: an execution as it is now, the operations that changed, the history that grew.

Guarded: it is written only if the execution is still at the revision it was read at, so whoever decided on what it
remembered has decided on what is true, or has changed nothing. On PostgreSQL it is one statement and one round trip; on
SQLite, where a statement is a function call, the same three parts one after the other. Rows of any number travel as
one JSON value, so that the text never varies and is planned once. Knows tables and rows; never what a change means.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Boolean, Column, Integer, text
from sqlmodel import Session

from checkout.durable.events import Event
from checkout.durable.execution import Execution
from checkout.durable.operation import Operation
from checkout.durable.statements import Statement
from checkout.durable.store_tables import EVENTS, EXECUTIONS, OPERATIONS, Moment
from checkout.store.driver import Driver
from checkout.store.session import driver_of

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
Unit = Session | Driver

# What never changes after the start is not written again.
_FIXED = {
    *("id", "name", "operation_id", "function", "version", "input", "started_at", "revision"),
    *("retention_days", "ends_only_by_result", "projected", "parent_execution_id", "parent_operation_id"),
}
_MUTABLE = tuple(one.name for one in fields(Execution) if one.name not in _FIXED)
_NEW = tuple(one.name for one in fields(Execution) if one.name != "id")
_MOMENTS = frozenset(name for name in _NEW if isinstance(EXECUTIONS.c[name].type, Moment))
_OPERATION_MUTABLE = ("status", "ended_at", "attempt", "payload", "error", "replay_children", "due_at", "touched")
_OPERATION_FIELDS = tuple(one.name for one in fields(Operation))
_OPERATION_MOMENTS = tuple(name for name in _OPERATION_FIELDS if isinstance(OPERATIONS.c[name].type, Moment))


def _word(column: "Column[Any]") -> str:
    """A column's type in PostgreSQL's words, for reading it out of JSON."""
    if isinstance(column.type, Boolean):
        return "boolean"
    return "bigint" if isinstance(column.type, Integer | Moment) else "text"


def _insert(table: Any, names: Sequence[str], source: str) -> str:
    return f"INSERT INTO {table.name} (execution_id, {', '.join(names)}) {source}"


def _of_postgresql(table: Any, names: Sequence[str], parameter: str) -> str:
    typed = ", ".join(f"{name} {_word(table.c[name])}" for name in names)
    chosen = ", ".join(f"r.{name}" for name in names)
    source = f"SELECT written.id, {chosen} FROM written, json_to_recordset(:{parameter}) AS r({typed})"  # noqa: S608 (same)
    return _insert(table, names, source)


def _of_sqlite(table: Any, names: Sequence[str], parameter: str) -> str:
    chosen = ", ".join(f"value ->> '{name}'" for name in names)
    # "WHERE true": without it SQLite takes the ON of ON CONFLICT for the join's.
    return _insert(table, names, f"SELECT :key, {chosen} FROM json_each(:{parameter}) WHERE true")  # noqa: S608 (same)


_EVENT_FIELDS = ("event_id", "type", "at", "body")
_UPDATE = (
    f"UPDATE {EXECUTIONS.name} SET revision = :revision + 1, "  # noqa: S608 (our own names)
    + ", ".join(f"{name} = :{name}" for name in _MUTABLE)
    + " WHERE id = :key AND revision = :revision"
)
_AGAIN = " ON CONFLICT (execution_id, id) DO UPDATE SET " + ", ".join(
    f"{name} = excluded.{name}" for name in _OPERATION_MUTABLE
)
_ON_POSTGRESQL = Statement(
    text(
        f"WITH written AS ({_UPDATE} RETURNING id), "  # noqa: S608 (our own names)
        f"operations AS ({_of_postgresql(OPERATIONS, _OPERATION_FIELDS, 'new_operations')}{_AGAIN}), "
        f"events AS ({_of_postgresql(EVENTS, _EVENT_FIELDS, 'new_events')}) "
        "SELECT id FROM written"
    )
)
_ON_SQLITE = Statement(text(_UPDATE))
_CREATE = (
    f"INSERT INTO {EXECUTIONS.name} ({', '.join(_NEW)}) VALUES ({', '.join(f':{name}' for name in _NEW)}) "  # noqa: S608 (same)
    "ON CONFLICT (name) DO NOTHING RETURNING id"
)
_CREATE_ON_POSTGRESQL = Statement(
    text(
        f"WITH written AS ({_CREATE}), "  # noqa: S608 (our own names)
        f"events AS ({_of_postgresql(EVENTS, _EVENT_FIELDS, 'new_events')}) "
        "SELECT id FROM written"
    )
)
_CREATE_ON_SQLITE = Statement(text(_CREATE))
_OPERATIONS_ON_SQLITE = Statement(text(_of_sqlite(OPERATIONS, _OPERATION_FIELDS, "new_operations") + _AGAIN))
_EVENTS_ON_SQLITE = Statement(text(_of_sqlite(EVENTS, _EVENT_FIELDS, "new_events")))


def write(unit: Unit, execution: Execution, changed: Sequence[Operation], happened: Sequence[Event]) -> bool:
    """Write it all, or nothing and False: the execution is no longer at the revision it was read at.

    `execution` then stands at the next revision, its history grown by what `happened`.
    """
    first = execution.events + 1
    execution.events += len(happened)
    row = _row(execution, _MUTABLE) | {"key": execution.id, "revision": execution.revision}
    operations, events = _rows(_operation_row(one) for one in changed), _events(first, happened)
    if driver_of(unit).dialect.name == "postgresql":
        written = _ON_POSTGRESQL.changed(unit, **row, new_operations=operations, new_events=events) == 1
    else:
        written = _ON_SQLITE.changed(unit, **row) == 1
        if written and changed:
            _OPERATIONS_ON_SQLITE.changed(unit, key=execution.id, new_operations=operations)
        if written and happened:
            _EVENTS_ON_SQLITE.changed(unit, key=execution.id, new_events=events)
    execution.revision += 1
    return written


def create(unit: Unit, execution: Execution, *happened: Event) -> bool:
    """A new execution with the beginning of its history, which gives it its id; False: its name is taken."""
    execution.events = len(happened)
    row, events = _row(execution, _NEW), _events(1, happened)
    if driver_of(unit).dialect.name == "postgresql":
        made = _CREATE_ON_POSTGRESQL.value(unit, **row, new_events=events)
    else:
        made = _CREATE_ON_SQLITE.value(unit, **row)
        if made is not None:
            _EVENTS_ON_SQLITE.changed(unit, key=made, new_events=events)
    execution.id = made or 0
    return made is not None


def micros(moment: datetime | None) -> int | None:
    """A time as its columns keep it; a naive one is refused by the subtraction."""
    return None if moment is None else (moment - _EPOCH) // _MICROSECOND


# Made once: making one costs more than encoding with it.
_encode = json.JSONEncoder(default=micros).encode
_encode_rows = json.JSONEncoder(ensure_ascii=False).encode


def encode(event: Event) -> str:
    """An event's body. Times are the only members JSON has no word for; AWS names each of them …Timestamp."""
    return _encode([event.fields, event.details])


def decode(kind: str, at: datetime, body: str) -> Event:
    """An event, from its row."""
    labels, details = json.loads(body)
    for key, value in details.items():
        if key.endswith("Timestamp"):
            details[key] = _EPOCH + value * _MICROSECOND
    return Event(type=kind, at=at, fields=labels, details=details)


def _row(execution: Execution, names: Sequence[str]) -> dict[str, Any]:
    row = {name: getattr(execution, name) for name in names}
    for name in _MOMENTS & row.keys():
        row[name] = micros(row[name])
    return row


def _operation_row(one: Operation) -> dict[str, Any]:
    row = {name: getattr(one, name) for name in _OPERATION_FIELDS}
    for name in _OPERATION_MOMENTS:
        row[name] = micros(row[name])
    row["error"] = None if one.error is None else json.dumps(one.error)
    return row


def _events(first: int, happened: Sequence[Event]) -> str:
    return _rows(
        {"event_id": number, "type": one.type, "at": micros(one.at), "body": encode(one)}
        for number, one in enumerate(happened, first)
    )


def _rows(rows: Iterable[dict[str, Any]]) -> str:
    return _encode_rows(list(rows))
