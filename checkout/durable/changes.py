"""One execution's change in one transaction: its row, its operations, its history, its public state, then the news.

Everything that alters an execution goes through `Changes`, so a checkpoint, the application's projection and the event
that tells of it commit together or not at all. Knows the store and the projector; must never know why it changes.
"""

import json
import threading
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial

from sqlmodel import Session

from checkout.durable import store
from checkout.durable.errors import FunctionNotRegisteredError
from checkout.durable.events import Event
from checkout.durable.execution import Execution
from checkout.durable.machine import Applied
from checkout.durable.operation import Operation
from checkout.durable.registry import Registry
from checkout.durable.seats import Seats
from checkout.durable.settings import DurableSettings
from checkout.durable.store_write import Unit
from checkout.durable.views import Change, ExecutionView
from checkout.store.clock import Clock
from checkout.store.session import Database, after_commit


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What others are told once a change is on disk: who changed, and when somebody must look at it next."""

    execution_id: int
    name: str
    function: str
    version: int
    running: bool
    wake_at: datetime | None
    timer_at: datetime | None


@dataclass(slots=True, kw_only=True)
class Core:
    """What every part of the service shares in one process."""

    database: Database
    clock: Clock
    settings: DurableSettings
    registry: Registry
    listeners: list[Callable[[Notice], None]] = field(default_factory=list)
    # Whose leases they are. A process that dies comes back as another.
    owner: str = field(default_factory=lambda: str(uuid.uuid4()))
    # Set while this process runs executions by itself, as soon as they can be run.
    seats: Seats | None = None
    # Set once this process is to end: handlers stop at their next step, and others go on with it.
    handing_over: threading.Event = field(default_factory=threading.Event)

    def tell(self, notice: Notice) -> None:
        """Give the news to everyone who asked for it."""
        for listener in tuple(self.listeners):
            listener(notice)


class Overtaken(Exception):  # noqa: N818 (no error: it is answered by reading again)
    """Somebody else has changed the execution since it was read; nothing was written."""


class Changes:
    """A change of one execution, collected, then written by `flush`.

    `known` are all its operations, if the caller has them; else they are read when they are needed.
    """

    def __init__(
        self, core: Core, session: Unit, execution: Execution, known: Mapping[str, Operation] | None = None
    ) -> None:
        self.core = core
        self.session = session
        self.execution = execution
        self.now = core.clock.now()
        self.operations: dict[str, Operation] = {}
        self._known = known
        self._happened: list[Event] = []

    def take(self, applied: Applied) -> None:
        """Add what the state machine decided; every operation in it counts as touched."""
        for operation in applied.operations.values():
            self._touch(operation)
        self._happened.extend(applied.events)

    def record(self, *happened: Event) -> None:
        """Add events that belong to no operation."""
        self._happened.extend(happened)

    def replace_quietly(self, operation: Operation) -> None:
        """Write an operation back without counting it as changed: nobody is woken by it."""
        self.operations[operation.id] = operation
        self.execution.note_timer(operation.due_at)

    def all_operations(self) -> list[Operation]:
        """Every operation of the execution as it is with these changes."""
        known = self._known
        if known is None:
            known = {one.id: one for one in store.operations(self.session, self.execution.id)}
        return list((dict(known) | self.operations).values())

    def flush(self, *, project: bool = True) -> None:
        """Write everything; run the projector; tell others after the commit. Overtaken if it is not as it was read."""
        if not store.write(self.session, self.execution, tuple(self.operations.values()), self._happened):
            raise Overtaken
        self.announce(project=project)

    def announce(self, *, project: bool) -> None:
        """What follows a write: the projector now, in this transaction; the news after its commit."""
        execution = self.execution
        if project and execution.projected:
            self._project(self.operations.values())
        notice = Notice(
            execution_id=execution.id,
            name=execution.name,
            function=execution.function,
            version=execution.version,
            running=execution.running,
            wake_at=execution.wake_at,
            timer_at=execution.timer_at,
        )
        after_commit(self.session, partial(self.core.tell, notice))

    def _touch(self, operation: Operation) -> None:
        execution = self.execution
        execution.touched += 1
        ordinal = operation.ordinal or execution.touched
        operation = replace(operation, ordinal=ordinal, touched=execution.touched)
        self.operations.pop(operation.id, None)
        self.operations[operation.id] = operation
        execution.note_timer(operation.due_at)

    def _project(self, touched: Iterable[Operation]) -> None:
        execution = self.execution
        projector = self.core.registry.projector(execution.function, execution.version)
        if projector is None:
            raise FunctionNotRegisteredError(
                f"{execution.name} keeps public state; register {execution.function} in this process to change it"
            )
        assert isinstance(self.session, Session)  # what has public state is changed in a whole transaction
        projector(self.session, Change(execution=view_of(execution), operations=tuple(one.view() for one in touched)))


def view_of(execution: Execution) -> ExecutionView:
    """What others see of it."""
    return execution.view(None if execution.error is None else json.loads(execution.error))
