"""Tells a story on our durable service, with time in the test's hands."""

import json
from typing import Any

from aws_durable_execution_sdk_python.context import DurableContext

from checkout.durable.testing import TestBed
from checkout.purchase import codec
from checkout.purchase.saga import purchase
from tests.purchase.scripted import World, event
from tests.purchase.stories import Story, Told, asked_of, world_of
from tests.stores import store_url


def tell(story: Story) -> tuple[Told, World]:
    """How the story ended here, and the world afterwards."""
    world = world_of(story)

    def handler(payload: Any, context: DurableContext) -> Any:
        return purchase(payload, context, ports=world)

    with store_url() as url, TestBed(url) as bed:
        bed.service.register("purchase", handler, ends_only_by_result=True)
        bed.service.start("purchase", "story", json.dumps(event(asked_of(story))))
        left = {name: list(answers) for name, answers in story.answers.items()}
        while bed.service.get("story").status == "RUNNING":
            bed.service.run_until_idle()
            if not _answer(bed, left):
                bed.clock.advance(seconds=1)
        operations = [one for one in bed.service.operations("story") if one.type != "EXECUTION"]
        names = {operation.id: operation.name for operation in operations}
        told = Told(
            ended=codec.loads(bed.service.get("story").result or ""),
            operations=tuple(
                (one.type, one.sub_type, one.name, names.get(one.parent_id or ""), one.status) for one in operations
            ),
        )
    return told, world


def _answer(bed: TestBed, left: dict[str, list[Any]]) -> bool:
    """Complete one waiting callback that has an answer."""
    for operation in bed.service.operations("story"):
        if operation.type == "CALLBACK" and operation.status == "STARTED" and left.get(operation.name or ""):
            assert operation.callback_id
            bed.service.succeed_callback(operation.callback_id, codec.dumps(left[operation.name or ""].pop(0)))
            return True
    return False
