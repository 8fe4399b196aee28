"""A service in memory, on a clock that stands still."""

from collections.abc import Iterator

import pytest

from checkout.durable.testing import TestBed


@pytest.fixture
def bed() -> Iterator[TestBed]:
    """Time moves when the test moves it."""
    with TestBed() as made:
        yield made


@pytest.fixture
def skipping() -> Iterator[TestBed]:
    """Time jumps to the next timer whenever nothing can run."""
    with TestBed(skip_time=True) as made:
        yield made
