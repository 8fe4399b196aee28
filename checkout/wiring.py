"""The composition root: the only module that picks implementations.

`opened(settings)` puts one process's parts together: database, durable service, merchants, gateway, the purchase.
Everything else is handed what it needs. The handler under `docker/lambda` is the second such module.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from checkout import housekeeping
from checkout.durable.dispatch.local import LocalDispatcher
from checkout.durable.service import DurableService
from checkout.durable.settings import DurableSettings
from checkout.on_lambda.connected import connected as connected_to_lambda
from checkout.on_lambda.executions import LambdaExecutions
from checkout.purchase.acting import Acting
from checkout.purchase.allowances import Allowances
from checkout.purchase.commands import FUNCTION, Purchases
from checkout.purchase.executions import Executions
from checkout.purchase.ports import Limits, Ports
from checkout.purchase.projection import project
from checkout.purchase.saga import VERSION, purchase
from checkout.settings import Settings
from checkout.store.clock import Clock, SystemClock
from checkout.store.news import News
from checkout.store.postgres import Limits as ServerLimits
from checkout.store.session import Database
from checkout.store.vault import KeyUnusableError, Vault
from checkout.webhooks.deliverer import Deliverer
from checkout.webhooks.sending import Sender
from merchants.fetch import Fetcher
from merchants.registry import Registry
from merchants.ucp.profile import platform_profile
from merchants.ucp.signatures import Signer
from merchants.ucp.versions import LATEST, spoken
from payments.demo_instruments import DemoInstruments
from payments.instruments import InstrumentSource, NoInstruments
from payments.stripe_books import StripeBooks
from payments.stripe_gateway import StripeGateway

if TYPE_CHECKING:
    from fastapi import FastAPI

    from checkout.distributed.connected import Connected

# Where our platform profile is served; merchants are told this address with every call.
PROFILE_PATH = "/.well-known/ucp-agent.json"
# The sandbox takes any test key.
SANDBOX_KEY = "sk_test_sandbox"
# Where nobody listens: with no provider configured every call fails, and says so.
NOWHERE = "http://127.0.0.1:1"
# One byte less than the curve's order has, so every derived value is a key; the id changes with how it is derived.
SIGNING_BYTES = 31
SIGNING_KEY_ID = "agentic-checkout-1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Deployment:
    """One process's parts."""

    settings: Settings
    clock: Clock
    database: Database
    vault: Vault
    durable: DurableService
    purchases: Purchases
    fetcher: Fetcher
    signer: Signer
    deliverer: Deliverer
    # With a Lambda function: purchases are AWS's executions, and our own service runs none.
    on_lambda: LambdaExecutions | None = None
    # With Redis: the other processes.
    connected: "Connected | None" = None
    # Without Redis, on a database that processes share: what they tell each other through it.
    news: News | None = None

    @property
    def executions(self) -> Executions:
        """Whoever keeps the purchases under way."""
        return self.on_lambda or self.durable

    def api(self) -> "FastAPI":
        """The HTTP face."""
        # A fifth of what a process imports, and those that only work have no use for it.
        from checkout.api.app import create_app  # noqa: PLC0415 (see above)
        from checkout.api.services import Services  # noqa: PLC0415 (the same)

        return create_app(
            Services(
                database=self.database,
                vault=self.vault,
                purchases=self.purchases,
                durable=self.executions,
                clock=self.clock,
                settings=self.settings,
                check_url=self.fetcher.check_url,
                platform_profile=self._profile,
                shared_pace=self.connected.pace if self.connected else None,
                changed_elsewhere=self._changed_elsewhere(),
                agent_task_waits=self.connected.outbox.agent_task if self.connected else None,
            )
        )

    def _changed_elsewhere(self) -> Callable[[Callable[[str], None]], None] | None:
        if self.connected is not None:
            return self.connected.news.subscribe
        return self.news.subscribe if self.news else None

    def _profile(self, version: str | None) -> Mapping[str, Any]:
        """Who we are towards merchants, in the version of their protocol they ask for."""
        wire = spoken(version) or LATEST
        return platform_profile(self.settings.public_url, wire=wire, signers=[self.signer])

    @contextmanager
    def working(self) -> Iterator[None]:
        """Workers, outgoing webhooks and housekeeping, until the block ends; the steps under way are finished then.

        With Redis the workers are processes of their own, and are only told what there is to do.
        """
        tidying = housekeeping.running(self.database, self.clock, self.settings)
        with self._dispatching(), self.deliverer.running(), tidying:
            yield

    @contextmanager
    def _dispatching(self) -> Iterator[None]:
        if self.on_lambda is not None:
            with self.on_lambda.running(), self._telling_and_hearing(self.on_lambda.calls.look):
                yield
        elif self.connected is None:
            with LocalDispatcher(self.durable) as dispatcher, self._telling_and_hearing(dispatcher.look):
                yield
        else:
            with self.connected.telling(self.durable), self.connected.hearing():
                yield

    @contextmanager
    def _telling_and_hearing(self, look: Callable[[], None]) -> Iterator[None]:
        """On PostgreSQL there may be other processes like this one."""
        if self.news is None:
            yield
            return
        self.news.subscribe(lambda _: look())
        end_subscription = self.executions.subscribe(self.news.tell)
        try:
            with self.news.running():
                yield
        finally:
            end_subscription()


@contextmanager
def opened(settings: Settings, clock: Clock | None = None) -> Iterator[Deployment]:
    """Everything put together on the settings' database; nothing runs until `working`."""
    with ExitStack() as closing:
        yield _put_together(settings, clock or SystemClock(), closing)


