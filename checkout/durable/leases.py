"""Keeps the leases of this process: one thread renews those whose handlers take long.

Knows which claims are live here; must never know what they do. A lease that was lost stays lost: renewing asks for
exactly the claim that was made.
"""

import logging
import threading

from sqlalchemy.exc import SQLAlchemyError

from checkout.durable import store
from checkout.durable.changes import Core
from checkout.store.clock import monotonic

logger = logging.getLogger(__name__)


class Leases:
    """The live claims of one process, as (execution, invocation)."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._live: dict[int, tuple[int, float]] = {}
        self._changed = threading.Condition()
        self._renewing = False

    def hold(self, execution_id: int, invocation: int) -> None:
        """A handler runs under this claim from now on."""
        with self._changed:
            self._live[execution_id] = (invocation, monotonic())
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
        """Renew every lease now: before lapsed ones are looked for, so that none of one's own is taken."""
        with self._changed:
            live = [(key, invocation) for key, (invocation, _) in self._live.items()]
        self._renew(live)

    def close(self) -> None:
        """Stop the thread. Running handlers are not cut; their leases lapse if the process goes."""
        with self._changed:
            self._renewing = False
            self._changed.notify_all()

    def _renew_forever(self) -> None:
        settings = self._core.settings
        every = settings.lease_seconds / settings.renewals_per_lease
        while True:
            with self._changed:
                self._changed.wait(every if self._live else None)
                if not self._renewing:
                    return
                since = monotonic() - every / 2  # a lease taken a moment ago needs nothing yet
                old = [(key, invocation) for key, (invocation, taken) in self._live.items() if taken < since]
            try:
                self._renew(old)
            except SQLAlchemyError:
                logger.exception("leases were not renewed; the next attempt is in %s s", every)

    def _renew(self, holders: list[tuple[int, int]]) -> None:
        if holders:
            with self._core.database.transaction() as session:
                store.renew(session, holders, self._core.settings.lease(self._core.clock.now()))
