"""The bodies developers send: shapes, limits and the sentences for what does not fit.

Knows the wire; turns it into the purchase's words. Must never let a payment token into `repr`, an echo or an error.
"""

from typing import Annotated, Any

import phonenumbers
from email_validator import EmailNotValidError, validate_email
from pydantic import AfterValidator, BeforeValidator, ConfigDict, Field, SecretStr, WithJsonSchema, model_validator
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError

from checkout.api.wire import (
    TEXT_CHARACTERS,
    Constraints,
    Money,
    PaymentMethodType,
    Printable,
    Text,
    VariantSelection,
    Whole,
    Wire,
)
from checkout.purchase import terms
from checkout.purchase.commands import Asked, Pays
from merchants import sdk
from payments import money

MAX_QUANTITY = 99
MAX_URL_CHARACTERS = 2048
MAX_VARIANTS = 20
MAX_PROMO_CODES = 16  # Rye's
MAX_TOKEN_CHARACTERS = 255
# Payment methods of Rye's wire that need an account with a provider of theirs, or custody; each is refused by name.
KNOWN_ELSEWHERE = ("basis_theory_token", "drawdown", "x402")

EXAMPLE_BUYER: JsonDict = {
    "firstName": "Ada",
    "lastName": "Lovelace",
    "email": "ada@example.com",
    "phone": "+1 212 555 0123",
    "address1": "1 Engine Way",
    "city": "New York",
    "province": "NY",
    "postalCode": "10001",
    "country": "US",
}
EXAMPLE_URL = "https://shop.example/products/lamp"


def _email(text: str) -> str:
    try:
        validate_email(text, check_deliverability=False, test_environment=True)
    except EmailNotValidError:
        raise PydanticCustomError("email_invalid", "must be an email address such as ada@example.com") from None
    return text


def _country(code: str) -> str:
    # A place without a telephone code gets no parcels either, so the list need not be a second one.
    if code not in phonenumbers.SUPPORTED_REGIONS:
        raise PydanticCustomError("country_unknown", "must be an upper-case ISO 3166 alpha-2 code such as US")
    return code


def _quantity(value: Any) -> Any:
    """An integer, or one spelled as a string, as Rye's own curl example has it."""
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= len(str(MAX_QUANTITY)):
        return int(value)
    return value


def _token(secret: SecretStr) -> SecretStr:
    token = secret.get_secret_value()
    prefix, _, rest = token.partition("_")
    plain = token.isascii() and token.replace("_", "").isalnum()
    if prefix not in ("tok", "pm") or not rest or not plain or len(token) > MAX_TOKEN_CHARACTERS:
        raise PydanticCustomError("token_invalid", "must be a Stripe token: tok_… or pm_…")
    return secret


def _supported(value: Any) -> Any:
    kind = value.get("type") if isinstance(value, dict) else None
    if isinstance(kind, str) and kind in KNOWN_ELSEWHERE:
        raise PydanticCustomError(
            "payment_method_unsupported", "this service takes `stripe_token`, not `{kind}`", {"kind": kind}
        )
    return value


def _not_searched(value: bool) -> bool:  # noqa: FBT001 (a field's value)
    if value:
        raise PydanticCustomError(
            "promo_code_discovery_not_enabled", "this service has no list of promo codes to search"
        )
    return value


