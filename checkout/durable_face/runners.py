"""The two calls that the durable SDK makes while a handler runs, for handlers that run in another process.

Knows the wire the SDK is given in this process; an outside runner's boto3 client calls the same over HTTP. The token in
every call is what entitles it. Must never know a handler.
"""

from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from checkout.durable_face.answers import answer
from checkout.durable_face.repeats import Repeats
from checkout.durable_face.requests import Arn, Service, page_of

router = APIRouter(prefix="/2025-12-01/durable-executions")

Token = Annotated[str, Field(min_length=1, max_length=2048)]
OperationId = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[a-zA-Z0-9-_]+$")]
Structure = dict[str, Any]


class Update(BaseModel):
    """AWS's OperationUpdate. What an operation's state allows is the durable service's to judge."""

    model_config = ConfigDict(extra="forbid", strict=True)

    Id: OperationId
    Type: str
    Action: str
    ParentId: OperationId | None = None
    Name: Annotated[str, Field(min_length=1, max_length=256)] | None = None
    SubType: Annotated[str, Field(min_length=1, max_length=32)] | None = None
    Payload: str | None = None
    Error: Structure | None = None
    ContextOptions: Structure | None = None
    StepOptions: Structure | None = None
    WaitOptions: Structure | None = None
    CallbackOptions: Structure | None = None
    ChainedInvokeOptions: Structure | None = None


class Checkpoint(BaseModel):
    """The body of CheckpointDurableExecution. boto3 makes up a ClientToken for every call."""

    CheckpointToken: Token
    Updates: list[Update] = []
    ClientToken: Annotated[str, Field(min_length=1, max_length=64)] | None = None


@router.post("/{arn:path}/checkpoint")
def checkpoint_durable_execution(request: Request, service: Service, arn: Arn, checkpoint: Checkpoint) -> Response:
    """Apply the updates; the answer has the next token."""
    repeats: Repeats = request.app.state.repeats
    token = checkpoint.CheckpointToken
    applied = partial(
        service.client.checkpoint_durable_execution,
        DurableExecutionArn=arn,
        CheckpointToken=token,
        Updates=[one.model_dump(exclude_unset=True) for one in checkpoint.Updates],
    )
    return answer(repeats.answer(arn, token, checkpoint.ClientToken, applied))


@router.get("/{arn:path}/state")
def get_durable_execution_state(
    service: Service,
    arn: Arn,
    token: Annotated[str, Query(alias="CheckpointToken", min_length=1, max_length=2048)],
    marker: Annotated[str, Query(alias="Marker", pattern=r"^[0-9]{0,18}$")] = "",
    max_items: Annotated[int, Query(alias="MaxItems", ge=0, le=1000)] = 0,
) -> Response:
    """One page of the operations."""
    return answer(
        service.client.get_durable_execution_state(
            DurableExecutionArn=arn, CheckpointToken=token, Marker=marker, MaxItems=page_of(max_items)
        )
    )
