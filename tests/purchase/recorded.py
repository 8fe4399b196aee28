"""Golden files of the purchase: the keys its stories use, and the histories they record.

    python -m tests.purchase.recorded

writes what is missing and changes nothing that is there: a key must never change, and a history of a version of the
saga must be replayed by every build that still runs that version. A new version gets a file of its own.
"""

import json
from collections.abc import Mapping
from math import ceil
from pathlib import Path
from typing import Any

from aws_durable_execution_sdk_python.context import DurableContext
from sqlmodel import Session

from checkout.durable import store
from checkout.durable.testing import TestBed
from checkout.purchase.saga import VERSION, purchase
from tests.purchase import on_ours
from tests.purchase.scripted import World, event
from tests.purchase.stories import STORIES, Story, asked_of, world_of
from tests.stores import store_url

FOLDER = Path(__file__).parent / "golden"
KEYS = FOLDER / "keys.json"
# Between them they hold every kind of operation, every wait and every end.
RECORDED = (
    "confirmed after the offer",
    "never confirmed",
    "card declined",
    "lost answer, order found",
    "unclear, an operator asks again",
    "charged more than confirmed",
    "release never settled, settled by hand",
    "quoted and ordered by an agent",
    "the agent fell silent",
)


def histories(version: int = VERSION) -> Path:
    """Where the recorded histories of a version of the saga are."""
    return FOLDER / f"histories-{version}.json"


def keys_of(world: World) -> list[str]:
    """Every port called and the key it was given, each once, in the order of the first call."""
    return list(dict.fromkeys(f"{port} {key}" for port, key in world.calls))


def record(story: Story) -> tuple[dict[str, Any], World]:
    """A story's input, its operations as the SDK is handed them, and its result; and the world afterwards."""
    world = world_of(story)

    def handler(payload: Any, context: DurableContext) -> Any:
        return purchase(payload, context, ports=world)

    with store_url() as url, TestBed(url) as bed:
        bed.service.register("purchase", handler, ends_only_by_result=True)
        started = bed.service.start("purchase", "story", json.dumps(event(asked_of(story))))
        left = {name: list(answers) for name, answers in story.answers.items()}
        while bed.service.get("story").status == "RUNNING":
            bed.service.run_until_idle()
            if not on_ours._answer(bed, left):
                bed.clock.advance(seconds=1)
        with bed.database.read() as session:
            operations = _operations(session, "story")
        ended = bed.service.get("story")
    return {
        "input": json.loads(started.input),
        "operations": operations,
        "result": json.loads(ended.result or ""),
    }, world


def _operations(session: Session, name: str) -> list[Mapping[str, Any]]:
    execution = store.read_named(session, name)
    assert execution is not None
    found = store.operations_page(session, execution.id, after=0, count=1000)
    return [one.wire(lambda moment: ceil(moment.timestamp() * 1000)) for one in found]


def main() -> None:
    """Write what is missing."""
    FOLDER.mkdir(exist_ok=True)
    told = {story.name: record(story) for story in STORIES}
    missing = {
        KEYS: {name: keys_of(world) for name, (_, world) in told.items()},
        histories(): {name: told[name][0] for name in RECORDED},
    }
    for path, document in missing.items():
        if not path.exists():
            path.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