class Buyer(Wire):
    """Who buys, and where it ships."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE_BUYER]})

    first_name: Text
    last_name: Text
    email: Annotated[str, Field(max_length=254, json_schema_extra={"format": "email"}), AfterValidator(_email)]
    phone: Annotated[str, Field(min_length=3, max_length=32, description="With or without a country code."), Printable]
    address1: Text
    address2: Text | None = None
    city: Text
    province: Text
    postal_code: Text
    country: Annotated[
        str, Field(pattern=r"^[A-Z]{2}$", description="ISO 3166 alpha-2, upper case."), AfterValidator(_country)
    ]

    @model_validator(mode="after")
    def _phone_is_possible(self) -> "Buyer":
        try:
            if phonenumbers.is_possible_number(phonenumbers.parse(self.phone, self.country)):
                return self
        except phonenumbers.NumberParseException:
            pass  # said below, in the same words as for a number that parses and cannot be
        raise PydanticCustomError(
            "phone_impossible", "`phone` cannot be a telephone number in {country}", {"country": self.country}
        )

    def words(self) -> sdk.Buyer:
        """As merchants know it."""
        return sdk.Buyer(**self.model_dump())


class StripeToken(Wire):
    """A token made by Stripe for the key this service runs with: `tok_…` or `pm_…`."""

    model_config = ConfigDict(json_schema_extra={"examples": [{"type": "stripe_token", "stripeToken": "tok_visa"}]})

    type: PaymentMethodType
    stripe_token: Annotated[
        SecretStr,
        AfterValidator(_token),
        WithJsonSchema({"type": "string", "pattern": "^(tok|pm)_[A-Za-z0-9_]{1,250}$", "writeOnly": True}),
    ]

    def pays(self) -> Pays:
        """As the purchase knows it, with what is echoed in its place."""
        token = self.stripe_token.get_secret_value()
        masked = f"{token.partition('_')[0]}_****"
        return Pays(method=self.type, token=token, echo={"type": self.type, "stripeToken": masked})


Payment = Annotated[StripeToken, BeforeValidator(_supported)]


class CreateCheckoutIntent(Wire):
    """A product to buy: its URL, how many, for whom."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"productUrl": EXAMPLE_URL, "quantity": 1, "buyer": EXAMPLE_BUYER}]}
    )

    buyer: Buyer
    product_url: Annotated[
        str,
        Field(min_length=1, max_length=MAX_URL_CHARACTERS, description="The product's page, http or https."),
        Printable,
    ]
    quantity: Annotated[
        int,
        Field(ge=1, le=MAX_QUANTITY),
        Whole,
        BeforeValidator(_quantity),
        WithJsonSchema(
            {
                "anyOf": [
                    {"type": "integer", "minimum": 1, "maximum": MAX_QUANTITY},
                    {"type": "string", "pattern": "^[1-9][0-9]?$"},
                ]
            }
        ),
    ]
    constraints: Constraints | None = None
    discover_promo_codes: Annotated[bool, AfterValidator(_not_searched)] = Field(
        default=False, description="Only false: this service searches no promo codes."
    )
    promo_codes: Annotated[
        list[Annotated[str, Field(min_length=1, max_length=32, pattern=r"^[a-zA-Z0-9_\-]+$")]],
        Field(max_length=MAX_PROMO_CODES),
    ] = Field(default_factory=list)
    reference_id: Annotated[str, Field(max_length=TEXT_CHARACTERS), Printable] | None = Field(
        default=None, description="Yours; echoed on the intent and on its order."
    )
    variant_selections: Annotated[list[VariantSelection], Field(max_length=MAX_VARIANTS)] = Field(default_factory=list)

    def asked(self) -> Asked:
        """As the purchase knows it. What is echoed is what was sent, so a default is not echoed."""
        limits = self.constraints or Constraints()
        echo = {"buyer", "product_url", "quantity", "constraints", "discover_promo_codes"}
        echo |= {"promo_codes", "reference_id", "variant_selections"}
        return Asked(
            product_url=self.product_url,
            quantity=self.quantity,
            buyer=self.buyer.words(),
            wire=self.model_dump(mode="json", by_alias=True, exclude_unset=True, include=echo),
            effort=terms.Effort(limits.offer_retrieval_effort or "max"),
            constraints=terms.Constraints(
                max_total_price_minor=limits.max_total_price, max_shipping_price_minor=limits.max_shipping_price
            ),
            variant={chosen.label: str(chosen.value) for chosen in self.variant_selections},
            promo_codes=tuple(self.promo_codes),
            reference_id=self.reference_id,
        )


class PurchaseCheckoutIntent(CreateCheckoutIntent):
    """A product to buy and the token that pays: confirmed in advance, within the constraints."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "productUrl": EXAMPLE_URL,
                    "quantity": 1,
                    "buyer": EXAMPLE_BUYER,
                    "constraints": {"maxTotalPrice": 5000},
                    "paymentMethod": {"type": "stripe_token", "stripeToken": "tok_visa"},
                }
            ]
        }
    )

    payment_method: Payment


class ConfirmCheckoutIntent(Wire):
    """The buyer's yes: the token that pays and, better with it, the total they agreed to."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {
                    "paymentMethod": {"type": "stripe_token", "stripeToken": "tok_visa"},
                    "agreedTotal": {"amountSubunits": 2646, "currencyCode": "USD"},
                }
            ]
        }
    )

    payment_method: Payment
    agreed_total: Money | None = Field(
        default=None, description="Refuses the confirmation if the offer's total is another one."
    )

    def agreed(self) -> money.Money | None:
        """As payments know it."""
        total = self.agreed_total
        return money.Money(total.amount_subunits, total.currency_code) if total else None


class CancelCheckoutIntent(Wire):
    """Nothing to say; the body may be left out."""

    model_config = ConfigDict(json_schema_extra={"examples": [{}]})
