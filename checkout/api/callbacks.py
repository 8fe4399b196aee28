"""`/internal/callbacks`: an agent worker says that it is at work, and how a task ended.

A token completes its callback once, and a heartbeat does not consume it. What comes too late is refused, and what it
says about an order is kept: the order may stand. Each request is one transaction. Knows tasks and outcomes' types; must
never know what a purchase makes of an outcome.
"""

import hmac
from collections.abc import Callable
from contextlib import suppress
from typing import Annotated, Any

import structlog
from fastapi import APIRouter, Depends, Header
from fastapi.responses import JSONResponse, Response
from sqlmodel import Session

from checkout.api.calling import Using, needs, sent_json_of_a_worker
from checkout.api.cards import redacted
from checkout.api.documented import reads
from checkout.api.idempotency import body_hash
from checkout.api.internal import CallbackAnswer, CallbackFailure, CallbackState, Heartbeat
from checkout.api.keys import Scope
from checkout.api.problems import ProblemError
from checkout.api.services import Services
from checkout.durable.errors import CallbackError, ExecutionNotFoundError
from checkout.purchase import codec, tasks
from checkout.purchase.terms import TaskKind
from checkout.store.models import AgentTask
from checkout.store.vault import digest
from merchants.sdk import Order, Refused

log = structlog.get_logger(__name__)
router = APIRouter(prefix="/internal", tags=["Agent workers"], dependencies=[Depends(needs(Scope.AGENT))])

# What a task of each kind may end with. An ordering worker cannot know that no order will come; one that looks up can.
ENDS = {
    TaskKind.OFFER.value: {"Offer", "Refused"},
    TaskKind.ORDER.value: {"Order", "Refused", "Unclear"},
    TaskKind.LOOK_UP.value: {"Order", "Absent", "Unclear"},
}

Sent = Annotated[Any, Depends(sent_json_of_a_worker)]
Token = Annotated[
    str, Header(alias="X-Callback-Token", max_length=255, description="The token that came with the task.")
]
ASKED = ("malformed_json", "body_too_large", "unsupported_media_type")
CALLBACK_PROBLEMS = (*ASKED, "callback_not_found", "callback_already_completed", "callback_expired")


@router.post(
    "/callbacks/{callback_id:path}/succeed",
    operation_id="callbacks.succeed",
    response_model=CallbackState,
    responses=reads(*CALLBACK_PROBLEMS),
)
def succeed(callback_id: str, body: CallbackAnswer, using: Using, sent: Sent, token: Token) -> Response:
    """Hand in what the task asked for. The same answer again gets the first reply; another one is refused."""

    def complete(session: Session, task: AgentTask) -> None:
        outcome = _outcome(task, {**redacted_evidence(sent), "type": body.type})
        if task.kind == TaskKind.LOOK_UP.value:
            task.answer = codec.to_json(outcome)
        else:
            using.durable.succeed_callback(callback_id, codec.dumps(outcome), session=session)

    return _complete(using, callback_id, token, ("succeed", sent), complete)


@router.post(
    "/callbacks/{callback_id:path}/fail",
    operation_id="callbacks.fail",
    response_model=CallbackState,
    responses=reads(*CALLBACK_PROBLEMS),
)
def fail(callback_id: str, body: CallbackFailure, using: Using, sent: Sent, token: Token) -> Response:
    """Say that the task definitely cannot be done and nothing was ordered."""

    def complete(session: Session, task: AgentTask) -> None:
        if task.kind == TaskKind.LOOK_UP.value:
            raise _wrong_end(task)
        refused = Refused(code=body.code, message=redacted(body.message), continue_url=body.continue_url)
        error = {"ErrorType": refused.code, "ErrorMessage": refused.message, "ErrorData": codec.dumps(refused)}
        using.durable.fail_callback(callback_id, error, session=session)

    return _complete(using, callback_id, token, ("fail", sent), complete)


@router.post(
    "/callbacks/{callback_id:path}/heartbeat",
    operation_id="callbacks.heartbeat",
    response_model=CallbackState,
    responses=reads(*CALLBACK_PROBLEMS),
)
def heartbeat(
    callback_id: str,
    using: Using,
    sent: Sent,  # noqa: ARG001 (checked on the way in)
    token: Token,
    body: Heartbeat | None = None,
) -> Response:
    """Say that the work goes on, and at what; needed more often than the task's heartbeat timeout."""
    late: ProblemError | CallbackError | None = None
    with using.database.transaction() as session:
        task = held(using, session, callback_id, token)
        if body is not None and body.evidence:
            task.witnessed = {**(task.witnessed or {}), **redacted(body.evidence)}
        try:
            refuse_ended(task)
            if task.kind != TaskKind.LOOK_UP.value:
                using.durable.heartbeat_callback(callback_id, session=session)
            task.heartbeat_at = using.clock.now()
            task.step = body.step if body is not None and body.step else task.step
            _keep_waiting(using, session)
        except (ProblemError, CallbackError) as refused:
            late = refused
        session.add(task)
    if late is not None:
        raise late
    return _state(callback_id, "waiting")


