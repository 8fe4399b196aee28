"""The other bodies developers receive: orders, pages of either, and problems. Knows the wire only."""

from datetime import datetime
from typing import Annotated

from pydantic import ConfigDict, Field

from checkout.api.replies import EXAMPLE_ID, BuyerOut, CheckoutIntent, Offer, Reply
from checkout.api.requests import EXAMPLE_BUYER
from checkout.api.wire import Money


class Order(Reply):
    """An order that stands at a merchant. The merchant's own number, the total and the link are ours to add."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": "order_0123456789abcdef0123456789abcdef",
                    "buyer": EXAMPLE_BUYER,
                    "checkoutIntentId": EXAMPLE_ID,
                    "createdAt": "2026-11-21T05:00:09Z",
                    "updatedAt": "2026-11-21T05:00:09Z",
                    "cancellation": None,
                    "merchantOrderId": "M-1001",
                    "total": {"amountSubunits": 2646, "currencyCode": "USD"},
                    "permalinkUrl": None,
                }
            ]
        }
    )

    id: str
    buyer: BuyerOut
    checkout_intent_id: str
    created_at: datetime
    updated_at: datetime
    cancellation: None
    reference_id: str | None = None
    merchant_order_id: str
    total: Money
    permalink_url: str | None


class PageInfo(Reply):
    """Where the page stands. A cursor is null where there is nothing further that way."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"startCursor": None, "endCursor": None, "hasNextPage": False, "hasPreviousPage": False}]
        }
    )

    start_cursor: str | None
    end_cursor: str | None
    has_next_page: bool
    has_previous_page: bool


class CheckoutIntentPage(Reply):
    """Checkout intents, newest first."""

    data: list[CheckoutIntent]
    page_info: PageInfo


class OrderPage(Reply):
    """Orders, newest first."""

    data: list[Order]
    page_info: PageInfo


class FieldProblem(Reply):
    """What is wrong with one field. The value itself is never sent back."""

    message: str


class Problem(Reply):
    """RFC 9457 problem details, with the fields Rye's client reads (`name`, `message`, `fields`, `state`)."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [
                {
                    "type": "urn:agentic-checkout:problem:checkout_intent_not_found",
                    "title": "There is no such checkout intent",
                    "status": 404,
                    "detail": "no checkout intent ci_0",
                    "code": "checkout_intent_not_found",
                    "retryable": False,
                    "next_step": "Check the id, and that the key belongs to the tenant that created it.",
                    "request_id": "req_0123456789abcdef",
                    "name": "NotFoundError",
                    "message": "no checkout intent ci_0",
                }
            ]
        },
    )

    type: str
    title: str
    status: int
    detail: str
    code: str
    retryable: bool
    next_step: Annotated[str, Field(alias="next_step")]
    request_id: Annotated[str, Field(alias="request_id")]
    name: str
    message: str
    param: str | None = None
    fields: dict[str, FieldProblem] | None = None
    state: str | None = None
    offer: Offer | None = None
