"""What is to be sent next, and what came of it: the deliveries as a queue in the database, shared by all processes.

A claim is a moment: until then nobody else tries the delivery, and after it somebody does, whatever became of whoever
claimed it. Events of one intent go to one endpoint one after the other. Knows rows; must never call outside.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import exists
from sqlalchemy.orm import aliased
from sqlmodel import Session, col, select, update
from sqlmodel.sql.expression import SelectOfScalar

from checkout.store.webhooks import WebhookDelivery, WebhookEndpoint
from checkout.webhooks.outbox import body

log = structlog.get_logger(__name__)

PENDING, DELIVERED, FAILED = "pending", "delivered", "failed"
_HOUR = 3600
# A receiver that is restarted is reached within seconds, one that is mended over a weekend on Monday: three days.
PAUSES_SECONDS = (5, 30, 120, 600, 1800, _HOUR, 2 * _HOUR, 4 * _HOUR, 8 * _HOUR, *(12 * _HOUR,) * 5)
ATTEMPTS = len(PAUSES_SECONDS) + 1
# Longer than the longest attempt, so that nobody else tries while one is under way.
CLAIM_SECONDS = 60
# "The endpoint is no longer wanted", by Standard Webhooks.
GONE = 410
DEAD = "nothing was accepted for three days"
NOT_WANTED = "the receiver answered 410 Gone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """One attempt that this process is to make. Secrets are still sealed."""

    delivery_id: str
    endpoint_id: str
    attempt: int
    event_id: str
    url: str
    body: str
    sealed: tuple[bytes, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempted:
    """What came of an attempt: the HTTP status if there was an answer, and why it does not count, if it does not."""

    status: int | None = None
    error: str | None = None


def is_due(session: Session, now: datetime) -> bool:
    """Whether a claim may find something."""
    return session.exec(_claimable(now).limit(1)).first() is not None


def _claimable(now: datetime) -> SelectOfScalar[WebhookDelivery]:
    """Due, wanted, and nothing of the same intent ahead of it."""
    ahead = aliased(WebhookDelivery)
    return (
        select(WebhookDelivery)
        .join(WebhookEndpoint, col(WebhookEndpoint.id) == col(WebhookDelivery.endpoint_id))
        .where(
            col(WebhookDelivery.due_at) <= now,
            col(WebhookEndpoint.disabled_at).is_(None),
            ~exists().where(
                col(ahead.endpoint_id) == col(WebhookDelivery.endpoint_id),
                col(ahead.intent_id) == col(WebhookDelivery.intent_id),
                col(ahead.sequence) < col(WebhookDelivery.sequence),
                col(ahead.status) == PENDING,
            ),
        )
    )


def claim(session: Session, now: datetime, limit: int, under_way: Counter[str], *, at_once: int) -> list[Job]:
    """At most `limit` attempts to make, which nobody else makes meanwhile.

    No endpoint gets more than `at_once` with those that are under way. What it has left when one has more than `limit`
    due is not looked for: claim again until nothing is left.
    """
    under_way = under_way.copy()
    busy = [endpoint_id for endpoint_id, count in under_way.items() if count >= at_once]
    query = (
        _claimable(now)
        .where(col(WebhookDelivery.endpoint_id).not_in(busy))
        .order_by(col(WebhookDelivery.due_at), col(WebhookDelivery.id))
        .limit(limit)
        .with_for_update(skip_locked=True, of=WebhookDelivery)
    )
    jobs = []
    for row in session.exec(query).all():
        if under_way[row.endpoint_id] < at_once:
            under_way[row.endpoint_id] += 1
            row.attempts += 1
            row.due_at = now + timedelta(seconds=CLAIM_SECONDS)
            session.add(row)
            jobs.append(_job(row, session.get_one(WebhookEndpoint, row.endpoint_id), now))
    return jobs


def _job(row: WebhookDelivery, endpoint: WebhookEndpoint, now: datetime) -> Job:
    sealed = [endpoint.sealed_secret]
    if endpoint.sealed_previous and endpoint.previous_expires_at and endpoint.previous_expires_at > now:
        sealed.append(endpoint.sealed_previous)
    return Job(
        delivery_id=row.id,
        endpoint_id=endpoint.id,
        attempt=row.attempts,
        event_id=row.event_id,
        url=endpoint.url,
        body=body(row),
        sealed=tuple(sealed),
    )


def finish(session: Session, job: Job, attempted: Attempted, now: datetime) -> None:
    """Write down what came of it. Whoever was overtaken, because his claim had lapsed, changes nothing."""
    row = session.exec(
        select(WebhookDelivery).where(WebhookDelivery.id == job.delivery_id).with_for_update()
    ).one_or_none()
    if row is None or row.status != PENDING or row.attempts != job.attempt:
        return
    row.attempted_at, row.answered_status, row.last_error = now, attempted.status, attempted.error
    if attempted.error is None:
        row.status, row.delivered_at, row.due_at = DELIVERED, now, None
    elif row.attempts >= ATTEMPTS or attempted.status == GONE:
        row.status, row.due_at = FAILED, None
    else:
        row.due_at = now + timedelta(seconds=PAUSES_SECONDS[row.attempts - 1])
    session.add(row)
    session.flush()
    # Those behind it come when it does, or now that it is out of the way: so what cannot be sent is not looked at.
    session.exec(
        update(WebhookDelivery)
        .where(
            col(WebhookDelivery.endpoint_id) == row.endpoint_id,
            col(WebhookDelivery.intent_id) == row.intent_id,
            col(WebhookDelivery.sequence) > row.sequence,
            col(WebhookDelivery.status) == PENDING,
        )
        .values(due_at=row.due_at or now)
    )
    endpoint = session.get_one(WebhookEndpoint, row.endpoint_id)
    if row.status == FAILED:
        _give_up(session, row, endpoint, now, gone=attempted.status == GONE)
    if endpoint.disabled_at is not None:
        _set_due(session, endpoint, None)  # what was under way when it was disabled makes nothing due


def _give_up(session: Session, row: WebhookDelivery, endpoint: WebhookEndpoint, now: datetime, *, gone: bool) -> None:
    """An endpoint that took nothing since this event happened is dead; one that took others has refused this one."""
    log.warning("webhooks.given_up", endpoint=row.endpoint_id, delivery=row.id, attempts=row.attempts)
    accepted = select(WebhookDelivery.id).where(
        WebhookDelivery.endpoint_id == row.endpoint_id, col(WebhookDelivery.delivered_at) > row.created_at
    )
    if endpoint.disabled_at is None and (gone or session.exec(accepted.limit(1)).first() is None):
        disable(session, endpoint, now, NOT_WANTED if gone else DEAD)
        log.warning("webhooks.endpoint_disabled", endpoint=endpoint.id, tenant=endpoint.tenant)


def disable(session: Session, endpoint: WebhookEndpoint, now: datetime, reason: str) -> None:
    """Send it nothing more; what waits for it goes on waiting."""
    endpoint.disabled_at, endpoint.disabled_reason = now, reason
    session.add(endpoint)
    _set_due(session, endpoint, None)


def enable(session: Session, endpoint: WebhookEndpoint, now: datetime) -> None:
    """Send again, what has waited first."""
    endpoint.disabled_at = endpoint.disabled_reason = None
    session.add(endpoint)
    _set_due(session, endpoint, now)


def _set_due(session: Session, endpoint: WebhookEndpoint, due_at: datetime | None) -> None:
    waiting = update(WebhookDelivery).where(
        col(WebhookDelivery.endpoint_id) == endpoint.id, col(WebhookDelivery.status) == PENDING
    )
    session.exec(waiting.values(due_at=due_at))
