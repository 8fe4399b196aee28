"""Whether a suspended handler left something behind that happened while it ran: a wake-up that must not be lost.

A checkpoint's answer tells the handler of timers and answers from outside, but inside `parallel` and `map` a branch
that is already suspended does not look. So a handler may answer PENDING although what a branch waits for has come.
Pure. Knows how the SDK's contexts run (in sequence, except the branches of a batch); must never know a database.
"""

from collections.abc import Sequence

from checkout.durable.operation import Operation

_BATCHES = frozenset({"Parallel", "Map"})
_BRANCHES = frozenset({"ParallelBranch", "MapIteration"})


def left_behind(operations: Sequence[Operation], since: int) -> bool:
    """Whether something changed from outside after `since` and the code waiting for it shows no sign of having gone on.

    The sign is an operation of the same context that the handler touched later: a context's code runs in sequence. The
    branches of a flat batch share one context, so there nothing is a sign.
    """
    by_id = {one.id: one for one in operations}
    came = [one for one in operations if one.touched > since and _changed_from_outside(one)]
    return any(_flat(one, by_id) or not _went_on(one, operations) for one in came)


def _changed_from_outside(one: Operation) -> bool:
    if one.type == "STEP":
        return one.status == "READY"
    return one.type in ("WAIT", "CALLBACK", "CHAINED_INVOKE") and one.ended


def _flat(one: Operation, by_id: dict[str, Operation]) -> bool:
    parent = by_id.get(one.parent_id or "")
    return parent is not None and parent.sub_type in _BATCHES and one.sub_type not in _BRANCHES


def _went_on(one: Operation, operations: Sequence[Operation]) -> bool:
    return any(
        other.touched > one.touched
        and not _changed_from_outside(other)
        and one.parent_id in {other.parent_id, other.id}
        for other in operations
    )
