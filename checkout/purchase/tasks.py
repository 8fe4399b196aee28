"""Agent tasks as rows: given, claimed, taken over from a dead worker, given up.

A quote and a look-up change nothing at the merchant, so another worker may start one again; an order never. Every
function works in the caller's transaction. Knows rows, kinds and time; must never know a token, only its hash.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, case, func, or_
from sqlmodel import Session, col, select

from checkout.purchase import codec
from checkout.purchase.allowances import UNLIMITED, Allowances
from checkout.purchase.terms import PurchaseRequest, TaskKind
from checkout.store.models import AgentTask
from merchants.sdk import Offer

QUEUED, CLAIMED, DONE, CANCELLED = "queued", "claimed", "done", "cancelled"
# Starting these again repeats nothing at the merchant.
REPEATABLE = (TaskKind.OFFER.value, TaskKind.LOOK_UP.value)
# A task that ended three workers would end the fourth; two may have died of something else.
MAX_CLAIMS = 3
# An order holds the buyer's money and waits a heartbeat for its worker; a look-up holds it too; a quote holds nothing.
_URGENT = {TaskKind.ORDER.value: 0, TaskKind.LOOK_UP.value: 1}


def give(
    session: Session,
    task_id: str,
    kind: TaskKind,
    request: PurchaseRequest,
    offer: Offer | None,
    *,
    now: datetime,
    seconds: float,
    sealed_session: bytes | None = None,
) -> None:
    """Write a task where a worker finds it; a repeat with the same id is the same task."""
    if session.get(AgentTask, task_id) is not None:
        return
    session.add(
        AgentTask(
            callback_id=task_id,
            intent_id=request.intent_id,
            tenant=request.tenant,
            kind=kind.value,
            status=QUEUED,
            task={"request": codec.to_json(request), "offer": codec.to_json(offer) if offer else None},
            created_at=now,
            deadline=now + timedelta(seconds=seconds),
            sealed_session=sealed_session,
        )
    )


def claim(
    session: Session,
    kinds: Sequence[str] | None,
    *,
    worker: str,
    token_hash: str,
    now: datetime,
    heartbeat_seconds: float,
    allowances: Allowances = UNLIMITED,
) -> AgentTask | None:
    """The most urgent task there is, now this worker's; the token of a worker that had it before dies with this.

    A tenant's quotes wait while as many agents work for it as it may have; what holds the buyer's money never does.
    """
    refused: list[str] = []
    while (task := _next(session, kinds, now, heartbeat_seconds, refused)) is not None:
        if task.kind != TaskKind.OFFER.value or allowances.may_take(session, task.tenant):
            break
        refused.append(task.tenant)
    if task is None:
        return None
    task.status, task.claimed_at, task.heartbeat_at = CLAIMED, now, now
    task.worker, task.token_hash, task.step = worker, token_hash, None
    task.claims += 1
    session.add(task)
    session.flush()
    return task


def _next(
    session: Session, kinds: Sequence[str] | None, now: datetime, heartbeat_seconds: float, refused: Sequence[str]
) -> AgentTask | None:
    """The most urgent task nobody else is taking; no quote of the tenants in `refused`."""
    silent = and_(_is_silent(now, heartbeat_seconds), col(AgentTask.claims) < MAX_CLAIMS)
    query = (
        select(AgentTask)
        .where(
            or_(col(AgentTask.status) == QUEUED, silent),
            AgentTask.deadline > now,
            or_(col(AgentTask.kind) != TaskKind.OFFER.value, col(AgentTask.tenant).not_in(refused)),
        )
        .order_by(
            case(_URGENT, value=col(AgentTask.kind), else_=2), col(AgentTask.created_at), col(AgentTask.callback_id)
        )
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return session.exec(query.where(col(AgentTask.kind).in_(kinds)) if kinds else query).first()


def given_up(session: Session, *, now: datetime, heartbeat_seconds: float) -> Sequence[AgentTask]:
    """Tasks whose last allowed worker fell silent too: nobody will do them. In one order, as they are to be locked."""
    lost = and_(_is_silent(now, heartbeat_seconds), col(AgentTask.claims) >= MAX_CLAIMS)
    return session.exec(select(AgentTask).where(lost).order_by(col(AgentTask.callback_id))).all()


def give_back(session: Session, task: AgentTask) -> bool:
    """Let another worker start it again, as if it had not been claimed; False for an order, which never is."""
    if task.kind not in REPEATABLE or task.status != CLAIMED:
        return False
    task.status, task.token_hash, task.worker = QUEUED, None, None
    task.claims -= 1
    session.add(task)
    return True


def waiting_orders(session: Session, *, now: datetime) -> Sequence[AgentTask]:
    """Orders no worker has taken yet, while there is time."""
    return session.exec(
        select(AgentTask)
        .where(AgentTask.status == QUEUED, AgentTask.kind == TaskKind.ORDER.value, AgentTask.deadline > now)
        .order_by(col(AgentTask.callback_id))  # whoever keeps several waiting locks them in the same order
    ).all()


def of_worker(session: Session, worker: str) -> Sequence[AgentTask]:
    """The tasks a worker has claimed and not ended."""
    return session.exec(select(AgentTask).where(AgentTask.status == CLAIMED, AgentTask.worker == worker)).all()


def _is_silent(now: datetime, heartbeat_seconds: float) -> ColumnElement[bool]:
    """Claimed, may be started again, and its worker's last sign of life is too old."""
    last = func.coalesce(col(AgentTask.heartbeat_at), col(AgentTask.claimed_at))
    return and_(
        col(AgentTask.status) == CLAIMED,
        col(AgentTask.kind).in_(REPEATABLE),
        last < now - timedelta(seconds=heartbeat_seconds),
    )
