"""The durable service's three tables. Rows only; what they mean stands in `execution`, `operation` and `events`.

No foreign keys: operations and events are written by the statement that writes their execution and deleted with it, and
checking each row again was a tenth of a checkpoint's time on PostgreSQL.
Times are kept as microseconds since 1970 UTC in a BIGINT: exact, ordered, and the same on every database.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import BigInteger, Column, Dialect, Index, Integer, Text, TypeDecorator
from sqlmodel import Field, SQLModel

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Moment(TypeDecorator[datetime]):
    """An aware UTC time, exact to the microsecond."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002 (SQLAlchemy's)
        """Time to microseconds; a naive time is refused by the subtraction."""
        return None if value is None else (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 (same)
        """Microseconds to time."""
        return None if value is None else _EPOCH + timedelta(microseconds=value)


# Wide enough for more executions than will ever be; SQLite numbers rows by itself only in an INTEGER.
_NUMBER = BigInteger().with_variant(Integer, "sqlite")


def _moment(*, nullable: bool = True) -> Column[datetime]:
    return Column(Moment(), nullable=nullable)


def _text(*, nullable: bool = True) -> Column[str]:
    return Column(Text(), nullable=nullable)


class ExecutionRow(SQLModel, table=True):
    """One execution; see `execution.Execution` for what each column means."""

    __tablename__ = "durable_executions"

    id: int | None = Field(default=None, sa_column=Column(_NUMBER, primary_key=True))
    name: str = Field(unique=True)
    operation_id: str
    function: str
    version: int
    status: str
    input: str = Field(sa_column=_text(nullable=False))
    result: str | None = Field(default=None, sa_column=_text())
    error: str | None = Field(default=None, sa_column=_text())
    parked: str | None = Field(default=None, sa_column=_text())
    parked_at: datetime | None = Field(default=None, sa_column=_moment())
    started_at: datetime = Field(sa_column=_moment(nullable=False))
    ended_at: datetime | None = Field(default=None, sa_column=_moment())
    timeout_at: datetime | None = Field(default=None, sa_column=_moment())
    delete_at: datetime | None = Field(default=None, sa_column=_moment())
    retention_days: int
    ends_only_by_result: bool
    projected: bool
    parent_execution_id: int | None = Field(default=None, sa_column=Column(_NUMBER))
    parent_operation_id: str | None = None
    owner: str | None = None
    invocation: int = 0
    sequence: int = 0
    request_id: str | None = None
    invoked_at: datetime | None = Field(default=None, sa_column=_moment())
    lease_until: datetime | None = Field(default=None, sa_column=_moment())
    wake_at: datetime | None = Field(default=None, sa_column=_moment())
    timer_at: datetime | None = Field(default=None, sa_column=_moment())
    touched: int = 0
    seen: int = 0
    claimed: int = 0
    events: int = 0
    failures: int = 0
    revision: int = Field(default=0, sa_column_kwargs={"server_default": "0"})


class OperationRow(SQLModel, table=True):
    """One operation of an execution."""

    __tablename__ = "durable_operations"

    execution_id: int = Field(sa_column=Column(_NUMBER, primary_key=True))
    id: str = Field(primary_key=True)
    type: str
    status: str
    parent_id: str | None = None
    name: str | None = None
    sub_type: str | None = None
    started_at: datetime = Field(sa_column=_moment(nullable=False))
    ended_at: datetime | None = Field(default=None, sa_column=_moment())
    attempt: int = 0
    payload: str | None = Field(default=None, sa_column=_text())
    error: str | None = Field(default=None, sa_column=_text())
    replay_children: bool = False
    callback_id: str | None = None
    due_at: datetime | None = Field(default=None, sa_column=_moment())
    deadline_at: datetime | None = Field(default=None, sa_column=_moment())
    seconds: int = 0
    ordinal: int
    touched: int


class EventRow(SQLModel, table=True):
    """One event of an execution's history; append-only until retention deletes the whole."""

    __tablename__ = "durable_events"

    execution_id: int = Field(sa_column=Column(_NUMBER, primary_key=True))
    event_id: int = Field(primary_key=True)
    type: str
    at: datetime = Field(sa_column=_moment(nullable=False))
    body: str = Field(sa_column=_text(nullable=False))


EXECUTIONS = SQLModel.metadata.tables["durable_executions"]
OPERATIONS = SQLModel.metadata.tables["durable_operations"]
EVENTS = SQLModel.metadata.tables["durable_events"]

# Only rows that wait for something are in these, so that looking for work costs the work there is, not the rows.
for _column in ("wake_at", "timer_at", "lease_until", "delete_at"):
    _waits = EXECUTIONS.c[_column].is_not(None)
    Index(f"durable_{_column}", EXECUTIONS.c[_column], sqlite_where=_waits, postgresql_where=_waits)
Index("durable_by_function", EXECUTIONS.c.function, EXECUTIONS.c.id)
Index("durable_by_status", EXECUTIONS.c.status, EXECUTIONS.c.id)
_has_callback = OPERATIONS.c.callback_id.is_not(None)
Index(
    "durable_callbacks",
    OPERATIONS.c.callback_id,
    unique=True,
    sqlite_where=_has_callback,
    postgresql_where=_has_callback,
)
