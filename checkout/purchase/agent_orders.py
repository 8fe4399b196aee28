"""Whether an agent's order stands, once its worker fell silent: from what is on record, else by asking another worker.

No permit, no order: a task without one is cancelled in the transaction that finds it so, and none can be granted any
more. With one, an order number that was witnessed is an order; else a look-up task asks a worker to read the shop's
own pages, and only after everything the first one could still have done is over. So its *absent* is definite. Works in
the caller's transaction; must never open a session it passes on.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from checkout.purchase import codec, tasks
from checkout.purchase.ports import Limits
from checkout.purchase.terms import PurchaseRequest, StillLooking, TaskKind
from checkout.store.models import AgentTask
from merchants.sdk import Absent, Offer, Order, Unclear
from payments.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class LostOrder:
    """One look at a lost order, at one moment. `task_waits` is told of a look-up task that was given to the workers."""

    session: Session
    request: PurchaseRequest
    offer: Offer
    limits: Limits
    now: datetime
    task_waits: Callable[[str], None] | None = None

    def find(self) -> Order | Absent | Unclear:
        """What can be said now."""
        orders = self._tasks(TaskKind.ORDER)
        for task in orders:
            if found := witnessed_order(task):
                return found
        permitted = [task for task in orders if task.permit_id is not None]
        for task in orders:
            if task.permit_id is None and task.status in (tasks.QUEUED, tasks.CLAIMED):
                task.status = tasks.CANCELLED
                self.session.add(task)
        if not permitted:
            return Absent(message="no agent was permitted to place the order")
        if self.now < max(self._over_at(task) for task in permitted):
            return StillLooking(message="the agent that was permitted to order may still be at it")
        return self._looked_up(permitted[-1])

    def _looked_up(self, permitted: AgentTask) -> Order | Absent | Unclear:
        """What the last look-up found; the next one is asked for when it found nothing, up to a number."""
        asked = self._tasks(TaskKind.LOOK_UP)
        if asked and (last := asked[-1]).answer is not None:
            found: Order | Absent | Unclear = codec.from_json(last.answer)
            if not isinstance(found, Unclear):
                return found
            said = found.message
        elif asked and last.status == tasks.QUEUED:
            return self._queued(last)
        elif asked and self.now < last.deadline:
            return StillLooking(message="a worker is looking the order up")
        else:
            said = "the worker that looked it up said nothing in time" if asked else ""
        if len(asked) >= self.limits.look_up_tasks:
            return Unclear(message=f"looked up {len(asked)} times: {said}")
        task_id = f"lku_{self.request.intent_id.removeprefix('ci_')}_{len(asked) + 1}"
        tasks.give(
            self.session,
            task_id,
            TaskKind.LOOK_UP,
            self.request,
            self.offer,
            now=self.now,
            seconds=self.limits.look_up_task_seconds,
            sealed_session=permitted.sealed_session,
        )
        if self.task_waits is not None:
            self.task_waits(task_id)
        return StillLooking(message=f"{said}; it is looked up again" if said else "the order is being looked up")

    def _queued(self, task: AgentTask) -> Unclear:
        """Nobody has taken it yet. Its time begins when somebody does, and an operator is not left waiting for that."""
        task.deadline = self.now + timedelta(seconds=self.limits.look_up_task_seconds)
        self.session.add(task)
        if self.now < task.created_at + timedelta(seconds=self.limits.look_up_wait_seconds):
            return StillLooking(message="the look-up waits for a worker")
        return Unclear(message="no worker has come to look the order up")

    def _over_at(self, task: AgentTask) -> datetime:
        """When nothing its worker does can place the order any more: permit over, and the worker ended or silent."""
        assert task.permit_expires_at
        over = task.permit_expires_at + timedelta(seconds=self.limits.permit_margin_seconds)
        last = task.heartbeat_at or task.claimed_at
        if task.status == tasks.CLAIMED and last is not None:
            over = max(over, last + timedelta(seconds=self.limits.agent_heartbeat_seconds))
        return over

    def _tasks(self, kind: TaskKind) -> Sequence[AgentTask]:
        return self.session.exec(
            select(AgentTask)
            .where(AgentTask.intent_id == self.request.intent_id, AgentTask.kind == kind.value)
            .order_by(col(AgentTask.created_at), col(AgentTask.callback_id))
            .with_for_update()  # a permit that is being granted is waited for, and seen
        ).all()


def witnessed_order(task: AgentTask) -> Order | None:
    """The order a worker put on record after its click, if it did, with the number and the total it saw."""
    seen = task.witnessed or {}
    if order := seen.get("order"):
        late: Order = codec.from_json(order)
        return late
    number, total = seen.get("order_number"), _money(seen.get("total"))
    if not isinstance(number, str) or not number or total is None:
        return None
    url = seen.get("url")
    return Order(
        merchant_order_id=number,
        total=total,
        permalink_url=url if isinstance(url, str) and url else None,
        evidence=seen,
    )


def _money(said: object) -> Money | None:
    """An amount as evidence carries it; None for anything else."""
    try:
        return Money(said["amount_minor"], said["currency"]) if isinstance(said, Mapping) else None
    except (KeyError, TypeError, ValueError):
        return None
