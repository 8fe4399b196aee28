"""The tables of outgoing webhooks: where tenants want to be told, and what each place is told. Rows only."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Column, Index, LargeBinary
from sqlmodel import Field, SQLModel

from checkout.store.models import Utc


def _time(*, nullable: bool = False, index: bool = False) -> Any:
    return Field(default=None, sa_column=Column(Utc(), nullable=nullable, index=index))


class WebhookEndpoint(SQLModel, table=True):
    """A place of a tenant's that is told. Its secrets are sealed; the second one signs too until its time is over.

    `event_types` is None for all of them. A disabled endpoint is sent nothing, and no new event is kept for it.
    """

    __tablename__ = "webhook_endpoints"

    id: str = Field(primary_key=True)
    tenant: str = Field(index=True)
    url: str
    description: str | None = None
    event_types: list[str] | None = Field(default=None, sa_column=Column(JSON(none_as_null=True), nullable=True))
    sealed_secret: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    sealed_previous: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    previous_expires_at: datetime | None = _time(nullable=True)
    created_at: datetime = _time()
    updated_at: datetime = _time()
    disabled_at: datetime | None = _time(nullable=True)
    disabled_reason: str | None = None


class WebhookDelivery(SQLModel, table=True):
    """One event for one endpoint. `event_id` is the same at all endpoints, and over all attempts.

    `due_at` is when somebody should try it next: a worker that has claimed it sets it past the longest attempt, so one
    that dies is followed by another. It is None when nothing is to be tried.
    """

    __tablename__ = "webhook_deliveries"
    __table_args__ = (
        Index("webhook_deliveries_by_endpoint", "endpoint_id", "created_at", "id"),
        # What of this intent is still ahead of an event.
        Index("webhook_deliveries_in_order", "endpoint_id", "intent_id", "sequence"),
    )

    id: str = Field(primary_key=True)
    event_id: str
    endpoint_id: str
    tenant: str
    intent_id: str
    type: str
    state: str
    sequence: int
    created_at: datetime = _time(index=True)
    status: str = "pending"  # pending, delivered, failed
    attempts: int = 0
    due_at: datetime | None = _time(nullable=True, index=True)
    attempted_at: datetime | None = _time(nullable=True)
    delivered_at: datetime | None = _time(nullable=True)
    answered_status: int | None = None
    last_error: str | None = None
