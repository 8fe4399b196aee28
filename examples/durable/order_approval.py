r"""Order approval: validate, wait for a person, then charge and ship through systems that fail now and then.

Shows: a step that answers with a value instead of raising; `wait_for_callback` with a timeout (no process waits with
it); retried steps with backoff and an idempotency key; a compensation when the last step fails for good.

    checkout durable run examples/durable/order_approval.py:handler --name order-1 --until-suspended \
        --input '{"order_id": "A-1", "amount_minor": 12500, "currency": "EUR",
                  "outside": {"fail_times": {"charge-card": 2}}}'
    checkout durable get order-1                                  # shows the callback's id
    checkout durable callback succeed CALLBACK_ID --payload '{"approved": true, "by": "the duty manager"}'
    checkout durable run examples/durable/order_approval.py:handler --name order-1 --skip-time

On AWS Lambda durable functions it runs as it is: `examples.durable.order_approval.handler`.
"""

import json
from typing import Any

from aws_durable_execution_sdk_python import (
    CallbackExternalError,
    CallbackTimeoutError,
    DurableContext,
    StepError,
    durable_execution,
)
from aws_durable_execution_sdk_python.config import Duration, StepConfig, WaitForCallbackConfig
from aws_durable_execution_sdk_python.retries import RetryPresets, RetryStrategyConfig, create_retry_strategy
from pydantic import BaseModel, Field, ValidationError

from examples.durable.outside import Outside, OutsideError

# A working day and the night before it: an order nobody looked at by then is stale, and the customer should know.
APPROVAL_TIMEOUT = Duration.from_hours(24)
# Validation has no outside to wait for, so another attempt would say the same.
ONCE = StepConfig(retry_strategy=RetryPresets.none())
# An outside system's hiccup lasts seconds; after five attempts within about a minute the order takes another way.
PATIENTLY = StepConfig(
    retry_strategy=create_retry_strategy(
        RetryStrategyConfig(
            max_attempts=5, initial_delay=Duration.from_seconds(2), retryable_error_types=[OutsideError]
        )
    )
)


class Order(BaseModel):
    """What must be true of an order before a person is bothered with it. The amount is in minor units."""

    order_id: str = Field(min_length=1)
    amount_minor: int = Field(gt=0)
    currency: str = Field(pattern="^[A-Z]{3}$")


def validate(event: dict[str, Any]) -> list[str]:
    """What is wrong with the order; empty when nothing is."""
    try:
        Order.model_validate(event)
    except ValidationError as error:
        return [f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}" for fault in error.errors()]
    return []


def read_decision(payload: str | None) -> tuple[bool, str]:
    """Whether the approver said yes, and why not. Only a clear yes counts: what cannot be read approves nothing."""
    try:
        decision = json.loads(payload or "null")
    except json.JSONDecodeError:
        return False, "the decision is not JSON"
    if not isinstance(decision, dict) or not isinstance(decision.get("approved"), bool):
        return False, 'the decision must be an object with "approved": true or false'
    return decision["approved"], str(decision.get("reason") or "declined by the approver")


def await_approval(context: DurableContext, outside: Outside, order_id: str) -> tuple[bool, str]:
    """Ask a person and wait, at most APPROVAL_TIMEOUT, holding no process meanwhile."""
    try:
        answer = context.wait_for_callback(
            lambda callback_id, _: outside.call("ask-approver", callback_id=callback_id, order_id=order_id),
            name="await-approval",
            config=WaitForCallbackConfig(timeout=APPROVAL_TIMEOUT, retry_strategy=RetryPresets.transient()),
        )
    except CallbackTimeoutError:
        return False, "nobody decided in time"
    except CallbackExternalError as refusal:
        return False, refusal.message or "the approver's system reported a failure"
    return read_decision(answer)


@durable_execution
def handler(event: dict[str, Any], context: DurableContext) -> dict[str, Any]:
    """One order: `{"order_id", "amount_minor", "currency", "outside"?}` in, its outcome out."""
    outside = Outside.of(event)
    problems = context.step(lambda _: validate(event), name="validate-order", config=ONCE)
    if problems:
        return {"status": "invalid", "problems": problems}
    order_id = event["order_id"]

    approved, reason = await_approval(context, outside, order_id)
    if not approved:
        return {"status": "rejected", "order_id": order_id, "reason": reason}

    try:
        # The order's own id is the idempotency key: an attempt whose answer was lost charges nothing twice.
        context.step(
            lambda step: outside.call("charge-card", step.attempt, idempotency_key=order_id),
            name="charge-card",
            config=PATIENTLY,
        )
    except StepError as failure:
        return {"status": "failed", "order_id": order_id, "reason": failure.message}
    try:
        context.step(lambda step: outside.call("ship-order", step.attempt), name="ship-order", config=PATIENTLY)
    except StepError as failure:
        context.step(
            lambda step: outside.call("refund-card", step.attempt, idempotency_key=order_id),
            name="refund-card",
            config=PATIENTLY,
        )
        return {"status": "refunded", "order_id": order_id, "reason": failure.message}
    return {"status": "completed", "order_id": order_id, "charged_minor": event["amount_minor"]}
