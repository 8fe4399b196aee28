"""A checkout intent as developers receive it: Rye's variants per state. What OpenAPI shows is what is sent.

Knows the wire only. A variant names exactly the keys a strict client requires in its state.
"""

from datetime import datetime
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, RootModel

from checkout.api.requests import EXAMPLE_BUYER, EXAMPLE_URL
from checkout.api.wire import Money, Wire
from checkout.purchase.terms import FailureCode

EXAMPLE_ID = "ci_0123456789abcdef0123456789abcdef"


class Reply(Wire):
    """Out of the service: built by us, so only checked for its shape; open to keys of later versions."""

    model_config = ConfigDict(strict=False, extra="ignore")


class BuyerOut(Reply):
    """The buyer as sent."""

    model_config = ConfigDict(title="BuyerReply", json_schema_extra={"examples": [EXAMPLE_BUYER]})

    first_name: str
    last_name: str
    email: str
    phone: str
    address1: str
    address2: str | None = None
    city: str
    province: str
    postal_code: str
    country: str


class ConstraintsOut(Reply):
    """The limits as sent."""

    model_config = ConfigDict(title="ConstraintsReply", json_schema_extra={"examples": [{"maxTotalPrice": 5000}]})

    max_total_price: int | None = None
    max_shipping_price: int | None = None
    offer_retrieval_effort: Literal["max", "low"] | None = None


class VariantOut(Reply):
    """A variant selection as sent."""

    model_config = ConfigDict(
        title="VariantSelectionReply", json_schema_extra={"examples": [{"label": "Size", "value": "XS"}]}
    )

    label: str
    value: str | int | float


class PaymentMethodOut(Reply):
    """How the buyer pays; the token is masked."""

    model_config = ConfigDict(
        title="PaymentMethodReply",
        json_schema_extra={"examples": [{"type": "stripe_token", "stripeToken": "tok_****"}]},
    )

    type: Literal["stripe_token"]
    stripe_token: str


class Cost(Reply):
    """`total` = subtotal + shipping + tax + surcharge - discount. Null: the merchant did not say."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "subtotal": {"amountSubunits": 1999, "currencyCode": "USD"},
                    "shipping": {"amountSubunits": 495, "currencyCode": "USD"},
                    "tax": {"amountSubunits": 152, "currencyCode": "USD"},
                    "total": {"amountSubunits": 2646, "currencyCode": "USD"},
                }
            ]
        }
    )

    subtotal: Money
    total: Money
    shipping: Money | None = None
    tax: Money | None = None
    discount: Money | None = None
    surcharge: Money | None = None


class DeliveryEstimate(Reply):
    """Between `earliest` and `latest`; at least one is set."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"earliest": "2026-11-24T00:00:00Z"}]})

    earliest: datetime | None = None
    latest: datetime | None = None


class ShippingOption(Reply):
    """A way to ship."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"id": "std", "cost": {"amountSubunits": 495, "currencyCode": "USD"}}]}
    )

    id: str
    cost: Money
    delivery_estimate: DeliveryEstimate | None = None


class Shipping(Reply):
    """The ways to ship, and the one the total is for."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"availableOptions": [], "selectedOptionId": None}]})

    available_options: list[ShippingOption]
    selected_option_id: str | None = None


class Offer(Reply):
    """What the purchase will cost."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "cost": {
                        "subtotal": {"amountSubunits": 1999, "currencyCode": "USD"},
                        "total": {"amountSubunits": 2646, "currencyCode": "USD"},
                    },
                    "shipping": {"availableOptions": [], "selectedOptionId": None},
                    "appliedPromoCodes": [],
                }
            ]
        }
    )

    cost: Cost
    shipping: Shipping
    applied_promo_codes: list[str] = Field(default_factory=list)


class FailureReason(Reply):
    """Why it failed. `code` is of a closed list; `reason` and `continueUrl` say what the list cannot."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"code": "product_out_of_stock", "message": "The lamp is sold out."}]}
    )

    code: FailureCode
    message: str
    reason: str | None = None
    continue_url: str | None = Field(default=None, description="Where a person can go on by hand.")


class _Intent(Reply):
    id: str
    buyer: BuyerOut
    created_at: datetime
    product_url: str
    quantity: int
    constraints: ConstraintsOut | None = None
    discover_promo_codes: bool | None = None
    promo_codes: list[str] | None = None
    reference_id: str | None = None
    variant_selections: list[VariantOut] | None = None


class RetrievingOfferCheckoutIntent(_Intent):
    """The offer is being fetched."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "id": EXAMPLE_ID,
                    "buyer": EXAMPLE_BUYER,
                    "createdAt": "2026-11-21T05:00:00Z",
                    "productUrl": EXAMPLE_URL,
                    "quantity": 1,
                    "state": "retrieving_offer",
                }
            ]
        }
    )

    state: Literal["retrieving_offer"]


class AwaitingConfirmationCheckoutIntent(_Intent):
    """There is an offer; confirm it before the window closes."""

    state: Literal["awaiting_confirmation"]
    offer: Offer
    payment_method: PaymentMethodOut | None = None


class PlacingOrderCheckoutIntent(_Intent):
    """Confirmed: the money is being held and the order placed."""

    state: Literal["placing_order"]
    offer: Offer
    payment_method: PaymentMethodOut


class CompletedCheckoutIntent(_Intent):
    """The order stands and is paid."""

    state: Literal["completed"]
    offer: Offer
    payment_method: PaymentMethodOut
    order_id: str | None
    estimated_delivery_date: datetime | None


class FailedCheckoutIntent(_Intent):
    """No order, nothing taken, nothing held."""

    state: Literal["failed"]
    failure_reason: FailureReason
    offer: Offer | None = None
    payment_method: PaymentMethodOut | None = None


class CheckoutIntent(
    RootModel[
        Annotated[
            RetrievingOfferCheckoutIntent
            | AwaitingConfirmationCheckoutIntent
            | PlacingOrderCheckoutIntent
            | CompletedCheckoutIntent
            | FailedCheckoutIntent,
            Field(discriminator="state"),
        ]
    ]
):
    """A checkout intent; `state` says which keys it has."""
