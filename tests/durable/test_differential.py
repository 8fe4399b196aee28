"""Our service and AWS's own runner record the same story of the same handler."""

from collections.abc import Callable
from typing import Any

import pytest
from aws_durable_execution_sdk_python import DurableContext, StepContext
from aws_durable_execution_sdk_python.config import (
    CallbackConfig,
    CompletionConfig,
    Duration,
    MapConfig,
    NestingType,
    ParallelConfig,
    StepConfig,
    StepSemantics,
)
from aws_durable_execution_sdk_python.exceptions import CallbackError, ChildContextError, InvokeError, StepError
from aws_durable_execution_sdk_python.retries import RetryStrategyConfig, create_retry_strategy
from aws_durable_execution_sdk_python.waits import WaitForConditionConfig, WaitForConditionDecision

from tests.durable.differential import Answer, same_story

TWICE = create_retry_strategy(RetryStrategyConfig(max_attempts=2))
ONCE = create_retry_strategy(RetryStrategyConfig(max_attempts=1))


def flaky(step: StepContext) -> str:
    """Fails on its first attempt."""
    if step.attempt == 1:
        raise ConnectionError("not yet")
    return "done"


def broken(_step: StepContext) -> str:
    """Always fails."""
    raise ValueError("never")


def steps(event: Any, context: DurableContext) -> Any:
    """Steps, a wait, a null."""
    first = context.step(lambda _: event["n"] + 1, name="first")
    context.wait(Duration.from_seconds(30), name="nap")
    context.step(lambda _: None, name="nothing")
    return context.step(lambda _: first * 2, name="second")


def retried(_event: Any, context: DurableContext) -> Any:
    """A step that needs two attempts, under both semantics."""
    eager = context.step(flaky, name="eager", config=StepConfig(retry_strategy=TWICE))
    once = StepConfig(retry_strategy=TWICE, step_semantics=StepSemantics.AT_MOST_ONCE_PER_RETRY)
    return [eager, context.step(flaky, name="once", config=once)]


def compensated(_event: Any, context: DurableContext) -> Any:
    """A failed step that is caught and made good."""
    try:
        context.step(broken, name="charge", config=StepConfig(retry_strategy=ONCE))
    except StepError as error:
        why = error.message
        return context.step(lambda _: f"refunded: {why}", name="refund")


def fails(_event: Any, context: DurableContext) -> Any:
    """Ends in an exception of its own."""
    context.step(lambda _: 1, name="one")
    raise RuntimeError("broken in the open")


def nested(_event: Any, context: DurableContext) -> Any:
    """A child context, and one that fails."""

    def inner(child: DurableContext) -> int:
        child.step(lambda _: 1, name="inner")
        child.wait(Duration.from_seconds(2), name="inner nap")
        return child.step(lambda _: 2, name="inner too")

    def sad(child: DurableContext) -> int:
        child.step(lambda _: 1, name="before")
        raise ValueError("sad")

    first = context.run_in_child_context(inner, name="outer")
    try:
        context.run_in_child_context(sad, name="sad")
    except ChildContextError as error:
        return [first, error.message]


def asked(_event: Any, context: DurableContext) -> Any:
    """wait_for_callback, then a callback of its own with work in between."""
    first = context.wait_for_callback(lambda _id, _context: None, name="ask")
    callback = context.create_callback(name="later", config=CallbackConfig(timeout=Duration.from_hours(1)))
    context.step(lambda _: None, name="meanwhile")
    try:
        return [first, callback.result()]
    except CallbackError as error:
        return [first, type(error).__name__, error.error_type, error.message]


def polled(_event: Any, context: DurableContext) -> Any:
    """wait_for_condition, three polls."""

    def decide(state: int, _attempt: int) -> WaitForConditionDecision:
        if state >= 3:
            return WaitForConditionDecision.stop_polling()
        return WaitForConditionDecision.continue_waiting(Duration.from_seconds(5))

    config = WaitForConditionConfig(wait_strategy=decide, initial_state=0)
    return context.wait_for_condition(lambda state, _: state + 1, config=config, name="poll")


def side_by_side(_event: Any, context: DurableContext) -> Any:
    """parallel: a step, a failing branch, a branch that waits."""

    def waits(branch: DurableContext) -> str:
        branch.wait(Duration.from_seconds(3), name="pause")
        return branch.step(lambda _: "waited", name="after")

    def sad(branch: DurableContext) -> str:
        return branch.step(broken, name="sad", config=StepConfig(retry_strategy=ONCE))

    tolerant = ParallelConfig(completion_config=CompletionConfig(tolerated_failure_count=3))
    batch = context.parallel(
        [lambda branch: branch.step(lambda _: "quick", name="quick"), sad, waits], name="all", config=tolerant
    )
    return [batch.get_results(), batch.failure_count]


