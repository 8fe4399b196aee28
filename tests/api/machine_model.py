"""What a developer who wrote everything down would expect of the service: the model the machine is compared with.

Knows states, moves and answers by the public documentation alone; never looks inside.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from payments.money import Money
from tests.api.agent import TOTAL

# The order in which states may follow each other; a state is never followed by an earlier one.
RANK = {"retrieving_offer": 0, "awaiting_confirmation": 1, "placing_order": 2, "completed": 3, "failed": 3}
CANCELLABLE = ("retrieving_offer", "awaiting_confirmation")
ENDED = ("completed", "failed")
WINDOW = timedelta(minutes=45)
# Products of the demo shop that cannot be bought, and the code each fails with; every other one is completed.
UNSOLD = {"sold_out": "product_out_of_stock"}
UNPLACED = {"declines": "order_placement_failed", "price_changes": "order_placement_failed"}
SOLD = ("sells", "drops_answer", "completes_later", "discounted", "limited")
DECLINED = "tok_chargeDeclined"


@dataclass(kw_only=True)
class Bought:
    """One intent as its developer knows it: what was asked, what was acknowledged, what the last poll said."""

    intent_id: str
    tenant: str
    email: str
    product: str
    created_at: datetime
    state: str = "retrieving_offer"
    last: dict[str, Any] = field(default_factory=dict)
    total: dict[str, Any] | None = None
    paid_with: str | None = None
    cancelled: bool = False

    def see(self, document: dict[str, Any]) -> None:
        """A poll: the state never goes back, and an end never changes."""
        state = document["state"]
        assert RANK[self.state] <= RANK[state], f"{self.intent_id} went from {self.state} back to {state}"
        if self.state in ENDED:
            assert self.last == document, f"{self.intent_id} changed after its end"
        if self.total is not None and "offer" in document:
            assert self.total == document["offer"]["cost"]["total"], "the offer changed"
        if document.get("offer"):
            self.total = document["offer"]["cost"]["total"]
        self.state, self.last = state, document

    def confirmable(self, now: datetime) -> bool | None:
        """Whether a confirmation must be taken; None in the moment when its window is over and its timer is due."""
        if self.state != "awaiting_confirmation":
            return False
        return True if now < self.created_at + WINDOW else None

    def must_end(self) -> tuple[str, str | None] | None:
        """The state and failure code it must come to where nothing went wrong outside; None where that is open."""
        sold_out, refused = UNSOLD.get(self.product), UNPLACED.get(self.product)
        if self.cancelled:
            code = "checkout_intent_expired"
        elif self.product == "agent":
            return None
        elif sold_out or self.paid_with is None:
            code = sold_out or "checkout_intent_expired"
        elif refused or self.paid_with == DECLINED:
            code = refused if self.paid_with != DECLINED and refused else "payment_failed"
        else:
            return "completed", None
        return "failed", code


@dataclass(kw_only=True)
class Task:
    """A task in a worker's hands. `answer` is what it was completed with; `token` may have been taken over."""

    task_id: str
    kind: str
    token: str
    bought: Bought
    claimed_at: datetime
    deadline: datetime
    heard_at: datetime
    answer: tuple[str, Any] | None = None
    permit_until: datetime | None = None
    placed: bool = False

    def may_be_late(self, now: datetime) -> bool:
        """Whether its time may be over: the deadline, a minute of silence, or a purchase that went on without it."""
        silent = now - self.heard_at >= timedelta(seconds=60)
        return now >= self.deadline or silent or self.bought.cancelled or self.bought.state in ENDED


def agents_order(number: str) -> dict[str, Any]:
    """The order as the agent's shop confirms it."""
    return {
        "type": "Order",
        "merchant_order_id": number,
        "total": {"amount_minor": TOTAL.amount_minor, "currency": TOTAL.currency},
    }


def wire(money: Money) -> dict[str, Any]:
    """An amount as the public API writes it."""
    return {"amountSubunits": money.amount_minor, "currencyCode": money.currency}
