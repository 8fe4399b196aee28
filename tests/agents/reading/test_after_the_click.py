"""Trouble of our own after the click: the order may stand, so nothing says that it does not."""

from pathlib import Path

import pytest

from agents.aftermath import Aftermath
from agents.browsing.browser import Browser
from agents.errors import PageTroubleError, TaskLostError, UnreadableError
from merchants.sdk import Order, Unclear
from tests.agents.reading.committing_world import at_review
from tests.agents.reading.little_shop import LittleShop


def test_a_task_lost_after_the_click_reports_nothing_and_keeps_what_was_seen(
    browser: Browser, shop: LittleShop, tmp_path: Path
) -> None:
    """The order stands at the shop; whoever looks it up finds the evidence too."""
    with at_review(browser, shop, tmp_path) as world:
        world.service.lost_at = "waiting"
        with pytest.raises(TaskLostError):
            world.commit()
        assert 1 == len(shop.posts)
        assert (tmp_path / "ci_1" / "002-after-commit.json").exists()


@pytest.mark.parametrize("trouble", [UnreadableError("gone"), PageTroubleError("crashed"), OSError("disk full")])
def test_no_trouble_after_the_click_becomes_a_refusal(
    browser: Browser, shop: LittleShop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    """Whatever breaks then, the order may stand."""

    def broken(_: Aftermath) -> Order:
        raise trouble

    monkeypatch.setattr(Aftermath, "outcome", broken)
    with at_review(browser, shop, tmp_path) as world:
        assert isinstance(world.commit(), Unclear)
