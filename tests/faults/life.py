"""One incarnation of the service on a purchase, in whatever process, and whom it asks what happens at each boundary.

A life has wires to the world (database, provider, shop), a client that uses the service, and an end: it brings the
purchase to rest, or it dies. Knows no world: what it is given outlives it. The same life is lived in this process,
where dying means that every wire refuses from then on, and in a process of its own, where it is killed.
"""

import functools
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx2
import stripe
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from checkout.durable.service import DurableService
from checkout.purchase.acting import Acting
from checkout.purchase.commands import FUNCTION, Asked, Pays, Purchases
from checkout.purchase.errors import TooLateToConfirmError
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
from tests.faults.mortal import Life, MortalDatabase, MortalShop, MortalStripe
from tests.purchase.scripted import ADA

QUICK = Limits(
    look_up_attempts=3,
    look_up_max_delay_seconds=2,
    money_attempts=3,
    settling_attempts=3,
    offer_attempts=2,
    retry_max_delay_seconds=2,
)


# Read from the environment once: it takes as long as a short life.
SETTINGS = Settings()
# A run has a few faults; a command that fails more often than that fails for ever.
MOST_TRIES = 10


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
    mortal: type[MortalDatabase] = MortalDatabase


@dataclass(frozen=True, slots=True)
class Standing:
    """How far a purchase is; `asks`: an operator is asked."""

    id: str
    state: str
    asks: int


@dataclass(kw_only=True)
class Client:
    """Whoever buys: it wants one thing, and survives every crash. A command that was not acknowledged is sent again."""

    product_url: str
    tenant: str = "t"
    pays_with: str = "tok_visa"
    buyer: Buyer = field(default=ADA)

    def found(self, database: Database) -> Intent | None:
        """The one intent of this client, if it stands."""
        if (standing := self.standing(database)) is None:
            return None
        with database.read() as session:
            return session.get_one(Intent, standing.id)

    def standing(self, database: Database) -> Standing | None:
        """How far it is: asked for at every turn, so no more is read than that."""
        query = text("SELECT id, state, review_since IS NOT NULL FROM intents WHERE tenant = :tenant")
        with database.read() as session:
            row = connection_of(session).execute(query, {"tenant": self.tenant}).first()
        return Standing(*row) if row else None

    def use(self, wires: Wires, service: DurableService, purchases: Purchases, life: Life) -> None:
        """Create, confirm, and wait until it is over or an operator is asked."""
        if self.standing(wires.database) is None:
            wire = {"buyer": {}, "productUrl": "x"}
            asked = Asked(product_url=self.product_url, quantity=1, buyer=self.buyer, wire=wire)
            with service.database.transaction() as session:
                purchases.create(session, self.tenant, asked)
            life.acknowledged("create")
        intent = self._sure(wires)
        service.run_until(intent.id, lambda _: self._sure(wires).state != "retrieving_offer")
        if self._sure(wires).state == "awaiting_confirmation":
            pays = Pays(method="stripe_token", token=self.pays_with, echo={})
            with suppress(TooLateToConfirmError):  # too late: it will end as expired
                with service.database.transaction() as session:
                    purchases.confirm(session, self.tenant, intent.id, pays)
                life.acknowledged("confirm")
        service.run_until(intent.id, lambda view: view.status != "RUNNING" or bool(self._sure(wires).asks))

    def _sure(self, wires: Wires) -> Standing:
        standing = self.standing(wires.database)
        assert standing is not None, "what was created is gone"
        return standing


def live(life: Life, wires: Wires, client: Client) -> bool:
    """One incarnation; True if it brought everything to rest."""
    database = wires.mortal(wires.database, life, client.tenant)
    service = DurableService(database, clock=wires.clock, skip_time=True)
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
    purchases = Purchases(service, wires.vault, wires.clock, SETTINGS)
    try:
        for _ in range(MOST_TRIES):
            try:
                client.use(wires, service, purchases, life)
                break
            except (OperationalError, ConnectionError):
                if life.dead:
                    break  # else the database is in trouble: whoever asked asks again, and so does every worker
        else:
            raise AssertionError("the database is in trouble for ever")
    finally:
        service.close()
        if life.dead:
            database.bury()
    return not life.dead
