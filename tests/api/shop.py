"""A shop and a bank with state behind the purchase's ports; the product's path and the token's name are the outcome.

/lamp sells; /sold-out refuses; /broken-checkout refuses the order; /agent hands over to an agent worker; /slow waits
at the quote until `open_the_door`.
"""

import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from checkout.purchase import codec
from checkout.purchase.ports import Limits
from checkout.purchase.terms import Confirmed, HandOver, PurchaseRequest, TaskKind
from checkout.store.clock import Clock
from checkout.store.models import AgentTask, PaymentToken
from checkout.store.session import Database
from checkout.store.vault import Vault
from merchants.sdk import Absent, Cost, Offer, Order, Refused, ShippingOption, Unclear
from payments.gateway import Captured, Declined, Held, NotCapturable, Prepared, Released, Unknown
from payments.money import Money

AGENT_SECONDS = 600


def usd(minor: int) -> Money:
    """Dollars in cents."""
    return Money(minor, "USD")


@dataclass
class Shop:
    """Ports over one shop and one bank."""

    database: Database
    vault: Vault
    clock: Clock
    limits: Limits = field(default_factory=lambda: Limits(look_up_attempts=2, look_up_max_delay_seconds=1))
    orders: dict[str, Money] = field(default_factory=dict)
    amounts: dict[str, Money] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    door: threading.Event = field(default_factory=threading.Event)

    def fetch_offer(self, request: PurchaseRequest, *, key: str) -> Offer | Refused | HandOver:
        """Quote by the product's path."""
        match urlsplit(request.product_url).path:
            case "/sold-out":
                return Refused(code="product_out_of_stock", message="The lamp is sold out.")
            case "/agent":
                return HandOver(why="no adapter takes this URL")
            case "/slow":
                self.door.wait(30)
        return self.quote(request, key)

    def quote(self, request: PurchaseRequest, key: str) -> Offer:
        """A lamp with tax and two ways to ship."""
        subtotal = usd(1999 * request.quantity)
        return Offer(
            merchant="shop",
            item_id="lamp",
            title="A lamp",
            quantity=request.quantity,
            cost=Cost(subtotal=subtotal, shipping=usd(495), tax=usd(152), total=subtotal + usd(647)),
            shipping_options=(
                ShippingOption(
                    option_id="std", title="Standard", cost=usd(495), earliest=datetime(2026, 12, 1, tzinfo=UTC)
                ),
                ShippingOption(option_id="air", title="Air", cost=usd(1995)),
            ),
            selected_shipping_option_id="std",
            payment_handler=None,
            merchant_state={"session": f"session-of-{key}"},
        )

    def give_to_agent(self, callback_id: str, kind: TaskKind, request: PurchaseRequest, offer: Offer | None) -> None:
        """Write the task where a worker finds it."""
        now = self.clock.now()
        with self.database.transaction() as session:
            if session.get(AgentTask, callback_id) is None:
                session.add(
                    AgentTask(
                        callback_id=callback_id,
                        intent_id=request.intent_id,
                        tenant=request.tenant,
                        kind=kind.value,
                        status="queued",
                        task={
                            "request": codec.to_json(request),
                            "offer": codec.to_json(offer) if offer else None,
                        },
                        created_at=now,
                        deadline=now + timedelta(seconds=AGENT_SECONDS),
                    )
                )

    def seconds_to_confirm(self, request: PurchaseRequest) -> int:
        """Until the window closes."""
        return max(1, int((request.confirm_before - self.clock.now()).total_seconds()))

    def prepare(
        self, request: PurchaseRequest, amount: Money, confirmed: Confirmed, *, key: str
    ) -> Prepared | Declined | Unknown:
        """Unseal the token and make a payment named after the intent."""
        with self.database.read() as session:
            sealed = session.get_one(PaymentToken, confirmed.payment_token_id)
        payment_id = f"pi_{request.intent_id}"
        self.tokens[payment_id] = self.vault.open(sealed.sealed)
        self.amounts[payment_id] = amount
        return Prepared(payment_id=payment_id, payment_method_id=f"pm_{key}")

    def hold(self, prepared: Prepared, *, key: str) -> Held | Declined | Unknown:
        """Hold, unless the token is named after a decline."""
        if "declined" in self.tokens[prepared.payment_id]:
            return Declined(code="card_declined", message=f"The card was declined ({key.partition(':')[2]}).")
        return Held(
            payment_id=prepared.payment_id,
            amount=self.amounts[prepared.payment_id],
            capture_before=self.clock.now() + timedelta(days=6),
        )

    def place_order(self, request: PurchaseRequest, offer: Offer, held: Held, *, key: str) -> Order | Refused | Unclear:
        """Write the order into the book."""
        if urlsplit(request.product_url).path == "/broken-checkout":
            return Refused(
                code="order_placement_failed",
                message=f"no checkout for {held.payment_id}",
                continue_url="https://shop/go",
            )
        number = f"M-{len(self.orders) + 1}"
        self.orders[f"{number} {key}"] = offer.cost.total
        return Order(
            merchant_order_id=number,
            total=offer.cost.total,
            permalink_url=f"https://shop.example/orders/{number}",
            estimated_delivery=datetime(2026, 12, 1, tzinfo=UTC),
        )

    def find_order(self, request: PurchaseRequest, offer: Offer, *, key: str) -> Order | Absent | Unclear:
        """Nothing is ever lost here, except with an agent."""
        return Unclear(message=f"{offer.merchant} does not say whether {key} of {request.intent_id} stands")

    def capture(self, payment_id: str, amount: Money, *, key: str) -> Captured | NotCapturable | Unknown:
        """Take it."""
        return Captured(payment_id=payment_id, amount=amount) if key else Unknown(reason="no key")

    def release(self, payment_id: str, *, key: str) -> Released | Unknown:
        """Give it back."""
        return Released(payment_id=payment_id, released=self.amounts[payment_id] if key else None)