def _put_together(settings: Settings, clock: Clock, closing: ExitStack) -> Deployment:
    """Each part, with what closes it, the last one first: also what was opened before a later one failed."""
    connected = _connected(settings.redis_url) if settings.redis_url else None
    if connected:
        closing.callback(connected.close)
    database = Database.open(settings.database_url, server_limits(settings))
    closing.callback(database.close)
    database.prepare()
    vault = _vault(settings)
    fetcher = Fetcher(allowed=settings.allowed_private_hosts)
    signer = signer_of(vault)
    gateway = gateway_of(settings)
    closing.callback(gateway.close)
    durable = DurableService(
        database,
        clock=clock,
        settings=DurableSettings(threads=settings.worker_threads, lease_seconds=settings.lease_seconds),
    )
    closing.callback(durable.close)
    ports = Acting(
        limits=limits(settings),
        merchants=registry(settings, fetcher, signer),
        gateway=gateway,
        instruments=instruments_of(settings),
        database=database,
        vault=vault,
        clock=clock,
        agents_enabled=settings.agents_enabled,
        hold_margin=timedelta(minutes=settings.hold_margin_minutes),
        allowances=Allowances.of(settings),
        agent_task_waits=connected.outbox.agent_task if connected else None,
    )
    sender = Sender(fetcher, vault, clock, settings.allowed_private_hosts)
    deliverer = Deliverer(database, clock, sender.attempt)
    on_lambda = connected_to_lambda(settings, database, clock) if settings.lambda_function else None
    if on_lambda is None:  # else whatever runs here still is named at the start, as something this process cannot run
        register(durable, ports, clock, settings, deliverer.wake)
    return Deployment(
        settings=settings,
        clock=clock,
        database=database,
        vault=vault,
        durable=durable,
        purchases=Purchases(on_lambda or durable, vault, clock, settings),
        fetcher=fetcher,
        signer=signer,
        deliverer=deliverer,
        on_lambda=on_lambda,
        connected=connected,
        news=News(settings.database_url) if connected is None and database.dialect == "postgresql" else None,
    )


def _connected(redis_url: str) -> "Connected":
    # A fifth of what a process imports, and most have no Redis.
    from checkout.distributed.connected import Connected  # noqa: PLC0415 (see above)

    return Connected(redis_url)


def register(
    durable: DurableService, ports: Ports, clock: Clock, settings: Settings, woken: Callable[[], None] | None = None
) -> None:
    """Make the purchase known to a durable service, with its public state projected; `woken` when it is to be told."""
    durable.register(
        FUNCTION,
        partial(purchase, ports=ports),
        version=VERSION,
        projector=partial(project, now=clock.now, woken=woken),
        ends_only_by_result=True,
        retention_days=settings.retention_days,
    )


def server_limits(settings: Settings) -> ServerLimits:
    """What this process may ask of a PostgreSQL."""
    return ServerLimits(
        connections=settings.database_connections,
        statement_seconds=settings.database_statement_seconds,
        lock_seconds=settings.database_lock_seconds,
    )


def limits(settings: Settings) -> Limits:
    """The purchase's product decisions about time, from settings."""
    return Limits(
        agent_offer_seconds=settings.agent_offer_seconds,
        agent_order_seconds=settings.agent_order_seconds,
        agent_heartbeat_seconds=settings.agent_heartbeat_seconds,
        permit_margin_seconds=settings.agent_permit_margin_seconds,
        look_up_attempts=settings.look_up_attempts,
        look_up_wait_seconds=settings.look_up_wait_seconds,
        look_up_max_delay_seconds=settings.look_up_max_delay_seconds,
    )


def registry(settings: Settings, fetcher: Fetcher | None = None, signer: Signer | None = None) -> Registry:
    """The merchant adapters that are installed; with `signer`, what they send is signed."""
    fetcher = fetcher or Fetcher(allowed=settings.allowed_private_hosts)
    profile_url = settings.public_url.rstrip("/") + PROFILE_PATH
    return Registry.load(fetcher, options={"ucp": {"profile_url": profile_url, "signer": signer}})


def signer_of(vault: Vault) -> Signer:
    """Who we are towards merchants: the same key for the same vault."""
    return Signer.from_secret(int.from_bytes(vault.derived("ucp-signing", SIGNING_BYTES)) + 1, SIGNING_KEY_ID)


def books_of(settings: Settings, read_key: str | None = None) -> StripeBooks:
    """The payment provider's own books, with a key that may only read if there is one; the caller closes them."""
    own = settings.stripe_api_key.get_secret_value() if settings.stripe_api_key else ""
    if own or (read_key and not settings.payment_sandbox_url):
        return StripeBooks.connect(read_key or own)
    return StripeBooks.connect(SANDBOX_KEY, settings.payment_sandbox_url or NOWHERE)


def gateway_of(settings: Settings) -> StripeGateway:
    """Stripe itself with a key, else the payment sandbox: the same gateway, another address."""
    if settings.stripe_api_key and settings.stripe_api_key.get_secret_value():
        return StripeGateway.connect(settings.stripe_api_key.get_secret_value())
    return StripeGateway.connect(SANDBOX_KEY, settings.payment_sandbox_url or NOWHERE)


def instruments_of(settings: Settings) -> InstrumentSource:
    """What pays merchants that take a payment handler."""
    return DemoInstruments() if settings.demo_instruments else NoInstruments()


def _vault(settings: Settings) -> Vault:
    if settings.secret_key:
        return Vault(settings.secret_key.get_secret_value().encode())
    if settings.database_url.startswith("postgresql"):
        raise KeyUnusableError(
            "set CHECKOUT_SECRET_KEY: on PostgreSQL every process needs the same key, and there is no file beside it"
        )
    if settings.database_path is None:
        return Vault.fresh()
    return Vault.from_key_file(settings.database_path.with_suffix(".key"))
