"""Keeps the leases of this process: one thread renews those whose handlers take long.

Knows which claims are live here; must never know what they do. A lease that was lost stays lost: renewing asks for
exactly the claim that was made.
"""

import logging
import threading
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.exc import SQLAlchemyError

from checkout.durable import store
from checkout.durable.changes import Core
from checkout.store.clock import monotonic

logger = logging.getLogger(__name__)


@dataclass(slots=True, kw_only=True)
class _Live:
    """A claim with a handler: since when, on this machine's own clock, and until when it holds as far as is known."""

    invocation: int
    since: float
    until: datetime


class Leases:
    """The live claims of one process, by execution."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._live: dict[int, _Live] = {}
        self._changed = threading.Condition()
        self._renewing = False

    def hold(self, execution_id: int, invocation: int) -> None:
        """A handler runs under this claim from now on."""
        with self._changed:
            until = self._core.settings.lease(self._core.clock.now())
            self._live[execution_id] = _Live(invocation=invocation, since=monotonic(), until=until)
            if not self._renewing:
                self._renewing = True
                threading.Thread(target=self._renew_forever, name="durable-leases", daemon=True).start()
            elif len(self._live) == 1:
                self._changed.notify_all()

    def let_go(self, execution_id: int) -> None:
        """Its handler has returned."""
        with self._changed:
            self._live.pop(execution_id, None)

    def renew_all(self) -> None:
        """Renew what was not renewed in time: before lapsed ones are looked for, so that none of one's own is taken.

        That happens to a process that stood still, or whose clock was put forward.
        """
        settings = self._core.settings
        enough = self._core.clock.now() + timedelta(seconds=settings.lease_seconds - self._every)
        with self._changed:
            old = [(key, live.invocation) for key, live in self._live.items() if live.until < enough]
        self._renew(old)

    def close(self) -> None:
        """Stop the thread. Running handlers are not cut; their leases lapse if the process goes."""
        with self._changed:
            self._renewing = False
            self._changed.notify_all()

    def _renew_forever(self) -> None:
        every = self._every
        while True:
            with self._changed:
                self._changed.wait(every if self._live else None)
                if not self._renewing:
                    return
                since = monotonic() - every / 2  # a lease taken a moment ago needs nothing yet
                old = [(key, live.invocation) for key, live in self._live.items() if live.since < since]
            try:
                self._renew(old)
            except SQLAlchemyError:
                logger.exception("leases were not renewed; the next attempt is in %s s", every)

    @property
    def _every(self) -> float:
        return self._core.settings.lease_seconds / self._core.settings.renewals_per_lease

    def _renew(self, holders: list[tuple[int, int]]) -> None:
        if not holders:
            return
        until = self._core.settings.lease(self._core.clock.now())
        with self._core.database.transaction() as session:
            store.renew(session, holders, until)
        with self._changed:
            for key, invocation in holders:
                if (live := self._live.get(key)) and live.invocation == invocation:
                    live.until = until
