"""The permit: leave for one click that places exactly the confirmed order.

Granted by compare-and-set, once a task, only while the purchase waits for it and nothing it needs is about to end. It
is on disk before the worker hears of it, so whoever finds a task without one knows that nobody may order any more.
Works in the caller's transaction, in which the callback was found open. Must never log what was read or the session.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, col, update

from agents import guard
from agents.terms import Permit, Readings
from checkout.purchase import codec
from checkout.purchase.errors import (
    AlreadyPermittedError,
    NothingToPermitError,
    PermitDiffersError,
    TooLateToPermitError,
)
from checkout.purchase.tasks import CLAIMED
from checkout.purchase.terms import TaskKind
from checkout.store.models import AgentTask, Intent

PERMIT_BYTES = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How much time a permit needs around it, in seconds."""

    permit_seconds: float
    commit_seconds: float
    heartbeat_seconds: float
    hold_margin: timedelta


def grant(
    session: Session,
    task: AgentTask,
    readings: Readings,
    *,
    kept: dict[str, Any],
    sealed_session: bytes,
    rules: Rules,
    now: datetime,
) -> Permit:
    """Write the task's one permit; a PermitError says why there is none. `kept` are the readings as they are stored."""
    if task.kind != TaskKind.ORDER.value:
        raise NothingToPermitError(f"a task of kind {task.kind} places no order")
    if task.permit_id is not None:
        raise AlreadyPermittedError("this task's permit was granted before; it is granted once")
    _in_time(session, task, rules, now)
    request, offer = codec.from_json(task.task["request"]), codec.from_json(task.task["offer"])
    if differences := guard.differences(readings, offer, request.for_merchant()):
        raise PermitDiffersError(differences)
    permit = Permit(
        permit_id=f"prm_{secrets.token_hex(PERMIT_BYTES)}", expires_at=now + timedelta(seconds=rules.permit_seconds)
    )
    unpermitted = (
        update(AgentTask)
        .where(
            col(AgentTask.callback_id) == task.callback_id,
            col(AgentTask.token_hash) == task.token_hash,
            col(AgentTask.status) == CLAIMED,
            col(AgentTask.permit_id).is_(None),
        )
        .values(
            permit_id=permit.permit_id,
            permitted_at=now,
            permit_expires_at=permit.expires_at,
            readings=kept,
            sealed_session=sealed_session,
            heartbeat_at=now,
        )
    )
    if session.exec(unpermitted).rowcount != 1:
        raise AlreadyPermittedError("this task's permit was granted before; it is granted once")
    return permit


def _in_time(session: Session, task: AgentTask, rules: Rules, now: datetime) -> None:
    """Whether worker, task and hold last until the order is placed and said to be."""
    last = task.heartbeat_at or task.claimed_at
    if last is None or now - last > timedelta(seconds=rules.heartbeat_seconds):
        raise TooLateToPermitError("the worker was silent for too long; its order is looked up instead")
    if task.deadline - now < timedelta(seconds=rules.commit_seconds):
        raise TooLateToPermitError("the task ends too soon to place the order and say so")
    intent = session.get_one(Intent, task.intent_id)
    if intent.hold_expires_at is None or intent.hold_expires_at - rules.hold_margin < now:
        raise TooLateToPermitError("the hold is gone or about to lapse; nothing may be ordered on it")
