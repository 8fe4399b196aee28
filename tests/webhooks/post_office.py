"""Endpoints, the outbox and the queue on a database, driven by hand: each turn is one claim, sent and written down."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlmodel import Session, col, select

from checkout.store.clock import ManualClock
from checkout.store.session import Database
from checkout.store.vault import Vault
from checkout.store.webhooks import WebhookDelivery, WebhookEndpoint
from checkout.webhooks import outbox, queue
from checkout.webhooks.endpoints import Endpoints
from checkout.webhooks.queue import Attempted, Job
from checkout.webhooks.sending import Sender
from merchants.fetch import Fetcher
from tests.stores import store_url

TENANT = "t_1"
STATES = ("retrieving_offer", "awaiting_confirmation", "placing_order", "completed")


@dataclass(kw_only=True)
class PostOffice:
    """What a serving process does, one turn at a time, on a clock that is moved."""

    database: Database
    clock: ManualClock
    vault: Vault
    attempt: Callable[[Job], Attempted]
    allowed: tuple[str, ...] = ()
    sequences: Counter[str] = field(default_factory=Counter)

    @property
    def endpoints(self) -> Endpoints:
        """The commands."""
        return Endpoints(self.vault, self.clock, Fetcher(allowed=self.allowed).check_url, self.allowed)

    def endpoint(self, url: str, *, types: list[str] | None = None, tenant: str = TENANT) -> tuple[str, str]:
        """A new endpoint's id and secret."""
        with self.database.transaction() as session:
            row, secret = self.endpoints.create(session, tenant, url, types, None)
            return row.id, secret

    def happens(self, intent_id: str, *states: str, tenant: str = TENANT) -> None:
        """The intent comes to these states, each in a transaction of its own."""
        for state in states or STATES:
            self.sequences[intent_id] += 2  # not every change is a new state
            self.clock.advance(0.001)
            happened = outbox.Happened(
                tenant=tenant,
                intent_id=intent_id,
                state=state,
                sequence=self.sequences[intent_id],
                at=self.clock.now(),
            )
            with self.database.transaction() as session:
                outbox.record(session, happened)

    def turn(self) -> int:
        """Claim, send, write down; how many attempts that were."""
        jobs = self.claim()
        for job in jobs:
            self.finish(job, self.attempt(job))
        return len(jobs)

    def turns(self) -> int:
        """Until nothing is left to do now."""
        made = 0
        while now := self.turn():
            made += now
        return made

    def claim(self) -> list[Job]:
        """What is to be sent now."""
        with self.database.transaction() as session:
            return queue.claim(session, self.clock.now(), 16, Counter(), at_once=16)

    def finish(self, job: Job, attempted: Attempted) -> None:
        """Write down what came of it."""
        with self.database.transaction() as session:
            queue.finish(session, job, attempted, self.clock.now())

    def rows(self) -> list[WebhookDelivery]:
        """All deliveries, in the order of what they tell."""
        ordered = select(WebhookDelivery).order_by(
            col(WebhookDelivery.intent_id), col(WebhookDelivery.sequence), col(WebhookDelivery.endpoint_id)
        )
        with self.database.read() as session:
            return list(session.exec(ordered))

    def stored(self, endpoint_id: str) -> WebhookEndpoint:
        """The endpoint as it is."""
        with self.database.read() as session:
            return session.get_one(WebhookEndpoint, endpoint_id)

    def command(self, work: Callable[[Session], Any]) -> Any:
        """One command in its transaction."""
        with self.database.transaction() as session:
            return work(session)

    def until_next(self) -> None:
        """Let time pass until something is due."""
        now = self.clock.now()
        # What is due already waits for another one.
        later = [row.due_at for row in self.rows() if row.due_at is not None and row.due_at > now]
        self.clock.set(min(later, default=now))


@contextmanager
def post_office(
    *allowed: str,
    attempt: Callable[[Job], Attempted] | None = None,
    seconds: float = 0.3,
    late: timedelta = timedelta(),
) -> Iterator[PostOffice]:
    """On the database of this run; sends for real unless told otherwise. Its clock began `late` ago."""
    clock, vault = ManualClock(datetime.now(UTC) - late), Vault.fresh()
    with store_url() as url:
        database = Database.open(url)
        database.create_tables()
        sender = Sender(Fetcher(allowed=allowed), vault, clock, allowed, seconds=seconds)
        try:
            yield PostOffice(
                database=database, clock=clock, vault=vault, attempt=attempt or sender.attempt, allowed=allowed
            )
        finally:
            database.close()
