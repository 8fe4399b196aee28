"""What the service asks its database again and again, each as a function that does it once: for benches and tests.

Each is what a request, a worker or a sweeper does, without HTTP around it.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any

from sqlmodel import col

from checkout import wiring
from checkout.api import idempotency, keys, paging, rendering
from checkout.api.idempotency import Done, Idempotency, Identity
from checkout.api.paging import Page, read_page
from checkout.durable.service import DurableService
from checkout.durable.sweeper import Waiting
from checkout.housekeeping import warn_of_lapsing_holds
from checkout.purchase import tasks
from checkout.purchase.commands import Asked, Purchases
from checkout.settings import Settings
from checkout.store.clock import SystemClock
from checkout.store.models import Intent, OrderRow
from checkout.store.session import Database
from checkout.store.vault import Vault
from tests.bench.filled import PAYS, TENANT, URL, WIRE, Filled, unique
from tests.purchase.scripted import ADA, World

PAGE = Page(after=None, before=None, limit=20)
ASKED = Asked(product_url=URL, quantity=1, buyer=ADA, wire=WIRE)


@dataclass(slots=True, kw_only=True)
class Hot:
    """The service on a filled database."""

    database: Database
    durable: DurableService
    purchases: Purchases
    settings: Settings
    filled: Filled
    created: list[str] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=count)

    @classmethod
    @contextmanager
    def opened(cls, url: str, filled: Filled, seen: Callable[[Database], object] = id) -> Iterator["Hot"]:
        """The service; `seen` is handed the database before anything is asked of it."""
        database, clock, settings = Database.open(url), SystemClock(), Settings()
        seen(database)
        durable = DurableService(database, clock=clock)
        wiring.register(durable, World(), clock, settings)
        purchases = Purchases(durable, Vault.fresh(), clock, settings)
        yield cls(database=database, durable=durable, purchases=purchases, settings=settings, filled=filled)
        durable.close()
        database.close()

    def authenticate(self) -> None:
        """Find the caller's key."""
        with self.database.glance() as driver:
            assert keys.find_key(driver, self.filled.keys[0])

    def poll(self) -> None:
        """Read one intent."""
        with self.database.read() as session:
            self.purchases.find(session, TENANT, Filled.name(next(self.numbers)))

    def list_intents(self) -> None:
        """The newest page."""
        with self.database.read() as session:
            page = read_page(
                session, Intent, PAGE, lambda query: query.where(Intent.tenant == TENANT), rendering.intent
            )
        assert page["data"]

    def list_older(self) -> None:
        """A page from the middle."""
        with self.database.read() as session:
            middle = session.get(Intent, Filled.name(self.filled.waiting // 2))
            assert middle
            wanted = Page(after=paging._cursor(middle), before=None, limit=20)
            page = read_page(
                session, Intent, wanted, lambda query: query.where(Intent.tenant == TENANT), rendering.intent
            )
        assert page["data"]

    def list_in_a_rare_state(self) -> None:
        """A page of those in a state that hardly any is in."""
        with self.database.read() as session:
            read_page(
                session,
                Intent,
                PAGE,
                lambda query: query.where(Intent.tenant == TENANT).where(col(Intent.state).in_(["failed"])),
                rendering.intent,
            )

    def list_orders(self) -> None:
        """The newest orders."""
        with self.database.read() as session:
            page = read_page(
                session, OrderRow, PAGE, lambda query: query.where(OrderRow.tenant == TENANT), rendering.order
            )
        assert page["data"]

    def create(self) -> None:
        """An intent, its execution and its idempotency record."""

        def work(session: Any) -> Done:
            row = self.purchases.create(session, TENANT, ASKED)
            self.created.append(row.id)
            return Done(status=201, body=rendering.intent(row))

        self._once("/api/v1/checkout-intents", work)

    def confirm(self) -> None:
        """The buyer says yes."""
        name = Filled.name(next(self.numbers))
        self._once(
            f"/api/v1/checkout-intents/{name}/confirm",
            lambda session: Done(
                status=200, body=rendering.intent(self.purchases.confirm(session, TENANT, name, PAYS))
            ),
        )

    def look_for_work(self) -> list[Waiting]:
        """What waits for a worker."""
        return self.durable.sweeper.waiting(limit=20)

    def drive(self) -> None:
        """Claim what waits, look up its offer, and suspend it at the buyer's confirmation."""
        self.create()
        self.durable.drive(self.created.pop())

    def sweep(self) -> None:
        """Timers, leases, retention; and when to look again."""
        self.durable.sweeper.sweep()
        self.durable.sweeper.next_moment()

    def list_executions(self) -> None:
        """An operator's page of what runs."""
        assert self.durable.list(status="RUNNING", limit=20).executions

    def take_a_task(self) -> None:
        """An agent worker asks, and there is nothing to do."""
        now = self.durable.clock.now()
        with self.database.transaction() as session:
            tasks.claim(session, None, worker="w", token_hash="h", now=now, heartbeat_seconds=60)
            tasks.given_up(session, now=now, heartbeat_seconds=60)
            tasks.waiting_orders(session, now=now)
            tasks.of_worker(session, "w")

    def tidy(self) -> None:
        """Old idempotency records, and holds about to lapse; hardly any."""
        with self.database.transaction() as session:
            idempotency.prune(session, self.durable.clock.now() - timedelta(days=30), hours=24)
        warn_of_lapsing_holds(self.database, self.durable.clock, self.settings)

    def _once(self, path: str, work: Callable[[Any], Done]) -> None:
        identity = Identity(TENANT, "POST", path, unique())
        Idempotency(self.database, self.durable.clock).once(identity, WIRE, work)


OPERATIONS: dict[str, Callable[[Hot], object]] = {
    "find the caller's key": Hot.authenticate,
    "poll": Hot.poll,
    "list the newest 20": Hot.list_intents,
    "list 20 from the middle": Hot.list_older,
    "list a state hardly any is in": Hot.list_in_a_rare_state,
    "list the newest orders": Hot.list_orders,
    "create": Hot.create,
    "confirm": Hot.confirm,
    "look for work": Hot.look_for_work,
    "create, claim, drive to the wait": Hot.drive,
    "sweep": Hot.sweep,
    "list executions that run": Hot.list_executions,
    "ask for an agent's task": Hot.take_a_task,
    "tidy": Hot.tidy,
}
