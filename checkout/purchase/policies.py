"""How the purchase retries, and how an outcome becomes an end. Data and pure functions beside the saga.

The durable SDK's defaults retry six times; here every policy is explicit. Knows outcomes and limits; no port is called.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

from aws_durable_execution_sdk_python.config import Duration, JitterStrategy, StepConfig, StepSemantics
from aws_durable_execution_sdk_python.exceptions import CallbackError
from aws_durable_execution_sdk_python.retries import RetryDecision, RetryStrategyConfig, create_retry_strategy
from aws_durable_execution_sdk_python.waits import WaitForConditionConfig, WaitForConditionDecision

from checkout.purchase import codec
from checkout.purchase.ports import Limits
from checkout.purchase.terms import AGENT, Failed, FailureCode, PurchaseRequest, Receipt, StillLooking
from merchants.sdk import Absent, Offer, Order, Refused, Unclear
from payments.gateway import Captured, Declined, Unknown
from payments.money import Money

T = TypeVar("T")
OUTCOME = codec.OutcomeSerDes()
# A second doubled so often is nine days, longer than any pause.
LARGEST_DOUBLING = 20


class TryAgainError(Exception):
    """An outcome that another attempt may improve; it goes to the step's retry policy and nowhere else."""


def never_retry(_error: Exception, _attempts_made: int) -> RetryDecision:
    """One attempt, whatever happens: a lost order is looked up, not placed again."""
    return RetryDecision.no_retry()


def _backoff(attempts: int, limits: Limits, first_delay_seconds: int = 1) -> Callable[[Exception, int], RetryDecision]:
    return create_retry_strategy(
        RetryStrategyConfig(
            max_attempts=attempts,
            initial_delay=Duration(seconds=first_delay_seconds),
            max_delay=Duration(seconds=limits.retry_max_delay_seconds),
            jitter_strategy=JitterStrategy.FULL,
        )
    )


def catalogue(limits: Limits) -> StepConfig:
    """Reading a catalogue changes nothing: retried eagerly, and re-run after a crash."""
    return StepConfig(retry_strategy=_backoff(limits.offer_attempts, limits), serdes=OUTCOME)


def money(attempts: int, limits: Limits) -> StepConfig:
    """Its START is on disk before the call; each retry settles the one before by reading back."""
    return StepConfig(
        retry_strategy=_backoff(attempts, limits),
        step_semantics=StepSemantics.AT_MOST_ONCE_PER_RETRY,
        serdes=OUTCOME,
    )


def patient(limits: Limits) -> Callable[[Exception, int], RetryDecision]:
    """Writing an agent's task is our own database: retried until it is back."""
    return _backoff(limits.settling_attempts, limits)


ONCE = StepConfig(retry_strategy=never_retry, step_semantics=StepSemantics.AT_MOST_ONCE_PER_RETRY, serdes=OUTCOME)
RECORD = StepConfig(retry_strategy=never_retry, serdes=OUTCOME)


def unless_transient(outcome: T, *, attempt: int, attempts: int) -> T:
    """The outcome; or TryAgainError while it is transient and an attempt is left."""
    transient = isinstance(outcome, Unknown) or (isinstance(outcome, Refused) and outcome.retryable)
    if transient and attempt < attempts:
        raise TryAgainError(getattr(outcome, "reason", None) or getattr(outcome, "message", ""))
    return outcome


def look_up(limits: Limits) -> WaitForConditionConfig[Any]:
    """Ask until the answer is definite, in growing pauses, and stop asking after `look_up_attempts`.

    While somebody is still looking it is asked on: that has a deadline of its own.
    """

    def decide(outcome: object, attempts_made: int) -> WaitForConditionDecision:
        enough = attempts_made >= limits.look_up_attempts and not isinstance(outcome, StillLooking)
        if not isinstance(outcome, Unclear) or enough:
            return WaitForConditionDecision.stop_polling()
        delay_seconds = limits.look_up_first_delay_seconds * 2 ** min(attempts_made - 1, LARGEST_DOUBLING)
        return WaitForConditionDecision.continue_waiting(
            Duration(seconds=min(delay_seconds, limits.look_up_max_delay_seconds))
        )

    return WaitForConditionConfig(
        wait_strategy=decide, initial_state=Unclear(message="not looked up yet"), serdes=OUTCOME
    )


def broken_constraint(request: PurchaseRequest, offer: Offer) -> Failed | None:
    """The buyer's limit this offer breaks, as the end of the purchase, or None."""
    constraints, cost = request.constraints, offer.cost
    most = constraints.max_total_price_minor
    if most is not None and cost.total.amount_minor > most:
        message = f"the total {cost.total} is over the limit {Money(most, cost.total.currency)}"
        return Failed(code=FailureCode.CONSTRAINT_TOTAL_PRICE_EXCEEDED, message=message)
    most = constraints.max_shipping_price_minor
    if most is not None and cost.shipping is not None and cost.shipping.amount_minor > most:
        message = f"shipping {cost.shipping} is over the limit {Money(most, cost.shipping.currency)}"
        return Failed(code=FailureCode.CONSTRAINT_SHIPPING_COST_EXCEEDED, message=message)
    return None


