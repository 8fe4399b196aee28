"""The durable service's limits and rhythms. Knows numbers and their reasons; nothing else."""

from dataclasses import dataclass
from datetime import datetime, timedelta

# What AWS keeps per operation; larger child results are replayed from their children instead.
OPERATION_PAYLOAD_BYTES = 256 * 1024
# What AWS takes as an execution's input and returns as its result.
EXECUTION_PAYLOAD_BYTES = 6 * 1024 * 1024
# What AWS passes between an execution and one it invoked, either way.
CHAINED_PAYLOAD_BYTES = 1024 * 1024
# AWS's bound on an error object.
ERROR_BYTES = 32 * 1024
# AWS's longest wait, retry delay and execution: 366 days, in seconds.
LONGEST_SECONDS = 31_622_400


@dataclass(frozen=True, slots=True, kw_only=True)
class DurableSettings:
    """How one process runs executions."""

    # Executions under way at once in this process; each takes three of the SDK's threads while it runs.
    threads: int = 4
    # A dead worker's execution is taken over after this; every outside call must have a shorter deadline.
    lease_seconds: float = 15
    # Each renewal is early enough that two may fail before the lease lapses.
    renewals_per_lease: int = 3
    # Other processes' commits are noticed within this; a second is what the design promises.
    poll_seconds: float = 1.0
    # An invocation that broke is tried again after 1, 2, 4 … seconds, at most this long,
    invocation_backoff_seconds: float = 60
    # and given up after this many failures in a row: about five minutes of trouble.
    invocation_attempts: int = 10
    # One page of state holds at most this many operations, as AWS's default does.
    page_operations: int = 500
    # Deletes and timers are worked off in batches, so that no transaction holds the writer for long.
    batch: int = 100

    def lease(self, now: datetime) -> datetime:
        """Until when a claim made or renewed now holds."""
        return now + timedelta(seconds=self.lease_seconds)

    def prolonged(self, lease_until: datetime | None, now: datetime) -> datetime:
        """A lease as a checkpoint leaves it: renewed when a third of it has gone.

        Not at every checkpoint: a row none of whose indexed columns changes costs PostgreSQL no index entry.
        """
        enough = self.lease_seconds * (1 - 1 / self.renewals_per_lease)
        if lease_until is not None and lease_until - now >= timedelta(seconds=enough):
            return lease_until
        return self.lease(now)
