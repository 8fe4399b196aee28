"""Executions, operations and history in SQL: Core statements, built once, on the session's connection.

Knows tables and rows; must never know what a change means. Written for SQLite and PostgreSQL alike: row locks are asked
for everywhere (`FOR UPDATE`, which SQLite, having one writer, leaves out), and no statement is of one dialect only.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import and_, bindparam, delete, func, insert, or_, select, update
from sqlmodel import Session

from checkout.durable.events import Event
from checkout.durable.execution import Execution
from checkout.durable.operation import Operation
from checkout.durable.store_tables import EVENTS, EXECUTIONS, OPERATIONS
from checkout.store.session import connection_of

_E, _O, _H = EXECUTIONS.c, OPERATIONS.c, EVENTS.c
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

# What never changes after the start is not written again.
_FIXED = {
    *("id", "name", "operation_id", "function", "version", "input", "started_at"),
    *("retention_days", "ends_only_by_result", "projected", "parent_execution_id", "parent_operation_id"),
}
_MUTABLE = tuple(one.name for one in fields(Execution) if one.name not in _FIXED)
_OPERATION_MUTABLE = ("status", "ended_at", "attempt", "payload", "error", "replay_children", "due_at", "touched")
_OPERATION_FIELDS = tuple(one.name for one in fields(Operation))

_BY_ID = select(EXECUTIONS).where(_E.id == bindparam("key"))
_BY_NAME = select(EXECUTIONS).where(_E.name == bindparam("key"))
_LOCK, _LOCK_SKIPPING = _BY_ID.with_for_update(), _BY_ID.with_for_update(skip_locked=True)
_LOCK_NAMED = _BY_NAME.with_for_update()
_INSERT, _INSERT_OPERATIONS, _INSERT_EVENTS = insert(EXECUTIONS), insert(OPERATIONS), insert(EVENTS)
_SAVE = (
    update(EXECUTIONS).where(_E.id == bindparam("key")).values({name: bindparam(f"new_{name}") for name in _MUTABLE})
)
_SAVE_OPERATION = (
    update(OPERATIONS)
    .where(_O.execution_id == bindparam("key"), _O.id == bindparam("operation"))
    .values({name: bindparam(f"new_{name}") for name in _OPERATION_MUTABLE})
)
_TOUCHING = select(OPERATIONS).where(
    _O.execution_id == bindparam("key"),
    or_(_O.touched > bindparam("seen"), _O.due_at <= bindparam("now"), _O.id.in_(bindparam("ids", expanding=True))),
)
_ALL = select(OPERATIONS).where(_O.execution_id == bindparam("key")).order_by(_O.ordinal)
_DUE = _ALL.where(_O.due_at <= bindparam("now"))
_PAGE = _ALL.where(_O.ordinal > bindparam("after")).limit(bindparam("count"))
_ONE = select(OPERATIONS).where(_O.execution_id == bindparam("key"), _O.id == bindparam("operation"))
_OPEN = select(func.min(_O.due_at), func.count()).where(
    _O.execution_id == bindparam("key"),
    or_(
        _O.status.in_(("PENDING", "READY")),
        and_(_O.status == "STARTED", _O.type.in_(("WAIT", "CALLBACK", "CHAINED_INVOKE"))),
    ),
)
_NEXT_DUE = select(func.min(_O.due_at)).where(_O.execution_id == bindparam("key"), _O.due_at > bindparam("after"))
_CALLBACK = select(_O.execution_id, _O.id).where(_O.callback_id == bindparam("callback"))
_RENEW = (
    update(EXECUTIONS)
    .where(_E.id == bindparam("key"), _E.invocation == bindparam("holder"), _E.lease_until.is_not(None))
    .values(lease_until=bindparam("until"))
)


def insert_execution(session: Session, **values: Any) -> Execution:
    """A new row; its id is given by the database."""
    key = connection_of(session).execute(_INSERT, values).inserted_primary_key
    assert key is not None
    return Execution(id=key[0], **values)


def lock(session: Session, key: int, *, skip_locked: bool = False) -> Execution | None:
    """The execution, to be changed in this transaction; None if there is none (or, skipping, another has it)."""
    row = connection_of(session).execute(_LOCK_SKIPPING if skip_locked else _LOCK, {"key": key}).mappings().first()
    return Execution(**row) if row else None


def lock_named(session: Session, name: str) -> Execution | None:
    """The execution of this name, to be changed."""
    row = connection_of(session).execute(_LOCK_NAMED, {"key": name}).mappings().first()
    return Execution(**row) if row else None


def read_named(session: Session, name: str) -> Execution | None:
    """The execution of this name, as it is."""
    row = connection_of(session).execute(_BY_NAME, {"key": name}).mappings().first()
    return Execution(**row) if row else None


def save(session: Session, execution: Execution) -> None:
    """Write back everything about an execution that can change."""
    values = {f"new_{name}": getattr(execution, name) for name in _MUTABLE}
    connection_of(session).execute(_SAVE, {"key": execution.id, **values})


def operations(session: Session, key: int) -> list[Operation]:
    """Every operation, in start order."""
    return _read(session, _ALL, key=key)


def operations_page(session: Session, key: int, *, after: int, count: int) -> list[Operation]:
    """At most `count` operations that started after the one with ordinal `after`."""
    return _read(session, _PAGE, key=key, after=after, count=count)


def touching(session: Session, key: int, *, ids: Iterable[str], seen: int, now: datetime) -> dict[str, Operation]:
    """The operations a checkpoint needs: the named ones, those changed since `seen`, those due at `now`."""
    found = _read(session, _TOUCHING, key=key, ids=list(ids), seen=seen, now=now)
    return {one.id: one for one in found}


def due_operations(session: Session, key: int, now: datetime) -> list[Operation]:
    """The operations whose timer has come."""
    return _read(session, _DUE, key=key, now=now)


def operation(session: Session, key: int, operation_id: str) -> Operation | None:
    """One operation."""
    found = _read(session, _ONE, key=key, operation=operation_id)
    return found[0] if found else None


def open_operations(session: Session, key: int) -> tuple[datetime | None, int]:
    """The earliest timer of an execution's operations, and how many of them wait for something."""
    due_at, count = connection_of(session).execute(_OPEN, {"key": key}).one()
    return due_at, count


