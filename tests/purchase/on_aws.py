"""Tells a story on AWS's own local runner: the official test package, which nobody here wrote."""

import json
import time
from typing import Any

from aws_durable_execution_sdk_python import durable_execution
from aws_durable_execution_sdk_python.context import DurableContext
from aws_durable_execution_sdk_python_testing.runner import DurableFunctionTestRunner

from checkout.purchase import codec
from checkout.purchase.saga import purchase
from tests.purchase.scripted import World, event
from tests.purchase.stories import Story, Told, asked_of, world_of

# The runner waits in real time; a story that takes longer than this has lost its way.
PATIENCE_SECONDS = 30


def tell(story: Story) -> tuple[Told, World]:
    """How the story ended there, and the world afterwards."""
    world = world_of(story)

    def handler(payload: Any, context: DurableContext) -> Any:
        return purchase(payload, context, ports=world)

    with DurableFunctionTestRunner(handler=durable_execution(handler), poll_interval=0.02) as runner:
        arn = runner.run_async(input=json.dumps(event(asked_of(story))), execution_timeout=100_000)
        _answer(runner, arn, story)
        result = runner.wait_for_result(arn, timeout=PATIENCE_SECONDS)
    runner._scheduler._loop.close()  # the package stops its event loop and leaves it open; warnings are errors here
    names = {operation.operation_id: operation.name for operation in result.get_all_operations()}
    operations = sorted(result.get_all_operations(), key=lambda operation: operation.start_timestamp or 0)
    return (
        Told(
            ended=codec.loads(result.result or ""),
            operations=tuple(
                (
                    operation.operation_type.value,
                    str(operation.sub_type) if operation.sub_type else None,
                    operation.name,
                    names.get(operation.parent_id),
                    operation.status.value,
                )
                for operation in operations
            ),
        ),
        world,
    )


def _answer(runner: DurableFunctionTestRunner, arn: str, story: Story) -> None:
    """Complete each callback that has an answer, once, as it appears."""
    left = {name: list(answers) for name, answers in story.answers.items()}
    done: set[str] = set()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while any(left.values()):
        assert time.monotonic() < deadline, f"{story} never asked for {left}"
        for told in runner.get_execution_history(arn, include_execution_data=True).events:
            details = told.callback_started_details
            if details is None or not left.get(told.name or "") or details.callback_id in done:
                continue
            assert details.callback_id
            done.add(details.callback_id)
            runner.send_callback_success(details.callback_id, codec.dumps(left[told.name or ""].pop(0)).encode())
        time.sleep(0.02)
