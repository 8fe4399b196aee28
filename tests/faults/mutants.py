"""Purchases that are wrong on purpose: each breaks one rule, and the invariants must notice.

They prove the checker. Each is what a reasonable developer would write before a lost answer cost them money.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from aws_durable_execution_sdk_python.context import DurableContext
from sqlmodel import Session

from checkout.durable.execution import Execution
from checkout.durable.wire import Token, Wire
from checkout.purchase import codec
from checkout.purchase.ports import Ports
from checkout.purchase.saga import Purchase
from checkout.store.driver import Driver
from checkout.store.session import Database
from merchants.sdk import Absent, Offer, Order, Refused, Unclear
from payments.gateway import Held
from tests.faults.keeping import driver
from tests.faults.mortal import Life, MortalDatabase

# So many transactions share a flush of the disk.
GROUP = 3


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


class HastyDatabase(MortalDatabase):
    """Acknowledges before it commits: transactions reach the disk in groups, and a crash takes the last ones along."""

    def __init__(self, shared: Database, life: Life, tenant: str) -> None:
        super().__init__(shared, life, tenant)
        self._on_disk: deque[bytes] = deque(maxlen=GROUP)

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Remember what is really on disk."""
        self._on_disk.append(driver(self).serialize())
        with super().transaction() as session:
            yield session

    @contextmanager
    def single(self) -> Iterator[Driver]:
        """The same."""
        self._on_disk.append(driver(self).serialize())
        with super().single() as alone:
            yield alone

    def bury(self) -> None:
        """What was acknowledged and not committed is gone."""
        if self._on_disk:
            driver(self).deserialize(self._on_disk[0])


@contextmanager
def any_token_is_good() -> Iterator[None]:
    """Fencing tokens are given out and never compared; nor is it asked whether anybody's lease is live."""

    def check(execution: Execution | None, _token: Token) -> Execution:
        assert execution is not None
        return execution

    with patch.object(Wire, "_check", staticmethod(check)):
        yield