def next_due(session: Session, key: int, after: datetime) -> datetime | None:
    """The earliest timer later than `after`."""
    moment: datetime | None = connection_of(session).execute(_NEXT_DUE, {"key": key, "after": after}).scalar()
    return moment


def find_callback(session: Session, callback_id: str) -> tuple[int, str] | None:
    """The execution and operation a callback id stands for."""
    row = connection_of(session).execute(_CALLBACK, {"callback": callback_id}).first()
    return (row[0], row[1]) if row else None


def insert_operations(session: Session, key: int, made: Sequence[Operation]) -> None:
    """New operations."""
    if made:
        rows = [{"execution_id": key, **_plain(one)} for one in made]
        connection_of(session).execute(_INSERT_OPERATIONS, rows)


def update_operations(session: Session, key: int, changed: Sequence[Operation]) -> None:
    """Operations that changed."""
    if changed:
        rows = []
        for one in changed:
            plain = _plain(one)
            values = {f"new_{name}": plain[name] for name in _OPERATION_MUTABLE}
            rows.append({"key": key, "operation": one.id, **values})
        connection_of(session).execute(_SAVE_OPERATION, rows)


def append_events(session: Session, key: int, after: int, happened: Sequence[Event]) -> None:
    """Append to the history, numbered on from `after`."""
    if happened:
        rows = [
            {"execution_id": key, "event_id": number, "type": one.type, "at": one.at, "body": _encode(one)}
            for number, one in enumerate(happened, after + 1)
        ]
        connection_of(session).execute(_INSERT_EVENTS, rows)


def history(session: Session, key: int) -> list[tuple[int, Event]]:
    """The whole history, numbered from 1."""
    query = select(_H.event_id, _H.type, _H.at, _H.body).where(_H.execution_id == key).order_by(_H.event_id)
    return [(row.event_id, _decode(row.type, row.at, row.body)) for row in connection_of(session).execute(query)]


def renew(session: Session, holders: Iterable[tuple[int, int]], until: datetime) -> None:
    """Renew the leases that (execution, invocation) still hold; one lost to another stays lost."""
    rows = [{"key": key, "holder": invocation, "until": until} for key, invocation in holders]
    connection_of(session).execute(_RENEW, rows)


def delete_executions(session: Session, keys: Sequence[int]) -> None:
    """Remove executions with all that belongs to them."""
    for column in (_H.execution_id, _O.execution_id, _E.id):
        connection_of(session).execute(delete(column.table).where(column.in_(keys)))


def _read(session: Session, statement: Any, **values: Any) -> list[Operation]:
    rows = connection_of(session).execute(statement, values).mappings()
    return [
        Operation(**{name: row[name] for name in _OPERATION_FIELDS if name != "error"}, error=_loads(row["error"]))
        for row in rows
    ]


def _plain(one: Operation) -> dict[str, Any]:
    values = {name: getattr(one, name) for name in _OPERATION_FIELDS}
    values["error"] = None if one.error is None else json.dumps(one.error)
    return values


def _loads(text: str | None) -> dict[str, Any] | None:
    return None if text is None else dict(json.loads(text))


def _encode(event: Event) -> str:
    # Times are the only members JSON has no word for; AWS names each of them …Timestamp.
    return json.dumps(
        [event.fields, event.details], default=lambda moment: (moment - _EPOCH) // timedelta(microseconds=1)
    )


def _decode(kind: str, at: datetime, body: str) -> Event:
    labels, details = json.loads(body)
    for key, value in details.items():
        if key.endswith("Timestamp"):
            details[key] = _EPOCH + timedelta(microseconds=value)
    return Event(type=kind, at=at, fields=labels, details=details)
