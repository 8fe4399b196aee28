"""What the holder of a lease knows without asking: the execution and its operations, as it last read or wrote them.

Only memory, and only while a handler runs here. Nothing is decided on it for good: what is decided is written with the
revision it was decided on, and written not at all if that is no longer the newest.
"""

from collections.abc import Iterable
from copy import copy
from dataclasses import dataclass

from checkout.durable.execution import Execution
from checkout.durable.operation import Operation


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """One execution as it was at its revision, with every operation it had."""

    execution: Execution
    operations: dict[str, Operation]


class Holdings:
    """What the handlers under way in this process hold. A dictionary's own operations are safe between threads."""

    def __init__(self) -> None:
        self._held: dict[int, Held] = {}

    def keep(self, execution: Execution, operations: Iterable[Operation]) -> None:
        """Remember it as it is now on disk."""
        held = Held(execution=execution, operations={one.id: one for one in operations})
        self._held[execution.id] = held

    def recall(self, execution_id: int, invocation: int) -> Held | None:
        """What this invocation holds, the execution as a copy to change; None if it must be read."""
        held = self._held.get(execution_id)
        if held is None or held.execution.invocation != invocation:
            return None
        return Held(execution=copy(held.execution), operations=held.operations)

    def forget(self, execution_id: int) -> None:
        """Its handler has returned, or what was remembered is no longer true."""
        self._held.pop(execution_id, None)
