"""Calls of AWS's API that are owed, as rows: written in a command's transaction, taken and settled in short ones.

One call of a purchase is under way at a time, and the next one only after it: an execution is started before it is
stopped. Who takes a call has it for a while; if it dies, another makes the call again, which AWS takes for the same.
Knows rows and time; must never call outside.
"""

from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import ColumnElement, and_
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, delete, exists, select

from checkout.store.models import AwsCall

# Longer than a call can take with its client's patience, so that two processes hardly ever make the same one.
TAKEN_FOR = timedelta(seconds=20)
# AWS's troubles are over in seconds or last; a purchase that waits a minute longer than they did is not lost.
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 60.0
# No transaction holds the writer for long.
BATCH = 500


class Verb(StrEnum):
    """What AWS is to do."""

    INVOKE = "invoke"
    SUCCEED = "succeed"
    FAIL = "fail"
    STOP = "stop"


def owe(
    session: Session,
    intent_id: str,
    verb: Verb,
    *,
    now: datetime,
    body: str | None = None,
    callback_id: str | None = None,
) -> None:
    """Write down a call."""
    session.add(
        AwsCall(intent_id=intent_id, verb=verb.value, callback_id=callback_id, body=body, created_at=now, due_at=now)
    )
    session.flush()


def is_answered(session: Session, callback_id: str) -> bool:
    """Whether an answer to this callback was written down before."""
    return session.exec(select(AwsCall.id).where(AwsCall.callback_id == callback_id)).first() is not None


def forget_start(session: Session, intent_id: str) -> bool:
    """Take back a start that was never tried; False if AWS may have heard of it."""
    untried = (
        select(AwsCall)
        .where(AwsCall.intent_id == intent_id, AwsCall.verb == Verb.INVOKE.value, AwsCall.attempts == 0)
        .with_for_update()
    )
    start = session.exec(untried).first()
    if start is None:
        return False
    session.delete(start)
    return True


def arn_of(session: Session, intent_id: str) -> str | None:
    """Which execution AWS started for a purchase; None while it has not."""
    started = select(AwsCall.said).where(
        AwsCall.intent_id == intent_id, AwsCall.verb == Verb.INVOKE.value, col(AwsCall.done_at).is_not(None)
    )
    return session.exec(started).first()


def was_started(session: Session, intent_id: str) -> bool:
    """Whether this purchase is one of AWS's at all."""
    return session.exec(select(AwsCall.id).where(AwsCall.intent_id == intent_id)).first() is not None


def is_due(session: Session, now: datetime) -> bool:
    """Whether there is any call to make."""
    return session.exec(select(AwsCall.id).where(_due(now)).limit(1)).first() is not None


def take(session: Session, now: datetime) -> AwsCall | None:
    """The call that is due for longest, now the caller's for a while."""
    earlier = aliased(AwsCall)
    in_the_way = exists().where(
        col(earlier.intent_id) == col(AwsCall.intent_id),
        col(earlier.done_at).is_(None),
        col(earlier.id) < col(AwsCall.id),
    )
    call = session.exec(
        select(AwsCall)
        .where(_due(now), ~in_the_way)
        .order_by(col(AwsCall.due_at), col(AwsCall.id))
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()
    if call is not None:
        call.attempts += 1
        call.due_at = now + TAKEN_FOR
        session.add(call)
    return call


def settle(session: Session, call: AwsCall, said: str | None, *, now: datetime) -> None:
    """The call is done, or will never be taken; what AWS said stays, what it was told does not."""
    made = session.get_one(AwsCall, call.id)
    made.done_at, made.said, made.body = now, said, None
    session.add(made)


def postpone(session: Session, call: AwsCall, why: str, *, now: datetime) -> None:
    """The call is made again after a pause that grows."""
    pause_seconds = min(FIRST_PAUSE_SECONDS * 2 ** min(call.attempts - 1, 10), LONGEST_PAUSE_SECONDS)
    failed = session.get_one(AwsCall, call.id)
    failed.due_at, failed.said = now + timedelta(seconds=pause_seconds), why
    session.add(failed)


def prune(session: Session, *, before: datetime) -> int:
    """Forget a batch of calls that were done before a time; how many."""
    old = select(AwsCall.id).where(col(AwsCall.done_at) < before).limit(BATCH)
    return session.exec(delete(AwsCall).where(col(AwsCall.id).in_(old))).rowcount


def _due(now: datetime) -> ColumnElement[bool]:
    return and_(col(AwsCall.done_at).is_(None), col(AwsCall.due_at) <= now)
