"""`/internal/purchases/{id}/answer`: an operator answers the open question about a purchase. Any tenant's."""

from typing import Annotated

from fastapi import APIRouter, Depends
from fastapi.responses import Response
from sqlmodel import Session

from checkout.api.calling import Call, Live, calls
from checkout.api.documented import ONCE, writes
from checkout.api.idempotency import Done, identify
from checkout.api.internal import AnswerReview, ReviewAnswered
from checkout.api.keys import Scope

router = APIRouter(prefix="/internal", tags=["Operators"])

Operating = Annotated[Call, Depends(calls(Scope.OPERATOR))]


@router.post(
    "/purchases/{intent_id}/answer",
    operation_id="purchases.answer",
    response_model=ReviewAnswered,
    responses=writes("checkout_intent_not_found", "review_not_open", *ONCE),
)
def answer(intent_id: str, body: AnswerReview, call: Operating, live: Live) -> Response:
    """Say what code could not find out; the purchase goes on at once."""

    def work(session: Session) -> Done:
        row = live.services.purchases.answer(session, intent_id, body.answer())
        return Done(status=200, body={"id": row.id, "state": row.state})

    identity = identify(call.caller.tenant, call.method, call.path, call.idempotency_key)
    return live.idempotency.once(identity, call.sent, work)
