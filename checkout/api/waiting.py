"""Long polls: requests that sleep until a purchase changes, holding no thread and no database connection meanwhile.

Woken by the durable service after a commit of this process; once a second one query looks after everybody, for commits
of other processes. Everything but `changed` runs on the event loop, so nothing here is locked.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlmodel import col, select
from starlette.concurrency import run_in_threadpool

from checkout.store.models import Intent
from checkout.store.session import Database

log = structlog.get_logger(__name__)

# Another process's commit is noticed within this, in seconds.
LOOK_EVERY_SECONDS = 1.0
# More sleeping requests of one key than an agent needs; beyond it a request is answered at once, which is correct too.
MAX_WAITERS_PER_KEY = 100


class Listener:
    """One sleeping request: what it waits for, and the last version of it that it saw."""

    def __init__(self, intent_id: str) -> None:
        self.intent_id = intent_id
        self.seq = 0
        self._told = asyncio.Event()

    def tell(self) -> None:
        """Wake it."""
        self._told.set()

    async def sleep(self, seconds: float) -> None:
        """Return when told since the last sleep, or after `seconds`."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._told.wait()
        self._told.clear()


class Waiting:
    """Who waits for what."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._listeners: dict[str, set[Listener]] = {}
        self._by_key: Counter[str] = Counter()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._looking: asyncio.Task[None] | None = None

    def changed(self, intent_id: str) -> None:
        """A purchase changed; called from whichever thread committed it, and it must not fail that thread."""
        if self._loop is not None and self._listeners:
            with suppress(RuntimeError):  # the loop has just been closed, and with it everybody who waited
                self._loop.call_soon_threadsafe(self._tell, intent_id)

    @contextmanager
    def listening(self, key_id: str, intent_id: str) -> Iterator[Listener | None]:
        """A listener for `intent_id`, or None when this key has too many; listen first, then read, then sleep."""
        if self._by_key[key_id] >= MAX_WAITERS_PER_KEY:
            yield None
            return
        listener = Listener(intent_id)
        self._loop = asyncio.get_running_loop()
        self._by_key[key_id] += 1
        self._listeners.setdefault(intent_id, set()).add(listener)
        if self._looking is None or self._looking.done():
            self._looking = self._loop.create_task(self._look_after_everybody())
        try:
            yield listener
        finally:
            self._by_key[key_id] -= 1
            if not self._by_key[key_id]:
                del self._by_key[key_id]
            mine = self._listeners[intent_id]
            mine.discard(listener)
            if not mine:
                del self._listeners[intent_id]

    def _tell(self, intent_id: str) -> None:
        for listener in self._listeners.get(intent_id, ()):
            listener.tell()

    async def _look_after_everybody(self) -> None:
        while self._listeners:
            await asyncio.sleep(LOOK_EVERY_SECONDS)
            try:
                current = await run_in_threadpool(self._versions, list(self._listeners))
            except SQLAlchemyError:
                log.warning("waiting.look_failed", exc_info=True)
                continue
            for intent_id, seq in current.items():
                for listener in self._listeners.get(intent_id, ()):
                    if listener.seq != seq:
                        listener.tell()

    def _versions(self, intent_ids: list[str]) -> dict[str, int]:
        with self._database.read() as session:
            return dict(session.exec(select(Intent.id, Intent.seq).where(col(Intent.id).in_(intent_ids))).all())
