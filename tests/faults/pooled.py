"""`python -m tests.faults.pooled worker …`: `checkout worker` as it is, whose pool's children ask before they go on.

At each outside call, each commit and each message that arrives a child asks whoever runs the test, over the socket that
`ASKS` names, and where the answer is a crash it kills itself there with `kill -9`. The product is told nothing of it:
here the composition root is handed a database, a shop and a provider that have boundaries.
"""

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.connection import Client as Connect
from multiprocessing.connection import Connection
from types import SimpleNamespace
from unittest.mock import patch

from sqlalchemy import text
from sqlalchemy.orm import configure_mappers

from checkout import wiring
from checkout.cli import main
from checkout.durable.sweeper import Sweeper
from checkout.durable.worker import Worker
from checkout.store.postgres import Limits
from checkout.store.session import Database, connection_of
from merchants.fetch import Fetcher
from merchants.wire import PinnedTransport
from payments.stripe_gateway import StripeGateway
from payments.stripe_http import BoundedClient
from tests.faults.cradle import Killable
from tests.faults.mortal import MortalDatabase, MortalShop, MortalStripe, renewing
from tests.faults.oracle import BEGIN, OK, READ
from tests.faults.steady import steady

ASKS = "TEST_POOL_ASKS"
# A message, a sweep: what a worker does beside the steps of a purchase. `ENDED` is told and not asked.
MESSAGE, SWEEP, ENDED = "message", "sweep", "ended"
# How far a purchase is: what a commit changes changes one of these. Whoever finds nothing to do changes none.
FAR = (
    "SELECT events * 10000 + invocation * 10 + CASE WHEN lease_until IS NULL THEN 2 ELSE 0 END"
    " + CASE WHEN wake_at IS NULL THEN 1 ELSE 0 END FROM durable_executions WHERE name = :whose"
)
# The last digit of it where a purchase waits for a worker: it has no lease, and something to do.
WAITS = 2


@dataclass(slots=True)
class InHand:
    """What one child is at: the purchase it drives, with whatever threads, and the one its sweeping thread settles."""

    driven: str | None = None
    own: threading.local = field(default_factory=threading.local)

    @property
    def whose(self) -> str | None:
        """The purchase this thread works for; none for one that keeps leases, or looks around."""
        settled: str | None = getattr(self.own, "settled", None)
        if settled or renewing():
            return settled
        looks_around = threading.current_thread().name == "sweeping" and not getattr(self.own, "drives", False)
        return None if looks_around else self.driven

    @property
    def sweeps(self) -> bool:
        """Whether this thread settles what is due."""
        return getattr(self.own, "settled", None) is not None


class PoolChild(Killable):
    """One child of the pool. It connects when it first asks, which is after the fork."""

    def __init__(self, address: str) -> None:
        super().__init__(None)
        self._address = address
        self._line: Connection | None = None
        self.in_hand = InHand()
        self.far = 0

    def ask(self, where: str, kind: str, mark: int = 0) -> str:
        """What happens at this boundary of this purchase."""
        whose = self.in_hand.whose
        if whose is None or kind == BEGIN:
            return OK
        with self._turn:
            if self.in_hand.sweeps:
                where = f"{SWEEP} {where}"
            else:
                self.far = mark = mark or self.far
            if self._line is None:
                self._line = Connect(self._address, "AF_UNIX")
            self._line.send((whose, where, kind, mark))
            return str(self._line.recv())

    def obey(self, where: str, far: int) -> None:
        """Ask, where only a crash can happen."""
        if self.ask(where, READ, far) != OK:
            self.die()


class LastingStripe(MortalStripe):
    """Made before the fork, where nothing is connected yet; a child does not read the certificates of the world."""

    def close(self) -> None:
        """Whoever forks opens and closes a deployment of its own, and the children still need it."""


class PoolDatabase(MortalDatabase):
    """The database as a child reaches it."""

    history = FAR
    _life: PoolChild

    def whose(self) -> str | None:
        """Whoever is in hand."""
        return self._life.in_hand.whose


@contextmanager
def asking(life: PoolChild) -> Iterator[None]:
    """Within the block the parts of a deployment have boundaries."""
    drive, settle = Worker.drive, Sweeper.settle

    def driven(worker: Worker, execution_id: int) -> bool:
        name, far = _read(worker._core.database, execution_id)
        life.in_hand.driven, life.in_hand.own.drives = name, True
        try:
            if far % 10 == WAITS:  # else it is a message too many, which chance brings or not, and nothing is done
                life.obey(MESSAGE, far)
            return drive(worker, execution_id)
        finally:
            life.ask(ENDED, ENDED)
            life.in_hand.driven, life.in_hand.own.drives = None, False

    def settled(sweeper: Sweeper, key: int) -> bool:
        life.in_hand.own.settled = _read(sweeper._core.database, key)[0]
        try:
            return settle(sweeper, key)
        finally:
            life.in_hand.own.settled = None

    def opened(url: str, limits: Limits) -> Database:
        return PoolDatabase(Database.open(url, limits), life, "")

    stripe = LastingStripe(BoundedClient(proxied=False), life)

    def connected(key: str, url: str) -> StripeGateway:
        return StripeGateway.connect(key, url, stripe)

    def fetcher(**options: object) -> Fetcher:
        return Fetcher(**options, wire=MortalShop(PinnedTransport(), life))  # type: ignore[arg-type]

    with ExitStack() as stack:
        changed: list[tuple[object, str, Callable[..., object] | SimpleNamespace]] = [
            (Worker, "drive", driven),
            (Sweeper, "settle", settled),
            (wiring, "Database", SimpleNamespace(open=opened)),
            (wiring, "StripeGateway", SimpleNamespace(connect=connected)),
            (wiring, "Fetcher", partial(fetcher)),
        ]
        for owner, name, new in changed:
            stack.enter_context(patch.object(owner, name, new))
        yield


def _read(database: Database, execution_id: int) -> tuple[str | None, int]:
    query = text(FAR.replace("SELECT ", "SELECT name, ", 1).replace("name = :whose", "id = :id"))
    with database.read() as session:
        row = connection_of(session).execute(query, {"id": execution_id}).first()
    return (row[0], row[1]) if row else (None, 0)


if __name__ == "__main__":
    configure_mappers()  # once, and not in every child
    with steady(named=False), asking(PoolChild(os.environ[ASKS])):
        main()
