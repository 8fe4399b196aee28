"""`/internal/agent-tasks` and `/internal/callbacks`: an agent worker takes a task and says how it ended.

A token is minted when a task is claimed and only its hash is kept; it completes its callback once, and a heartbeat does
not consume it. Each request is one transaction. Knows tasks and outcomes' types; must never know what a purchase makes
of an outcome.
"""

import hmac
import secrets
from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Header
from fastapi.responses import JSONResponse, Response
from sqlmodel import Session, col, select

from checkout.api.calling import Using, needs, sent_json_of_a_worker
from checkout.api.cards import redacted
from checkout.api.documented import reads
from checkout.api.idempotency import body_hash
from checkout.api.internal import CallbackAnswer, CallbackFailure, CallbackState, ClaimedTask, ClaimTask
from checkout.api.keys import Scope
from checkout.api.problems import ProblemError
from checkout.api.services import Services
from checkout.purchase import codec
from checkout.purchase.terms import TaskKind
from checkout.store.models import AgentTask
from checkout.store.vault import digest
from merchants.sdk import Refused

router = APIRouter(prefix="/internal", tags=["Agent workers"], dependencies=[Depends(needs(Scope.AGENT))])

TOKEN_BYTES = 32
# What a task of each kind may end with. `Absent` is missing on purpose: a worker cannot know that no order will come.
ENDS = {TaskKind.OFFER.value: {"Offer", "Refused"}, TaskKind.ORDER.value: {"Order", "Refused", "Unclear"}}

Sent = Annotated[Any, Depends(sent_json_of_a_worker)]
Token = Annotated[
    str, Header(alias="X-Callback-Token", max_length=255, description="The token that came with the task.")
]
_ASKED = ("malformed_json", "body_too_large", "unsupported_media_type")
_ANSWERED = ("callback_not_found", "callback_already_completed", "callback_expired")
CALLBACK_PROBLEMS = reads(*_ASKED, *_ANSWERED)


@router.post(
    "/agent-tasks/claim",
    operation_id="agent_tasks.claim",
    response_model=ClaimedTask,
    responses={204: {"description": "Nothing to do now."}, **reads(*_ASKED)},
)
def claim(body: ClaimTask, using: Using, sent: Sent) -> Response:  # noqa: ARG001 (checked on the way in)
    """Take the oldest waiting task; 204 if there is none."""
    now = using.clock.now()
    token = "cbt_" + secrets.token_urlsafe(TOKEN_BYTES)
    with using.database.transaction() as session:
        query = (
            select(AgentTask)
            .where(AgentTask.status == "queued", AgentTask.deadline > now)
            .order_by(col(AgentTask.created_at), col(AgentTask.callback_id))
            .limit(1)
        )
        task = session.exec(query.where(col(AgentTask.kind).in_(body.kinds)) if body.kinds else query).first()
        if task is None:
            return Response(status_code=204)
        task.status, task.claimed_at, task.worker, task.token_hash = "claimed", now, body.worker, digest(token)
        session.add(task)
        claimed = ClaimedTask(
            callback_id=task.callback_id, token=token, kind=task.kind, task=task.task, deadline=task.deadline
        )
    return JSONResponse(claimed.model_dump(mode="json", by_alias=True))


@router.post(
    "/callbacks/{callback_id}/succeed",
    operation_id="callbacks.succeed",
    response_model=CallbackState,
    responses=CALLBACK_PROBLEMS,
)
def succeed(callback_id: str, body: CallbackAnswer, using: Using, sent: Sent, token: Token) -> Response:
    """Hand in what the task asked for. The same answer again gets the first reply; another one is refused."""

    def complete(session: Session, task: AgentTask) -> None:
        outcome = _outcome(task, {**redacted_evidence(sent), "type": body.type})
        using.durable.succeed_callback(callback_id, codec.dumps(outcome), session=session)

    return _complete(using, callback_id, token, ("succeed", sent), complete)


@router.post(
    "/callbacks/{callback_id}/fail",
    operation_id="callbacks.fail",
    response_model=CallbackState,
    responses=CALLBACK_PROBLEMS,
)
def fail(callback_id: str, body: CallbackFailure, using: Using, sent: Sent, token: Token) -> Response:
    """Say that the task definitely cannot be done and nothing was ordered."""

    def complete(session: Session, task: AgentTask) -> None:  # noqa: ARG001 (either kind may fail)
        refused = Refused(code=body.code, message=redacted(body.message), continue_url=body.continue_url)
        error = {"ErrorType": refused.code, "ErrorMessage": refused.message, "ErrorData": codec.dumps(refused)}
        using.durable.fail_callback(callback_id, error, session=session)

    return _complete(using, callback_id, token, ("fail", sent), complete)


@router.post(
    "/callbacks/{callback_id}/heartbeat",
    operation_id="callbacks.heartbeat",
    response_model=CallbackState,
    responses=CALLBACK_PROBLEMS,
)
def heartbeat(callback_id: str, using: Using, token: Token) -> Response:
    """Say that the work goes on; needed more often than the task's heartbeat timeout."""
    with using.database.transaction() as session:
        task = _held(session, callback_id, token)
        _refuse_ended(task)
        using.durable.heartbeat_callback(callback_id, session=session)
    return _state(callback_id, "waiting")


def _complete(
    using: Services,
    callback_id: str,
    token: str,
    answer: tuple[str, Any],
    complete: Callable[[Session, AgentTask], None],
) -> Response:
    answered = body_hash(list(answer))
    with using.database.transaction() as session:
        task = _held(session, callback_id, token)
        if task.answer_hash == answered:
            return _state(callback_id, "completed")
        _refuse_ended(task)
        complete(session, task)
        task.status, task.answer_hash = "done", answered
        session.add(task)
    return _state(callback_id, "completed")


def _held(session: Session, callback_id: str, token: str) -> AgentTask:
    """The task this token was minted for; unknown, unclaimed and forged look the same from outside."""
    task = session.get(AgentTask, callback_id)
    expected = task.token_hash if task is not None and task.token_hash is not None else ""
    if task is None or not hmac.compare_digest(expected, digest(token)):
        raise ProblemError(code="callback_not_found", detail="there is no callback of this id with this token")
    return task


def _refuse_ended(task: AgentTask) -> None:
    if task.answer_hash is not None:
        raise ProblemError(code="callback_already_completed", detail="the callback was completed with another answer")
    if task.status == "cancelled":
        raise ProblemError(code="callback_expired", detail="the purchase no longer waits for this task")


def _outcome(task: AgentTask, sent: dict[str, Any]) -> Any:
    """The outcome the body stands for; 422 if the task's kind cannot end so, or its fields do not fit."""
    allowed = ENDS[task.kind]
    if sent["type"] not in allowed:
        raise ProblemError(
            code="invalid_request",
            detail=f"a task of kind {task.kind} ends with one of {', '.join(sorted(allowed))}",
            param="type",
            fields={"type": f"must be one of {', '.join(sorted(allowed))}"},
        )
    return codec.from_json(sent)


def redacted_evidence(sent: dict[str, Any]) -> dict[str, Any]:
    """The body without card numbers in what is free text; identifiers are the merchant's and stay."""
    return {name: redacted(value) if name in ("evidence", "message") else value for name, value in sent.items()}


def _state(callback_id: str, status: str) -> Response:
    return JSONResponse({"callbackId": callback_id, "status": status})