def _keep_waiting(using: Services, session: Session) -> None:
    """An order waits for a worker as long as one is alive: it may be busy with another purchase."""
    for task in tasks.waiting_orders(session, now=using.clock.now()):
        with suppress(CallbackError):  # its time is over; the purchase notices by itself
            using.durable.heartbeat_callback(task.callback_id, session=session)


def held(using: Services, session: Session, callback_id: str, token: str) -> AgentTask:
    """The task this token was minted for; unknown, unclaimed, taken over and forged look the same from outside.

    Locked only once the token was seen, so that no stranger locks any; then looked at again.
    """
    task = _minted_for(session.get(AgentTask, callback_id), token)
    lock(using, session, task)
    return _minted_for(task, token)


def lock(using: Services, session: Session, task: AgentTask) -> None:
    """Nobody else changes the task until the transaction ends. Its purchase is locked first, as everywhere."""
    with suppress(ExecutionNotFoundError):  # its time has passed; the task says so itself
        using.durable.lock(task.intent_id, session=session)
    session.refresh(task, with_for_update=True)


def _minted_for(task: AgentTask | None, token: str) -> AgentTask:
    expected = task.token_hash if task is not None and task.token_hash is not None else ""
    if task is None or not hmac.compare_digest(expected, digest(token)):
        raise ProblemError(code="callback_not_found", detail="there is no callback of this id with this token")
    return task


def refuse_ended(task: AgentTask) -> None:
    """A task that was answered, or that nobody waits for, takes no more."""
    if task.answer_hash is not None:
        raise ProblemError(code="callback_already_completed", detail="the callback was completed with another answer")
    if task.status in (tasks.CANCELLED, tasks.DONE):
        raise ProblemError(code="callback_expired", detail="the purchase no longer waits for this task")


def redacted_evidence(sent: dict[str, Any]) -> dict[str, Any]:
    """The body without card numbers in what is free text; identifiers are the merchant's and stay."""
    return {name: redacted(value) if name in ("evidence", "message") else value for name, value in sent.items()}


def _complete(
    using: Services,
    callback_id: str,
    token: str,
    answer: tuple[str, Any],
    complete: Callable[[Session, AgentTask], None],
) -> Response:
    answered = body_hash(list(answer))
    late: ProblemError | CallbackError | None = None
    with using.database.transaction() as session:
        task = held(using, session, callback_id, token)
        if task.answer_hash == answered:
            return _state(callback_id, "completed")
        try:
            refuse_ended(task)
            complete(session, task)
            task.status, task.answer_hash = tasks.DONE, answered
        except (ProblemError, CallbackError) as refused:
            if refused.code not in ("callback_expired", "callback_already_completed"):
                raise
            late = refused
            _keep_order(task, answer)
        session.add(task)
    if late is not None:
        raise late
    return _state(callback_id, "completed")


def _keep_order(task: AgentTask, answer: tuple[str, Any]) -> None:
    """An order that is reported too late may stand all the same: it is kept for whoever looks the order up."""
    verb, sent = answer
    if verb != "succeed" or task.kind != TaskKind.ORDER.value or sent.get("type") != Order.__name__:
        return
    try:
        order = codec.from_json(redacted_evidence(sent))
    except ValueError:
        return  # it could not have been taken in time either
    task.witnessed = {**(task.witnessed or {}), "order": codec.to_json(order)}
    log.warning("agent.order_reported_late", intent=task.intent_id, order=order.merchant_order_id)


def _outcome(task: AgentTask, sent: dict[str, Any]) -> Any:
    """The outcome the body stands for; 422 if the task's kind cannot end so, or its fields do not fit."""
    if sent["type"] not in ENDS[task.kind]:
        raise _wrong_end(task)
    return codec.from_json(sent)


def _wrong_end(task: AgentTask) -> ProblemError:
    allowed = ", ".join(sorted(ENDS[task.kind]))
    return ProblemError(
        code="invalid_request",
        detail=f"a task of kind {task.kind} ends with one of {allowed}",
        param="type",
        fields={"type": f"must be one of {allowed}"},
    )


def _state(callback_id: str, status: str) -> Response:
    return JSONResponse({"callbackId": callback_id, "status": status})
