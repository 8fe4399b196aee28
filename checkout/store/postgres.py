"""PostgreSQL as the store: many processes, many writers, rows locked by who changes them.

Knows drivers, pools and timeouts; must never know a table.
"""

from dataclasses import dataclass
from typing import Any, Final

from psycopg.adapt import Dumper
from psycopg.pq import TransactionStatus
from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL
from sqlalchemy.exc import OperationalError

from checkout.store.prepared import kept

# The driver whatever the URL says: psycopg 3.
DRIVER = "postgresql+psycopg"
# A connection opened for one transaction costs the server more than the transaction: none beyond the pool.
POOL_OVERFLOW = 0
# A request that finds no connection is told so before its client gives up, in seconds.
POOL_TIMEOUT_SECONDS = 10
# A transaction is never open across an outside call, so one that idles belongs to a process that hangs.
IDLE_IN_TRANSACTION_MILLISECONDS = 10_000
# A server that went away without a word (a lost host, a firewall that forgot the connection) is noticed within half a
# minute; by no other timeout, as all of those are the server's own.
PATIENCE: Final[dict[str, Any]] = {
    "connect_timeout": 5,
    "keepalives_idle": 15,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,  # milliseconds, for what was sent and not acknowledged
}
# A migration waits this long for a table; then it has changed nothing, and is to be run again.
TABLE_LOCK_SECONDS = 10
# Serialises schema changes between processes that start together; any number of our own.
SCHEMA_LOCK = 0x636865636B6F7574

# One that writes sees what others have committed before each statement, and locks what it is about to change.
BEGIN_WRITING = "BEGIN"
BEGIN_READING = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"


# SQLSTATEs of a transaction that was ended only because of others, and would succeed alone.
_IN_THE_WAY = frozenset({"40001", "40P01"})  # serialization failure, deadlock


def was_in_the_way(error: OperationalError) -> bool:
    """Whether the server ended the transaction for the sake of another one: the same again may well succeed."""
    return getattr(error.orig, "sqlstate", None) in _IN_THE_WAY


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one process may ask of the server; the settings' defaults say why."""

    connections: int = 16
    statement_seconds: float = 10.0
    lock_seconds: float = 5.0


DEFAULT_LIMITS = Limits()


class TextDumper(Dumper):
    """Text as PostgreSQL can keep it."""

    oid = 0  # unknown, as the driver's own: the server infers the type from where it stands

    def dump(self, obj: str) -> bytes:
        """In UTF-8, with the replacement character for what cannot be kept."""
        return kept(obj)


def in_transaction(connection: Any) -> bool:
    """Whether the driver's connection has begun something, or nobody knows."""
    return bool(connection.pgconn.transaction_status != TransactionStatus.IDLE)


def engine(url: URL, limits: Limits) -> Engine:
    """One pool for writers and readers."""
    options = (
        f"-c statement_timeout={round(limits.statement_seconds * 1000)}"
        f" -c lock_timeout={round(limits.lock_seconds * 1000)}"
        f" -c idle_in_transaction_session_timeout={IDLE_IN_TRANSACTION_MILLISECONDS} -c timezone=UTC"
    )
    made = create_engine(
        url.set(drivername=DRIVER),
        pool_size=limits.connections,
        max_overflow=POOL_OVERFLOW,
        pool_timeout=POOL_TIMEOUT_SECONDS,
        pool_use_lifo=True,  # the few that are used most keep their plans warm; the others stay unopened
        isolation_level="AUTOCOMMIT",  # transactions are begun and ended in words
        pool_reset_on_return=None,  # `_end` does
        # An error's message reaches the log; the buyers' addresses that were its parameters must not.
        hide_parameters=True,
        connect_args={
            **PATIENCE,
            "application_name": "agentic-checkout",
            "options": options,
            # What is worth it `prepared` prepares; the driver would forget its own, and everybody's, at each rollback.
            "prepare_threshold": None,
        },
    )

    @event.listens_for(made, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        connection.adapters.register_dumper(str, TextDumper)

    @event.listens_for(made, "reset")
    def _end(connection: Any, _record: Any, _state: Any) -> None:
        # What was not committed. Mostly there is nothing, and asking the driver to end that costs more than to look.
        if in_transaction(connection):
            connection.rollback()

    return made
