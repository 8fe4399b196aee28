"""The parameters each endpoint takes, as models; a refusal is told the way Stripe tells it.

Every name here is one of Stripe's. What Stripe takes and this sandbox does not is refused as unknown, never ignored.
"""

from typing import Annotated, Any, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from payments.sandbox.errors import ParameterError

# Stripe's own limit on an amount: eight digits.
MAX_AMOUNT_MINOR = 99_999_999
# Stripe's documented limits on metadata.
MAX_METADATA_KEYS = 50
MAX_METADATA_KEY = 40
MAX_METADATA_VALUE = 500

M = TypeVar("M", bound="Params")
Amount = Annotated[int, Field(ge=1, le=MAX_AMOUNT_MINOR)]
Currency = Annotated[str, Field(pattern="^[a-zA-Z]{3}$"), BeforeValidator(lambda code: str(code).lower())]
# An empty value unsets what was there; nothing is there yet, so it means an empty map.
Metadata = Annotated[
    dict[Annotated[str, Field(max_length=MAX_METADATA_KEY)], Annotated[str, Field(max_length=MAX_METADATA_VALUE)]],
    Field(max_length=MAX_METADATA_KEYS),
    BeforeValidator(lambda given: given or {}),
]


class Params(BaseModel):
    """Parameters of any endpoint."""

    model_config = ConfigDict(extra="forbid")
    expand: list[str] = Field(default_factory=list)


class Retrieve(Params):
    """Retrieving one object."""


class Range(BaseModel):
    """Bounds on a creation time, in Unix seconds."""

    model_config = ConfigDict(extra="forbid")
    gt: int | None = None
    gte: int | None = None
    lt: int | None = None
    lte: int | None = None


class List(Params):
    """A page of a list, newest first."""

    limit: Annotated[int, Field(ge=1, le=100)] = 10
    starting_after: str | None = None
    ending_before: str | None = None
    created: Range | int | None = None


class ChargeList(List):
    """Charges, of one payment or of all."""

    payment_intent: str | None = None


class RefundList(List):
    """Refunds, of one payment, one charge, or all."""

    payment_intent: str | None = None
    charge: str | None = None


class EventList(List):
    """Events, of one type, several, or all."""

    type: str | None = None
    types: list[str] = Field(default_factory=list)


class BalanceList(List):
    """Balance transactions, of one source, one type, or all."""

    source: str | None = None
    type: str | None = None


class CardToken(BaseModel):
    """A tokenised card; numbers are not accepted here."""

    model_config = ConfigDict(extra="forbid")
    token: str


class PaymentMethodCreate(Params):
    """A payment method from a token."""

    type: Literal["card"]
    card: CardToken
    metadata: Metadata = Field(default_factory=dict)


class Automatic(BaseModel):
    """Payment methods chosen by the dashboard; here that is always the card."""

    model_config = ConfigDict(extra="forbid")
    enabled: bool
    allow_redirects: Literal["always", "never"] = "always"


class Confirm(Params):
    """Confirming a payment."""

    payment_method: str | None = None
    off_session: bool = False
    error_on_requires_action: bool = False
    return_url: str | None = None


class Create(Confirm):
    """Creating a payment."""

    amount: Amount
    currency: Currency
    capture_method: Literal["automatic", "automatic_async", "manual"] = "automatic_async"
    allowed_payment_method_types: list[Literal["card"]] = ["card"]
    automatic_payment_methods: Automatic | None = None
    confirm: bool = False
    description: str | None = None
    metadata: Metadata = Field(default_factory=dict)


class Capture(Params):
    """Capturing a hold; without an amount, all of it."""

    amount_to_capture: Amount | None = None
    metadata: Metadata = Field(default_factory=dict)


class Cancel(Params):
    """Cancelling a payment."""

    cancellation_reason: Literal["duplicate", "fraudulent", "requested_by_customer", "abandoned"] | None = None


class RefundCreate(Params):
    """Refunding a payment; without an amount, all that is left."""

    payment_intent: str | None = None
    charge: str | None = None
    amount: Amount | None = None
    reason: Literal["duplicate", "fraudulent", "requested_by_customer"] | None = None
    metadata: Metadata = Field(default_factory=dict)


def parse(model: type[M], form: dict[str, Any]) -> M:
    """The parameters, or a ParameterError for the first that is wrong."""
    try:
        return model.model_validate(form)
    except ValidationError as invalid:
        raise _told(invalid) from None


def _told(invalid: ValidationError) -> ParameterError:
    # Stripe tells of a name it does not know before anything else.
    faults = sorted(invalid.errors(), key=lambda fault: fault["type"] != "extra_forbidden")
    fault = faults[0]
    where = [str(part) for part in fault["loc"] if part not in {"int", "Range"}]
    name = where[0] + "".join(f"[{part}]" for part in where[1:])
    given = fault["input"] if isinstance(fault["input"], str) else ""
    match fault["type"]:
        case "extra_forbidden":
            return ParameterError(f"Received unknown parameter: {name}", code="parameter_unknown", param=name)
        case "missing":
            return ParameterError(f"Missing required param: {name}.", code="parameter_missing", param=name)
        case "int_parsing" | "int_type" | "int_parsing_size":
            return ParameterError(f"Invalid integer: {given}", code="parameter_invalid_integer", param=name)
        case "greater_than_equal" if "amount" in name:
            return ParameterError(
                "This value must be greater than or equal to 1.", code="parameter_invalid_integer", param=name
            )
        case "less_than_equal" if "amount" in name:
            return ParameterError("Amount must be no more than $999,999.99", code="amount_too_large", param=name)
        case _:
            return ParameterError(f"Invalid {name}: {fault['msg']}", param=name)
