"""Running a handler: claim an execution under a lease, invoke it, write how the invocation ended.

Knows leases and the SDK's invocation contract. Must never know what a handler does. Whatever is thrown at it ends in
the database or in a lapsed lease; a worker that lost its lease writes nothing.
"""

import logging
import uuid
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from aws_durable_execution_sdk_python.execution import (
    DurableExecutionInvocationInput,
    DurableExecutionInvocationInputWithClient,
)
from aws_durable_execution_sdk_python.lambda_service import LambdaClient

from checkout.durable import lifecycle, store
from checkout.durable.changes import Changes, Core, Overtaken
from checkout.durable.execution import Execution
from checkout.durable.invocation import Invocation, LambdaContext, event_of
from checkout.durable.leases import Leases
from checkout.durable.lifecycle import Failure
from checkout.durable.operation import Operation
from checkout.durable.seats import Claimed, Seats
from checkout.durable.wire import Wire

logger = logging.getLogger(__name__)

_NOTHING_PENDING: Failure = {
    "ErrorType": "InvalidParameterValueException",
    "ErrorMessage": "the handler answered PENDING and waits for nothing",
}


class Worker:
    """Runs executions in the calling thread."""

    def __init__(self, core: Core, wire: Wire, leases: Leases) -> None:
        self._core = core
        self._wire = wire
        self._leases = leases

    def hand_over(self) -> None:
        """Claim nothing more. A step under way is finished, and what follows it is another worker's, at once."""
        self._core.handing_over.set()

    def offer(self, seats: Seats | None) -> None:
        """Claim for these what this process makes runnable, while one is free; None: leave all of it to be found."""
        self._core.seats = seats

    def versions(self) -> tuple[tuple[str, int], ...]:
        """Every (function, version) this worker can run."""
        return tuple(self._core.registry.versions())

    def drive(self, execution_id: int) -> bool:
        """Claim, invoke, finish. False if there was nothing to claim."""
        invocation = self.claim(execution_id)
        if invocation is None:
            return False
        self.run(invocation)
        return True

    def run_claimed(self, claimed: Claimed) -> None:
        """Invoke and finish what was claimed for a worker of this process."""
        invocation = self._claimed(claimed.execution, claimed.operations)
        if invocation is not None:
            self.run(invocation)

    def claim(self, execution_id: int) -> Invocation | None:
        """Become the one that runs it, if it waits to be run and its version is registered here."""
        if self._core.handing_over.is_set():
            return None
        now, database = self._core.clock.now(), self._core.database
        until, request_id = self._core.settings.lease(now), str(uuid.uuid4())
        count, found = self._core.settings.page_operations, []
        with database.single() as unit:
            owner = self._core.owner
            execution = store.claim(unit, execution_id, owner=owner, request_id=request_id, now=now, until=until)
            if execution is not None and execution.touched:
                found = store.operations_page(unit, execution.id, after=0, count=count)
        return None if execution is None else self._claimed(execution, found)

    def _claimed(self, execution: Execution, operations: Sequence[Operation]) -> Invocation | None:
        """What was claimed, to be invoked, with its first page of operations."""
        count = self._core.settings.page_operations
        found = operations[:count]
        registration = self._core.registry.exact(execution.function, execution.version)
        if registration is None:
            self.give_back(execution.id, execution.invocation)
            return None
        if len(found) < count:
            self._wire.holdings.keep(execution, found)
        return Invocation(
            registration=registration,
            execution_id=execution.id,
            invocation=execution.invocation,
            request_id=execution.request_id or "",
            arn=execution.arn,
            event=event_of(execution, found, self._wire.stamp(), more=len(found) == count),
        )

    def give_back(self, execution_id: int, invocation: int) -> None:
        """Let another worker run at once what this one claimed and has not invoked: nothing of it happened."""
        with self._core.database.transaction() as session:
            execution = store.lock(session, execution_id)
            if execution is None or execution.invocation != invocation or execution.lease_until is None:
                return
            changes = Changes(self._core, session, execution)
            execution.request_id = execution.invoked_at = execution.owner = execution.lease_until = None
            execution.wake(changes.now)
            changes.flush(project=False)

    def run(self, invocation: Invocation) -> None:
        """Invoke the handler and write how it ended; again, while something came that it has not acted on.

        Raises nothing: what cannot be written leaves a lapsed lease.
        """
        going: Invocation | None = invocation
        while going is not None:
            claimed = self._run_once(going)
            going = None if claimed is None else self._claimed(claimed.execution, claimed.operations)

    def _run_once(self, invocation: Invocation) -> Claimed | None:
        self._leases.hold(invocation.execution_id, invocation.invocation)
        output: Mapping[str, Any] | None = None
        failure: Failure | None = None
        try:
            output = self._invoke(invocation)
        except SystemExit as gone:
            failure = {"ErrorType": "Runtime.ExitError", "ErrorMessage": f"the handler ended the process: {gone}"}
        except Exception as broken:  # noqa: BLE001 (an invocation that breaks in any way is tried again, with a cap)
            failure = _failure(broken)
        finally:
            self._leases.let_go(invocation.execution_id)
        try:
            return self.finish(invocation, output, failure, goes_on=True)
        except Exception as unwritten:  # a projector may raise anything: then the invocation counts as broken by it
            logger.exception("the end of an invocation of %s could not be written", invocation.arn)
            self._finish_as_broken(invocation, _failure(unwritten))
            return None

    def _finish_as_broken(self, invocation: Invocation, failure: Failure) -> None:
        try:
            self.finish(invocation, None, failure)
        except Exception:
            logger.exception("nor could that be written of %s; its lease will lapse", invocation.arn)

    def finish(
        self,
        invocation: Invocation,
        output: Mapping[str, Any] | None,
        failure: Failure | None = None,
        *,
        goes_on: bool = False,
    ) -> Claimed | None:
        """Write the invocation's end; nothing at all if another invocation has taken over.

        With `goes_on`, what must be invoked again at once is claimed again by the same write, and given back to be run.
        """
        held = self._wire.holdings.recall(invocation.execution_id, invocation.invocation)
        self._wire.holdings.forget(invocation.execution_id)
        database = self._core.database
        if held is not None:
            alone = held.execution.alone
            with suppress(Overtaken), database.single() if alone else database.transaction() as unit:
                changes = Changes(self._core, unit, held.execution, held.operations)
                return self._end(changes, output, failure, goes_on=goes_on)
        with database.transaction() as session:
            execution = store.lock(session, invocation.execution_id)
            if execution is not None and execution.invocation == invocation.invocation:
                return self._end(Changes(self._core, session, execution), output, failure, goes_on=goes_on)
        return None

    def _end(
        self, changes: Changes, output: Mapping[str, Any] | None, failure: Failure | None, *, goes_on: bool
    ) -> Claimed | None:
        execution = changes.execution
        if execution.lease_until is None:
            return None
        before = (execution.status, execution.parked)
        if failure is not None and self._core.handing_over.is_set():
            lifecycle.hand_over(changes)
        else:
            lifecycle.close_invocation(changes, failure)
            self._conclude(changes, output or {}, failure)
        again = goes_on and execution.claimable(changes.now) and not self._core.handing_over.is_set()
        if again:
            lifecycle.claim(self._core, execution, changes.now)
        changes.flush(project=before != (execution.status, execution.parked))
        return Claimed(execution=execution, operations=changes.all_operations()) if again else None

    def _invoke(self, invocation: Invocation) -> Mapping[str, Any]:
        registration = invocation.registration
        event: Any = invocation.event
        if not registration.own_client:
            event = DurableExecutionInvocationInputWithClient.from_durable_execution_invocation_input(
                DurableExecutionInvocationInput.from_json_dict(dict(event)),
                LambdaClient(client=self._wire),
            )
        context = LambdaContext(
            aws_request_id=invocation.request_id,
            function_name=registration.function,
            function_version=str(registration.version),
            invoked_function_arn=invocation.arn.partition("/")[0],
        )
        output: Mapping[str, Any] = registration.decorated(event, context)
        return output

    def _conclude(self, changes: Changes, output: Mapping[str, Any], failure: Failure | None) -> None:
        execution = changes.execution
        if failure is not None:
            lifecycle.back_off(changes, failure)
            return
        match output.get("Status"):
            case "SUCCEEDED":
                lifecycle.end(changes, "SUCCEEDED", result=output.get("Result"))
            case "PENDING":
                self._suspend(changes)
            case "FAILED" if _is_mismatch(output.get("Error") or {}):
                message = (output.get("Error") or {}).get("ErrorMessage")
                lifecycle.park(changes, f"the code does not match this history: {message}")
            case "FAILED":
                lifecycle.fail_or_park(changes, output.get("Error") or {})
            case other:
                unknown = {"ErrorType": "InvalidOutput", "ErrorMessage": f"{execution.name} answered {other!r}"}
                lifecycle.fail_or_park(changes, unknown)

    def _suspend(self, changes: Changes) -> None:
        failures, changes.execution.failures = changes.execution.failures, 0
        if not lifecycle.suspend(changes) and changes.execution.parked is None:
            changes.execution.failures = failures
            lifecycle.back_off(changes, _NOTHING_PENDING)


def _failure(error: Exception) -> Failure:
    return {"ErrorType": type(error).__qualname__, "ErrorMessage": str(error)}


def _is_mismatch(error: Mapping[str, Any]) -> bool:
    return str(error.get("ErrorType", "")).endswith("NonDeterministicExecutionError")
