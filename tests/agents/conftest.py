"""What purchases by the browser agent have in common."""

import pytest

from agents.bookmarks import Bookmarks


@pytest.fixture(params=["by the worker that quoted", "by another worker"])
def bookmarks(request: pytest.FixtureRequest) -> Bookmarks | None:
    """What one worker keeps of its quotes; nothing, where another makes the order. What holds, holds for both."""
    return Bookmarks() if request.param == "by the worker that quoted" else None
