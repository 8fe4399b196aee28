"""A small world with state behind the purchase's ports: one shop with an order book, one bank with holds.

What happens is a script of outcomes by name; everything else goes well. The books are the truth that tests read.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from checkout.purchase import codec
from checkout.purchase.ports import Limits
from checkout.purchase.terms import Confirmed, Constraints, HandOver, PurchaseRequest, TaskKind
from merchants.sdk import Absent, Buyer, Cost, Offer, Order, Refused, Unclear
from payments.gateway import Captured, Declined, Held, NotCapturable, Prepared, Released, Unknown
from payments.money import Money

START = datetime(2026, 1, 1, tzinfo=UTC)
ADA = Buyer(
    first_name="Ada",
    last_name="Lovelace",
    email="ada@example.com",
    phone="+12025550123",
    address1="1 Engine Way",
    city="London",
    province="CA",
    postal_code="90001",
    country="US",
)
TOTAL = Money(2646, "USD")
OFFER = Offer(
    merchant="shop",
    item_id="sku_1",
    title="A lamp",
    quantity=1,
    cost=Cost(subtotal=Money(1999, "USD"), shipping=Money(495, "USD"), tax=Money(152, "USD"), total=TOTAL),
    shipping_options=(),
    selected_shipping_option_id=None,
    payment_handler=None,
    merchant_state={"session": "s_1"},
)
# No pauses worth waiting for under a runner that waits in real time.
QUICK = Limits(
    look_up_attempts=2, look_up_max_delay_seconds=1, money_attempts=2, settling_attempts=2, retry_max_delay_seconds=1
)


def request(name: str, **changes: Any) -> PurchaseRequest:
    """A request to buy one lamp, confirmed in advance unless `confirmed=None`."""
    fields: dict[str, Any] = {
        "intent_id": f"ci_{name}",
        "tenant": "t_1",
        "product_url": "https://shop.example/lamp",
        "quantity": 1,
        "buyer": ADA,
        "created_at": START,
        "confirm_before": START + timedelta(minutes=45),
        "constraints": Constraints(),
        "confirmed": Confirmed(payment_token_id="ptk_1"),
    }
    return PurchaseRequest(**{**fields, **changes})


@dataclass
class World:
    """Ports over a shop and a bank. `script[name]` is a list of outcomes (or callables) used before going well."""

    script: dict[str, list[Any]] = field(default_factory=dict)
    limits: Limits = QUICK
    seconds_left: int = 2700
    calls: list[tuple[str, str]] = field(default_factory=list)
    orders: dict[str, Money] = field(default_factory=dict)
    held: dict[str, Money] = field(default_factory=dict)
    captured: dict[str, Money] = field(default_factory=lambda: defaultdict(lambda: Money(0, "USD")))
    tasks: dict[str, tuple[TaskKind, PurchaseRequest, Offer | None]] = field(default_factory=dict)

    def _act(self, name: str, key: str, go_well: Callable[[], Any]) -> Any:
        self.calls.append((name, key))
        scripted = self.script.get(name)
        if not scripted:
            return go_well()
        outcome = scripted.pop(0)
        return outcome(go_well) if callable(outcome) else outcome

    def called(self, name: str) -> int:
        """How often a port was called."""
        return sum(called == name for called, _ in self.calls)

    def fetch_offer(self, request: PurchaseRequest, *, key: str) -> Offer | Refused | HandOver:  # noqa: ARG002 (the port's)
        """Quote."""
        return self._act("fetch_offer", key, lambda: OFFER)  # type: ignore[no-any-return]

    def give_to_agent(self, callback_id: str, kind: TaskKind, request: PurchaseRequest, offer: Offer | None) -> None:
        """Keep the task for the test to take."""
        self.tasks[callback_id] = (kind, request, offer)

    def seconds_to_confirm(self, request: PurchaseRequest) -> int:  # noqa: ARG002 (the port's)
        """As scripted."""
        return self.seconds_left

    def prepare(
        self,
        request: PurchaseRequest,  # noqa: ARG002 (the port's)
        amount: Money,
        confirmed: Confirmed,  # noqa: ARG002 (the port's)
        *,
        key: str,
    ) -> Prepared | Declined | Unknown:
        """Make a payment that holds nothing."""
        self.amount = amount
        return self._act(  # type: ignore[no-any-return]
            "prepare", key, lambda: Prepared(payment_id="pi_1", payment_method_id="pm_1")
        )

    def hold(self, prepared: Prepared, *, key: str) -> Held | Declined | Unknown:
        """Hold the amount."""

        def go_well() -> Held:
            self.held[prepared.payment_id] = self.amount
            return Held(
                payment_id=prepared.payment_id, amount=self.amount, capture_before=START + timedelta(days=4, hours=18)
            )

        return self._act("hold", key, go_well)  # type: ignore[no-any-return]

    def place_order(
        self,
        request: PurchaseRequest,  # noqa: ARG002 (the port's)
        offer: Offer,
        held: Held,  # noqa: ARG002 (the port's)
        *,
        key: str,
    ) -> Order | Refused | Unclear:
        """Write one order into the shop's book."""

        def go_well() -> Order:
            number = f"M-{len(self.orders) + 1}"
            self.orders[number] = offer.cost.total
            return Order(merchant_order_id=number, total=offer.cost.total)

        return self._act("place_order", key, go_well)  # type: ignore[no-any-return]

    def find_order(self, request: PurchaseRequest, offer: Offer, *, key: str) -> Order | Absent | Unclear:  # noqa: ARG002 (the port's)
        """Read the shop's book."""

        def go_well() -> Order | Absent:
            for number, total in self.orders.items():
                return Order(merchant_order_id=number, total=total)
            return Absent(message="the session is cancelled")

        return self._act("find_order", key, go_well)  # type: ignore[no-any-return]

    def capture(self, payment_id: str, amount: Money, *, key: str) -> Captured | NotCapturable | Unknown:
        """Take what is held."""

        def go_well() -> Captured:
            del self.held[payment_id]
            self.captured[payment_id] = amount
            return Captured(payment_id=payment_id, amount=amount)

        return self._act("capture", key, go_well)  # type: ignore[no-any-return]

    def release(self, payment_id: str, *, key: str) -> Released | Unknown:
        """Give back what is held."""

        def go_well() -> Released:
            return Released(payment_id=payment_id, released=self.held.pop(payment_id, None))

        return self._act("release", key, go_well)  # type: ignore[no-any-return]


def event(asked: PurchaseRequest) -> dict[str, Any]:
    """The execution's input."""
    return codec.to_json(asked)
