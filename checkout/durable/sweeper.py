"""What time brings about: timers, lapsed leases, executions past their retention. Looked for in the database, always.

Nothing is scheduled in memory, so nothing is lost with a process. Knows the columns that say when to look; each
execution is handled in a transaction of its own, and one that cannot be handled here does not hold up the others.
"""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select, tuple_
from sqlmodel import Session

from checkout.durable import lifecycle, store
from checkout.durable.changes import Changes, Core
from checkout.durable.store_tables import EXECUTIONS
from checkout.store.session import connection_of

logger = logging.getLogger(__name__)

_E = EXECUTIONS.c
# When what could not be handled is looked at again: a database's trouble passes in seconds, a projector's does not.
AGAIN_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class Waiting:
    """An execution that waits for a worker which can run this version of this function."""

    execution_id: int
    function: str
    version: int


class Sweeper:
    """Looks for what is due."""

    def __init__(self, core: Core) -> None:
        self._core = core
        # When to look again at what the last sweep could not handle.
        self._again_at: datetime | None = None

    def sweep(self) -> int:
        """Handle one batch of what is due; how many executions that were. Call again while it is a full batch."""
        now = self._core.clock.now()
        self._again_at = None
        due = or_(_E.timer_at <= now, _E.lease_until <= now)
        keys = self._find(_E.id, and_(due, self._manageable()), _E.id)
        return sum(self._settled(key) for key in keys) + self._delete(now)

    def runnable(self, *, limit: int | None = None) -> list[int]:
        """Executions that wait for a worker of this process, the longest waiting first; by default one batch."""
        return [one.execution_id for one in self.waiting(limit=limit)]

    def waiting(self, *, limit: int | None = None, overdue_seconds: float = 0.0) -> list[Waiting]:
        """The same with what others need to know of them; only what has waited for at least `overdue_seconds`."""
        since = self._core.clock.now() - timedelta(seconds=overdue_seconds)
        query = (
            select(_E.id, _E.function, _E.version)
            .where(and_(self._invocable(), _E.wake_at <= since))
            .order_by(_E.wake_at)
            .limit(limit or self._core.settings.batch)
        )
        with self._core.database.read() as session:
            return [Waiting(*row) for row in connection_of(session).execute(query)]

    def next_moment(self) -> datetime | None:
        """When the next thing will fall due for executions this process can handle; None if nothing will by itself.

        What is due already is not counted: it is swept, or it waits for a worker. What could not be swept is due again.
        """
        now = self._core.clock.now()
        with self._core.database.read() as session:
            wake = self._earliest(session, _E.wake_at, and_(self._invocable(), _E.wake_at > now))
            timer = self._earliest(session, _E.timer_at, and_(self._manageable(), _E.timer_at > now))
            lease = self._earliest(session, _E.lease_until, and_(self._manageable(), _E.lease_until > now))
        return min((moment for moment in (wake, timer, lease, self._again_at) if moment is not None), default=None)

    def unrunnable(self) -> list[tuple[str, int, int]]:
        """(function, version, how many) of running executions that no worker of this process can run."""
        known = self._core.registry.versions()
        query = (
            select(_E.function, _E.version, func.count())
            .where(_E.status == "RUNNING", tuple_(_E.function, _E.version).not_in(known))
            .group_by(_E.function, _E.version)
            .order_by(_E.function, _E.version)
        )
        with self._core.database.read() as session:
            return [(row[0], row[1], row[2]) for row in connection_of(session).execute(query)]

    def _manageable(self) -> ColumnElement[bool]:
        """Public state is kept only by processes that registered its function; the others must leave it alone."""
        return or_(_E.projected.is_(False), _E.function.in_(self._core.registry.functions()))

    def _invocable(self) -> ColumnElement[bool]:
        known: Iterable[Any] = self._core.registry.versions()
        return and_(
            _E.wake_at.is_not(None),
            _E.lease_until.is_(None),
            _E.parked.is_(None),
            tuple_(_E.function, _E.version).in_(known),
        )

    def _find(self, column: Any, condition: ColumnElement[bool], order: Any, limit: int | None = None) -> list[int]:
        query = select(column).where(condition).order_by(order).limit(limit or self._core.settings.batch)
        with self._core.database.read() as session:
            return [row[0] for row in connection_of(session).execute(query)]

    @staticmethod
    def _earliest(session: Session, column: Any, condition: ColumnElement[bool]) -> datetime | None:
        moment: datetime | None = connection_of(session).execute(select(func.min(column)).where(condition)).scalar()
        return moment

    def settle(self, key: int) -> bool:
        """Handle what is due for one execution; False if nothing was."""
        with self._core.database.transaction() as session:
            execution = store.lock(session, key, skip_locked=True)
            if execution is None or not execution.running:
                return False
            before = (execution.status, execution.parked)
            changes = Changes(self._core, session, execution)
            if not lifecycle.settle(changes):
                return False
            changes.flush(project=bool(changes.operations) or before != (execution.status, execution.parked))
            return True

    def _settled(self, key: int) -> bool:
        try:
            return self.settle(key)
        except Exception:  # a projector may raise anything; the others' timers must not wait for it
            logger.exception("what is due for execution %d could not be handled", key)
            self._again_at = self._core.clock.now() + timedelta(seconds=AGAIN_SECONDS)
            return False

    def _delete(self, now: datetime) -> int:
        keys = self._find(_E.id, _E.delete_at <= now, _E.delete_at)
        if keys:
            with self._core.database.transaction() as session:
                store.delete_executions(session, keys)
            logger.info("deleted %d executions past their retention", len(keys))
        return len(keys)
