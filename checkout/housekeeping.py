"""What must be thrown away now and then: idempotency records past their time. In small batches, beside the service.

The durable service prunes its own histories. Knows when, not what: each room gives its own `prune`.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from sqlalchemy.exc import SQLAlchemyError

from checkout.api import idempotency
from checkout.settings import Settings
from checkout.store.clock import Clock
from checkout.store.session import Database

log = structlog.get_logger(__name__)

# Records live for a day, so ten minutes more or less do not matter.
EVERY_SECONDS = 600.0
# No transaction holds the writer for long.
BATCH = 500


@contextmanager
def running(database: Database, clock: Clock, settings: Settings) -> Iterator[None]:
    """A thread that tidies until the block ends."""
    ending = threading.Event()

    def tidy() -> None:
        while not ending.wait(EVERY_SECONDS):
            try:
                while _prune(database, clock, settings) == BATCH:
                    pass
            except SQLAlchemyError:
                log.exception("housekeeping.failed")  # the next round tries again; nothing depends on it

    thread = threading.Thread(target=tidy, name="housekeeping", daemon=True)
    thread.start()
    try:
        yield
    finally:
        ending.set()
        thread.join()


def _prune(database: Database, clock: Clock, settings: Settings) -> int:
    with database.transaction() as session:
        return idempotency.prune(session, clock.now(), hours=settings.idempotency_hours, batch=BATCH)
