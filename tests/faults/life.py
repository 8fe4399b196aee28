"""One incarnation of the service on a purchase, in whatever process, and whom it asks what happens at each boundary.

A life has wires to the world (database, provider, shop), a client that uses the service, and an end: it brings the
purchase to rest, or it dies. Knows no world: what it is given outlives it. The same life is lived in this process,
where dying means that every wire refuses from then on, and in a process of its own, where it is killed.
"""

import functools
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx2
import stripe
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
from checkout.store.clock import Clock
from checkout.store.models import Intent
from checkout.store.session import Database, connection_of
from checkout.store.vault import Vault
from merchants.fetch import Fetcher
from merchants.registry import Registry
from merchants.sdk import Buyer
from merchants.ucp import adapter
from payments.demo_instruments import DemoInstruments
from payments.stripe_gateway import StripeGateway
from tests.faults.oracle import BEFORE_COMMIT, COMMIT, CRASH, FROZEN, LOST, OK, READ, REFUSED, WRITE
from tests.purchase.scripted import ADA

QUICK = Limits(
    look_up_attempts=3,
    look_up_max_delay_seconds=2,
    money_attempts=3,
    release_attempts=3,
    offer_attempts=2,
    retry_max_delay_seconds=2,
)


# Tells commits apart: the length of this purchase's history.
_WRITTEN = text(
    "SELECT max(e.events) FROM intents i JOIN durable_executions e ON e.name = i.id WHERE i.tenant = :tenant"
)


class Life(Protocol):
    """What a boundary needs of the incarnation it belongs to."""

    @property
    def dead(self) -> bool:
        """Whether it can do nothing any more."""
        ...

    def ask(self, where: str, kind: str, mark: int = 0) -> str:
        """What happens at this boundary."""
        ...

    def die(self) -> None:
        """It ends here; a real process does not return."""
        ...

    def freeze(self) -> None:
        """It stands still until others have brought everything to rest."""
        ...

    def done(self, where: str) -> None:
        """The deed is done, and nothing happened."""
        ...

    def acknowledged(self, what: str) -> None:
        """The client was told that this is done."""
        ...


class MortalDatabase(Database):
    """The world's database as one incarnation reaches it."""

    def __init__(self, shared: Database, life: Life, tenant: str) -> None:
        vars(self).update(vars(shared))  # the same connections and the same lock, however the store names them
        self._life = life
        self._tenant = tenant

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Commit, and perhaps die of it; a dead process commits nothing."""
        self._alive()
        with super().transaction() as session:
            yield session
            self._alive()
            written = connection_of(session).execute(_WRITTEN, {"tenant": self._tenant}).scalar() or 0
            if self._life.ask(BEFORE_COMMIT, BEFORE_COMMIT, mark=written) == CRASH:
                self._life.die()
        if not self._life.dead:
            undergo(self._life, COMMIT, self._life.ask(COMMIT, COMMIT, mark=written))
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

    def __init__(self, shop: httpx2.BaseTransport, life: Life) -> None:
        self._shop = shop
        self._life = life

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Carry the request, or lose it, or lose its answer, or die of it."""
        if self._life.dead:
            raise httpx2.ConnectError("this process is dead")
        reads = request.method == "GET"
        where = f"shop {request.method} {_last(request.url.path) if request.method == 'POST' else ''}".strip()
        fate = self._life.ask(where, READ if reads else WRITE)
        if fate == REFUSED:
            raise httpx2.ConnectError("refused")
        answer = self._shop.handle_request(request)
        if undergo(self._life, where, fate) or fate == LOST:
            raise httpx2.ReadError("the answer was lost")
        return answer


class MortalStripe(stripe.HTTPClient):
    """The wire to the provider."""

    name = "mortal"

    def __init__(self, provider: stripe.HTTPClient, life: Life) -> None:
        super().__init__()
        self._provider = provider
        self._life = life

    def request(self, method: str, url: str, headers: Any, post_data: Any = None, **more: Any) -> Any:
        """The same of a call to the provider."""
        if self._life.dead:
            raise _lost("this process is dead")
        reads = method.upper() == "GET"
        where = f"stripe {method.upper()} {'' if reads else _last(urlsplit(url).path)}".strip()
        fate = self._life.ask(where, READ if reads else WRITE)
        if fate == REFUSED:
            raise _lost("refused")
        answer = self._provider.request(method, url, headers, post_data, **more)
        if undergo(self._life, where, fate) or fate == LOST:
            raise _lost("the answer was lost")
        return answer

    def close(self) -> None:
        """Close the connections."""
        self._provider.close()  # type: ignore[no-untyped-call]


