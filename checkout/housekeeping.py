"""What must be done now and then, beside the service: forget what is old, warn of holds about to lapse.

The durable service prunes its own histories. Works in small batches; nothing depends on a round being on time.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col, select

from checkout.api import idempotency
from checkout.purchase.states import State
from checkout.settings import Settings
from checkout.store.clock import Clock
from checkout.store.models import Intent
from checkout.store.session import Database
from checkout.webhooks import endpoints

log = structlog.get_logger(__name__)

# Records live for a day, so ten minutes more or less do not matter.
EVERY_SECONDS = 600.0
# No transaction holds the writer for long.
BATCH = 500
# An operator who is asleep sees the warning before the hold lapses.
LAPSING_SOON = timedelta(hours=12)


@contextmanager
def running(database: Database, clock: Clock, settings: Settings) -> Iterator[None]:
    """A thread that tidies until the block ends."""
    ending = threading.Event()

    def tidy() -> None:
        while not ending.wait(EVERY_SECONDS):
            try:
                while _prune(database, clock, settings) == BATCH:
                    pass
                while prune_deliveries(database, clock, settings) == BATCH:
                    pass
                warn_of_lapsing_holds(database, clock, settings)
            except SQLAlchemyError:
                log.exception("housekeeping.failed")  # the next round tries again; nothing depends on it

    thread = threading.Thread(target=tidy, name="housekeeping", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()


def warn_of_lapsing_holds(database: Database, clock: Clock, settings: Settings) -> list[str]:
    """Log every purchase that asks an operator and whose hold is about to lapse; their intent ids."""
    soon = clock.now() + LAPSING_SOON + timedelta(minutes=settings.hold_margin_minutes)
    asking = (
        select(Intent)
        # Nothing is held in any other state, and few are in this one: so the table is not read from end to end.
        .where(Intent.state == State.PLACING_ORDER.value)
        .where(col(Intent.review_since).is_not(None), col(Intent.hold_expires_at) < soon)
        .order_by(col(Intent.hold_expires_at))
        .limit(BATCH)
    )
    with database.read() as session:
        intents = session.exec(asking).all()
    for intent in intents:
        log.warning(
            "review.hold_lapses_soon",
            intent=intent.id,
            hold_expires_at=str(intent.hold_expires_at),
            question=intent.unclear,
        )
    return [intent.id for intent in intents]


def prune_deliveries(database: Database, clock: Clock, settings: Settings) -> int:
    """Forget one batch of what webhook endpoints were told long ago; how many."""
    before = clock.now() - timedelta(days=settings.webhook_retention_days)
    with database.transaction() as session:
        return endpoints.prune(session, before, BATCH)


def _prune(database: Database, clock: Clock, settings: Settings) -> int:
    with database.transaction() as session:
        return idempotency.prune(session, clock.now(), hours=settings.idempotency_hours, batch=BATCH)
