r"""Support triage: a model sorts a ticket, a specialist and the customer are asked at once, then all is closed out.

Shows: a model step whose paid answer is kept; two callbacks open together with different timeouts (either may come
first, each wakes the workflow); heartbeats that keep the longer one alive; a parallel close-out with named branches.

    checkout durable run examples/durable/support_triage.py:handler --name ticket-7 --until-suspended \
        --input '{"ticket": "T-7", "text": "I was charged twice and want my money back"}'
    checkout durable history ticket-7                             # shows both callback ids
    checkout durable callback succeed SPECIALIST_ID --payload '{"reply": "Refund issued."}'
    checkout durable callback heartbeat CUSTOMER_ID               # the customer is typing: the silence timer restarts
    checkout durable callback succeed CUSTOMER_ID --payload '{"details": "card ending 4242"}'
    checkout durable run examples/durable/support_triage.py:handler --name ticket-7

On AWS Lambda durable functions it runs as it is: `examples.durable.support_triage.handler`.
"""

import json
from collections.abc import Mapping
from typing import Any, Literal

from aws_durable_execution_sdk_python import (
    CallbackError,
    CallbackTimeoutError,
    DurableContext,
    ParallelBranch,
    durable_execution,
)
from aws_durable_execution_sdk_python.config import CallbackConfig, Duration, StepConfig
from aws_durable_execution_sdk_python.retries import RetryPresets
from aws_durable_execution_sdk_python.types import Callback
from pydantic import BaseModel, Field

from examples.durable.model import MODEL_RETRIES, Prompt, ask
from examples.durable.outside import Outside

# The specialist's promise to the customer; after it the model's draft goes out, marked as unreviewed.
SPECIALIST = CallbackConfig(timeout=Duration.from_hours(4))
# Customers answer in their own time, but one who shows no sign of life for a day is not coming back.
CUSTOMER = CallbackConfig(timeout=Duration.from_days(3), heartbeat_timeout=Duration.from_days(1))
TRANSIENT = StepConfig(retry_strategy=RetryPresets.transient())


class Triage(BaseModel):
    """What the model must say about a ticket."""

    category: Literal["billing", "technical", "account", "other"]
    urgency: Literal["low", "normal", "high"]
    summary: str = Field(min_length=1, max_length=300)
    draft_reply: str = Field(min_length=1)


def prompt(text: str) -> Prompt:
    """The request to sort one ticket."""
    return Prompt(
        role="You are the first reader of a support desk's inbox.",
        instructions="Sort the ticket and draft a reply that a specialist will check.",
        steps=(
            "Find what the customer wants.",
            "Choose the category and the urgency.",
            "Draft a short, friendly reply.",
        ),
        expectation="A category, an urgency, a summary of one sentence, and a draft of at most four sentences.",
        narrowing=("Promise no refund and no date.", "Use only what the ticket says.", "When in doubt: other, normal."),
        material={"ticket": text},
    )


def script(material: Mapping[str, Any]) -> dict[str, Any]:
    """The stand-in for the model: keywords."""
    text = str(material["ticket"]).lower()
    categories = {"billing": ("charged", "refund", "invoice", "money"), "technical": ("error", "crash", "broken")}
    category = next((name for name, words in categories.items() if any(word in text for word in words)), "other")
    return {
        "category": category,
        "urgency": "high" if "twice" in text or "urgent" in text else "normal",
        "summary": f"A {category} question: {text[:80]}",
        "draft_reply": "Thank you for writing. We are looking into it and will come back to you.",
    }


def answer_of(callback: Callback[str], key: str) -> tuple[str | None, str]:
    """What came through a callback under `key`, and how it ended: answered, unreadable, timed-out or failed."""
    try:
        payload = callback.result()
    except CallbackTimeoutError:
        return None, "timed-out"
    except CallbackError:
        return None, "failed"
    try:
        value = json.loads(payload or "null")
    except json.JSONDecodeError:
        return None, "unreadable"
    if isinstance(value, dict) and isinstance(value.get(key), str):
        return value[key], "answered"
    return None, "unreadable"


@durable_execution
def handler(event: dict[str, Any], context: DurableContext) -> dict[str, Any]:
    """One ticket: `{"ticket", "text", "outside"?}` in, what became of it out."""
    outside = Outside.of(event)
    ticket, text = event["ticket"], event["text"]

    triage: dict[str, Any] = context.step(
        lambda step: ask(prompt(text), Triage, script=script, outside=outside, call="triage", attempt=step.attempt),
        name="triage",
        config=StepConfig(retry_strategy=MODEL_RETRIES),
    )

    specialist = context.create_callback("specialist-review", SPECIALIST)
    customer = context.create_callback("customer-details", CUSTOMER)
    context.step(
        lambda step: outside.call("ask-specialist", step.attempt, callback_id=specialist.callback_id),
        name="ask-specialist",
        config=TRANSIENT,
    )
    context.step(
        lambda step: outside.call("ask-customer", step.attempt, callback_id=customer.callback_id),
        name="ask-customer",
        config=TRANSIENT,
    )
    reviewed, review = answer_of(specialist, "reply")
    details, customer_said = answer_of(customer, "details")

    def close(task: str) -> ParallelBranch[None]:
        def branch(child: DurableContext) -> None:
            child.step(lambda step: outside.call(task, step.attempt), name=task, config=TRANSIENT)

        return ParallelBranch(branch, name=task)

    context.parallel([close(task) for task in ("send-reply", "update-ticket", "record-metrics")], name="close-out")

    return {
        "ticket": ticket,
        "category": triage["category"],
        "urgency": triage["urgency"],
        "reply": reviewed or triage["draft_reply"],
        "review": review,
        "customer": customer_said,
        "details": details,
        "answered_by": triage["answered_by"],
    }
