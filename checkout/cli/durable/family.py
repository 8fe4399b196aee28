"""One execution, and those it invokes, run by this process until it ends or waits.

Knows when an execution can be run and what it waits for; reads that from the store, so it also sees what other
processes do to it meanwhile. Must never touch an execution that is not of this family, nor know what a handler does.
"""

import threading
from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlmodel import Session

from checkout.cli.durable.handlers import CommandError
from checkout.durable import store
from checkout.durable.execution import Execution, name_of
from checkout.durable.operation import Operation
from checkout.durable.service import DurableService
from checkout.durable.views import ExecutionView
from checkout.store.session import Database

# While an execution waits: an answer given by another process is noticed within this many seconds.
LOOK_EVERY_SECONDS = 0.1


class MissingHandlerError(CommandError):
    """An invoked execution cannot go on, because this command was not given its handler."""

    code = "missing_handler"


class SkippingClock:
    """The machine's clock, moved ahead when time is skipped; it never goes back."""

    def __init__(self) -> None:
        self._ahead = timedelta(0)
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """The current time and what was skipped, UTC."""
        with self._lock:
            return datetime.now(UTC) + self._ahead

    def skip_to(self, moment: datetime) -> None:
        """Be at `moment`, if that is ahead."""
        with self._lock:
            self._ahead = max(self._ahead, moment - datetime.now(UTC))

    def catch_up(self, database: Database, name: str) -> None:
        """Be no earlier than the last thing that happened to an execution: its time may have been skipped before."""
        with database.read() as session:
            if execution := store.read_named(session, name_of(name)):
                self._catch_up(session, execution.id)

    def catch_up_with_callback(self, database: Database, callback_id: str) -> None:
        """The same for the execution that waits for a callback."""
        with database.read() as session:
            if called := store.find_called(session, callback_id, lock=False):
                self._catch_up(session, called[0].id)

    def _catch_up(self, session: Session, key: int) -> None:
        for _, event in store.history(session, key)[-1:]:
            self.skip_to(event.at)


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long to stay: `skip_time` does not wait for timers, `until_suspended` does not wait at all."""

    skip_time: bool
    until_suspended: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One execution of the family, as it stands in the database now."""

    execution: Execution
    operations: tuple[Operation, ...]

    def due(self, now: datetime) -> bool:
        """Whether there is something to do for it: a timer, a lapsed lease, or a handler to invoke."""
        execution = self.execution
        invocable = execution.wake_at if execution.lease_until is None and execution.parked is None else None
        moments = (execution.lease_until, execution.timer_at, invocable)
        return execution.running and any(moment is not None and moment <= now for moment in moments)

    def next_timer(self) -> datetime | None:
        """When it goes on by itself. A callback's timeout is not that: it is a limit to somebody else's patience."""
        timers = [one.due_at for one in self.operations if one.due_at and not one.ended and one.type != "CALLBACK"]
        again = [self.execution.wake_at] if self.execution.wake_at else []
        return min([*timers, *again], default=None)


class Family:
    """An execution and those it invoked, run together."""

    def __init__(
        self, service: DurableService, clock: SkippingClock, name: str, *, when_waiting: Callable[[], None]
    ) -> None:
        self._service = service
        self._clock = clock
        self._name = name
        self._when_waiting = when_waiting

    def run(self, known: Collection[tuple[str, int]], patience: Patience) -> ExecutionView:
        """Run it with the handlers of the `known` (function, version)s until it ends, is parked, or patience ends.

        Raises MissingHandlerError when the only thing to do needs a handler this command was not given.
        """
        while True:
            members = family_of(self._service.database, self._name)
            root, now = members[0].execution, self._clock.now()
            if not root.running or root.parked is not None:
                return self._service.get(self._name)
            due = [one.execution for one in members if one.due(now)]
            if runnable := [one for one in due if (one.function, one.version) in known]:
                for one in runnable:
                    self._service.drive(one.name)
                continue
            if due:
                raise MissingHandlerError(
                    f"{self._name} waits for {due[0].name}; name its handler: --with {due[0].function}=MODULE:HANDLER"
                )
            held = any(one.execution.lease_until is not None for one in members)
            timers = [moment for moment in (one.next_timer() for one in members) if moment is not None]
            if patience.skip_time and timers and not held:
                self._clock.skip_to(min(timers))
                continue
            if patience.until_suspended and not held:
                return self._service.get(self._name)
            self._when_waiting()
            threading.Event().wait(LOOK_EVERY_SECONDS)


def family_of(database: Database, name: str) -> list[Member]:
    """An execution and every one it invoked, directly or through another, as they stand now; itself first."""
    found: list[Member] = []
    names = [name_of(name)]
    with database.read() as session:
        while names:
            execution = store.read_named(session, names.pop())
            if execution is None:
                continue
            operations = tuple(store.operations(session, execution.id))
            found.append(Member(execution=execution, operations=operations))
            if any(one.type == "CHAINED_INVOKE" for one in operations):
                happened = store.history(session, execution.id)
                invoked = [event.details for _, event in happened if event.type == "ChainedInvokeStarted"]
                names += [name_of(details["DurableExecutionArn"]) for details in invoked]
    return found
