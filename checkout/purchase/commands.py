"""The commands every door calls: create, confirm, cancel, answer. Each is one transaction, the caller's.

Knows the intent's row, the durable service and the vault. Must never call outside: a command ends before the request
that brought it does.
"""

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlmodel import Session, select

from checkout.durable.errors import CallbackExpiredError
from checkout.purchase import codec
from checkout.purchase.allowances import Allowances
from checkout.purchase.errors import (
    IntentNotFoundError,
    InvalidStateError,
    PriceChangedError,
    ReviewNotOpenError,
    TooLateToConfirmError,
)
from checkout.purchase.executions import Executions
from checkout.purchase.projection import happened
from checkout.purchase.states import State
from checkout.purchase.terms import Confirmed, Constraints, Effort, PurchaseRequest, ReviewAnswer
from checkout.settings import Settings
from checkout.store.clock import Clock
from checkout.store.models import AgentTask, Intent, PaymentToken
from checkout.store.vault import Vault
from checkout.webhooks import outbox
from merchants.sdk import Buyer
from payments.money import Money

# The name under which purchases are registered with the durable service.
FUNCTION = "purchase"


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What a developer asked for. `wire` is their own body, echoed back as they wrote it, without the payment."""

    product_url: str
    quantity: int
    buyer: Buyer
    wire: Mapping[str, Any]
    effort: Effort = Effort.MAX
    constraints: Constraints = field(default_factory=Constraints)
    variant: Mapping[str, str] = field(default_factory=dict)
    promo_codes: Sequence[str] = ()
    reference_id: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Pays:
    """How the buyer pays: the wire's type, the token itself, and the masked form that is echoed."""

    method: str
    token: str = field(repr=False)
    echo: Mapping[str, Any]


class Purchases:
    """Commands on purchases."""

    def __init__(self, durable: Executions, vault: Vault, clock: Clock, settings: Settings) -> None:
        self.allowances = Allowances.of(settings)
        self._durable = durable
        self._vault = vault
        self._clock = clock
        self._settings = settings

    def create(self, session: Session, tenant: str, asked: Asked, pays: Pays | None = None) -> Intent:
        """Record the intent and start its purchase; with `pays`, it is confirmed in advance."""
        now = self._clock.now()
        intent = Intent(
            id=f"ci_{secrets.token_hex(16)}",
            tenant=tenant,
            state=State.RETRIEVING_OFFER.value,
            created_at=now,
            updated_at=now,
            confirm_before=now + timedelta(minutes=self._settings.confirmation_minutes),
            request=dict(asked.wire),
            reference_id=asked.reference_id,
        )
        self.allowances.count_intent(session, tenant, now)
        confirmed = self._seal(session, intent, pays) if pays else None
        session.add(intent)
        session.flush()
        outbox.record(session, happened(intent))
        request = PurchaseRequest(
            intent_id=intent.id,
            tenant=tenant,
            product_url=asked.product_url,
            quantity=asked.quantity,
            buyer=asked.buyer,
            created_at=now,
            confirm_before=intent.confirm_before,
            effort=asked.effort,
            constraints=asked.constraints,
            variant=dict(asked.variant),
            promo_codes=tuple(asked.promo_codes),
            confirmed=confirmed,
        )
        self._durable.start(FUNCTION, intent.id, codec.dumps(request), session=session)
        return intent

    def confirm(
        self, session: Session, tenant: str, intent_id: str, pays: Pays, agreed_total: Money | None = None
    ) -> Intent:
        """The buyer says yes to the offer as it stands; with `agreed_total`, only to that total."""
        intent = self._alone(session, self.find(session, tenant, intent_id))
        if intent.state != State.AWAITING_CONFIRMATION:
            raise InvalidStateError(f"a checkout intent in {intent.state} cannot be confirmed", state=intent.state)
        if intent.confirmation_callback_id is None:  # the window has closed, and the purchase is about to end by it
            raise TooLateToConfirmError
        offered = Money(**(intent.offer or {})["cost"]["total"])
        if agreed_total is not None and agreed_total != offered:
            raise PriceChangedError(f"the offer is {offered}, the buyer agreed to {agreed_total}", offered=offered)
        confirmed = self._seal(session, intent, pays)
        try:
            self._durable.succeed_callback(intent.confirmation_callback_id, codec.dumps(confirmed), session=session)
        except CallbackExpiredError as late:  # the window has closed and its timer has not fired yet
            raise TooLateToConfirmError from late
        self.allowances.count_spend(session, tenant, intent.id, offered, self._clock.now())
        return intent

    def cancel(self, session: Session, tenant: str, intent_id: str) -> Intent:
        """End a purchase that holds nothing yet; once it is placing the order it can no longer be called back."""
        intent = self._alone(session, self.find(session, tenant, intent_id))
        if intent.state not in (State.RETRIEVING_OFFER, State.AWAITING_CONFIRMATION):
            raise InvalidStateError(f"a checkout intent in {intent.state} cannot be cancelled", state=intent.state)
        for task in session.exec(select(AgentTask).where(AgentTask.intent_id == intent.id)):
            task.status = "cancelled"
        # The state was checked in this transaction, so nothing is held: the refusal to stop a purchase is overridden.
        self._durable.stop(intent.id, override=True, session=session)
        return intent

    def answer(self, session: Session, intent_id: str, answer: ReviewAnswer) -> Intent:
        """An operator answers the open question about a purchase."""
        intent = self._alone(session, self.of_operator(session, intent_id))
        if intent.review_callback_id is None:
            raise ReviewNotOpenError(f"{intent_id} asks nothing; its state is {intent.state}")
        self._durable.succeed_callback(intent.review_callback_id, codec.dumps(answer), session=session)
        return intent

    def of_operator(self, session: Session, intent_id: str) -> Intent:
        """Any tenant's intent: operators see all."""
        intent = session.get(Intent, intent_id)
        if intent is None:
            raise IntentNotFoundError(f"no checkout intent {intent_id}")
        return intent

    def find(self, session: Session, tenant: str, intent_id: str) -> Intent:
        """The tenant's intent; another tenant's does not exist."""
        intent = session.get(Intent, intent_id)
        if intent is None or intent.tenant != tenant:
            raise IntentNotFoundError(f"no checkout intent {intent_id}")
        return intent

    def _alone(self, session: Session, intent: Intent) -> Intent:
        """The intent as it is once whoever is changing its purchase has committed; nobody else changes it meanwhile.

        The execution is locked before any other row of a purchase, by everybody: so nobody waits in a circle.
        """
        self._durable.lock(intent.id, session=session)
        session.refresh(intent)
        return intent

    def _seal(self, session: Session, intent: Intent, pays: Pays) -> Confirmed:
        token = PaymentToken(
            id=f"ptk_{secrets.token_hex(16)}",
            intent_id=intent.id,
            sealed=self._vault.seal(pays.token),
            created_at=self._clock.now(),
        )
        session.add(token)
        intent.payment_method = dict(pays.echo)
        return Confirmed(payment_token_id=token.id, method=pays.method)