def undergo(life: Life, where: str, fate: str) -> bool:
    """What happens once the deed is done; True if the life is over."""
    if fate == CRASH:
        life.die()
    elif fate == FROZEN:
        life.freeze()
    elif fate == OK:
        life.done(where)
    return life.dead


@dataclass(frozen=True, kw_only=True)
class Wires:
    """The world as one process reaches it, and what it runs there."""

    database: Database
    provider: stripe.HTTPClient
    shop: httpx2.BaseTransport
    shop_pairs: tuple[str, ...]
    clock: Clock
    vault: Vault
    purchase: Callable[..., Any] = purchase
    provider_url: str = "http://sandbox.test"


@dataclass(kw_only=True)
class Client:
    """Whoever buys: it wants one thing, and survives every crash. A command that was not acknowledged is sent again."""

    product_url: str
    tenant: str = "t"
    pays_with: str = "tok_visa"
    buyer: Buyer = field(default=ADA)

    def found(self, database: Database) -> Intent | None:
        """The one intent of this client, if it stands."""
        with database.read() as session:
            query = text("SELECT id FROM intents WHERE tenant = :tenant")
            row = connection_of(session).execute(query, {"tenant": self.tenant}).first()
            return session.get_one(Intent, row[0]) if row else None

    def use(self, wires: Wires, service: DurableService, purchases: Purchases, life: Life) -> None:
        """Create, confirm, and wait until it is over or an operator is asked."""
        if self.found(wires.database) is None:
            wire = {"buyer": {}, "productUrl": "x"}
            asked = Asked(product_url=self.product_url, quantity=1, buyer=self.buyer, wire=wire)
            with service.database.transaction() as session:
                purchases.create(session, self.tenant, asked)
            life.acknowledged("create")
        intent = self._standing(wires)
        service.run_until(intent.id, lambda _: self._standing(wires).state != "retrieving_offer")
        if self._standing(wires).state == "awaiting_confirmation":
            pays = Pays(method="stripe_token", token=self.pays_with, echo={})
            with service.database.transaction() as session:
                purchases.confirm(session, self.tenant, intent.id, pays)
            life.acknowledged("confirm")
        service.run_until(
            intent.id, lambda view: view.status != "RUNNING" or self._standing(wires).review_since is not None
        )

    def _standing(self, wires: Wires) -> Intent:
        intent = self.found(wires.database)
        assert intent is not None, "what was created is gone"
        return intent


def live(life: Life, wires: Wires, client: Client) -> bool:
    """One incarnation; True if it brought everything to rest."""
    service = DurableService(MortalDatabase(wires.database, life, client.tenant), clock=wires.clock, skip_time=True)
    gateway = StripeGateway.connect("sk_test_faults", wires.provider_url, MortalStripe(wires.provider, life))
    fetcher = Fetcher(allowed=wires.shop_pairs, wire=MortalShop(wires.shop, life))

    def handler(event: Any, context: Any) -> Any:
        """An invocation: it remembers nothing of earlier ones, as if each were another process's."""
        merchant = adapter(fetcher, profile_url="http://us.example/.well-known/ucp-agent.json")
        ports = Acting(
            limits=QUICK,
            merchants=Registry(fetcher=fetcher, merchants=[merchant]),
            gateway=gateway,
            instruments=DemoInstruments(),
            database=service.database,
            vault=wires.vault,
            clock=wires.clock,
            agents_enabled=False,
            hold_margin=timedelta(minutes=60),
        )
        return wires.purchase(event, context, ports=ports)

    projector = functools.partial(project, now=wires.clock.now)
    service.register(FUNCTION, handler, projector=projector, ends_only_by_result=True)
    try:
        client.use(wires, service, Purchases(service, wires.vault, wires.clock, Settings()), life)
    except (OperationalError, ConnectionError):
        if not life.dead:
            raise
    finally:
        service.close()
    return not life.dead


def renewing() -> bool:
    """Whether this is the thread that renews leases: it goes by the real clock, and what it can lose crashes cover."""
    return threading.current_thread().name == "durable-leases"


def _last(path: str) -> str:
    return path.rpartition("/")[2]


def _lost(why: str) -> stripe.APIConnectionError:
    return stripe.APIConnectionError(why, should_retry=True)  # type: ignore[no-untyped-call]
