"""One payment sandbox and one shop for all comparisons; a database and a time of its own for each."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.reconcile.stage import Processes, Stage, processes, stage


@pytest.fixture(scope="session")
def standing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Processes]:
    """A payment sandbox and a shop."""
    with processes(tmp_path_factory.mktemp("reconcile")) as started:
        yield started


@pytest.fixture
def on(standing: Processes, tmp_path: Path) -> Stage:
    """A database and a time of its own for each test: every one of them spoils its books."""
    return stage(tmp_path, standing)
