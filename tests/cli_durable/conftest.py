"""Fixtures: the command in this process, on a database and a journal of the test's own."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli_durable.command import Command
from tests.examples.journal import Journal


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    """The command configures logging for its process; here that is the test's."""
    root, sdk = logging.getLogger(), logging.getLogger("aws_durable_execution_sdk_python")
    handlers, levels = root.handlers[:], (root.level, sdk.level)
    yield
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    sdk.setLevel(levels[1])


@pytest.fixture
def durable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Command:
    """`checkout durable`, with a fresh database, and without anybody's key."""
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)
    url = f"sqlite:///{tmp_path}/durable.sqlite3"
    monkeypatch.setenv("CHECKOUT_DATABASE_URL", url)
    return Command(url)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """An empty side-effect journal."""
    return Journal(tmp_path / "journal.jsonl")
