"""One execution as the service keeps it: where it stands, who runs it, when somebody must look at it.

Knows names, ARNs and the meaning of each field; no rows, no operations. Mutable: a transaction loads it, changes it and
saves it (`changes.py`); nobody else holds one.
"""

import json
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from checkout.durable.errors import InvalidNameError, InvalidPayloadError
from checkout.durable.views import ExecutionStatus, ExecutionView

# AWS's patterns. The region is nowhere and the account nobody's, so that no ARN of ours is taken for one of AWS's.
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}")
_ARN = re.compile(
    r"arn:aws:lambda:zz-local-1:000000000000:function:([^:/]+):([^:/]+)/durable-execution/([^/]+)/([^/]+)"
)


@dataclass(slots=True, kw_only=True)
class Execution:
    """One execution.

    `invocation` and `sequence` are the fencing token: only the holder of the latest pair may checkpoint. `owner` and
    `lease_until` say who runs it now; both are None when nobody does.
    `wake_at`: from then on a worker should invoke it; None when it waits for something outside.
    `timer_at`: never later than its earliest timer; the sweeper looks then.
    `touched` counts changes of operations; `seen` is how many of them the handler knows, `claimed` how many there were
    when its invocation began.
    `ends_only_by_result` and `projected` are its function's, kept with it for processes that have not registered it.
    `events` is how long its history is; `failures` how many invocations broke in a row.
    `revision` counts every write of the row, so that who remembers the execution can ask whether it still is as it was.
    """

    id: int
    name: str
    operation_id: str
    function: str
    version: int
    status: str
    input: str
    started_at: datetime
    retention_days: int
    ends_only_by_result: bool
    projected: bool
    result: str | None = None
    error: str | None = None
    parked: str | None = None
    parked_at: datetime | None = None
    ended_at: datetime | None = None
    timeout_at: datetime | None = None
    delete_at: datetime | None = None
    parent_execution_id: int | None = None
    parent_operation_id: str | None = None
    owner: str | None = None
    invocation: int = 0
    sequence: int = 0
    request_id: str | None = None
    invoked_at: datetime | None = None
    lease_until: datetime | None = None
    wake_at: datetime | None = None
    timer_at: datetime | None = None
    touched: int = 0
    seen: int = 0
    claimed: int = 0
    events: int = 0
    failures: int = 0
    revision: int = 0

    @property
    def arn(self) -> str:
        """Its ARN in AWS's form."""
        return arn_of(self.function, self.version, self.name, self.operation_id)

    @property
    def running(self) -> bool:
        """Whether it has not ended (suspended and parked executions are running too)."""
        return self.status == ExecutionStatus.RUNNING

    @property
    def known(self) -> int:
        """How many changes the handler knows of: those it was told of, and those it was invoked with."""
        return max(self.seen, self.claimed)

    @property
    def alone(self) -> bool:
        """Whether a change of it changes nothing else: no public state, nobody who invoked it."""
        return not self.projected and self.parent_execution_id is None

    def claimable(self, now: datetime) -> bool:
        """Whether it waits for a worker."""
        due = self.wake_at is not None and self.wake_at <= now
        return due and self.running and self.lease_until is None and self.parked is None

    def claim(self, *, owner: str, request_id: str, now: datetime, until: datetime) -> None:
        """A new invocation begins, with all that is known; the tokens of those before it are void."""
        self.invocation += 1
        self.sequence = 0
        self.request_id, self.owner = request_id, owner
        self.invoked_at, self.lease_until, self.wake_at = now, until, None
        self.claimed = self.touched

    def wake(self, now: datetime) -> None:
        """A worker should invoke it now; if one is, its end will notice what changed (`touched` > `seen`)."""
        if self.running and self.lease_until is None and (self.wake_at is None or self.wake_at > now):
            self.wake_at = now

    def note_timer(self, due_at: datetime | None) -> None:
        """Have the sweeper look at `due_at` or before."""
        if due_at is not None and (self.timer_at is None or due_at < self.timer_at):
            self.timer_at = due_at

    def view(self, error: dict[str, Any] | None) -> ExecutionView:
        """What projectors and operators see; `error` is the decoded one."""
        return ExecutionView(
            arn=self.arn,
            name=self.name,
            function=self.function,
            version=self.version,
            status=ExecutionStatus(self.status),
            input=self.input,
            result=self.result,
            error=error,
            parked=self.parked,
            started_at=self.started_at,
            ended_at=self.ended_at,
        )


def arn_of(function: str, version: int, name: str, operation_id: str) -> str:
    """The ARN; its last segment must be the id of the execution's own operation, which the SDK looks up by it."""
    place = f"arn:aws:lambda:zz-local-1:000000000000:function:{function}:{version}"
    return f"{place}/durable-execution/{name}/{operation_id}"


def name_of(name_or_arn: str) -> str:
    """The execution's name, from its name or its ARN."""
    match = _ARN.fullmatch(name_or_arn)
    return match.group(3) if match else name_or_arn


def check_name(name: str, what: str) -> None:
    """Refuse what AWS would refuse."""
    if not _NAME.fullmatch(name):
        raise InvalidNameError(f"{name!r} is no {what}: use 1 to 64 letters, digits, hyphens and underscores")


def check_json(payload: str) -> None:
    """Refuse an input that is no JSON: the SDK hands it over parsed, and would stumble on every invocation."""
    try:
        json.loads(payload)
    except ValueError as unreadable:
        raise InvalidPayloadError(f"an input must be JSON text: {unreadable}") from unreadable
