"""What both directions of the wire share: the base model, money, buyer. camelCase outside, snake_case inside.

Knows shapes and limits; must never know a database row or a rule of the purchase.
"""

import unicodedata
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel
from pydantic_core import PydanticCustomError

from payments.money import MAX_AMOUNT_MINOR

# Rye's limit for every free text of a buyer, and for the reference.
TEXT_CHARACTERS = 255
# A variant's number is a size or a volume; anything larger is a mistake.
MAX_NUMBER = 1_000_000_000


class Wire(BaseModel):
    """Strict, camelCase, and closed: a mistyped or unknown field is refused, not guessed at."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="forbid", strict=True, frozen=True)


def _printable(text: str) -> str:
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in text):
        raise PydanticCustomError("unprintable", "must not contain control characters or broken Unicode")
    if not text.strip():
        raise PydanticCustomError("blank", "must not be blank")
    return text


def _whole(value: Any) -> Any:
    """JSON has one kind of number: `1.0` is an integer, as JSON Schema has it."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


Whole = BeforeValidator(_whole)
Text = Annotated[str, Field(min_length=1, max_length=TEXT_CHARACTERS), AfterValidator(_printable)]
Printable = AfterValidator(_printable)

PaymentMethodType = Literal["stripe_token"]
StateName = Literal[
    "retrieving_offer", "awaiting_confirmation", "requires_action", "placing_order", "completed", "failed"
]


class Money(Wire):
    """An amount in the currency's smallest unit: 1500 USD is fifteen dollars."""

    model_config = ConfigDict(
        title="Money", json_schema_extra={"examples": [{"amountSubunits": 1500, "currencyCode": "USD"}]}
    )

    amount_subunits: Annotated[int, Whole, Field(ge=0, le=MAX_AMOUNT_MINOR)]
    currency_code: Annotated[str, Field(pattern=r"^[A-Z]{3}$")]


class VariantSelection(Wire):
    """One choice among a product's variants."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"label": "Size", "value": "XS"}]})

    label: Annotated[str, Field(min_length=1, max_length=30), Printable]
    value: (
        Annotated[str, Field(min_length=1, max_length=60), Printable]
        | Annotated[int, Field(ge=-MAX_NUMBER, le=MAX_NUMBER)]
        | Annotated[float, Field(ge=-MAX_NUMBER, le=MAX_NUMBER, allow_inf_nan=False)]
    )


class Constraints(Wire):
    """Limits in the offer's smallest currency unit; a purchase that would exceed one fails before money is held."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"maxTotalPrice": 5000, "maxShippingPrice": 900}]})

    max_total_price: Annotated[int, Whole, Field(ge=0, le=MAX_AMOUNT_MINOR)] | None = None
    max_shipping_price: Annotated[int, Whole, Field(ge=0, le=MAX_AMOUNT_MINOR)] | None = None
    offer_retrieval_effort: Literal["max", "low"] | None = Field(
        default=None, description="`low` quotes by code only, never through an agent. Default `max`."
    )
