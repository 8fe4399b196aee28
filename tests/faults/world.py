"""One purchase in one process, on the very cores of sandbox and shop, and crashes that only the world survives.

The world (payment sandbox, shop, database, clock) outlives every crash. A life is one process of the service on it:
when it ends, every wire and every transaction of it refuses from then on, because an exception alone is no crash and a
thread of the SDK may still try to send. The next life starts on the same database once the lease has lapsed.
"""

import functools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from checkout.durable.service import DurableService
from checkout.purchase.acting import Acting
from checkout.purchase.commands import FUNCTION, Asked, Pays, Purchases
from checkout.purchase.ports import Limits
from checkout.purchase.projection import project
from checkout.purchase.saga import purchase
from checkout.settings import Settings
from checkout.store.clock import ManualClock
from checkout.store.models import Intent
from checkout.store.session import Database, connection_of
from checkout.store.vault import Vault
from merchants.demo.books import Books
from merchants.demo.goods import Behaviour
from merchants.demo.shop import Shop
from merchants.demo.transport import ShopTransport
from merchants.fetch import Fetcher
from merchants.registry import Registry
from merchants.ucp import adapter
from payments.demo_instruments import DemoInstruments
from payments.sandbox.core import Sandbox
from payments.sandbox.transport import InProcessClient
from payments.sandbox.wire import AnswerDroppedError, Request, Response
from payments.stripe_gateway import StripeGateway
from tests.faults.equal import fingerprint
from tests.faults.oracle import COMMIT, CRASH, Oracle
from tests.purchase.scripted import ADA

START = datetime(2026, 1, 1, tzinfo=UTC)
OK, REFUSED, LOST = "ok", "refused", "answer lost"
READS = (OK, REFUSED)
WRITES = (OK, REFUSED, LOST, CRASH)
COMMITS = (OK, CRASH)
QUICK = Limits(
    look_up_attempts=3,
    look_up_max_delay_seconds=2,
    money_attempts=3,
    release_attempts=3,
    offer_attempts=2,
    retry_max_delay_seconds=2,
)
# Longer than the lease, so that the next incarnation finds the dead one's executions free.
AFTER_A_CRASH_SECONDS = 20
MOST_LIVES = 12


class Life:
    """Whether this incarnation lives, and whom it asks what happens next."""

    def __init__(self, oracle: Oracle) -> None:
        self.oracle = oracle
        self.dead = False

    def ask(self, where: str, alternatives: tuple[str, ...], mark: int = 0) -> str:
        """What happens at this boundary; a crash is dead at once."""
        if threading.current_thread().name == "durable-leases":
            return OK  # renewing happens by the real clock; what it can lose is enumerated by the crashes
        fate = self.oracle.choose(where, alternatives, mark)
        if self.oracle.cut:
            self.dead = True
        return fate


class MortalDatabase(Database):
    """The world's database as one incarnation reaches it."""

    def __init__(self, shared: Database, life: Life) -> None:
        vars(self).update(vars(shared))  # the same connections and the same lock, however the store names them
        self._life = life

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Commit, and perhaps die of it; a dead process commits nothing."""
        self._alive()
        with super().transaction() as session:
            yield session
            self._alive()
            written = connection_of(session).execute(text("SELECT sum(events) FROM durable_executions")).scalar() or 0
        if self._life.dead:
            return
        if self._life.ask(COMMIT, COMMITS, mark=written) == CRASH:
            self._life.dead = True
            self._alive()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A dead process reads nothing."""
        self._alive()
        with super().read() as session:
            yield session

    def _alive(self) -> None:
        if self._life.dead:
            raise OperationalError("dead", {}, ConnectionError("this process is dead"))


