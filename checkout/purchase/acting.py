"""The purchase's ports over real parts: merchants by code, agents by task, money through a gateway, time by a clock.

Each method is one outside act or one short transaction, never both at once. What a merchant's adapter raises is a bug
or a broken wire; reading goes on as a refusal that may be retried, placing and looking up as unclear. Never logs or
returns a secret: payment tokens are unsealed here, used, and forgotten.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Protocol, TypeVar

import structlog
from sqlmodel import Session

from checkout.purchase import tasks
from checkout.purchase.agent_orders import LostOrder
from checkout.purchase.allowances import UNLIMITED, Allowances
from checkout.purchase.errors import DailySpendReachedError
from checkout.purchase.ports import Limits
from checkout.purchase.terms import AGENT, Confirmed, Effort, FailureCode, HandOver, PurchaseRequest, TaskKind
from checkout.store.clock import Clock
from checkout.store.models import PaymentToken
from checkout.store.session import Database, after_commit
from checkout.store.vault import Vault
from merchants.sdk import Absent, Merchant, Offer, Order, Refused, Unclear
from payments.gateway import (
    Captured,
    Declined,
    Held,
    HoldRequest,
    NotCapturable,
    PaymentGateway,
    Prepared,
    Released,
    Unknown,
)
from payments.instruments import Instrument, InstrumentSource
from payments.money import Money

log = structlog.get_logger(__name__)
T = TypeVar("T")


class Merchants(Protocol):
    """The adapters there are: by URL to quote, by name to order."""

    def find(self, product_url: str) -> Merchant | None:
        """The adapter that takes this URL, in order of preference."""
        ...

    def named(self, name: str) -> Merchant | None:
        """The adapter of this name."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Acting:
    """`Ports` over real parts."""

    limits: Limits
    merchants: Merchants
    gateway: PaymentGateway
    instruments: InstrumentSource
    database: Database
    vault: Vault
    clock: Clock
    agents_enabled: bool
    hold_margin: timedelta
    allowances: Allowances = UNLIMITED
    # Told of every task once it is on disk, where agent workers do not look often by themselves.
    agent_task_waits: Callable[[str], None] | None = None

    def fetch_offer(self, request: PurchaseRequest, *, key: str) -> Offer | Refused | HandOver:
        """Quote by the adapter that takes the URL; hand over to an agent where the effort and the set-up allow it."""
        try:
            merchant = self.merchants.find(request.product_url)
            if merchant is not None:
                return merchant.offer(request.for_merchant(), self.instruments, key=key)
        except Exception as broken:
            log.exception("offer.broken", intent=request.intent_id)
            return Refused(code=FailureCode.OFFER_RETRIEVAL_FAILED, message=_sentence(broken), retryable=True)
        if request.effort is Effort.LOW:
            why = "no adapter takes this URL, and the effort `low` asks no agent"
        elif not self.agents_enabled:
            why = "no adapter takes this URL, and no agent worker is configured"
        else:
            return HandOver(why="no adapter takes this URL")
        return Refused(code=FailureCode.OFFER_RETRIEVAL_FAILED, message=why)

    def give_to_agent(self, callback_id: str, kind: TaskKind, request: PurchaseRequest, offer: Offer | None) -> None:
        """Write the task where a worker finds it; the callback id makes a repeat the same task."""
        seconds = self.limits.agent_offer_seconds if kind is TaskKind.OFFER else self.limits.agent_order_seconds
        with self.database.transaction() as session:
            tasks.give(session, callback_id, kind, request, offer, now=self.clock.now(), seconds=seconds)
            self._tell(session, callback_id)

    def seconds_to_confirm(self, request: PurchaseRequest) -> int:
        """Whole seconds until the window closes, at least 1: a durable timer is never shorter."""
        return max(1, int((request.confirm_before - self.clock.now()).total_seconds()))

    def prepare(
        self, request: PurchaseRequest, amount: Money, confirmed: Confirmed, *, key: str
    ) -> Prepared | Declined | Unknown:
        """Unseal the buyer's token and create a payment that moves no money yet."""
        try:
            self._set_aside(request, amount)
        except DailySpendReachedError as reached:
            return Declined(code=reached.code, message=str(reached))
        with self.database.read() as session:
            sealed = session.get(PaymentToken, confirmed.payment_token_id)
        if sealed is None:
            return Declined(code="payment_token_gone", message="the payment token is no longer stored; confirm again")
        asked = HoldRequest(
            amount=amount,
            token=self.vault.open(sealed.sealed),
            reference=request.intent_id,
            tenant=request.tenant,
            payment_attempt=1,
        )
        return self.gateway.prepare(asked, key=key)

    def hold(self, prepared: Prepared, *, key: str) -> Held | Declined | Unknown:
        """Hold the money."""
        return self.gateway.hold(prepared, key=key)

    def place_order(self, request: PurchaseRequest, offer: Offer, held: Held, *, key: str) -> Order | Refused | Unclear:
        """Place the order while the hold lives, with an instrument for exactly what was offered."""
        if self.clock.now() > held.capture_before - self.hold_margin:
            return Refused(code=FailureCode.PAYMENT_FAILED, message="the hold is about to lapse; nothing was ordered")
        merchant = self.merchants.named(offer.merchant)
        if merchant is None:
            return Refused(
                code=FailureCode.ORDER_PLACEMENT_FAILED, message=f"the adapter {offer.merchant} is not installed"
            )
        instrument: Instrument | None = None
        if offer.payment_handler is not None:
            instrument = self.instruments.instrument(offer.payment_handler, offer.cost.total, key=key)
            if instrument is None:
                return Refused(
                    code=FailureCode.ORDER_PLACEMENT_FAILED,
                    message="no configured instrument pays what the merchant accepts",
                )
        return _unless_broken(request, lambda: merchant.place_order(request.for_merchant(), offer, instrument, key=key))

    def find_order(self, request: PurchaseRequest, offer: Offer, *, key: str) -> Order | Absent | Unclear:
        """Ask the merchant; for an agent's order, what its task can still tell."""
        if offer.merchant == AGENT:
            return self._find_agents_order(request, offer)
        merchant = self.merchants.named(offer.merchant)
        if merchant is None:
            return Unclear(message=f"the adapter {offer.merchant} is not installed")
        return _unless_broken(request, lambda: merchant.find_order(offer, key=key))

    def capture(self, payment_id: str, amount: Money, *, key: str) -> Captured | NotCapturable | Unknown:
        """Take the money."""
        return self.gateway.capture(payment_id, amount, key=key)

    def release(self, payment_id: str, *, key: str) -> Released | Unknown:
        """End at nothing held and nothing kept."""
        return self.gateway.release(payment_id, key=key)

    def _set_aside(self, request: PurchaseRequest, amount: Money) -> None:
        """Of what the tenant may spend today; done before where the buyer confirmed an offer."""
        if self.allowances.spend_per_day_minor:
            with self.database.transaction() as session:
                self.allowances.count_spend(session, request.tenant, request.intent_id, amount, self.clock.now())

    def _find_agents_order(self, request: PurchaseRequest, offer: Offer) -> Order | Absent | Unclear:
        """What is on record of it, or what another worker finds."""
        with self.database.transaction() as session:
            lost = LostOrder(
                session=session,
                request=request,
                offer=offer,
                limits=self.limits,
                now=self.clock.now(),
                task_waits=partial(self._tell, session),
            )
            return lost.find()

    def _tell(self, session: Session, task_id: str) -> None:
        if self.agent_task_waits is not None:
            after_commit(session, partial(self.agent_task_waits, task_id))


def _unless_broken(request: PurchaseRequest, act: Callable[[], T]) -> T | Unclear:
    """What the adapter answers; one that raises may have done it, so that is unclear, never a refusal."""
    try:
        return act()
    except Exception as broken:
        log.exception("merchant.broken", intent=request.intent_id)
        return Unclear(message=_sentence(broken))


def _sentence(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:500]
