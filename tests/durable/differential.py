"""Tells the same story on AWS's own local runner and on our service, and compares what both recorded.

A story is a handler, its input, and the answers its callbacks get. `same_story` runs it on both and returns ours after
checking that operations (type, sub-type, name, parent, status) and history events (type, sub-type, name) are the same.
"""

import json
import time
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pprint import pformat
from typing import Any

from aws_durable_execution_sdk_python import durable_execution
from aws_durable_execution_sdk_python.lambda_service import ErrorObject
from aws_durable_execution_sdk_python_testing.execution import Execution
from aws_durable_execution_sdk_python_testing.model import Event
from aws_durable_execution_sdk_python_testing.runner import DurableFunctionTestRunner

from checkout.durable.testing import TestBed
from checkout.durable.views import ExecutionView

# What an operation was: type, sub-type, name, parent's name, final status.
Line = tuple[str, str | None, str | None, str | None, str]
# The operations that run side by side.
BRANCHES = frozenset({"ParallelBranch", "MapIteration"})
# What happened: event type, sub-type, operation's name.
Moment = tuple[str, str | None, str | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the callback called `callback` is told: a payload, or an error in AWS's shape."""

    callback: str
    payload: str | None = None
    error: Mapping[str, str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """What was recorded; events in order per parent's name, a branch's own per branch: branches run side by side."""

    status: str
    result: Any
    operations: tuple[Line, ...]
    events: Mapping[str | None, tuple[Moment, ...]]


def same_story(
    handler: Callable[..., Any],
    payload: Any = None,
    *,
    answers: Sequence[Answer] = (),
    others: Mapping[str, Callable[..., Any]] | None = None,
    invocations: bool = True,
    by_operation: bool = False,
) -> Story:
    """Run it on both; the same story, or an AssertionError that shows both.

    Args:
        handler: a plain function (event, context).
        payload: its input, as JSON.
        answers: given one after the other, each once its callback exists and nothing else can run.
        others: handlers by function name, for chained invokes.
        invocations: whether the number and place of InvocationCompleted must agree too; branches that race need False.
        by_operation: compare the events of each operation on its own: for flat branches, which share one context.
    """
    ours = on_ours(handler, payload, answers=answers, others=others or {}, invocations=invocations)
    aws = on_aws(handler, payload, answers=answers, others=others or {}, invocations=invocations)
    if by_operation:
        ours, aws = _unordered(ours), _unordered(aws)
    assert aws == ours, f"not the same story\n\nAWS:\n{pformat(aws)}\n\nours:\n{pformat(ours)}"
    return ours


def on_ours(
    handler: Callable[..., Any],
    payload: Any,
    *,
    answers: Sequence[Answer],
    others: Mapping[str, Callable[..., Any]],
    invocations: bool,
) -> Story:
    """The story as our service records it."""
    with TestBed(skip_time=True) as bed:
        for name, other in others.items():
            bed.service.register(name, other)
        bed.service.register("function", handler)
        bed.service.start("function", "execution", json.dumps(payload))
        for answer in answers:
            bed.service.run_until("execution", partial(_asks, bed, answer.callback))
            callback_id = bed.callback_id(answer.callback)
            if answer.error is None:
                bed.service.succeed_callback(callback_id, answer.payload)
            else:
                bed.service.fail_callback(callback_id, dict(answer.error))
        bed.service.run_until_idle()
        view = bed.service.get("execution")
        operations = bed.service.operations("execution")
        names = {one.id: one.name for one in operations}
        return Story(
            status=view.status.value,
            result=json.loads(view.result) if view.result else None,
            operations=_sorted(
                (one.type, one.sub_type, one.name, names.get(one.parent_id or ""), one.status) for one in operations
            ),
            events=_by_parent(
                [
                    (names.get(one.get("ParentId", "")), (one["EventType"], one.get("SubType"), one.get("Name")))
                    for one in bed.service.history("execution")
                ],
                invocations=invocations,
            ),
        )


def _asks(bed: TestBed, callback: str, _view: ExecutionView) -> bool:
    """Whether the callback waits for its answer: time must not be skipped past it."""
    return any(one.name == callback and one.status == "STARTED" for one in bed.service.operations("execution"))


def on_aws(
    handler: Callable[..., Any],
    payload: Any,
    *,
    answers: Sequence[Answer],
    others: Mapping[str, Callable[..., Any]],
    invocations: bool,
) -> Story:
    """The story as AWS's testing package records it."""
    with DurableFunctionTestRunner(handler=durable_execution(handler), poll_interval=0.01) as runner:
        for name, other in others.items():
            runner.register_durable_function(name, durable_execution(other))
        arn = runner.run_async(input=json.dumps(payload), execution_name="execution", execution_timeout=60)
        for answer in answers:
            callback_id = runner.wait_for_callback(arn, answer.callback, timeout=10)
            runner._executor._wait_until_idle(arn, time.monotonic() + 10, "it never came to rest")
            if answer.error is None:
                runner.send_callback_success(callback_id, (answer.payload or "").encode())
            else:
                runner.send_callback_failure(callback_id, ErrorObject.from_dict(dict(answer.error)))
        runner.wait_for_result(arn, timeout=30)
        execution: Execution = runner._store.load(arn)
        history: list[Event] = runner._executor.get_execution_history(arn, max_items=1000).events
    runner._scheduler._loop.close()  # the package stops its event loop and leaves it open; warnings are errors here
    operations = execution.get_assertable_operations()
    names = {one.operation_id: one.name for one in operations}
    assert execution.result is not None
    result = execution.result.result
    return Story(
        status=execution.current_status().value,
        result=json.loads(result) if result else None,
        operations=_sorted(
            (one.operation_type.value, one.sub_type, one.name, names.get(one.parent_id or ""), one.status.value)
            for one in operations
        ),
        events=_by_parent(
            [(names.get(one.parent_id or ""), (one.event_type, one.sub_type, one.name)) for one in history],
            invocations=invocations,
        ),
    )


def _unordered(story: Story) -> Story:
    """The same story with operations in order of their names, and events per operation."""
    found: dict[str | None, list[Moment]] = defaultdict(list)
    for parent, moments in story.events.items():
        for moment in moments:
            found[f"{parent}/{moment[2]}"].append(moment)
    return replace(
        story,
        operations=tuple(sorted(story.operations, key=str)),
        events={name: tuple(of_operation) for name, of_operation in found.items()},
    )


def _sorted(lines: Any) -> tuple[Line, ...]:
    """Start order within each parent; branches by name, because which was faster means nothing."""
    return tuple(sorted(lines, key=lambda line: (line[3] or "", line[2] or "" if line[1] in BRANCHES else "")))


def _by_parent(
    moments: Sequence[tuple[str | None, Moment]], *, invocations: bool
) -> Mapping[str | None, tuple[Moment, ...]]:
    found: dict[str | None, list[Moment]] = defaultdict(list)
    for parent, moment in moments:
        if moment[1] in BRANCHES:
            found[f"{parent}/{moment[2]}"].append(moment)
        elif invocations or moment[0] != "InvocationCompleted":
            found[parent].append(moment)
    return {parent: tuple(of_parent) for parent, of_parent in found.items()}
