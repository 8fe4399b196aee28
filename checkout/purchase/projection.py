"""The public state of a purchase, projected from its history inside the transaction that changes the history.

So what a developer polls, what an operator sees and what the saga knows cannot differ. The saga itself writes nothing.
A new state is written to the outbox of webhooks in the same transaction.
A pure reading of operation names and outcomes: nothing here decides, calls outside or reads a clock.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlmodel import Session, col, delete, update

from checkout.durable.views import Change, ExecutionStatus, OperationView
from checkout.purchase import allowances, books, codec
from checkout.purchase.states import MOVES, State
from checkout.purchase.terms import Completed, Failed, FailureCode
from checkout.store.models import AgentTask, Intent, OrderRow, PaymentToken
from checkout.webhooks import outbox
from merchants.sdk import Offer, Order, Unclear
from payments.gateway import Captured, Held, NotCapturable, Prepared, Released, Unknown

ENDED_BADLY = frozenset({"FAILED", "TIMED_OUT", "CANCELLED", "STOPPED"})
# Agent tasks nobody needs any more once the purchase has ended.
UNDER_WAY = ("queued", "claimed")


def project(
    session: Session, change: Change, now: Callable[[], datetime], woken: Callable[[], None] | None = None
) -> None:
    """Bring the intent (the row of the execution's name) up to what `change` says.

    `woken` is called after the commit when somebody is to be told of its new state.
    """
    telling = [operation for operation in change.operations if _tells(operation)]
    if not telling and change.execution.status is ExecutionStatus.RUNNING and not change.execution.parked:
        if change.operations or not (intent := session.get(Intent, change.execution.name)) or intent.review_callback_id:
            return
        intent.review_since = None  # resumed
        return
    intent = session.get_one(Intent, change.execution.name)
    at, before = now(), intent.state
    for operation in telling:
        _project_operation(session, intent, operation, at)
    _project_end(session, intent, change, at)
    intent.seq += 1
    intent.updated_at = at
    if intent.state != before:
        outbox.record(session, happened(intent), woken)


def happened(intent: Intent) -> outbox.Happened:
    """What is told of the intent as it now is."""
    return outbox.Happened(
        tenant=intent.tenant, intent_id=intent.id, state=intent.state, sequence=intent.seq, at=intent.updated_at
    )


def _tells(operation: OperationView) -> bool:
    """Whether the public state can depend on it: most checkpoints (a step's START) change nothing anyone sees."""
    if operation.name in ("await-confirmation", "await-review"):
        return True
    if operation.name == "authorize-payment":
        return True
    return operation.payload is not None or operation.status in ENDED_BADLY


def _project_operation(session: Session, intent: Intent, operation: OperationView, at: datetime) -> None:
    match operation.name, operation.status:
        case "await-confirmation", "STARTED":
            intent.confirmation_callback_id = operation.callback_id
            _move(intent, State.AWAITING_CONFIRMATION)
        case "await-confirmation", "SUCCEEDED":
            intent.confirmation_callback_id = None
            _move(intent, State.PLACING_ORDER)
        case "await-confirmation", _:
            intent.confirmation_callback_id = None
        case "await-review", "STARTED":
            intent.review_callback_id, intent.review_since = operation.callback_id, at
        case "await-review", _:
            intent.review_callback_id = intent.review_since = None
        case "authorize-payment", "STARTED":
            _move(intent, State.PLACING_ORDER)  # the one-call purchase confirms in advance
    if operation.status in ENDED_BADLY:
        intent.unclear = (operation.error or {}).get("ErrorMessage") or f"{operation.name} ended {operation.status}"
    elif operation.payload is not None and operation.status in ("SUCCEEDED", "PENDING"):
        _project_outcome(session, intent, operation, at)


def _project_outcome(session: Session, intent: Intent, operation: OperationView, at: datetime) -> None:
    try:
        outcome = codec.loads(operation.payload or "")
    except ValueError:
        return  # an operation of the SDK's own, such as the step that hands a task to an agent
    match outcome:
        case Offer():
            document = codec.to_json(outcome)
            intent.offer = {name: value for name, value in document.items() if name != "merchant_state"}
        case Prepared():
            intent.payment_id = outcome.payment_id
        case Held():
            intent.hold_expires_at = outcome.capture_before
        case Captured() | Released():
            intent.hold_expires_at = None
        case Order():
            intent.unclear = None
        case Unclear():
            intent.unclear = outcome.message
        case Unknown() | NotCapturable():
            intent.unclear = outcome.reason
    if isinstance(outcome, Held | Captured | Released):
        books.record(session, intent, outcome, movement_id=f"{intent.id}:{operation.id}", at=at)


def _project_end(session: Session, intent: Intent, change: Change, at: datetime) -> None:
    execution = change.execution
    if execution.parked:
        intent.unclear, intent.review_since = execution.parked, intent.review_since or at
        return
    match execution.status:
        case ExecutionStatus.RUNNING:
            return
        case ExecutionStatus.SUCCEEDED:
            ended = codec.loads(execution.result or "")
        case _:  # stopped: a purchase is stopped by cancelling it, before anything is held
            ended = Failed(
                code=FailureCode.CHECKOUT_INTENT_EXPIRED, message="the checkout was cancelled", reason="cancelled"
            )
    if isinstance(ended, Completed):
        _complete(session, intent, ended, at)
    else:
        allowances.give_back_spend(session, intent.id)
        _move(intent, State.FAILED)
        intent.failure = _failure(ended)
    intent.confirmation_callback_id = intent.review_callback_id = intent.review_since = None
    session.exec(delete(PaymentToken).where(col(PaymentToken.intent_id) == intent.id))
    of_this = update(AgentTask).where(col(AgentTask.intent_id) == intent.id)
    session.exec(of_this.values(sealed_session=None))
    session.exec(of_this.where(col(AgentTask.status).in_(UNDER_WAY)).values(status="cancelled"))


def _complete(session: Session, intent: Intent, completed: Completed, at: datetime) -> None:
    receipt = completed.receipt
    _move(intent, State.COMPLETED)
    intent.order_id, intent.estimated_delivery, intent.unclear = receipt.order_id, receipt.estimated_delivery, None
    session.add(
        OrderRow(
            id=receipt.order_id,
            tenant=intent.tenant,
            intent_id=intent.id,
            created_at=at,
            updated_at=at,
            buyer=intent.request["buyer"],
            reference_id=intent.reference_id,
            merchant=receipt.merchant,
            merchant_order_id=receipt.merchant_order_id,
            total_minor=receipt.total.amount_minor,
            currency=receipt.total.currency,
            permalink_url=receipt.permalink_url,
        )
    )


def _failure(failed: Failed) -> dict[str, Any]:
    failure = {"code": failed.code.value, "message": failed.message}
    if failed.reason:
        failure["reason"] = failed.reason
    if failed.continue_url:
        failure["continueUrl"] = failed.continue_url
    return failure


def _move(intent: Intent, state: State) -> None:
    """A poll never sees a state go backwards: a replayed operation finds the move already made."""
    if state in MOVES[State(intent.state)]:
        intent.state = state.value
