"""One purchase in one process, on the very cores of sandbox and shop, and crashes that only the world survives.

The world (payment sandbox, shop, database, clock) outlives every crash. A life is one process of the service on it:
when it ends, every wire and every transaction of it refuses from then on, because an exception alone is no crash and a
thread of the SDK may still try to send. The next life starts on the same database once the lease has lapsed. A life
that freezes lets others bring everything to rest, and then goes on as if no time had passed.

A world can be kept as bytes and stood up again, so that runs need not begin at the beginning.
"""

import pickle
import threading
import zlib
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import text

from checkout.durable.service import DurableService
from checkout.purchase.saga import purchase
from checkout.store.clock import ManualClock
from checkout.store.session import Database, connection_of
from checkout.store.vault import Vault
from merchants.demo.books import Books
from merchants.demo.goods import Behaviour
from merchants.demo.shop import Shop
from merchants.demo.transport import ShopTransport
from payments.sandbox.core import Sandbox
from payments.sandbox.transport import InProcessClient
from tests.faults.equal import fingerprint
from tests.faults.evidence import FAULTS_UNTIL_IT_ASKS, Evidence, of_database
from tests.faults.keeping import driver, empty, no_rows, no_sleep, pickled
from tests.faults.life import Client, Wires, live
from tests.faults.mortal import MortalDatabase, renewing
from tests.faults.oracle import (
    AHEAD,
    BEFORE_COMMIT,
    BEGIN,
    BEHIND,
    COMMIT,
    CRASH,
    FROZEN,
    LOST,
    OK,
    READ,
    REFUSED,
    THAW,
    WRITE,
    Oracle,
)

START = datetime(2026, 1, 1, tzinfo=UTC)
# A commit that a crash prevented equals a crash before it, and a lost read a refused one.
CAN_HAPPEN = {
    READ: (OK, REFUSED),
    WRITE: (OK, REFUSED, LOST, CRASH),
    BEGIN: (OK,),
    BEFORE_COMMIT: (OK,),
    COMMIT: (OK, CRASH),
}
NOTHING = dict.fromkeys(CAN_HAPPEN, (OK,))
# A process that stands still while another takes over may do so with an answer in its hands, or before it asks.
FREEZES = {WRITE: (FROZEN,), COMMIT: (FROZEN,)}
# A database that is locked or full refuses, one that is cut off does not say what it did; the process lives.
DATABASE_FAILS = {BEGIN: (REFUSED,), COMMIT: (LOST,)}
# A clock that is set wrong, or right again.
CLOCK_JUMPS = {COMMIT: (AHEAD, BEHIND)}
# Longer than the lease, so that the next incarnation finds the dead one's executions free.
AFTER_A_CRASH_SECONDS = 20
MOST_LIVES = 12
# Sealing is not what is tried here; one key for all makes no difference to any of them.
VAULT = Vault.fresh()


class Death(Exception):  # noqa: N818 (it is no error)
    """Ends a life that has come to a boundary where nothing new can follow."""


@dataclass(kw_only=True)
class Frozen:
    """One that stands still, in a thread of its own; of it and those who took over, only one moves at a time."""

    thawed: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)
    others: threading.Thread | None = None


@dataclass(kw_only=True)
class Incarnation:
    """A life in this process. `before`: the one that froze, from which it took over."""

    world: "World"
    dead: bool = False
    before: Frozen | None = None
    own: Frozen = field(default_factory=Frozen)

    def ask(self, where: str, kind: str, mark: int = 0) -> str:
        """What happens at this boundary; where nothing new can follow, the life ends."""
        alternatives = self.world.can_happen[kind]
        if self.before and not self.before.thawed.is_set() and FROZEN in alternatives:
            alternatives = (*alternatives, THAW)
        if renewing() or len(alternatives) == 1:
            return OK
        oracle = self.world.oracle
        fate = oracle.choose(where, alternatives, mark)
        if oracle.cut:
            self.dead = True
        return fate

    def die(self) -> None:
        """From now on every wire refuses."""
        self.dead = True

    def freeze(self) -> None:
        """Others go on meanwhile; it goes on when they have come to rest, or when one of them lets it."""
        self.world.somebody_froze = True
        self.world.clock.advance(AFTER_A_CRASH_SECONDS)
        self.own.others = threading.Thread(target=self.world.taken_over, args=(self.own,), daemon=True)
        self.own.others.start()
        self.own.thawed.wait()
        if self.world.oracle.cut:
            self.dead = True

    def thaw(self) -> None:
        """The one it took over from goes on, to its end; then this one does."""
        assert self.before
        self.before.thawed.set()
        self.before.over.wait()
        if self.world.oracle.cut:
            self.dead = True

    def set_clock(self, fate: str) -> None:
        """Its clock is wrong from now on, and so is the next life's."""
        self.world.skew = timedelta(hours=25) if fate == AHEAD else timedelta(hours=-1)

    def done(self, where: str) -> None:
        """A deed is done: runs that crash here begin with the world as it is now."""
        self.world.keep(crashed=True)
        if where == COMMIT and not self.world.claimed():
            self.world.keep(crashed=False)

    def acknowledged(self, what: str) -> None:
        """The client will rely on it."""
        self.world.acknowledged[what] += 1


