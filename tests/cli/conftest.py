"""An operator's desk with purchases on it, and the command on the same database."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from tests.cli.command import Command
from tests.console.seeded import Desk, desk


@pytest.fixture
def at(tmp_path: Path) -> Iterator[Desk]:
    """A new desk, whose clock runs ahead of the commands' own: what they leave to be done is due at once."""
    with desk(tmp_path, datetime.now(UTC)) as set_up:
        yield set_up


@pytest.fixture
def checkout(at: Desk) -> Command:
    """`checkout …` beside it."""
    return Command(environment=at.environment)
