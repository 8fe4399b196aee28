"""Read models of purchases: the list, and the story of one. Reads intents, executions, the ledger; changes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from checkout.durable.views import ExecutionView, OperationView
from checkout.purchase.errors import IntentNotFoundError
from checkout.purchase.executions import Executions
from checkout.purchase.states import TERMINAL, State
from checkout.store.models import AgentTask, Intent, LedgerRow
from checkout.store.session import Database

UNDER_WAY = [state.value for state in State if state not in TERMINAL]


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One purchase: the public row, the execution behind it, its operations in order, its money, its agents' tasks."""

    intent: Intent
    execution: ExecutionView
    operations: Sequence[OperationView]
    ledger: Sequence[LedgerRow]
    agent_tasks: Sequence[AgentTask] = ()

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen."""
        return self.intent.state in TERMINAL


def newest(session: Session, *, state: str | None, review: bool, tenant: str | None, limit: int) -> Sequence[Intent]:
    """The newest intents first."""
    query = select(Intent).order_by(col(Intent.created_at).desc(), col(Intent.id).desc()).limit(limit)
    if state:
        query = query.where(Intent.state == state)
    if tenant:
        query = query.where(Intent.tenant == tenant)
    if review:
        # Few purchases are under way, of all there ever were: so the table is not read from end to end.
        query = query.where(col(Intent.state).in_(UNDER_WAY), col(Intent.review_since).is_not(None))
    return session.exec(query).all()


def read_story(database: Database, durable: Executions, intent_id: str) -> Story:
    """Everything about one purchase."""
    with database.read() as session:
        intent = session.get(Intent, intent_id)
        if intent is None:
            raise IntentNotFoundError(f"no checkout intent {intent_id}")
        ledger = session.exec(
            select(LedgerRow).where(LedgerRow.intent_id == intent_id).order_by(col(LedgerRow.id))
        ).all()
        agent_tasks = session.exec(
            select(AgentTask)
            .where(AgentTask.intent_id == intent_id)
            .order_by(col(AgentTask.created_at), col(AgentTask.callback_id))
        ).all()
    return Story(
        intent=intent,
        execution=durable.get(intent_id),
        operations=durable.operations(intent_id),
        ledger=ledger,
        agent_tasks=agent_tasks,
    )


def waiting_for(intent: Intent) -> str:
    """What has to happen next, in words."""
    if intent.review_since:
        return f"operator: {intent.unclear or 'an answer'}"
    match intent.state:
        case "awaiting_confirmation":
            return "the buyer's confirmation"
        case "completed":
            return ""
        case "failed":
            return str((intent.failure or {}).get("code", ""))
        case _:
            return "the merchant"


def total_of(intent: Intent) -> tuple[int, str] | None:
    """The offer's total in minor units and its currency, once there is an offer."""
    if not intent.offer:
        return None
    total = intent.offer["cost"]["total"]
    return total["amount_minor"], total["currency"]


def as_data(intent: Intent) -> dict[str, Any]:
    """One line of the list, as JSON."""
    total = total_of(intent)
    return {
        "id": intent.id,
        "tenant": intent.tenant,
        "state": intent.state,
        "needs_review": intent.review_since is not None,
        "waiting_for": waiting_for(intent),
        "product_url": intent.request.get("productUrl"),
        "total": {"amount_minor": total[0], "currency": total[1]} if total else None,
        "payment_id": intent.payment_id,
        "hold_expires_at": _iso(intent.hold_expires_at),
        "created_at": _iso(intent.created_at),
        "updated_at": _iso(intent.updated_at),
    }


def story_data(story: Story) -> dict[str, Any]:
    """The story, as JSON; payloads are left out, they are in `checkout durable history`."""
    return {
        **as_data(story.intent),
        "failure": story.intent.failure,
        "order_id": story.intent.order_id,
        "execution": {
            "arn": story.execution.arn,
            "status": story.execution.status.value,
            "version": story.execution.version,
            "parked": story.execution.parked,
        },
        "operations": [
            {
                "name": operation.name,
                "type": operation.type,
                "sub_type": operation.sub_type,
                "status": operation.status,
                "attempt": operation.attempt,
                "started_at": _iso(operation.started_at),
                "ended_at": _iso(operation.ended_at),
                "error": operation.error,
            }
            for operation in story.operations
        ],
        "ledger": [
            {"at": _iso(row.at), "kind": row.kind, "account": row.account, "amount_minor": row.amount_minor}
            | {"currency": row.currency, "payment_id": row.payment_id}
            for row in story.ledger
        ],
        "agent_tasks": [_task_data(task) for task in story.agent_tasks],
    }


def _task_data(task: AgentTask) -> dict[str, Any]:
    """An agent's task, as JSON. Neither its token's hash nor its browser's session is shown."""
    return {
        "id": task.callback_id,
        "kind": task.kind,
        "status": task.status,
        "worker": task.worker,
        "claims": task.claims,
        "step": task.step,
        "heartbeat_at": _iso(task.heartbeat_at),
        "deadline": _iso(task.deadline),
        "permit_id": task.permit_id,
        "permitted_at": _iso(task.permitted_at),
        "readings": task.readings,
        "witnessed": task.witnessed,
        "answer": task.answer,
    }


def _iso(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
