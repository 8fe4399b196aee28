"""The purchase, told story by story."""

import pytest

from checkout.purchase.terms import Completed
from payments.money import Money
from tests.purchase import on_aws
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
def test_every_story_ends_as_it_must_under_awss_own_runner(story: Story) -> None:
    """The saga module runs unchanged on AWS's local runner, and the shop's and the bank's books agree."""
    check(story, *on_aws.tell(story))
