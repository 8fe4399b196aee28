"""What one tenant may use: purchases a day, money a day, agents at once.

Counted in the database, in the transaction that uses it, so that any number of processes together keep the limit. A
count is one row per tenant, day and thing, changed by a statement that refuses to pass the limit; who comes second
waits for the first one's commit. Days are UTC. Nothing is counted where nothing is limited. Knows counts; must never
know why something is bought.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Self

from sqlmodel import Session, col, delete, func, select, text, update

from checkout.purchase.errors import DailyIntentsReachedError, DailySpendReachedError
from checkout.settings import Settings
from checkout.store.models import AgentTask
from checkout.store.session import connection_of
from checkout.store.tenants import TenantSpend, TenantUse
from payments.money import Money

_OPEN = text(
    "INSERT INTO tenant_use (tenant, day, thing, used) VALUES (:tenant, :day, :thing, 0) ON CONFLICT DO NOTHING"
)
INTENTS, AGENTS = "intents", "agents"
# What is not counted by the day.
ALWAYS = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Allowances:
    """The limits, the same for every tenant. None, and an empty `spend_per_day_minor`, are no limit.

    Where money is limited, a currency that is not named may not be spent at all.
    """

    intents_per_day: int | None = None
    spend_per_day_minor: Mapping[str, int] = field(default_factory=dict)
    agents_at_once: int | None = None

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Those the operator has set."""
        return cls(
            intents_per_day=settings.tenant_intents_per_day,
            spend_per_day_minor=settings.tenant_spend_per_day_minor,
            agents_at_once=settings.tenant_agents_at_once,
        )

    def count_intent(self, session: Session, tenant: str, now: datetime) -> None:
        """One more purchase today; DailyIntentsReachedError."""
        if self.intents_per_day is None:
            return
        if not _use(session, tenant, _day(now), INTENTS, 1, self.intents_per_day):
            raise DailyIntentsReachedError(
                f"this tenant may start {self.intents_per_day} checkout intents a day (UTC)", seconds=_left(now)
            )

    def count_spend(self, session: Session, tenant: str, intent_id: str, amount: Money, now: datetime) -> None:
        """Set aside what this purchase will cost, once; DailySpendReachedError."""
        if not self.spend_per_day_minor or session.get(TenantSpend, intent_id) is not None:
            return
        most = self.spend_per_day_minor.get(amount.currency, 0)
        if not _use(session, tenant, _day(now), _money(amount.currency), amount.amount_minor, most):
            raise DailySpendReachedError(
                f"with {amount} this tenant would pass what it may spend a day (UTC): {most} minor units",
                seconds=_left(now),
            )
        session.add(
            TenantSpend(
                intent_id=intent_id,
                tenant=tenant,
                day=_day(now),
                amount_minor=amount.amount_minor,
                currency=amount.currency,
            )
        )

    def may_take(self, session: Session, tenant: str) -> bool:
        """Whether an agent may begin another quote for this tenant now; whoever asks at the same time waits."""
        if self.agents_at_once is None:
            return True
        _use(session, tenant, ALWAYS, AGENTS, 0, 0)  # the row is locked by it, and nobody else counts meanwhile
        return _agents_of(session, tenant) < self.agents_at_once


UNLIMITED = Allowances()


def give_back_spend(session: Session, intent_id: str) -> None:
    """A purchase ended without an order: what was set aside for it may be spent otherwise, that same day."""
    spent = session.get(TenantSpend, intent_id)
    if spent is None:
        return
    session.exec(
        update(TenantUse)
        .where(
            col(TenantUse.tenant) == spent.tenant,
            col(TenantUse.day) == spent.day,
            col(TenantUse.thing) == _money(spent.currency),
        )
        .values(used=TenantUse.used - spent.amount_minor)
    )
    session.exec(delete(TenantSpend).where(col(TenantSpend.intent_id) == intent_id))


def _use(session: Session, tenant: str, day: str, thing: str, amount: int, most: int) -> bool:
    connection_of(session).execute(_OPEN, {"tenant": tenant, "day": day, "thing": thing})
    more = (
        update(TenantUse)
        .where(
            col(TenantUse.tenant) == tenant,
            col(TenantUse.day) == day,
            col(TenantUse.thing) == thing,
            col(TenantUse.used) + amount <= most,
        )
        .values(used=TenantUse.used + amount)
    )
    return session.exec(more).rowcount == 1


def _agents_of(session: Session, tenant: str) -> int:
    """How many agents work for a tenant. A worker that fell silent counts until its task is taken over."""
    busy = select(func.count()).where(AgentTask.tenant == tenant, AgentTask.status == "claimed")
    return session.exec(busy).one()


def _money(currency: str) -> str:
    return f"spend:{currency}"


def _day(now: datetime) -> str:
    return now.astimezone(UTC).date().isoformat()


def _left(now: datetime) -> int:
    """Seconds until the next day."""
    now = now.astimezone(UTC)
    return int((datetime.combine(now.date() + timedelta(days=1), time(), UTC) - now).total_seconds()) + 1
