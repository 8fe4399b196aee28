"""Executions, operations and history in SQL, on the session's connection.

Knows tables and rows; must never know what a change means. Written for SQLite and PostgreSQL alike: row locks are asked
for everywhere (`FOR UPDATE`, which SQLite, having one writer, leaves out). Writing is in `store_write`.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import fields
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, delete, func, or_, select, update
from sqlmodel import Session

from checkout.durable.events import Event
from checkout.durable.execution import Execution
from checkout.durable.operation import Operation
from checkout.durable.statements import Statement
from checkout.durable.store_tables import EVENTS, EXECUTIONS, OPERATIONS
from checkout.durable.store_write import Unit, create, decode, write
from checkout.store.session import connection_of

__all__ = ["create", "write"]

_OPERATION_FIELDS = tuple(one.name for one in fields(Operation))
_E, _O, _H = EXECUTIONS.c, OPERATIONS.c, EVENTS.c

_BY_ID = select(EXECUTIONS).where(_E.id == bindparam("key"))
_BY_NAME = select(EXECUTIONS).where(_E.name == bindparam("key"))
_READ = Statement(_BY_ID)
_LOCK, _LOCK_SKIPPING = Statement(_BY_ID.with_for_update()), Statement(_BY_ID.with_for_update(skip_locked=True))
_LOCK_NAMED, _READ_NAMED = Statement(_BY_NAME.with_for_update()), Statement(_BY_NAME)
_OF_CALLBACK = select(_O.execution_id).where(_O.callback_id == bindparam("callback")).scalar_subquery()
_CALLED = select(EXECUTIONS).where(_E.id == _OF_CALLBACK)
_READ_CALLED, _LOCK_CALLED = Statement(_CALLED), Statement(_CALLED.with_for_update())
_CALLBACK = Statement(select(OPERATIONS).where(_O.callback_id == bindparam("callback")))
_CLAIM = Statement(
    update(EXECUTIONS)
    .where(
        # Whoever else looks at it now is claiming it, or changing it and will say so: nobody waits for a lock.
        _E.id == select(_E.id).where(_E.id == bindparam("key")).with_for_update(skip_locked=True).scalar_subquery(),
        *(_E.status == "RUNNING", _E.parked.is_(None), _E.lease_until.is_(None), _E.wake_at <= bindparam("now")),
    )
    .values(
        invocation=_E.invocation + 1,
        sequence=0,
        request_id=bindparam("request"),
        owner=bindparam("holder"),
        invoked_at=bindparam("now"),
        lease_until=bindparam("until"),
        wake_at=None,
        claimed=_E.touched,
        revision=_E.revision + 1,
    )
    .returning(EXECUTIONS)
)
_TOUCHING = select(OPERATIONS).where(
    _O.execution_id == bindparam("key"),
    or_(_O.touched > bindparam("seen"), _O.due_at <= bindparam("now"), _O.id.in_(bindparam("ids", expanding=True))),
)
_EVERY = select(OPERATIONS).where(_O.execution_id == bindparam("key")).order_by(_O.ordinal)
_ALL = Statement(_EVERY)
_DUE = Statement(_EVERY.where(_O.due_at <= bindparam("now")))
_PAGE = Statement(_EVERY.where(_O.ordinal > bindparam("after")).limit(bindparam("count")))
_ONE = Statement(select(OPERATIONS).where(_O.execution_id == bindparam("key"), _O.id == bindparam("operation")))
_NEXT_DUE = Statement(
    select(func.min(_O.due_at).label("due_at")).where(
        _O.execution_id == bindparam("key"), _O.due_at > bindparam("after")
    )
)
_RENEW = (
    update(EXECUTIONS)
    .where(
        # One that is locked is being changed by its holder, or by who takes it over: waiting for it could be a
        # deadlock with a child that ends, and the next renewal comes in time.
        _E.id.in_(select(_E.id).where(_E.id == bindparam("key")).with_for_update(skip_locked=True)),
        *(_E.invocation == bindparam("holder"), _E.lease_until.is_not(None)),
    )
    .values(lease_until=bindparam("until"), revision=_E.revision + 1)
)


def lock(unit: Unit, key: int, *, skip_locked: bool = False) -> Execution | None:
    """The execution, to be changed in this transaction; None if there is none (or, skipping, another has it)."""
    return _execution((_LOCK_SKIPPING if skip_locked else _LOCK).first(unit, key=key))


def lock_named(unit: Unit, name: str) -> Execution | None:
    """The execution of this name, to be changed."""
    return _execution(_LOCK_NAMED.first(unit, key=name))


def find_called(unit: Unit, callback_id: str, *, lock: bool) -> tuple[Execution, Operation] | None:
    """The execution a callback id stands for, locked or only read, and the callback as it was after that."""
    execution = _execution((_LOCK_CALLED if lock else _READ_CALLED).first(unit, callback=callback_id))
    called = _CALLBACK.first(unit, callback=callback_id) if execution else None
    return (execution, _operation(called)) if execution and called else None


def read(unit: Unit, key: int) -> Execution | None:
    """The execution, as it is."""
    return _execution(_READ.first(unit, key=key))


def read_named(unit: Unit, name: str) -> Execution | None:
    """The execution of this name, as it is."""
    return _execution(_READ_NAMED.first(unit, key=name))


def claim(unit: Unit, key: int, *, owner: str, request_id: str, now: datetime, until: datetime) -> Execution | None:
    """The execution, now run by `owner`, if it waited to be run and nobody else has it in hand."""
    return _execution(_CLAIM.first(unit, key=key, holder=owner, request=request_id, now=now, until=until))


def operations(unit: Unit, key: int) -> list[Operation]:
    """Every operation, in start order."""
    return _read(_ALL.rows(unit, key=key))


def operations_page(unit: Unit, key: int, *, after: int, count: int) -> list[Operation]:
    """At most `count` operations that started after the one with ordinal `after`."""
    return _read(_PAGE.rows(unit, key=key, after=after, count=count))


def touching(session: Session, key: int, *, ids: Iterable[str], seen: int, now: datetime) -> dict[str, Operation]:
    """The operations a checkpoint needs: the named ones, those changed since `seen`, those due at `now`."""
    values = {"key": key, "ids": list(ids), "seen": seen, "now": now}
    found = connection_of(session).execute(_TOUCHING, values).mappings()  # a list of ids is SQLAlchemy's to spell out
    return {one.id: one for one in _read(found)}


def due_operations(unit: Unit, key: int, now: datetime) -> list[Operation]:
    """The operations whose timer has come."""
    return _read(_DUE.rows(unit, key=key, now=now))


def operation(unit: Unit, key: int, operation_id: str) -> Operation | None:
    """One operation."""
    found = _ONE.first(unit, key=key, operation=operation_id)
    return _operation(found) if found else None


def next_due(unit: Unit, key: int, after: datetime) -> datetime | None:
    """The earliest timer later than `after`."""
    found = _NEXT_DUE.first(unit, key=key, after=after)
    moment: datetime | None = found["due_at"] if found else None
    return moment


def history(session: Session, key: int) -> list[tuple[int, Event]]:
    """The whole history, numbered from 1."""
    query = select(_H.event_id, _H.type, _H.at, _H.body).where(_H.execution_id == key).order_by(_H.event_id)
    return [(row.event_id, decode(row.type, row.at, row.body)) for row in connection_of(session).execute(query)]


def renew(session: Session, holders: Iterable[tuple[int, int]], until: datetime) -> None:
    """Renew the leases that (execution, invocation) still hold; one lost to another stays lost."""
    rows = [{"key": key, "holder": invocation, "until": until} for key, invocation in sorted(holders)]
    connection_of(session).execute(_RENEW, rows)


def delete_executions(session: Session, keys: Sequence[int]) -> None:
    """Remove executions with all that belongs to them."""
    for column in (_H.execution_id, _O.execution_id, _E.id):
        connection_of(session).execute(delete(column.table).where(column.in_(keys)))


def _execution(row: dict[str, Any] | None) -> Execution | None:
    return Execution(**row) if row else None


def _read(rows: Iterable[Mapping[Any, Any]]) -> list[Operation]:
    return [_operation(row) for row in rows]


def _operation(row: Mapping[Any, Any]) -> Operation:
    values = {name: row[name] for name in _OPERATION_FIELDS}
    if values["error"] is not None:
        values["error"] = json.loads(values["error"])
    return Operation(**values)
