r"""Content approval: draft, let a person decide, revise at most a few times, publish when it may be seen.

Shows: a loop of callbacks that is bounded; one child context per round, so that the history reads round by round; a
durable `wait` until the embargo ends; `wait_for_condition` that polls until the page is really live.

    checkout durable run examples/durable/content_approval.py:handler --name post-1 --until-suspended \
        --input '{"brief": "Announce the new opening hours", "embargo_seconds": 86400}'
    checkout durable callback succeed CALLBACK_ID --payload '{"decision": "revise", "comment": "shorter"}'
    checkout durable run examples/durable/content_approval.py:handler --name post-1 --until-suspended
    checkout durable callback succeed CALLBACK_ID --payload '{"decision": "publish"}'
    checkout durable run examples/durable/content_approval.py:handler --name post-1 --skip-time

On AWS Lambda durable functions it runs as it is: `examples.durable.content_approval.handler`.
"""

from collections.abc import Mapping
from functools import partial
from typing import Any, Literal

from aws_durable_execution_sdk_python import (
    CallbackError,
    DurableContext,
    WaitForConditionError,
    durable_execution,
)
from aws_durable_execution_sdk_python.config import (
    Duration,
    JitterStrategy,
    StepConfig,
    WaitForCallbackConfig,
)
from aws_durable_execution_sdk_python.retries import RetryPresets
from aws_durable_execution_sdk_python.types import WaitForConditionCheckContext
from aws_durable_execution_sdk_python.waits import WaitForConditionConfig, WaitStrategyConfig, create_wait_strategy
from pydantic import BaseModel, Field, ValidationError

from examples.durable.model import MODEL_RETRIES, Prompt, ask
from examples.durable.outside import Outside

# An editor who sent a text back three times should write it; every round costs a model call and a person's time.
MAX_ROUNDS = 3
# Over a weekend nobody decides; after that the news is old.
DECISION_TIMEOUT = Duration.from_days(3)
MODEL_STEP = StepConfig(retry_strategy=MODEL_RETRIES)
PUBLISH_STEP = StepConfig(retry_strategy=RetryPresets.transient())
# A page is live within seconds of publishing, or something is wrong: ten looks, a few seconds apart.
UNTIL_LIVE = create_wait_strategy(
    WaitStrategyConfig[dict[str, Any]](
        should_continue_polling=lambda state: not state["live"],
        max_attempts=10,
        initial_delay=Duration.from_seconds(2),
        jitter_strategy=JitterStrategy.NONE,
    )
)


class Draft(BaseModel):
    """What the model must write."""

    title: str = Field(min_length=1, max_length=120)
    text: str = Field(min_length=1)


class Decision(BaseModel):
    """What the editor's callback must carry."""

    decision: Literal["publish", "revise", "reject"]
    comment: str = ""


def prompt(brief: str, draft: Mapping[str, Any] | None, comment: str) -> Prompt:
    """The request for a first draft, or for the next one."""
    return Prompt(
        role="You write short announcements.",
        instructions="Write the announcement, or revise the draft as the editor's comment asks.",
        steps=("Read the brief.", "If there is a draft, change only what the comment asks.", "Check the length."),
        expectation="A title, and a text of at most five sentences.",
        narrowing=("No facts beyond the brief.", "No superlatives.", "Plain text, no markup."),
        material={"brief": brief, "draft": dict(draft) if draft else None, "comment": comment},
    )


def script(material: Mapping[str, Any]) -> dict[str, Any]:
    """The stand-in for the model: the brief, or the draft with the comment obeyed in so many words."""
    if draft := material["draft"]:
        return {"title": draft["title"], "text": f"{draft['text']} (revised: {material['comment']})"}
    return {"title": str(material["brief"])[:60], "text": f"{material['brief']}."}


def read_decision(payload: str | None) -> Decision:
    """The editor's decision; what cannot be read asks for another round, saying why, and publishes nothing."""
    try:
        return Decision.model_validate_json(payload or "null")
    except ValidationError as error:
        return Decision(decision="revise", comment=f"the decision was unreadable: {error.error_count()} fault(s)")


@durable_execution
def handler(event: dict[str, Any], context: DurableContext) -> dict[str, Any]:
    """One text: `{"brief" or "draft", "embargo_seconds"?, "polls_until_live"?, "outside"?}` in, its fate out."""
    outside = Outside.of(event)
    brief = event.get("brief", "")

    def one_round(child: DurableContext, number: int, draft: dict[str, Any] | None, comment: str) -> dict[str, Any]:
        if draft is None or comment:
            request, call = prompt(brief, draft, comment), f"write:{number}"
            draft = child.step(
                lambda step: ask(request, Draft, script=script, outside=outside, call=call, attempt=step.attempt),
                name="write",
                config=MODEL_STEP,
            )
        title = draft["title"]
        try:
            answer = child.wait_for_callback(
                lambda callback_id, _: outside.call(f"ask-editor:{number}", callback_id=callback_id, title=title),
                name="await-decision",
                config=WaitForCallbackConfig(timeout=DECISION_TIMEOUT, retry_strategy=RetryPresets.transient()),
            )
        except CallbackError as failure:
            return {"draft": draft, "decision": "reject", "comment": failure.message or "nobody decided"}
        return {"draft": draft, **read_decision(answer).model_dump()}

    def look(state: dict[str, Any], check: WaitForConditionCheckContext) -> dict[str, Any]:
        outside.call("look-at-page", check.attempt)
        return {"live": check.attempt >= event.get("polls_until_live", 2), "looks": state["looks"] + 1}

    rounds = 1
    verdict = context.run_in_child_context(
        partial(one_round, number=rounds, draft=event.get("draft"), comment=""), name="round-1"
    )
    while verdict["decision"] == "revise" and rounds < MAX_ROUNDS:
        rounds += 1
        verdict = context.run_in_child_context(
            partial(one_round, number=rounds, draft=verdict["draft"], comment=verdict["comment"] or "improve it"),
            name=f"round-{rounds}",
        )
    outcome = {"rounds": rounds, "title": verdict["draft"]["title"], "text": verdict["draft"]["text"]}
    if verdict["decision"] != "publish":
        status = "rejected" if verdict["decision"] == "reject" else "rounds-exhausted"
        return {"status": status, "comment": verdict["comment"], **outcome}

    if embargo_seconds := int(event.get("embargo_seconds", 0)):
        context.wait(Duration.from_seconds(embargo_seconds), name="embargo")
    context.step(lambda step: outside.call("publish", step.attempt), name="publish", config=PUBLISH_STEP)
    try:
        page = context.wait_for_condition(
            look,
            WaitForConditionConfig(wait_strategy=UNTIL_LIVE, initial_state={"live": False, "looks": 0}),
            name="until-live",
        )
    except WaitForConditionError:
        return {"status": "published-not-live", **outcome}
    return {"status": "published", "looks": page["looks"], **outcome}
