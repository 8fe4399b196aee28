"""The bodies agent workers and operators send and receive. Knows shapes; the outcomes inside are the purchase's own."""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, model_validator
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from checkout.api.replies import EXAMPLE_ID, Reply
from checkout.api.wire import Money, Text, Wire
from checkout.purchase import terms
from payments import money

TaskKindName = Literal["offer", "order", "look_up"]
FailureCodeName = Annotated[str, Field(json_schema_extra={"enum": [code.value for code in terms.FailureCode]})]
MAX_MESSAGE_CHARACTERS = 2000
MAX_URL_CHARACTERS = 2048

EXAMPLE_MONEY: JsonDict = {"amount_minor": 2646, "currency": "USD"}


class ClaimTask(Wire):
    """Who asks for work, and for which kinds; all kinds if none is named."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"worker": "agent-1", "kinds": ["offer"]}]})

    worker: Text
    kinds: Annotated[list[TaskKindName], Field(min_length=1, max_length=3)] | None = None


class ClaimedTask(Reply):
    """A task and the only token that completes its callback; the token is shown once."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "callbackId": "cb_1",
                    "token": "cbt_…",
                    "kind": "offer",
                    "task": {"request": {"product_url": "https://shop.example/products/lamp"}, "offer": None},
                    "deadline": "2026-11-21T05:05:00Z",
                    "heartbeatSeconds": 60,
                }
            ]
        }
    )

    callback_id: str
    token: str
    kind: TaskKindName
    task: dict[str, Any]
    deadline: datetime
    heartbeat_seconds: float = Field(description="A worker silent for longer is given up.")
    session: dict[str, Any] | None = Field(
        default=None, description="Only for a look-up: the browser session that was permitted to order. Secret."
    )


class AskPermit(Wire):
    """What was read off the page just before the commit, and the browser's session in case the order must be looked up.

    `readings`: `url`, `totals` (two readings of the total), `lines` (`title`, `quantity`, `text`, `amount`),
    `address_found` (the parts of the buyer's address that stand on the page), `variant_found`, `pays_with`,
    `commit_control` (the name of the control that places the order). Money is `{"amount_minor": …, "currency": …}`.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "readings": {
                        "url": "https://shop.example/checkout/review",
                        "totals": [EXAMPLE_MONEY, EXAMPLE_MONEY],
                        "lines": [{"title": "A lamp", "quantity": 1, "text": "A lamp, 1 at $26.46"}],
                        "address_found": ["address1", "postal_code"],
                        "commit_control": "Place order",
                    },
                    "session": {"url": "https://shop.example/checkout/review", "storage": {}},
                }
            ]
        }
    )

    readings: dict[str, Any]
    session: dict[str, Any]


class PermitGranted(Reply):
    """Leave for one click. After `expiresAt`, seconds away, there must be no click."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"permitId": "prm_1", "expiresAt": "2026-11-21T05:05:10Z"}]}
    )

    permit_id: str
    expires_at: datetime


class Heartbeat(Wire):
    """What the worker is doing now, and what it saw after the click: both optional, kept for operators."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"step": "waiting for the merchant's confirmation", "evidence": {"order_number": "M-1001"}}]
        }
    )

    step: Text | None = None
    evidence: dict[str, Any] | None = None


class CallbackAnswer(Wire):
    """An outcome of the purchase by its `type`, with that outcome's fields.

    For an offer task `Offer` or `Refused`; for an order task `Order`, `Refused` or `Unclear`; for a look-up `Order`,
    `Absent` or `Unclear`. Money inside is `{"amount_minor": 2646, "currency": "USD"}`.
    """

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {"type": "Order", "merchant_order_id": "M-1001", "total": EXAMPLE_MONEY},
                {"type": "Refused", "code": "product_out_of_stock", "message": "The lamp is sold out."},
            ]
        },
    )

    type: Literal["Offer", "Order", "Refused", "Unclear", "Absent"]


class CallbackFailure(Wire):
    """A definite no: nothing was ordered. `code` is one of the public failure codes."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"code": "captcha_blocked", "message": "The shop asked for a captcha."}]}
    )

    code: FailureCodeName
    message: Annotated[str, Field(min_length=1, max_length=MAX_MESSAGE_CHARACTERS)]
    continue_url: Annotated[str, Field(max_length=MAX_URL_CHARACTERS, pattern=r"^https?://")] | None = None

    @model_validator(mode="after")
    def _known_code(self) -> "CallbackFailure":
        if self.code not in {code.value for code in terms.FailureCode}:
            raise PydanticCustomError("failure_code_unknown", "`code` must be one of the public failure codes")
        return self


class CallbackState(Reply):
    """Where a callback stands."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"callbackId": "cb_1", "status": "completed"}]})

    callback_id: str
    status: Literal["completed", "waiting"]


class AnswerReview(Wire):
    """What an operator found out, who they are, and how they know."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "verdict": "placed",
                    "reason": "The order stands in the merchant's own list.",
                    "operator": "ada",
                    "merchantOrderId": "M-1001",
                    "total": {"amountSubunits": 2646, "currencyCode": "USD"},
                }
            ]
        }
    )

    verdict: Literal["placed", "not_placed", "retry", "settled"]
    reason: Text
    operator: Text
    merchant_order_id: Text | None = None
    total: Money | None = None

    @model_validator(mode="after")
    def _placed_names_the_order(self) -> "AnswerReview":
        if self.verdict == "placed" and self.merchant_order_id is None:
            raise PydanticCustomError(
                "order_number_missing", "`placed` needs `merchantOrderId`, as the merchant gives it"
            )
        return self

    def answer(self) -> terms.ReviewAnswer:
        """As the purchase knows it."""
        return terms.ReviewAnswer(
            verdict=terms.Verdict(self.verdict),
            reason=self.reason,
            operator=self.operator,
            merchant_order_id=self.merchant_order_id,
            total=money.Money(self.total.amount_subunits, self.total.currency_code) if self.total else None,
        )


class ReviewAnswered(Reply):
    """The purchase goes on."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"id": EXAMPLE_ID, "state": "placing_order"}]})

    id: str
    state: str
