"""What the purchase acts through. The saga knows these names and nothing behind them; `wiring` picks what is behind.

Every method returns an outcome as a value. One that raises has a bug or lost its process, and the saga treats a step
that ended so as unknown. Keys are the saga's: the same call of the same purchase always carries the same key.
"""

from dataclasses import dataclass
from typing import Protocol

from checkout.purchase.terms import Confirmed, HandOver, PurchaseRequest, TaskKind
from merchants.sdk import Absent, Offer, Order, Refused, Unclear
from payments.gateway import Captured, Declined, Held, NotCapturable, Prepared, Released, Unknown
from payments.money import Money


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Product decisions about time, in seconds; they come from settings, so tests and the demo shorten them."""

    agent_offer_seconds: int = 300  # an agent needs minutes, and the developer polls for ten
    agent_order_seconds: int = 600
    agent_heartbeat_seconds: int = 60  # a worker that is silent for a minute is dead or stuck
    permit_margin_seconds: float = 10  # a click just inside the permit, and clocks that differ, are over by then
    look_up_task_seconds: int = 180  # two searches of a shop's pages, with the settling time between them
    look_up_wait_seconds: int = 900  # an only worker is at its own purchase for ten minutes; then a person is asked
    look_up_tasks: int = 3  # a shop that shows nothing three times is asked by a person
    look_up_attempts: int = 8  # about five minutes of growing pauses, while the hold lives for days
    look_up_first_delay_seconds: int = 1
    look_up_max_delay_seconds: int = 60
    money_attempts: int = 4  # each settles by reading back; more only delays the answer
    # A capture or a release must come to its end, and the hold lives for days: about an hour, then a person is asked.
    settling_attempts: int = 20
    retry_max_delay_seconds: int = 300
    offer_attempts: int = 3


class Ports(Protocol):
    """Merchants, money, agents, time."""

    @property
    def limits(self) -> Limits:
        """How long, how often."""
        ...

    def fetch_offer(self, request: PurchaseRequest, *, key: str) -> Offer | Refused | HandOver:
        """Quote by code, or say that an agent must."""
        ...

    def give_to_agent(self, callback_id: str, kind: TaskKind, request: PurchaseRequest, offer: Offer | None) -> None:
        """Put a task where an agent worker finds it; a repeat with the same callback id is one task."""
        ...

    def seconds_to_confirm(self, request: PurchaseRequest) -> int:
        """Whole seconds until `confirm_before`, at least 1."""
        ...

    def prepare(
        self, request: PurchaseRequest, amount: Money, confirmed: Confirmed, *, key: str
    ) -> Prepared | Declined | Unknown:
        """Create the payment, without holding money."""
        ...

    def hold(self, prepared: Prepared, *, key: str) -> Held | Declined | Unknown:
        """Hold the money."""
        ...

    def place_order(self, request: PurchaseRequest, offer: Offer, held: Held, *, key: str) -> Order | Refused | Unclear:
        """Place the order by code, while the hold is live; a lapsed hold is `Refused` and nothing is placed."""
        ...

    def find_order(self, request: PurchaseRequest, offer: Offer, *, key: str) -> Order | Absent | Unclear:
        """Say whether the order stands; `Absent` only once a late one is impossible."""
        ...

    def capture(self, payment_id: str, amount: Money, *, key: str) -> Captured | NotCapturable | Unknown:
        """Take the money."""
        ...

    def release(self, payment_id: str, *, key: str) -> Released | Unknown:
        """End at nothing held and nothing kept."""
        ...
