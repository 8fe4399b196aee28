"""The purchase, told story by story: on our durable service, and on AWS's own local runner."""

import pytest

from checkout.purchase.terms import Completed
from payments.money import Money
from tests.purchase import on_aws, on_ours
from tests.purchase.scripted import World
from tests.purchase.stories import STORIES, Story, Told


def check(story: Story, told: Told, world: World) -> None:
    """The story ended as it must, and the books of the world agree."""
    assert story.operations == told.top_level
    if story.code is None:
        assert isinstance(told.ended, Completed)
    else:
        assert not isinstance(told.ended, Completed)
        assert story.code == told.ended.code
        if story.reason is not None:
            assert story.reason == told.ended.reason
    assert story.orders == len(world.orders)
    assert story.held == len(world.held)
    assert (story.captured or Money(0, "USD")) == world.captured["pi_1"]


@pytest.mark.parametrize("story", STORIES, ids=str)
def test_every_story_ends_as_it_must(story: Story) -> None:
    """On our service the purchase ends as told, and the shop's and the bank's books agree."""
    check(story, *on_ours.tell(story))


@pytest.mark.parametrize("story", STORIES, ids=str)
def test_awss_own_runner_tells_the_same_story(story: Story) -> None:
    """The saga module, unchanged, has there the same outcome and the same operations, in the same order."""
    there, world = on_aws.tell(story)
    check(story, there, world)
    here, _ = on_ours.tell(story)
    assert here == there