class MortalShop(httpx2.BaseTransport):
    """The wire to the shop."""

    def __init__(self, shop: ShopTransport, life: Life) -> None:
        self._shop = shop
        self._life = life

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Carry the request, or lose it, or lose its answer, or die of it."""
        if self._life.dead:
            raise httpx2.ConnectError("this process is dead")
        where = (
            f"shop {request.method} {request.url.path.rpartition('/')[2]}" if request.method != "GET" else "shop GET"
        )
        fate = self._life.ask(where, READS if request.method == "GET" else WRITES)
        if fate == REFUSED:
            raise httpx2.ConnectError("refused")
        answer = self._shop.handle_request(request)
        if fate == CRASH:
            self._life.dead = True
        if fate in (CRASH, LOST):
            raise httpx2.ReadError("the answer was lost")
        return answer


def mortal_stripe(life: Life) -> Callable[[Request, Callable[[], Response]], Response]:
    """The wire to the payment sandbox."""

    def wire(request: Request, send: Callable[[], Response]) -> Response:
        if life.dead:
            raise AnswerDroppedError("this process is dead")
        where = f"stripe {request.method} {request.path.rpartition('/')[2] if request.method == 'POST' else ''}"
        fate = life.ask(where, READS if request.method == "GET" else WRITES)
        if fate == REFUSED:
            raise AnswerDroppedError("refused")
        answer = send()
        if fate == CRASH:
            life.dead = True
        if fate in (CRASH, LOST):
            raise AnswerDroppedError("the answer was lost")
        return answer

    return wire


@dataclass
class World:
    """What survives."""

    oracle: Oracle
    behaviour: Behaviour = Behaviour.SELLS
    pays_with: str = "tok_visa"
    purchase: Callable[..., Any] = purchase
    clock: ManualClock = field(default_factory=lambda: ManualClock(START))

    def __post_init__(self) -> None:
        self.sandbox = Sandbox(clock=self.clock, sleep=lambda _seconds: None)
        self.shop = Shop(Books(clock=self.clock.now))
        self.shop_transport = ShopTransport(self.shop)
        self.database = Database.open("sqlite://")
        self.database.create_tables()
        self.vault = Vault.fresh()
        self.intent_id: str | None = None
        self.confirmed = False
        self.lives = 0

    def run(self) -> None:
        """Live, die and live again until nothing more happens."""
        self.oracle.fingerprint = self.fingerprint
        while self.lives < MOST_LIVES and not self.oracle.cut:
            self.lives += 1
            life = Life(self.oracle)
            if self._live(life) and not life.dead:
                return
            self.clock.advance(AFTER_A_CRASH_SECONDS)
        if self.oracle.cut:
            return
        raise AssertionError(f"it does not come to rest: {self.oracle.story()}")

    def _live(self, life: Life) -> bool:
        """One incarnation; True if it brought everything to rest."""
        database = MortalDatabase(self.database, life)
        service = DurableService(database, clock=self.clock, skip_time=True)
        gateway = StripeGateway.connect(
            "sk_test_faults", "http://sandbox.test", InProcessClient(self.sandbox, mortal_stripe(life))
        )
        fetcher = Fetcher(allowed=self.shop_transport.pairs, wire=MortalShop(self.shop_transport, life))
        merchant = adapter(fetcher, profile_url="http://us.example/.well-known/ucp-agent.json")
        ports = Acting(
            limits=QUICK,
            merchants=Registry(fetcher=fetcher, merchants=[merchant]),
            gateway=gateway,
            instruments=DemoInstruments(),
            database=database,
            vault=self.vault,
            clock=self.clock,
            agents_enabled=False,
            hold_margin=timedelta(minutes=60),
        )
        settings = Settings()
        service.register(
            FUNCTION,
            functools.partial(self.purchase, ports=ports),
            projector=functools.partial(project, now=self.clock.now),
            ends_only_by_result=True,
        )
        purchases = Purchases(service, self.vault, self.clock, settings)
        try:
            self._use(database, service, purchases)
        except (OperationalError, ConnectionError):
            if not life.dead:
                raise
        finally:
            service.close()
            gateway.close()
        return not life.dead

    def _use(self, database: Database, service: DurableService, purchases: Purchases) -> None:
        """What a client does: create, confirm, poll; a command that was not acknowledged is sent again."""
        if self.intent_id is None and (found := self._created()):
            self.intent_id = found
        if self.intent_id is None:
            asked = Asked(
                product_url=self.shop_transport.product_url(self.behaviour),
                quantity=1,
                buyer=ADA,
                wire={"buyer": {}, "productUrl": "x"},
            )
            with database.transaction() as session:
                intent_id = purchases.create(session, "t", asked).id
            self.intent_id = intent_id
        service.run_until(self.intent_id, lambda _: self.intent().state != "retrieving_offer")
        if self.intent().state == "awaiting_confirmation":
            pays = Pays(method="stripe_token", token=self.pays_with, echo={})
            with database.transaction() as session:
                purchases.confirm(session, "t", self.intent_id, pays)
        service.run_until(
            self.intent_id, lambda view: view.status != "RUNNING" or self.intent().review_since is not None
        )

    def _created(self) -> str | None:
        with self.database.read() as session:
            row = connection_of(session).execute(text("SELECT id FROM intents")).first()
        return row[0] if row else None

    def intent(self) -> Intent:
        """The public row, read from outside."""
        with self.database.read() as session:
            return session.get_one(Intent, self.intent_id)

    def history(self) -> list[dict[str, Any]]:
        """The purchase's history, read from outside."""
        service = DurableService(self.database, clock=self.clock)
        try:
            return service.history(str(self.intent_id))
        finally:
            service.close()

    def fingerprint(self) -> str:
        """Equal for worlds that go on alike."""
        with self.database.read() as session:
            return fingerprint(session, self.sandbox, self.shop)
