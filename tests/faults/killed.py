"""One purchase whose every life is a process of its own, ended by a true `kill -9` at the boundary the oracle chooses.

The provider and the shop are processes too, and survive; so does the database, whichever it is. The next life is
another process on the same database, its clock past the lease. Purchases share one stage; each has a tenant and a buyer
of its own, so that the books tell them apart.
"""

import signal
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography.fernet import Fernet

from checkout import children
from checkout.durable.service import DurableService
from checkout.store.clock import ManualClock
from checkout.store.session import Database
from tests.faults.cradle import CAN_HAPPEN, Cradle, Place
from tests.faults.evidence import FAULTS_UNTIL_IT_ASKS, Book, Evidence, money_of, of_database
from tests.faults.life import Client
from tests.faults.oracle import Oracle
from tests.purchase.scripted import ADA

# Each life begins later than the last one can have come to by its pauses, and after its lease.
BETWEEN_LIVES_SECONDS = 120
MOST_LIVES = 12


@dataclass(kw_only=True)
class Stage:
    """The processes and the database that every purchase here shares, and their books."""

    folder: Path
    database_url: str
    provider: children.Child
    shop: children.Child
    secret_key: bytes = field(default_factory=Fernet.generate_key)
    begun: datetime = field(default_factory=lambda: datetime.now(UTC))
    purchases: int = 0

    def __post_init__(self) -> None:
        self.database = Database.open(self.database_url)
        self.database.create_tables()
        self.money = Book(self.folder / "money.jsonl", "reference")
        self.orders = Book(Path(self.shop.said["book"]), "email")

    def client(self, behaviour: str = "sells") -> Client:
        """Another buyer."""
        self.purchases += 1
        return Client(
            product_url=self.shop.said["products"][behaviour],
            tenant=f"t_{self.purchases}",
            buyer=replace(ADA, email=f"buyer{self.purchases}@example.com"),
        )

    @property
    def place(self) -> Place:
        """The world's addresses."""
        return Place(
            database_url=self.database_url,
            provider_url=self.provider.url,
            shop_pairs=tuple(self.shop.said["hosts"]),
            secret_key=self.secret_key,
        )


@contextmanager
def stage(folder: Path, database_url: str | None = None) -> Iterator[Stage]:
    """Set it, and strike it; without a URL on a SQLite file in the folder."""
    with ExitStack() as stack:
        provider = stack.enter_context(children.payment_sandbox(folder))
        book = ("--port", "0", "--book", str(folder / "orders.jsonl"))
        shop = children.start("shop", "merchants.demo.ucp_shop", *book, folder=folder)
        stack.callback(shop.stop)
        url = database_url or f"sqlite:///{folder / 'checkout.sqlite3'}"
        made = Stage(folder=folder, database_url=url, provider=provider, shop=shop)
        stack.callback(made.database.close)
        yield made


@dataclass(kw_only=True)
class KilledWorld:
    """One purchase on a stage, lived through under an oracle."""

    stage: Stage
    cradle: Cradle
    oracle: Oracle
    client: Client
    lives: int = 0
    kills: int = 0
    acknowledged: Counter[str] = field(default_factory=Counter)

    def run(self) -> None:
        """Live, be killed and live again until nothing more happens."""
        self.cradle.acknowledged = self.acknowledged
        while self.lives < MOST_LIVES:
            now = datetime.now(UTC) + timedelta(seconds=self.lives * BETWEEN_LIVES_SECONDS)
            self.lives += 1
            ended = self.cradle.live(self.client, now, self._answer)
            if ended == 0 or self.oracle.cut:
                return
            assert ended == -signal.SIGKILL, f"a life ended by {ended}: {self.oracle.story()}"
            self.kills += 1
        raise AssertionError(f"it does not come to rest: {self.oracle.story()}")

    def _answer(self, where: str, kind: str, mark: int) -> str | None:
        fate = self.oracle.choose(where, CAN_HAPPEN[kind], mark)
        return None if self.oracle.cut else fate

    def evidence(self) -> Evidence:
        """What everybody's books say now."""
        service = DurableService(self.stage.database, clock=ManualClock(self.stage.begun))
        intent = self.client.found(self.stage.database)
        try:
            return of_database(
                service,
                intent,
                money=money_of(self.stage.money.of(intent.id)) if intent else (),
                orders=self.stage.orders.of(self.client.buyer.email),
                may_ask=self.kills >= FAULTS_UNTIL_IT_ASKS,
                acknowledged=self.acknowledged,
                secrets=(self.client.pays_with,),
            )
        finally:
            service.close()