def refusal_of(error: CallbackError) -> Refused:
    """What an agent that gave up said; anything else that ended its wait is a failed retrieval."""
    try:
        refused = codec.loads(error.data or "")
    except ValueError:
        refused = None
    if isinstance(refused, Refused):
        return refused
    return Refused(code=FailureCode.OFFER_RETRIEVAL_FAILED, message=error.message or "the agent gave no offer")


def understood(brought: object) -> object:
    """What an agent brought, typed; what is no outcome of ours is unclear."""
    try:
        return codec.loads(str(brought))
    except ValueError:
        return Unclear(message="the agent's answer could not be read")


def offer_or_refusal(brought: object) -> Offer | Refused:
    """An agent's answer to a quote: anything but an offer is a failed retrieval.

    Whatever merchant it names, the offer is the agent's: no adapter's session can be slipped in through it.
    """
    if isinstance(brought, Offer):
        return replace(brought, merchant=AGENT)
    if isinstance(brought, Refused):
        return brought
    return Refused(code=FailureCode.OFFER_RETRIEVAL_FAILED, message="the agent brought no offer")


def sound(request: PurchaseRequest, offer: Offer | Refused) -> Offer | Refused:
    """The offer, if it is for what was asked and adds up; no adapter's mistake and no agent's is confirmed."""
    if isinstance(offer, Refused):
        return offer
    cost = offer.cost
    added = [part for part in (cost.subtotal, cost.shipping, cost.tax, cost.surcharge) if part]
    taken_off = [cost.discount] if cost.discount else []
    every = [*added, *taken_off, cost.total]
    summed = sum(part.amount_minor for part in added) - sum(part.amount_minor for part in taken_off)
    if offer.quantity != request.quantity:
        wrong = f"the offer is for {offer.quantity}, not {request.quantity}"
    elif len({part.currency for part in every}) > 1:
        wrong = "the offer mixes currencies"
    elif any(part.amount_minor < 0 for part in every):
        wrong = "the offer has a negative amount"
    elif summed != cost.total.amount_minor:
        wrong = f"the offer's parts do not sum to its total {cost.total}"
    else:
        return offer
    return Refused(code=FailureCode.INCORRECT_COST_BREAKDOWN, message=wrong)


def expired() -> Failed:
    """Nobody confirmed in time."""
    return Failed(code=FailureCode.CHECKOUT_INTENT_EXPIRED, message="the offer was not confirmed in time")


def refused(outcome: Refused | Absent) -> Failed:
    """The merchant's definite no, in the public words; what those cannot say stays in `reason`."""
    if isinstance(outcome, Absent):
        return Failed(
            code=FailureCode.ORDER_PLACEMENT_FAILED,
            message="the order was not placed and no longer can be",
            reason=outcome.message,
        )
    known = outcome.code in FailureCode.__members__.values()
    return Failed(
        code=FailureCode(outcome.code) if known else FailureCode.UNKNOWN,
        message=outcome.message,
        reason=None if known else outcome.code,
        continue_url=outcome.continue_url,
    )


def unpaid(outcome: object) -> Failed:
    """The buyer's payment did not come to a hold; nothing is held."""
    if isinstance(outcome, Declined):
        return Failed(
            code=FailureCode.PAYMENT_FAILED,
            message=outcome.message,
            reason=outcome.code,
            continue_url=outcome.action_url,
        )
    return Failed(
        code=FailureCode.PAYMENT_FAILED,
        message="the payment provider gave no definite answer; nothing is held",
        reason=outcome.reason if isinstance(outcome, Unknown) else "unknown",
    )


def receipt(request: PurchaseRequest, offer: Offer, order: Order, captured: Captured | None) -> Receipt:
    """The receipt; its order id is the intent's own number, so that a replay names the same order."""
    return Receipt(
        order_id=request.intent_id.replace("ci_", "order_", 1),
        merchant=offer.merchant,
        merchant_order_id=order.merchant_order_id,
        total=order.total,
        captured=captured.amount if captured else None,
        permalink_url=order.permalink_url,
        estimated_delivery=order.estimated_delivery,
    )


def within(amount: Money, limit: Money) -> bool:
    """Whether `amount` is of the limit's currency and not above it."""
    return amount.currency == limit.currency and amount <= limit


def corrected(order: Order, total: Money | None) -> Order:
    """The order with the total an operator read from the merchant, if they gave one."""
    return replace(order, total=total) if total else order
