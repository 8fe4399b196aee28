"""The tables around the durable service's own: intents, orders, tokens, agent tasks, ledger, keys, calls owed to AWS.

Rows only: what they mean is `purchase`'s, how they are shown is `api`'s. Times are UTC. JSON columns hold the documents
the public state is made of. No column holds a usable secret: tokens are sealed, keys and callback tokens are hashed.
"""

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Column,
    DateTime,
    Dialect,
    Index,
    Integer,
    LargeBinary,
    TypeDecorator,
    UniqueConstraint,
)
from sqlmodel import Field, SQLModel


class Utc(TypeDecorator[datetime]):
    """A time that is aware and UTC on both sides; SQLite alone would drop the zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 (SQLAlchemy's)
        """Refuse a naive time rather than guess its zone."""
        if value is not None and value.tzinfo is None:
            raise ValueError("a stored time must be aware")
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 (same)
        """Give the zone back."""
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


# Amounts in minor units outgrow 32 bits in some currencies. SQLite numbers rows by itself only in an INTEGER.
_NUMBER = BigInteger().with_variant(Integer, "sqlite")


def _time(*, nullable: bool = False, index: bool = False) -> Any:
    return Field(default=None, sa_column=Column(Utc(), nullable=nullable, index=index))


def _json(*, nullable: bool = True) -> Any:
    return Field(default=None, sa_column=Column(JSON(none_as_null=True), nullable=nullable))


class Intent(SQLModel, table=True):
    """A checkout intent: what was asked (`request`, the wire's body) and its public state, projected from the purchase.

    `seq` grows with every change, so that a long poll can ask for something newer than it has seen.
    """

    __tablename__ = "intents"
    __table_args__ = (Index("intents_by_tenant", "tenant", "created_at", "id"),)

    id: str = Field(primary_key=True)
    tenant: str
    state: str = Field(index=True)
    seq: int = 1
    created_at: datetime = _time()
    updated_at: datetime = _time()
    confirm_before: datetime = _time()
    request: dict[str, Any] = _json(nullable=False)
    reference_id: str | None = None
    offer: dict[str, Any] | None = _json()
    payment_method: dict[str, Any] | None = _json()
    failure: dict[str, Any] | None = _json()
    order_id: str | None = None
    estimated_delivery: datetime | None = _time(nullable=True)
    confirmation_callback_id: str | None = Field(default=None, index=True)
    # For operators: never shown to the developer.
    payment_id: str | None = None
    hold_expires_at: datetime | None = _time(nullable=True)
    unclear: str | None = None
    review_callback_id: str | None = Field(default=None, index=True)
    review_since: datetime | None = _time(nullable=True)


class OrderRow(SQLModel, table=True):
    """An order that stands at a merchant."""

    __tablename__ = "orders"
    __table_args__ = (Index("orders_by_tenant", "tenant", "created_at", "id"),)

    id: str = Field(primary_key=True)
    tenant: str
    intent_id: str = Field(unique=True)
    created_at: datetime = _time()
    updated_at: datetime = _time()
    buyer: dict[str, Any] = _json(nullable=False)
    reference_id: str | None = None
    merchant: str
    merchant_order_id: str
    total_minor: int = Field(sa_column=Column(_NUMBER, nullable=False))
    currency: str
    permalink_url: str | None = None


class PaymentToken(SQLModel, table=True):
    """A payment token, sealed; deleted when its purchase ends. Histories carry its id only."""

    __tablename__ = "payment_tokens"

    id: str = Field(primary_key=True)
    intent_id: str = Field(index=True)
    sealed: bytes = Field(sa_column=Column(LargeBinary, nullable=False))
    created_at: datetime = _time()


class AgentTask(SQLModel, table=True):
    """A task for an agent worker. `token_hash` is of the callback token minted when a worker claimed it.

    A look-up's `callback_id` is an id of its own (`lku_…`): nothing durable waits for it; `answer` is its end.
    """

    __tablename__ = "agent_tasks"

    callback_id: str = Field(primary_key=True)
    intent_id: str = Field(index=True)
    tenant: str
    kind: str
    status: str = Field(index=True)  # queued, claimed, done, cancelled
    task: dict[str, Any] = _json(nullable=False)
    created_at: datetime = _time()
    deadline: datetime = _time()
    claimed_at: datetime | None = _time(nullable=True)
    worker: str | None = None
    token_hash: str | None = None
    answer_hash: str | None = None
    claims: int = Field(default=0, sa_column_kwargs={"server_default": "0"})
    # What its worker last said of itself, and what it saw after the click, redacted.
    heartbeat_at: datetime | None = _time(nullable=True)
    step: str | None = None
    witnessed: dict[str, Any] | None = _json()
    # The leave for one click, what was read before it, and the sealed browser session a look-up needs. The session is
    # deleted when the purchase ends.
    permit_id: str | None = None
    permitted_at: datetime | None = _time(nullable=True)
    permit_expires_at: datetime | None = _time(nullable=True)
    readings: dict[str, Any] | None = _json()
    sealed_session: bytes | None = Field(default=None, sa_column=Column(LargeBinary, nullable=True))
    answer: dict[str, Any] | None = _json()


class LedgerRow(SQLModel, table=True):
    """One half of a double entry. Append-only; amounts in minor units, debit positive, credit negative."""

    __tablename__ = "ledger"
    # A movement is written once, however often its checkpoint is projected.
    __table_args__ = (UniqueConstraint("movement_id", "account"),)

    id: int | None = Field(default=None, sa_column=Column(_NUMBER, primary_key=True))
    movement_id: str
    intent_id: str = Field(index=True)
    tenant: str
    at: datetime = _time()
    kind: str
    account: str
    amount_minor: int = Field(sa_column=Column(_NUMBER, nullable=False))
    currency: str
    payment_id: str


class ApiKey(SQLModel, table=True):
    """An API key, by its hash. `scopes` is a space-separated list."""

    __tablename__ = "api_keys"

    id: str = Field(primary_key=True)
    tenant: str = Field(index=True)
    name: str
    key_hash: str = Field(unique=True)
    scopes: str
    created_at: datetime = _time()
    revoked_at: datetime | None = _time(nullable=True)


class IdempotencyRecord(SQLModel, table=True):
    """A request that was done, and its answer, for whoever sends it again."""

    __tablename__ = "idempotency"

    tenant: str = Field(primary_key=True)
    method: str = Field(primary_key=True)
    path: str = Field(primary_key=True)
    key: str = Field(primary_key=True)
    body_hash: str
    status: int
    body: dict[str, Any] | None = _json()
    headers: dict[str, Any] | None = _json()
    created_at: datetime = _time(index=True)


class AwsCall(SQLModel, table=True):
    """A call of AWS's API that a command owes, where executions are AWS's: written with what the command changed.

    The calls of one purchase are made one after the other, in the order of their ids. `body` is forgotten once the call
    is done; `said` is what AWS answered: the ARN of what was started, or the name of its refusal.
    """

    __tablename__ = "aws_calls"
    __table_args__ = (Index("aws_calls_owed", "done_at", "due_at"),)

    id: int | None = Field(default=None, sa_column=Column(_NUMBER, primary_key=True))
    intent_id: str = Field(index=True)
    verb: str  # invoke, succeed, fail, stop
    # A callback is answered once: the first answer is the one that AWS is told.
    callback_id: str | None = Field(default=None, unique=True, index=True)
    body: str | None = None
    created_at: datetime = _time()
    due_at: datetime = _time()
    attempts: int = 0
    done_at: datetime | None = _time(nullable=True)
    said: str | None = None
