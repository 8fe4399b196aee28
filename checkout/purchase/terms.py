"""The words of a purchase: what was asked, what was confirmed, what an operator decided, how it ended.

Frozen values that travel through the purchase's history as JSON. Knows merchants' and payments' words; must never hold
a secret: a payment token is present only as the reference under which it is sealed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from merchants.sdk import Buyer, OfferRequest, Unclear
from payments.money import Money

# The merchant name of an offer that an agent brought.
AGENT = "agent"


class Effort(StrEnum):
    """How hard to try for an offer: `LOW` means by code only, never by an agent."""

    MAX = "max"
    LOW = "low"


class FailureCode(StrEnum):
    """Why a purchase failed: the closed list of the public wire. What it cannot say goes into `Failed.reason`."""

    UNKNOWN = "unknown"
    CHECKOUT_INTENT_EXPIRED = "checkout_intent_expired"
    PAYMENT_FAILED = "payment_failed"
    PAYMENT_CVC_EXPIRED = "payment_cvc_expired"
    INSUFFICIENT_STOCK = "insufficient_stock"
    PRODUCT_OUT_OF_STOCK = "product_out_of_stock"
    OFFER_RETRIEVAL_FAILED = "offer_retrieval_failed"
    ORDER_PLACEMENT_FAILED = "order_placement_failed"
    DEVELOPER_NOT_FOUND = "developer_not_found"
    MISSING_SHIPPING_METHOD = "missing_shipping_method"
    UNSUPPORTED_CURRENCY = "unsupported_currency"
    INVALID_INPUT = "invalid_input"
    INCORRECT_COST_BREAKDOWN = "incorrect_cost_breakdown"
    UNSUPPORTED_STORE_NO_GUEST_CHECKOUT = "unsupported_store_no_guest_checkout"
    WORKFLOW_INVOCATION_FAILED = "workflow_invocation_failed"
    VARIANT_SELECTIONS_INVALID = "variant_selections_invalid"
    VARIANT_SELECTIONS_REQUIRED = "variant_selections_required"
    FORM_VALIDATION_ERROR = "form_validation_error"
    CAPTCHA_BLOCKED = "captcha_blocked"
    BOT_PROTECTION_BLOCKED = "bot_protection_blocked"
    CONSTRAINT_TOTAL_PRICE_EXCEEDED = "constraint_total_price_exceeded"
    CONSTRAINT_SHIPPING_COST_EXCEEDED = "constraint_shipping_cost_exceeded"
    PROMO_CODE_DISCOVERY_NOT_ENABLED = "promo_code_discovery_not_enabled"
    PRODUCT_NOT_FOUND = "product_not_found"


@dataclass(frozen=True, slots=True, kw_only=True)
class Constraints:
    """The buyer's limits in minor units of the offer's currency; None is no limit."""

    max_total_price_minor: int | None = None
    max_shipping_price_minor: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmed:
    """The buyer said yes: which sealed payment token pays. `method` is the wire's payment method type."""

    payment_token_id: str
    method: str = "stripe_token"


@dataclass(frozen=True, slots=True, kw_only=True)
class PurchaseRequest:
    """What was asked for. `confirmed` is set when the buyer confirmed in advance (the one-call purchase)."""

    intent_id: str
    tenant: str
    product_url: str
    quantity: int
    buyer: Buyer
    created_at: datetime
    confirm_before: datetime
    effort: Effort = Effort.MAX
    constraints: Constraints = field(default_factory=Constraints)
    variant: Mapping[str, str] = field(default_factory=dict)
    promo_codes: Sequence[str] = ()
    confirmed: Confirmed | None = None

    def for_merchant(self) -> OfferRequest:
        """What a merchant may know of it."""
        return OfferRequest(
            product_url=self.product_url,
            quantity=self.quantity,
            buyer=self.buyer,
            variant=self.variant,
            promo_codes=self.promo_codes,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class HandOver:
    """No adapter takes this URL; an agent is to buy. `why` is for the operator."""

    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class StillLooking(Unclear):
    """Somebody is finding out whether the order stands, or will once a worker is free: asking now counts as no look-up.

    Said only until a deadline, so nobody asks for ever.
    """


class TaskKind(StrEnum):
    """What an agent is asked to do: quote, place exactly the confirmed order, or say whether a lost one stands."""

    OFFER = "offer"
    ORDER = "order"
    LOOK_UP = "look_up"


class Verdict(StrEnum):
    """An operator's answer to an open question about a purchase."""

    PLACED = "placed"  # the order stands at the merchant: `merchant_order_id` and `total` say which
    NOT_PLACED = "not_placed"  # definitely no order, now or later
    RETRY = "retry"  # ask the provider or the merchant again
    SETTLED = "settled"  # the operator settled the money by hand; nothing more is moved


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewAnswer:
    """What the operator found, who they are, and why they say so."""

    verdict: Verdict
    reason: str
    operator: str
    merchant_order_id: str | None = None
    total: Money | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What a completed purchase leaves behind."""

    order_id: str
    merchant: str
    merchant_order_id: str
    total: Money
    captured: Money | None
    permalink_url: str | None = None
    estimated_delivery: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """The purchase ended with an order."""

    receipt: Receipt


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The purchase ended with no order, nothing captured and nothing held."""

    code: FailureCode
    message: str
    reason: str | None = None
    continue_url: str | None = None