@dataclass
class World:
    """What survives."""

    oracle: Oracle
    behaviour: Behaviour = Behaviour.SELLS
    pays_with: str = "tok_visa"
    purchase: Callable[..., Any] = purchase
    mortal: type[MortalDatabase] = MortalDatabase
    usual: Mapping[str, tuple[str, ...]] = field(default_factory=lambda: CAN_HAPPEN)
    more: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    database: Database = field(default_factory=empty)  # reused: its statements are compiled once

    def __post_init__(self) -> None:
        self.clock = ManualClock(START)
        self.sandbox = Sandbox(clock=self.clock, sleep=no_sleep)
        self.shop = Shop(Books(clock=self.clock.now))
        self.acknowledged: Counter[str] = Counter()
        self.lives = 0
        self.somebody_froze = False
        self.broken: Exception | None = None
        self.can_happen = {kind: (*fates, *self.more.get(kind, ())) for kind, fates in self.usual.items()}
        self.skew = timedelta()
        if self.oracle.start:
            self._stand_up(self.oracle.start.world)
        else:
            driver(self.database).deserialize(no_rows())
        transport = ShopTransport(self.shop)
        self.client = Client(product_url=transport.product_url(self.behaviour), pays_with=self.pays_with)
        self.shop_transport = transport

    def run(self) -> None:
        """Live, die and live again until nothing more happens."""
        self.oracle.fingerprint = self.fingerprint
        self.to_rest()
        if self.broken:
            raise self.broken

    def to_rest(self, before: Frozen | None = None) -> None:
        """One life after the other, until one ends by itself."""
        while self.lives < MOST_LIVES and not self.oracle.cut:
            self.lives += 1
            life = Incarnation(world=self, before=before)
            try:
                rested = live(life, self._wires(), self.client)
            finally:
                life.own.over.set()
                if life.own.others:
                    life.own.others.join()
            if rested:
                return
            self.clock.advance(AFTER_A_CRASH_SECONDS)
        if not self.oracle.cut:
            raise AssertionError(f"it does not come to rest: {self.oracle.story()}")

    def taken_over(self, frozen: Frozen) -> None:
        """What others do while one is frozen; however they end, it goes on."""
        try:
            self.to_rest(frozen)
        except Exception as broken:  # noqa: BLE001 (it is told by the thread that runs the world)
            self.broken = broken
        finally:
            frozen.thawed.set()

    def _wires(self) -> Wires:
        return Wires(
            database=self.database,
            provider=InProcessClient(self.sandbox),
            shop=self.shop_transport,
            shop_pairs=self.shop_transport.pairs,
            clock=OurClock(self),
            vault=VAULT,
            purchase=self.purchase,
            mortal=self.mortal,
        )

    def claimed(self) -> bool:
        """Whether a worker is at it, and so remembers what the database does not."""
        with self.database.read() as session:
            query = text("SELECT count(*) FROM durable_executions WHERE lease_until IS NOT NULL")
            return bool(connection_of(session).execute(query).scalar())

    def keep(self, *, crashed: bool) -> None:
        """Leave the world as it is with the oracle, if other runs will begin with it."""
        if self.somebody_froze or not self.oracle.branches or self.mortal is not MortalDatabase:
            return  # a frozen process remembers what no copy of the world knows, and a hasty one loses what it shows
        state = self.fingerprint()
        standing = (self.sandbox, self.shop, self.clock, self.acknowledged, self.lives, self.skew)
        with self.database.read():  # nobody else writes
            pages = driver(self.database).serialize()
        self.oracle.keep(zlib.compress(pickled((standing, pages)), 1), f"a new life|{state}", crashed=crashed)

    def _stand_up(self, kept: bytes) -> None:
        standing, pages = pickle.loads(zlib.decompress(kept))  # noqa: S301 (ours)
        self.sandbox, self.shop, self.clock, self.acknowledged, self.lives, self.skew = standing
        driver(self.database).deserialize(pages)

    def fingerprint(self) -> str:
        """Equal for worlds that go on alike."""
        with self.database.read() as session:
            return f"{self.skew} {fingerprint(session, self.sandbox, self.shop)}"

    def evidence(self) -> Evidence:
        """What everybody's books say now."""
        service = DurableService(self.database, clock=self.clock)
        try:
            return of_database(
                service,
                self.client.found(self.database),
                money=self.sandbox.money,
                orders=self.shop.books.orders.all(),
                may_ask=sum(1 for choice in self.oracle.choices if choice.taken) >= FAULTS_UNTIL_IT_ASKS,
                acknowledged=self.acknowledged,
                secrets=(self.client.pays_with,),
            )
        finally:
            service.close()


class OurClock(ManualClock):
    """The world's clock as the service reads it; it may be wrong."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world

    def now(self) -> datetime:
        """What it shows."""
        return self._world.clock.now() + self._world.skew

    def set(self, moment: datetime) -> None:
        """Let time pass until it shows this."""
        self._world.clock.set(moment - self._world.skew)
