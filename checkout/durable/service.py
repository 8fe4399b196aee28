"""The durable-execution service of one process: the facade everybody calls.

Functions are registered at start; executions are started, watched, answered and stopped by name. Every verb that takes
`session` joins the caller's transaction. Who runs executions is separate: `drive` and `run_until_idle` do it in the
calling thread, `dispatch.local` in threads of its own.
"""

import builtins
import threading
from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

from sqlmodel import Session

from checkout.durable import lifecycle, shim
from checkout.durable.callbacks import Callbacks
from checkout.durable.changes import Core, Notice, view_of
from checkout.durable.errors import ExecutionNameConflictError, PayloadTooLargeError
from checkout.durable.execution import check_json, check_name, name_of
from checkout.durable.leases import Leases
from checkout.durable.operations import Operations
from checkout.durable.queries import ExecutionPage, Filter, Queries
from checkout.durable.registry import Registry
from checkout.durable.rules import size_bytes
from checkout.durable.settings import EXECUTION_PAYLOAD_BYTES, DurableSettings
from checkout.durable.sweeper import Sweeper
from checkout.durable.views import ExecutionStatus, ExecutionView, OperationView, Projector
from checkout.durable.wire import Wire
from checkout.durable.worker import Worker
from checkout.store.clock import Clock, ManualClock, monotonic
from checkout.store.session import Database


