"""What a checkpoint may ask of an operation, whatever its type: AWS's rules, checked before anything is applied.

Pure. Knows the wire's OperationUpdate and the operations as they stand; must never change either. Raises
InvalidUpdateError, which the SDK takes as final: the handler broke a rule and would break it again.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from checkout.durable.errors import InvalidUpdateError
from checkout.durable.operation import Operation
from checkout.durable.settings import (
    CHAINED_PAYLOAD_BYTES,
    ERROR_BYTES,
    EXECUTION_PAYLOAD_BYTES,
    LONGEST_SECONDS,
    OPERATION_PAYLOAD_BYTES,
)

Update = Mapping[str, Any]

_ACTIONS = {
    "STEP": frozenset({"START", "SUCCEED", "FAIL", "RETRY"}),
    "CONTEXT": frozenset({"START", "SUCCEED", "FAIL"}),
    "WAIT": frozenset({"START", "CANCEL"}),
    "CALLBACK": frozenset({"START"}),
    "CHAINED_INVOKE": frozenset({"START"}),
    "EXECUTION": frozenset({"SUCCEED", "FAIL"}),
}
# The statuses from which an action is legal; START of anything but a step that is READY needs that it does not exist.
_FROM = {
    ("STEP", "START"): frozenset({"READY"}),
    ("STEP", "SUCCEED"): frozenset({"STARTED", "READY"}),
    ("STEP", "FAIL"): frozenset({"STARTED", "READY"}),
    ("STEP", "RETRY"): frozenset({"STARTED", "READY"}),
    ("CONTEXT", "SUCCEED"): frozenset({"STARTED"}),
    ("CONTEXT", "FAIL"): frozenset({"STARTED"}),
    ("WAIT", "CANCEL"): frozenset({"STARTED"}),
}
_LARGEST = {"EXECUTION": EXECUTION_PAYLOAD_BYTES, "CHAINED_INVOKE": CHAINED_PAYLOAD_BYTES}


def check_batch(updates: Sequence[Update]) -> None:
    """Rules between the updates of one checkpoint."""
    ends = [position for position, update in enumerate(updates) if update["Type"] == "EXECUTION"]
    if len(ends) > 1:
        raise InvalidUpdateError("one checkpoint can end the execution only once")
    if ends and ends[0] != len(updates) - 1:
        raise InvalidUpdateError("the update that ends the execution must be the checkpoint's last")
    before: dict[str, Update] = {}
    for update in updates:
        earlier = before.get(update["Id"])
        if earlier is not None and not (
            earlier["Type"] in ("STEP", "CONTEXT") and earlier["Action"] == "START" and update["Action"] != "START"
        ):
            raise InvalidUpdateError(f"operation {update['Id']} appears twice in one checkpoint")
        before[update["Id"]] = update


def check_update(update: Update, current: Operation | None, known: Mapping[str, Operation]) -> None:
    """Rules for one update, given the operations as the updates before it left them."""
    kind, action = update["Type"], update["Action"]
    if action not in _ACTIONS.get(kind, ()):
        raise InvalidUpdateError(f"{kind} knows no action {action}")
    _check_parent(update.get("ParentId"), known)
    _check_sizes(update)
    if current is None:
        if kind == "WAIT" and action == "CANCEL":
            raise InvalidUpdateError("a wait that does not exist cannot be cancelled")
    else:
        _check_identity(update, current)
        if current.status not in _FROM.get((kind, action), ()):
            raise InvalidUpdateError(f"{kind} {current.name or current.id} is {current.status}: no {action} now")
    if action == "FAIL" and update.get("Payload") is not None:
        raise InvalidUpdateError("FAIL carries an error, no payload")
    if action == "SUCCEED" and update.get("Error") is not None:
        raise InvalidUpdateError("SUCCEED carries a payload, no error")
    if action == "RETRY":
        _check_retry(update)


def seconds(options: Mapping[str, Any], key: str, *, least: int, most: int = LONGEST_SECONDS) -> int:
    """A duration out of an update's options; InvalidUpdateError outside [least, most]."""
    value = options.get(key, least)
    if not isinstance(value, int) or not least <= value <= most:
        raise InvalidUpdateError(f"{key} must be whole seconds from {least} to {most}, not {value!r}")
    return value


def parents(updates: Iterable[Update]) -> set[str]:
    """The ids of operations that `updates` touch or stand under: what must be known to check them."""
    ids = {update["Id"] for update in updates}
    return ids | {update["ParentId"] for update in updates if update.get("ParentId")}


def _check_parent(parent_id: str | None, known: Mapping[str, Operation]) -> None:
    if parent_id is not None and (parent_id not in known or known[parent_id].type != "CONTEXT"):
        raise InvalidUpdateError(f"the parent {parent_id} is no context of this execution")


def _check_identity(update: Update, current: Operation) -> None:
    for key, value in (
        ("Type", current.type),
        ("SubType", current.sub_type),
        ("Name", current.name),
        ("ParentId", current.parent_id),
    ):
        if update.get(key) is not None and update[key] != value:
            raise InvalidUpdateError(f"operation {current.id} has {key} {value!r}, the checkpoint says {update[key]!r}")


def _check_sizes(update: Update) -> None:
    limit = _LARGEST.get(update["Type"], OPERATION_PAYLOAD_BYTES)
    what = update.get("Name") or update["Type"]
    if (size := size_bytes(update.get("Payload"))) > limit:
        raise InvalidUpdateError(f"the payload of {what} is {size} bytes; at most {limit} are kept")
    if not is_text(update.get("Payload")):
        raise InvalidUpdateError(f"the payload of {what} has a NUL in it")
    failure = update.get("Error")
    if failure is not None and (size := len(json.dumps(failure))) > ERROR_BYTES:
        raise InvalidUpdateError(f"the error of {what} is {size} bytes; at most {ERROR_BYTES} are kept")


def _check_retry(update: Update) -> None:
    if "StepOptions" not in update:
        raise InvalidUpdateError("RETRY needs StepOptions")
    if update.get("Payload") is not None and update.get("Error") is not None:
        raise InvalidUpdateError("RETRY carries an error or a payload, not both")


def is_text(payload: str | None) -> bool:
    """Whether every database can keep it: PostgreSQL's text has no NUL. JSON spells one as six characters."""
    return payload is None or "\0" not in payload


def size_bytes(text: str | None) -> int:
    """The length of `text` in UTF-8."""
    return 0 if text is None else len(text.encode())
