"""Purchases that are wrong on purpose: each breaks one rule, and the invariants must notice.

They prove the checker. Each is what a reasonable developer would write before a lost answer cost them money.
"""

from collections.abc import Callable, Mapping
from typing import Any

from aws_durable_execution_sdk_python.context import DurableContext

from checkout.purchase import codec
from checkout.purchase.ports import Ports
from checkout.purchase.saga import Purchase
from merchants.sdk import Absent, Offer, Order, Refused, Unclear
from payments.gateway import Held


class BlindRetry(Purchase):
    """An unclear order is placed again, from a fresh basket, under a fresh key."""

    def place_order(self, offer: Offer, held: Held) -> Order | Refused | Absent:
        """Place it until it says yes."""
        placed = self.submit(offer, held)
        while isinstance(placed, Unclear):
            fresh = self.read("fetch-again", self.fetch_again)
            if not isinstance(fresh, Offer):
                return Absent(message="gone")
            placed = self.submit(fresh, held)
        return placed

    def fetch_again(self, key: str) -> object:
        """A basket that knows nothing of the first one."""
        return self.ports.fetch_offer(self.request, key=f"{key}:fresh")


class BlindRefund(Purchase):
    """An unclear order counts as no order: the money goes back without a look."""

    def place_order(self, offer: Offer, held: Held) -> Order | Refused | Absent:
        """What is not a yes is a no."""
        placed = self.submit(offer, held)
        return Absent(message="no answer") if isinstance(placed, Unclear) else placed


def handler(kind: type[Purchase]) -> Callable[..., Any]:
    """A durable-execution handler of this purchase."""

    def run(event: Mapping[str, Any], context: DurableContext, *, ports: Ports) -> dict[str, Any]:
        return codec.to_json(kind(codec.from_json(event), context, ports).run())

    return run
