"""Reading executions: one, a page of many, its operations, its history. Changes nothing."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlmodel import Session

from checkout.durable import events, store
from checkout.durable.changes import Core, view_of
from checkout.durable.errors import ExecutionNotFoundError
from checkout.durable.execution import Execution, name_of
from checkout.durable.store_tables import EXECUTIONS
from checkout.durable.store_write import Unit
from checkout.durable.views import ExecutionStatus, ExecutionView, OperationView
from checkout.store.session import connection_of

_E = EXECUTIONS.c
# Like AWS's: the most one page may hold.
LARGEST_PAGE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionPage:
    """Executions, the newest first; `next_cursor` asks for the older ones, None at the end."""

    executions: tuple[ExecutionView, ...]
    next_cursor: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which executions to list; None does not restrict.

    `statuses` are AWS's words, of which one more than ours is known: PAUSED is a parked execution, and RUNNING then is
    one that is not.
    """

    function: str | None = None
    version: int | None = None
    name: str | None = None
    status: ExecutionStatus | str | None = None
    statuses: Collection[str] | None = None
    parked: bool | None = None
    name_prefix: str | None = None
    started_after: datetime | None = None
    started_before: datetime | None = None
    oldest_first: bool = False


class Queries:
    """The readers."""

    def __init__(self, core: Core) -> None:
        self._core = core

    def get(self, name_or_arn: str, session: Session | None) -> ExecutionView:
        """One execution; ExecutionNotFoundError."""
        if session is not None:
            return view_of(self.find(session, name_or_arn))
        with self._core.database.read() as own:
            return view_of(self.find(own, name_or_arn))

    def page(self, wanted: Filter, limit: int, cursor: str | None) -> ExecutionPage:
        """A page of executions."""
        limit = max(1, min(limit, LARGEST_PAGE))
        query = select(EXECUTIONS).where(*_conditions(wanted)).limit(limit + 1)
        query = query.order_by(_E.id if wanted.oldest_first else _E.id.desc())
        if cursor is not None and cursor.isdigit():
            query = query.where(_E.id > int(cursor) if wanted.oldest_first else _E.id < int(cursor))
        with self._core.database.read() as session:
            found = [Execution(**row) for row in connection_of(session).execute(query).mappings()]
        more = str(found[limit - 1].id) if len(found) > limit else None
        return ExecutionPage(executions=tuple(view_of(one) for one in found[:limit]), next_cursor=more)

    def operations(self, name_or_arn: str) -> tuple[OperationView, ...]:
        """Its operations, in start order."""
        with self._core.database.read() as session:
            execution = self.find(session, name_or_arn)
            return tuple(one.view() for one in store.operations(session, execution.id))

    def history(self, name_or_arn: str, *, include_execution_data: bool) -> list[dict[str, Any]]:
        """AWS's `Events`, times as datetimes."""
        with self._core.database.read() as session:
            execution = self.find(session, name_or_arn)
            happened = store.history(session, execution.id)
        return [events.shape(number, one, include_execution_data=include_execution_data) for number, one in happened]

    @staticmethod
    def find(session: Unit, name_or_arn: str, *, lock: bool = False) -> Execution:
        """The execution itself, as it is, or as it stays until the transaction ends; ExecutionNotFoundError."""
        execution = (store.lock_named if lock else store.read_named)(session, name_of(name_or_arn))
        if execution is None:
            raise ExecutionNotFoundError(f"there is no execution {name_or_arn}")
        return execution


def _conditions(wanted: Filter) -> Iterator[ColumnElement[bool]]:
    equal = {
        _E.function: wanted.function,
        _E.version: wanted.version,
        _E.name: wanted.name,
        _E.status: None if wanted.status is None else str(wanted.status),
    }
    yield from (column == value for column, value in equal.items() if value is not None)
    if wanted.statuses is not None:
        yield or_(*(_stands(status) for status in wanted.statuses))
    if wanted.parked is not None:
        yield _E.parked.is_not(None) if wanted.parked else _E.parked.is_(None)
    if wanted.name_prefix is not None:
        yield _E.name.startswith(wanted.name_prefix, autoescape=True)
    if wanted.started_after is not None:
        yield _E.started_at > wanted.started_after
    if wanted.started_before is not None:
        yield _E.started_at < wanted.started_before


def _stands(status: str) -> ColumnElement[bool]:
    """Whether an execution is where one of AWS's words says."""
    match status:
        case "PAUSED":
            return and_(_E.status == ExecutionStatus.RUNNING.value, _E.parked.is_not(None))
        case ExecutionStatus.RUNNING:
            return and_(_E.status == status, _E.parked.is_(None))
        case _:
            return _E.status == status
