"""What was recorded once stays true: the keys of every story, and histories that the present saga replays."""

import json
import logging
from collections.abc import Sequence
from functools import partial
from typing import Any

import pytest

from checkout.purchase.saga import VERSION, purchase
from tests.purchase import recorded, replaying
from tests.purchase.replaying import ReadOnly
from tests.purchase.scripted import World
from tests.purchase.stories import STORIES, Story

KEYS: dict[str, list[str]] = json.loads(recorded.KEYS.read_text())
HISTORIES: dict[str, dict[str, Any]] = json.loads(recorded.histories().read_text())


def replay(asked: Any, operations: Sequence[Any]) -> tuple[dict[str, Any], World, ReadOnly]:
    """Hand the present saga a recorded history."""
    world = World()
    ended, service = replaying.replay(partial(purchase, ports=world), asked, operations)
    return ended, world, service


@pytest.mark.parametrize("story", STORIES, ids=str)
def test_every_call_carries_the_key_it_always_carried(story: Story) -> None:
    """A release that changed a key would hold, order or capture a second time after an upgrade in the middle."""
    _, world = recorded.record(story)
    assert KEYS[story.name] == recorded.keys_of(world)


def test_the_golden_keys_are_of_all_stories_and_no_two_ports_share_one() -> None:
    """One key, one kind of call: else a provider would answer a capture with a hold."""
    assert {story.name for story in STORIES} == KEYS.keys()
    for calls in KEYS.values():
        keys = [call.partition(" ")[2] for call in calls]
        assert len(keys) == len(set(keys))


@pytest.mark.parametrize("name", HISTORIES)
def test_a_recorded_history_replays_to_its_result_and_calls_nothing(name: str) -> None:
    """The same result; no port is called again, and nothing new is to be recorded."""
    history = HISTORIES[name]
    ended, world, service = replay(history["input"], history["operations"])
    assert "SUCCEEDED" == ended["Status"]
    assert history["result"] == json.loads(ended["Result"])
    assert [] == world.calls
    assert [] == service.asked


@pytest.mark.parametrize("name", HISTORIES)
def test_the_present_saga_records_the_same_commands(name: str) -> None:
    """Types, names, parents and order: a changed sequence needs a new version of the saga, and a file of its own."""
    (story,) = [story for story in STORIES if story.name == name]
    present, _ = recorded.record(story)

    def commands(history: dict[str, Any]) -> list[tuple[Any, ...]]:
        return [
            (one["Id"], one["Type"], one.get("SubType"), one.get("Name"), one.get("ParentId"), one["Status"])
            for one in history["operations"]
        ]

    assert commands(HISTORIES[name]) == commands(present)
    assert HISTORIES[name]["result"] == present["result"]


def test_a_history_that_the_saga_would_not_have_recorded_is_not_replayed(caplog: pytest.LogCaptureFixture) -> None:
    """The judge of the above can say no: a history whose third step has another name is a mismatch."""
    caplog.set_level(logging.CRITICAL)
    history = HISTORIES["confirmed after the offer"]
    forged = [{**one, "Name": "charge"} if one["Name"] == "authorize-payment" else one for one in history["operations"]]
    ended, _, _ = replay(history["input"], forged)
    assert "FAILED" == ended["Status"]
    assert "NonDeterministic" in ended["Error"]["ErrorType"]


def test_the_recorded_histories_are_of_the_present_version() -> None:
    """Whoever bumps the version records its histories; the older file stays as long as its purchases may wait."""
    assert recorded.histories(VERSION).exists()
    assert set(recorded.RECORDED) == HISTORIES.keys()
