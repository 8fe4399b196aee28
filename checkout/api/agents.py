"""`/internal/agent-tasks`: an agent worker takes a task, and asks leave for the one click that places an order.

A token is minted when a task is claimed and only its hash is kept. Each request is one transaction. Knows tasks and
their rows' rules by name; must never log what a worker read, or its browser's session.
"""

import json
import secrets
from datetime import timedelta
from functools import partial
from typing import Any

from fastapi import APIRouter, Depends
from fastapi.responses import JSONResponse, Response
from pydantic import TypeAdapter
from sqlmodel import Session

from agents.terms import Readings, SavedSession
from checkout.api.callbacks import ASKED, CALLBACK_PROBLEMS, Sent, Token, held, lock, refuse_ended
from checkout.api.calling import Using, needs
from checkout.api.cards import redacted
from checkout.api.documented import reads
from checkout.api.internal import AskPermit, CallbackState, ClaimedTask, ClaimTask, PermitGranted
from checkout.api.keys import Scope
from checkout.api.problems import ProblemError
from checkout.api.services import Services
from checkout.durable.errors import CallbackError
from checkout.purchase import codec, permits, tasks
from checkout.purchase.terms import FailureCode, TaskKind
from checkout.store.models import AgentTask
from checkout.store.session import after_commit
from checkout.store.vault import digest
from merchants.sdk import Refused, Unclear

router = APIRouter(prefix="/internal", tags=["Agent workers"], dependencies=[Depends(needs(Scope.AGENT))])

TOKEN_BYTES = 32
_READINGS = TypeAdapter(Readings)
_SESSION = TypeAdapter(SavedSession)
PERMIT_PROBLEMS = ("permit_differs", "permit_already_granted", "permit_too_late", "permit_not_an_order")


@router.post(
    "/agent-tasks/claim",
    operation_id="agent_tasks.claim",
    response_model=ClaimedTask,
    responses={204: {"description": "Nothing to do now."}, **reads(*ASKED)},
)
def claim(body: ClaimTask, using: Using, sent: Sent) -> Response:  # noqa: ARG001 (checked on the way in)
    """Take the most urgent task that waits, or whose worker fell silent and ordered nothing; 204 if there is none."""
    now = using.clock.now()
    heartbeat_seconds = using.settings.agent_heartbeat_seconds
    token = "cbt_" + secrets.token_urlsafe(TOKEN_BYTES)
    with using.database.transaction() as session:
        for lost in tasks.given_up(session, now=now, heartbeat_seconds=heartbeat_seconds):
            _give_up(using, session, lost)
        task = tasks.claim(
            session,
            body.kinds,
            worker=body.worker,
            token_hash=digest(token),
            now=now,
            heartbeat_seconds=heartbeat_seconds,
            allowances=using.purchases.allowances,
        )
        if task is None:
            return Response(status_code=204)
        claimed = ClaimedTask(
            callback_id=task.callback_id,
            token=token,
            kind=task.kind,
            task=task.task,
            deadline=task.deadline,
            heartbeat_seconds=heartbeat_seconds,
            session=_session_of(using, task),
        )
    return JSONResponse(claimed.model_dump(mode="json", by_alias=True))


@router.post(
    "/agent-tasks/{callback_id:path}/permit",
    operation_id="agent_tasks.permit",
    response_model=PermitGranted,
    responses=reads(*CALLBACK_PROBLEMS, *PERMIT_PROBLEMS),
)
def permit(callback_id: str, body: AskPermit, using: Using, sent: Sent, token: Token) -> Response:  # noqa: ARG001 (same)
    """Ask leave to place the order: what was read must be exactly what was confirmed. Granted once a task."""
    readings, saved = _READINGS.validate_python(body.readings), _SESSION.validate_python(body.session)
    settings = using.settings
    rules = permits.Rules(
        permit_seconds=settings.agent_permit_seconds,
        commit_seconds=settings.agent_commit_seconds,
        heartbeat_seconds=settings.agent_heartbeat_seconds,
        hold_margin=timedelta(minutes=settings.hold_margin_minutes),
    )
    with using.database.transaction() as session:
        task = held(using, session, callback_id, token)
        refuse_ended(task)
        if task.kind == TaskKind.ORDER.value:
            # Refused unless the purchase still waits for this; and asking is a sign of life.
            using.durable.heartbeat_callback(callback_id, session=session)
        granted = permits.grant(
            session,
            task,
            readings,
            kept=redacted(_READINGS.dump_python(readings, mode="json")),
            sealed_session=using.vault.seal(_SESSION.dump_json(saved).decode()),
            rules=rules,
            now=using.clock.now(),
        )
    answer = PermitGranted(permit_id=granted.permit_id, expires_at=granted.expires_at)
    return JSONResponse(answer.model_dump(mode="json", by_alias=True))


@router.post(
    "/agent-tasks/{callback_id:path}/give-back",
    operation_id="agent_tasks.give_back",
    response_model=CallbackState,
    responses=reads(*CALLBACK_PROBLEMS),
)
def give_back(callback_id: str, using: Using, token: Token) -> Response:
    """Leave a quote or a look-up to another worker, at once. An order is never begun twice, so it cannot be."""
    with using.database.transaction() as session:
        task = held(using, session, callback_id, token)
        refuse_ended(task)
        if not tasks.give_back(session, task):
            raise ProblemError(code="invalid_request", detail="an order is never begun twice; say how it ended")
        if using.agent_task_waits is not None:
            after_commit(session, partial(using.agent_task_waits, callback_id))
    return JSONResponse({"callbackId": callback_id, "status": "waiting"})


def _session_of(using: Services, task: AgentTask) -> Any:
    """The session a look-up goes on with."""
    if task.kind != TaskKind.LOOK_UP.value or task.sealed_session is None:
        return None
    return json.loads(using.vault.open(task.sealed_session))


def _give_up(using: Services, session: Session, task: AgentTask) -> None:
    """Every worker that took it fell silent: a quote fails, a look-up found nothing."""
    lock(using, session, task)
    if task.status != tasks.CLAIMED:
        return  # it was answered, or given up by another, while this one waited
    message = f"{task.claims} workers took this task and fell silent"
    task.status = tasks.DONE
    if task.kind == TaskKind.LOOK_UP.value:
        task.answer = codec.to_json(Unclear(message=message))
    else:
        refused = Refused(code=FailureCode.OFFER_RETRIEVAL_FAILED, message=message)
        error = {"ErrorType": refused.code, "ErrorMessage": message, "ErrorData": codec.dumps(refused)}
        try:
            using.durable.fail_callback(task.callback_id, error, session=session)
        except CallbackError:
            task.status = tasks.CANCELLED  # the purchase went on without it
    session.add(task)
