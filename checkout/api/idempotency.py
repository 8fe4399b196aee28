"""A request sent twice is done once: the record of its key commits in the same transaction as its work.

Scope: tenant, method, path and key. What is recorded is work that was done (2xx). A refusal changed nothing, so the
same key may still be used to do it, and a failure of ours is never replayed. While the first request runs, a second
with its key is told so, within this process by a set in memory; in another process it waits for the record, which is
written first of all, and finds the answer in it. Keys and bodies are stored as hashes: a body holds the payment token.
"""

import dataclasses
import hashlib
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from fastapi.responses import JSONResponse, Response
from sqlalchemy import delete, tuple_
from sqlalchemy.exc import IntegrityError
from sqlmodel import Session, col, select

from checkout.api.problems import ProblemError
from checkout.store.clock import Clock
from checkout.store.models import IdempotencyRecord
from checkout.store.session import Database
from checkout.store.vault import digest

# A request ends within milliseconds; one second is the shortest wait HTTP's own header can name.
RETRY_AFTER = {"Retry-After": "1", "retry-after-ms": "100"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a request did, as it is answered and recorded."""

    status: int
    body: dict[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self, extra: Mapping[str, str] | None = None) -> Response:
        """The answer on the wire."""
        return JSONResponse(self.body, status_code=self.status, headers={**self.headers, **(extra or {})})


@dataclass(frozen=True, slots=True)
class Identity:
    """What makes two requests the same one."""

    tenant: str
    method: str
    path: str
    key: str


class Idempotency:
    """Does work once per identity."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._lock = threading.Lock()
        self._in_flight: set[Identity] = set()

    def once(self, identity: Identity | None, sent: Any, work: Callable[[Session], Done]) -> Response:
        """Do `work` in one transaction, or answer as the first time."""
        if identity is None:
            return self._database.once(work).response()
        with self._flying(identity):
            try:
                return self._first(identity, sent, work)
            except IntegrityError:
                with self._database.read() as session:
                    recorded = session.get(IdempotencyRecord, dataclasses.astuple(identity))
                if recorded is None:
                    raise
                return _again(recorded, sent)

    def _first(self, identity: Identity, sent: Any, work: Callable[[Session], Done]) -> Response:
        """Do it; IntegrityError, and nothing done, if it was done before."""

        def recorded(session: Session) -> Done:
            record = IdempotencyRecord(
                tenant=identity.tenant,
                method=identity.method,
                path=identity.path,
                key=identity.key,
                body_hash=body_hash(sent),
                status=0,
                created_at=self._clock.now(),
            )
            session.add(record)
            session.flush()
            done = work(session)
            record.status, record.body, record.headers = done.status, done.body, dict(done.headers)
            return done

        return self._database.once(recorded).response()

    @contextmanager
    def _flying(self, identity: Identity) -> Iterator[None]:
        with self._lock:
            if identity in self._in_flight:
                raise ProblemError(
                    code="idempotency_in_flight",
                    detail="a request with this Idempotency-Key is being worked on",
                    headers=RETRY_AFTER,
                )
            self._in_flight.add(identity)
        try:
            yield
        finally:
            with self._lock:
                self._in_flight.discard(identity)


def identify(tenant: str, method: str, path: str, key: str | None) -> Identity | None:
    """The identity of a request, or None when it brought no key."""
    return Identity(tenant, method, path, digest(key)) if key is not None else None


def body_hash(sent: Any) -> str:
    """One hash for all spellings of the same JSON: order, spaces and `1.0` do not matter; null and absent differ."""
    canonical = json.dumps(_numbers(sent), sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()


def prune(session: Session, now: datetime, *, hours: int = 24, batch: int = 500) -> int:
    """Forget at most `batch` records older than `hours`; how many. Call again until it is less than `batch`."""
    key = tuple_(
        *(col(column) for column in (IdempotencyRecord.tenant, IdempotencyRecord.method, IdempotencyRecord.path)),
        col(IdempotencyRecord.key),
    )
    old = (
        select(IdempotencyRecord.tenant, IdempotencyRecord.method, IdempotencyRecord.path, IdempotencyRecord.key)
        .where(IdempotencyRecord.created_at < now - timedelta(hours=hours))
        .limit(batch)
    )
    return session.exec(delete(IdempotencyRecord).where(key.in_(old))).rowcount


def _again(recorded: IdempotencyRecord, sent: Any) -> Response:
    if recorded.body_hash != body_hash(sent):
        raise ProblemError(
            code="idempotency_conflict",
            detail="this Idempotency-Key was used for a request with another body",
            param="Idempotency-Key",
        )
    done = Done(status=recorded.status, body=recorded.body or {}, headers=recorded.headers or {})
    return done.response({"Idempotent-Replayed": "true"})


def _numbers(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _numbers(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_numbers(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value
