"""A free worker of this process, kept for an execution by the very transaction that makes it runnable.

The claim then rides with that transaction instead of being a commit of its own. It is acted on only once it is on disk:
a seat that was kept is taken after the commit, and given up if there is none. Whoever has no workers, or no free one,
claims nothing, so that the execution is anybody's. Knows no threads; who has them is a dispatcher.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from checkout.durable.execution import Execution
from checkout.durable.operation import Operation


@dataclass(frozen=True, slots=True, kw_only=True)
class Claimed:
    """An execution that is this process's to run, as it is on disk, with its operations in start order."""

    execution: Execution
    operations: Sequence[Operation]


class Seat(Protocol):
    """One free worker, nobody else's until it is taken or given up; the second of either does nothing."""

    def take(self, claimed: Claimed) -> None:
        """Run it at once, in that worker. It does not raise."""
        ...

    def give_up(self) -> None:
        """The worker is free again. It does not raise."""
        ...


class Seats(Protocol):
    """The workers of this process."""

    def keep(self) -> Seat | None:
        """A seat for one execution, if a worker is free."""
        ...