class DurableService:
    """Durable executions on one database.

    Args:
        database: where everything is kept; `create_tables()` must have been called.
        clock: the time everything is stamped and compared with.
        settings: limits and rhythms of this process.
        skip_time: when nothing is runnable, `run_until_idle` moves a ManualClock on to the next timer.
        fast_stop: apply the SDK shim (`shim.py`) that saves up to 0.1 s per invocation.
    """

    def __init__(
        self,
        database: Database,
        *,
        clock: Clock,
        settings: DurableSettings | None = None,
        skip_time: bool = False,
        fast_stop: bool = True,
    ) -> None:
        if skip_time and not isinstance(clock, ManualClock):
            raise ValueError("only a ManualClock can skip time")
        if fast_stop:
            shim.apply()
        self._core = Core(database=database, clock=clock, settings=settings or DurableSettings(), registry=Registry())
        self._skips = clock if skip_time and isinstance(clock, ManualClock) else None
        self.client = Wire(self._core)
        self.leases = Leases(self._core)
        self.worker = Worker(self._core, self.client, self.leases)
        self.sweeper = Sweeper(self._core)
        self._callbacks = Callbacks(self._core)
        self._operations = Operations(self._core)
        self._queries = Queries(self._core)

    @property
    def settings(self) -> DurableSettings:
        """The limits and rhythms of this process."""
        return self._core.settings

    @property
    def database(self) -> Database:
        """Where everything is kept."""
        return self._core.database

    @property
    def clock(self) -> Clock:
        """The time everything is compared with."""
        return self._core.clock

    def register(
        self,
        function: str,
        handler: Callable[..., Any],
        *,
        version: int = 1,
        projector: Projector | None = None,
        ends_only_by_result: bool = False,
        execution_timeout_seconds: int | None = None,
        retention_days: int = 14,
    ) -> None:
        """Make a version of a function known: this process can then start it, run it and keep its public state.

        `handler` is a plain function (event, context), or one already decorated with `@durable_execution`. New
        executions get the newest version registered; each is run only by processes that registered its own.
        With `ends_only_by_result`, whatever else would end an execution (an error, a timeout, a replay mismatch, a
        payload too large) parks it for an operator instead, and `stop` is refused without `override`.
        """
        self._core.registry.add(
            self.client,
            function,
            handler,
            version=version,
            projector=projector,
            ends_only_by_result=ends_only_by_result,
            execution_timeout_seconds=execution_timeout_seconds,
            retention_days=retention_days,
        )

    def start(
        self, function: str, name: str, payload: str, *, version: int | None = None, session: Session | None = None
    ) -> ExecutionView:
        """Start an execution of `function` (at its newest version) with JSON text as input.

        The same name, function and input: the first one.

        Raises ExecutionNameConflictError (another input or function), FunctionNotRegisteredError, InvalidNameError,
        InvalidPayloadError, PayloadTooLargeError.
        """
        check_name(name, "execution name")
        check_json(payload)
        if size_bytes(payload) > EXECUTION_PAYLOAD_BYTES:
            raise PayloadTooLargeError(f"an input is at most {EXECUTION_PAYLOAD_BYTES} bytes")
        registration = self._core.registry.find(function, version)
        alone = session is None and registration.projector is None
        database = self._core.database
        with database.single() if alone else database.joined(session) as own:
            started = lifecycle.begin(self._core, own, registration, name, payload)
            first = started or self._queries.find(own, name)
            if (first.function, first.input) != (function, payload):
                what = "input" if first.function == function else f"function ({first.function})"
                raise ExecutionNameConflictError(f"{name} was started with another {what}")
            return view_of(first)

    def lock(self, name_or_arn: str, *, session: Session) -> None:
        """Nobody else changes it until the caller's transaction ends; ExecutionNotFoundError."""
        self._queries.find(session, name_or_arn, lock=True)

    def get(self, name_or_arn: str, *, session: Session | None = None) -> ExecutionView:
        """One execution; ExecutionNotFoundError."""
        return self._queries.get(name_or_arn, session)

    def list(
        self,
        *,
        function: str | None = None,
        version: int | None = None,
        name: str | None = None,
        status: ExecutionStatus | str | None = None,
        statuses: Collection[str] | None = None,
        parked: bool | None = None,
        name_prefix: str | None = None,
        started_after: datetime | None = None,
        started_before: datetime | None = None,
        oldest_first: bool = False,
        limit: int = 100,
        cursor: str | None = None,
    ) -> ExecutionPage:
        """Executions (see `Filter`), the newest first, at most `limit` (1000); go on with the page's `next_cursor`."""
        wanted = Filter(
            function=function,
            version=version,
            name=name,
            status=status,
            statuses=statuses,
            parked=parked,
            name_prefix=name_prefix,
            started_after=started_after,
            started_before=started_before,
            oldest_first=oldest_first,
        )
        return self._queries.page(wanted, limit, cursor)

    def operations(self, name_or_arn: str) -> tuple[OperationView, ...]:
        """An execution's operations, in start order."""
        return self._queries.operations(name_or_arn)

    def history(self, name_or_arn: str, *, include_execution_data: bool = True) -> builtins.list[dict[str, Any]]:
        """What AWS's GetDurableExecutionHistory would give as `Events`, times as datetimes (`aws.to_json` for JSON)."""
        return self._queries.history(name_or_arn, include_execution_data=include_execution_data)

    def stop(
        self,
        name_or_arn: str,
        *,
        error: dict[str, Any] | None = None,
        override: bool = False,
        session: Session | None = None,
    ) -> ExecutionView:
        """End it as STOPPED; a handler running now is refused at its next checkpoint.

        Raises StopRefusedError for an `ends_only_by_result` function unless `override`, ExecutionEndedError when it has
        ended otherwise. Stopping what is stopped is fine.
        """
        return view_of(self._operations.stop(name_or_arn, error, override=override, session=session))

    def succeed_callback(self, callback_id: str, payload: str | None = None, *, session: Session | None = None) -> None:
        """Answer a callback; `payload` reaches the waiting code as it is.

        Raises CallbackNotFoundError, CallbackAlreadyCompletedError, CallbackExpiredError, PayloadTooLargeError.
        """
        self._callbacks.succeed(callback_id, payload, session)

    def fail_callback(self, callback_id: str, error: dict[str, Any], *, session: Session | None = None) -> None:
        """Answer a callback with an error (AWS's ErrorObject), relayed word for word; raises as `succeed_callback`."""
        self._callbacks.fail(callback_id, error, session)

    def heartbeat_callback(self, callback_id: str, *, session: Session | None = None) -> None:
        """Whoever will answer is alive: the heartbeat timeout starts again; raises as `succeed_callback`."""
        self._callbacks.heartbeat(callback_id, session)

    def resume(self, name_or_arn: str, *, reason: str) -> ExecutionView:
        """A parked execution goes on; NotParkedError. The reason stands in its history."""
        return view_of(self._operations.resume(name_or_arn, reason))

    def retry(self, name_or_arn: str) -> ExecutionView:
        """Invoke now an execution that backs off after broken invocations; ExecutionEndedError."""
        return view_of(self._operations.retry(name_or_arn))

    def unrunnable(self) -> builtins.list[tuple[str, int, int]]:
        """(function, version, how many): running executions whose version this process has not registered."""
        return self.sweeper.unrunnable()

    def drive(self, name_or_arn: str) -> ExecutionView:
        """Handle what is due for one execution, then invoke it once, in this thread, if it waits for a worker."""
        with self._core.database.read() as session:
            key = self._queries.find(session, name_or_arn).id
        self.sweeper.settle(key)
        self.worker.drive(key)
        return self.get(name_or_arn)

    def run_until_idle(self) -> None:
        """Run everything that can run, in this thread, until nothing can (with `skip_time`: and no timer is left)."""
        while self._run_batch() or self._skip():
            pass

    def run_until(self, name_or_arn: str, done: Callable[[ExecutionView], bool] | None = None) -> ExecutionView:
        """Run everything that can run until `done(view)` (default: it has ended) or until nothing can run."""
        while not self._is(name_or_arn, done) and (self._run_batch() or self._skip()):
            pass
        return self.get(name_or_arn)

    def subscribe(self, listener: Callable[[str], None]) -> Callable[[], None]:
        """Call `listener(name)` after every commit of this process that changed an execution; returns what ends it.

        It is called in the committing thread: it must be quick, must not raise, and must not start a transaction.
        """

        def told(notice: Notice) -> None:
            listener(notice.name)

        self.listen(told)
        return lambda: self.unlisten(told)

    def listen(self, listener: Callable[[Notice], None]) -> None:
        """For dispatchers: be given every `Notice` of this process, in the committing thread."""
        self._core.listeners.append(listener)

    def unlisten(self, listener: Callable[[Notice], None]) -> None:
        """End `listen`."""
        if listener in self._core.listeners:
            self._core.listeners.remove(listener)

    def wait_for(
        self, name_or_arn: str, done: Callable[[ExecutionView], bool] | None = None, *, timeout_seconds: float
    ) -> ExecutionView:
        """Block until `done(view)` (default: it has ended) or the timeout; the view as it is then."""
        name, changed = name_of(name_or_arn), threading.Event()
        end_subscription = self.subscribe(lambda changed_name: changed.set() if changed_name == name else None)
        deadline = monotonic() + timeout_seconds
        try:
            while not self._is(name, done) and (left := deadline - monotonic()) > 0:
                changed.wait(min(left, self.settings.poll_seconds))  # another process's commit is not told
                changed.clear()
        finally:
            end_subscription()
        return self.get(name)

    def close(self) -> None:
        """Stop the lease thread; the database stays open."""
        self.leases.close()

    def _is(self, name_or_arn: str, done: Callable[[ExecutionView], bool] | None) -> bool:
        view = self.get(name_or_arn)
        return done(view) if done else view.status is not ExecutionStatus.RUNNING

    def _run_batch(self) -> bool:
        swept = self.sweeper.sweep()
        ran = [self.worker.drive(key) for key in self.sweeper.runnable()]
        return swept > 0 or any(ran)

    def _skip(self) -> bool:
        moment = self.sweeper.next_moment() if self._skips else None
        if moment is None or self._skips is None:
            return False
        self._skips.set(max(moment, self._skips.now()))
        return True