def mapped(event: Any, context: DurableContext) -> Any:
    """map, two at a time."""

    def double(item: DurableContext, value: int, _index: int, _all: Any) -> int:
        return item.step(lambda _: value * 2, name="double")

    return context.map(event["values"], double, name="each", config=MapConfig(max_concurrency=1)).get_results()


def flat(_event: Any, context: DurableContext) -> Any:
    """Parallel without a context per branch: a retried step, two waits of different length."""
    retrying = StepConfig(retry_strategy=TWICE)

    def pause(branch: DurableContext, seconds: int) -> int:
        branch.wait(Duration.from_seconds(seconds), name=f"pause {seconds}")
        return branch.step(lambda _: seconds, name=f"after {seconds}")

    branches = [
        lambda branch: branch.step(flaky, name="flaky", config=retrying),
        lambda branch: pause(branch, 2),
        lambda branch: pause(branch, 4),
    ]
    config = ParallelConfig(nesting_type=NestingType.FLAT)
    return context.parallel(branches, name="all", config=config).get_results()


def first_wins(_event: Any, context: DurableContext) -> Any:
    """Parallel that is done with one result: the other branch's wait is left standing."""

    def slow(branch: DurableContext) -> str:
        branch.wait(Duration.from_hours(5), name="long")
        return "slow"

    config = ParallelConfig(completion_config=CompletionConfig(min_successful=1))
    quick = context.parallel([lambda branch: branch.step(lambda _: "quick", name="quick"), slow], "race", config)
    return [quick.get_results(), context.step(lambda _: "after", name="after")]


def large(_event: Any, context: DurableContext) -> Any:
    """A child context whose result is replayed from its children."""

    def inner(child: DurableContext) -> list[str]:
        first = child.step(lambda _: "a" * 150_000, name="a")
        return [first, child.step(lambda _: "b" * 150_000, name="b")]

    parts = context.run_in_child_context(inner, name="large")
    context.wait(Duration.from_seconds(2), name="nap")
    return [len(part) for part in parts]


def invokes(event: Any, context: DurableContext) -> Any:
    """A chained invoke that succeeds, one that fails, one that nobody knows."""
    ended: list[Any] = [context.invoke("double", event, name="twice")]
    for function, name in (("sad", "sadly"), ("nobody", "lost")):
        try:
            ended.append(context.invoke(function, event, name=name))
        except InvokeError as error:
            ended.append(error.error_type)
    return ended


def double(event: Any, context: DurableContext) -> Any:
    """Invoked by `invokes`."""
    return context.step(lambda _: event["n"] * 2, name="double")


def sad(_event: Any, _context: DurableContext) -> Any:
    """Invoked by `invokes`."""
    raise LookupError("sad")


@pytest.mark.parametrize("handler", [steps, retried, compensated, fails, nested, polled, large])
def test_a_sequence_is_the_same_story_on_both(handler: Callable[..., Any]) -> None:
    """One thing after the other: operations, statuses and every event agree, in number and order."""
    same_story(handler, {"n": 4})


@pytest.mark.parametrize(
    "second",
    [
        Answer(callback="later", payload='"yes"'),
        Answer(callback="later", error={"ErrorType": "Refused", "ErrorMessage": "no, thank you"}),
    ],
)
def test_callbacks_are_the_same_story_on_both(second: Answer) -> None:
    """An answer, good or bad, reaches the handler alike."""
    story = same_story(asked, answers=[Answer(callback="ask create callback id", payload='"first"'), second])
    assert "SUCCEEDED" == story.status


@pytest.mark.parametrize("handler", [side_by_side, mapped, first_wins])
def test_branches_are_the_same_story_on_both(handler: Callable[..., Any]) -> None:
    """Branches race, so what is compared is what each context recorded, in order."""
    same_story(handler, {"values": [1, 2, 3]}, invocations=False)


def test_flat_branches_are_the_same_story_on_both() -> None:
    """They share one context, so only each operation's own events have an order."""
    story = same_story(flat, invocations=False, by_operation=True)
    assert ["done", 2, 4] == story.result


def test_chained_invokes_are_the_same_story_on_both() -> None:
    """What an invoked function returns or raises reaches its parent alike; an unknown one is refused alike."""
    story = same_story(invokes, {"n": 4}, others={"double": double, "sad": sad})
    assert [8, "LookupError", "ResourceNotFoundException"] == story.result
