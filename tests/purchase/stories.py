"""The purchase's stories: what the world does, what people answer, how it must end, and what the books then say.

Told on our durable service and on AWS's own runner alike; the operations are what both must have recorded.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from checkout.purchase.terms import (
    Completed,
    Confirmed,
    Constraints,
    Failed,
    FailureCode,
    HandOver,
    PurchaseRequest,
    ReviewAnswer,
    Verdict,
)
from merchants.sdk import Absent, Order, Refused, Unclear
from payments.gateway import Declined, NotCapturable, Unknown
from payments.money import Money
from tests.purchase.scripted import OFFER, QUICK, TOTAL, World, request

OFFERED = ("fetch-offer",)
HELD = (*OFFERED, "authorize-payment", "create-charge")
PAID = ("capture-charge", "finalize")


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """`answers` complete the callbacks of that name, in turn; a name without one is left to time out.

    `operations` are the names at the top level, in the order they started. `limits` shorten what is left to time out,
    because AWS's runner waits for a callback in real time.
    """

    name: str
    operations: tuple[str, ...]
    script: Mapping[str, list[Any]] = field(default_factory=dict)
    asked: Mapping[str, Any] = field(default_factory=dict)
    limits: Mapping[str, int] = field(default_factory=dict)
    seconds_left: int = 2700
    answers: Mapping[str, list[Any]] = field(default_factory=dict)
    code: FailureCode | None = None
    reason: str | None = None
    orders: int = 1
    captured: Money | None = TOTAL
    held: int = 0

    def __str__(self) -> str:
        return self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """How a story ended, and each operation as (type, sub-type, name, parent's name, status), in START order."""

    ended: Completed | Failed
    operations: tuple[tuple[str, str | None, str | None, str | None, str], ...]

    @property
    def top_level(self) -> tuple[str | None, ...]:
        """The names of the operations that have no parent."""
        return tuple(name for _, _, name, parent, _ in self.operations if parent is None)


def world_of(story: Story) -> World:
    """A fresh world that plays the story's script."""
    return World(
        script={name: list(outcomes) for name, outcomes in story.script.items()},
        limits=replace(QUICK, **story.limits),
        seconds_left=story.seconds_left,
    )


def asked_of(story: Story) -> PurchaseRequest:
    """What is asked for in the story."""
    return request("story", **story.asked)


def lost_answer(go_well: Callable[[], Any]) -> Any:
    """The order is placed, and the answer never comes."""
    go_well()
    return Unclear(message="the connection was reset")


def broken_after(go_well: Callable[[], Any]) -> Any:
    """The order is placed, and the adapter then breaks."""
    go_well()
    raise RuntimeError("the adapter broke")


def charged_more(go_well: Callable[[], Any]) -> Any:
    """The merchant charges more than was confirmed."""
    order = go_well()
    return Order(merchant_order_id=order.merchant_order_id, total=TOTAL + Money(1, "USD"))


def review(verdict: Verdict, **found: Any) -> ReviewAnswer:
    """An operator's answer."""
    return ReviewAnswer(verdict=verdict, reason="asked the shop", operator="ops", **found)


UNCLEAR = [Unclear(message="?")]
FAILED: dict[str, Any] = {"orders": 0, "captured": None}
AGENT_OFFER = {**{name: getattr(OFFER, name) for name in OFFER.__slots__}, "merchant": "agent"}

STORIES = [
    Story(name="bought in one call", operations=(*HELD, "place-order", *PAID)),
    Story(
        name="confirmed after the offer",
        operations=(*OFFERED, "await-confirmation", *HELD[1:], "place-order", *PAID),
        asked={"confirmed": None},
        answers={"await-confirmation": [Confirmed(payment_token_id="ptk_1")]},
    ),
    Story(
        name="never confirmed",
        operations=(*OFFERED, "await-confirmation"),
        asked={"confirmed": None},
        seconds_left=1,
        code=FailureCode.CHECKOUT_INTENT_EXPIRED,
        **FAILED,
    ),
    Story(
        name="refused at the offer",
        operations=OFFERED,
        script={"fetch_offer": [Refused(code="product_out_of_stock", message="sold out")]},
        code=FailureCode.PRODUCT_OUT_OF_STOCK,
        **FAILED,
    ),
    Story(
        name="over the limit",
        operations=OFFERED,
        asked={"constraints": Constraints(max_total_price_minor=TOTAL.amount_minor - 1)},
        code=FailureCode.CONSTRAINT_TOTAL_PRICE_EXCEEDED,
        **FAILED,
    ),
    Story(
        name="card declined",
        operations=(*HELD, "release-payment"),
        script={"hold": [Declined(code="card_declined", message="The card was declined.")]},
        code=FailureCode.PAYMENT_FAILED,
        reason="card_declined",
        **FAILED,
    ),
    Story(
        name="bad token",
        operations=HELD[:2],
        script={"prepare": [Declined(code="resource_missing", message="No such token.")]},
        code=FailureCode.PAYMENT_FAILED,
        reason="resource_missing",
        **FAILED,
    ),
    Story(
        name="hold never settled",
        operations=(*HELD, "release-payment"),
        script={"hold": [Unknown(reason="timeout"), Unknown(reason="timeout")]},
        code=FailureCode.PAYMENT_FAILED,
        reason="timeout",
        **FAILED,
    ),
    Story(
        name="refused at the order",
        operations=(*HELD, "place-order", "release-payment"),
        script={"place_order": [Refused(code="insufficient_stock", message="one left")]},
        code=FailureCode.INSUFFICIENT_STOCK,
        **FAILED,
    ),
    Story(
        name="lost answer, order found",
        operations=(*HELD, "place-order", "look-up-order", *PAID),
        script={"place_order": [lost_answer]},
    ),
    Story(
        name="broken adapter, order found",
        operations=(*HELD, "place-order", "look-up-order", *PAID),
        script={"place_order": [broken_after]},
    ),
    Story(
        name="lost request, order absent",
        operations=(*HELD, "place-order", "look-up-order", "release-payment"),
        script={"place_order": UNCLEAR[:]},
        code=FailureCode.ORDER_PLACEMENT_FAILED,
        **FAILED,
    ),
    Story(
        name="unclear to the end, an operator finds it",
        operations=(*HELD, "place-order", "look-up-order", "await-review", *PAID),
        script={"place_order": [lost_answer], "find_order": [*UNCLEAR * 2]},
        answers={"await-review": [review(Verdict.PLACED, merchant_order_id="M-1", total=TOTAL)]},
    ),
    Story(
        name="unclear to the end, an operator finds nothing",
        operations=(*HELD, "place-order", "look-up-order", "await-review", "release-payment"),
        script={"place_order": UNCLEAR[:], "find_order": [*UNCLEAR * 2]},
        answers={"await-review": [review(Verdict.NOT_PLACED)]},
        code=FailureCode.ORDER_PLACEMENT_FAILED,
        **FAILED,
    ),
    Story(
        name="unclear, an operator asks again",
        operations=(*HELD, "place-order", "look-up-order", "await-review", "look-up-order", "release-payment"),
        script={"place_order": UNCLEAR[:], "find_order": [*UNCLEAR * 2, Absent(message="cancelled")]},
        answers={"await-review": [review(Verdict.RETRY)]},
        code=FailureCode.ORDER_PLACEMENT_FAILED,
        **FAILED,
    ),
    Story(
        name="charged more than confirmed",
        operations=(*HELD, "place-order", "await-review", *PAID),
        script={"place_order": [charged_more]},
        answers={"await-review": [review(Verdict.RETRY, total=TOTAL)]},
    ),
    Story(
        name="the hold lapsed, settled by hand",
        operations=(*HELD, "place-order", "capture-charge", "await-review", "finalize"),
        script={"capture": [NotCapturable(payment_id="pi_1", reason="the hold lapsed")]},
        answers={"await-review": [review(Verdict.SETTLED)]},
        captured=None,
        held=1,
    ),
    Story(
        name="release never settled, settled by hand",
        operations=(*HELD, "place-order", "release-payment", "await-review"),
        script={
            "place_order": [Refused(code="product_out_of_stock", message="sold out")],
            "release": [Unknown(reason="timeout"), Unknown(reason="timeout")],
        },
        answers={"await-review": [review(Verdict.SETTLED)]},
        code=FailureCode.PRODUCT_OUT_OF_STOCK,
        held=1,
        **FAILED,
    ),
    Story(
        name="quoted and ordered by an agent",
        operations=(*OFFERED, "await-agent-offer", *HELD[1:], "await-agent-order", *PAID),
        script={"fetch_offer": [HandOver(why="no adapter")]},
        answers={
            "await-agent-offer create callback id": [type(OFFER)(**AGENT_OFFER)],
            "await-agent-order create callback id": [Order(merchant_order_id="A-1", total=TOTAL)],
        },
        orders=0,  # the agent's order is in no book of this world
    ),
    Story(
        name="no agent came",
        operations=(*OFFERED, "await-agent-offer"),
        script={"fetch_offer": [HandOver(why="no adapter")]},
        limits={"agent_offer_seconds": 1},
        code=FailureCode.OFFER_RETRIEVAL_FAILED,
        **FAILED,
    ),
    Story(
        name="the agent fell silent",
        operations=(*OFFERED, "await-agent-offer", *HELD[1:], "await-agent-order", "look-up-order", "release-payment"),
        script={"fetch_offer": [HandOver(why="no adapter")]},
        answers={"await-agent-offer create callback id": [type(OFFER)(**AGENT_OFFER)]},
        limits={"agent_order_seconds": 1},
        code=FailureCode.ORDER_PLACEMENT_FAILED,
        **FAILED,
    ),
]
