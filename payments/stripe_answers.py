"""How certain a failure of Stripe's is, and what its amounts mean. No call is made here.

The table of certainty is the heart of it: a failure is definite, or nothing was executed, or nobody knows.
"""

from dataclasses import dataclass
from enum import StrEnum

import stripe

from payments.money import Money
from payments.stripe_http import NotSentError


class Certainty(StrEnum):
    """What a failed call says about what happened."""

    REFUSED = "refused"  # a definite no
    NOT_EXECUTED = "not_executed"  # nothing was done by this call; it may be sent again
    UNKNOWN = "unknown"  # done or not done


# Everything that is not listed, 5xx above all, is unknown.
CERTAINTY_BY_STATUS = {
    400: Certainty.REFUSED,
    401: Certainty.REFUSED,
    402: Certainty.REFUSED,
    403: Certainty.REFUSED,
    404: Certainty.REFUSED,
    409: Certainty.NOT_EXECUTED,
    429: Certainty.NOT_EXECUTED,
}

# Stripe writes these two with two decimals although ISO 4217 gives them none.
HUNDREDFOLD = frozenset({"ISK", "UGX"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Failure:
    """A call that brought no success. `replayed`: this is what an earlier call with the same key got."""

    certainty: Certainty
    code: str
    message: str
    replayed: bool = False


def failure(error: stripe.StripeError) -> Failure:
    """What an error of the SDK's means."""
    said = error.error
    code = (said and (said.decline_code or said.code or said.type)) or error.code or type(error).__name__
    return Failure(
        certainty=_certainty(error),
        code=str(code),
        message=error.user_message or "Stripe gave no reason.",
        replayed=was_replayed(error.headers),
    )


def was_replayed(headers: object) -> bool:
    """Whether an answer is the one kept under its idempotency key: true then, perhaps not now."""
    get = getattr(headers, "get", None)
    return bool(get and get("idempotent-replayed") == "true")


def amount(money: Money) -> int:
    """An amount as Stripe wants it."""
    return money.amount_minor * (100 if money.currency in HUNDREDFOLD else 1)


def money(amount: int, currency: str) -> Money:
    """An amount as Stripe says it."""
    code = currency.upper()
    return Money(amount // 100 if code in HUNDREDFOLD else amount, code)


def _certainty(error: stripe.StripeError) -> Certainty:
    if isinstance(error, NotSentError):
        return Certainty.NOT_EXECUTED
    return CERTAINTY_BY_STATUS.get(error.http_status or 0, Certainty.UNKNOWN)
