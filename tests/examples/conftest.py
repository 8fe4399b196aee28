"""Fixtures of the reference workflows' tests: a journal, and AWS's own runner around one handler."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.examples.journal import Journal
from tests.examples.rehearsal import Rehearsal


@pytest.fixture(autouse=True)
def _scripted_model_only(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test may spend anybody's money."""
    monkeypatch.delenv("ANTHROPIC_API_KEY", raising=False)


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    """An empty journal."""
    return Journal(tmp_path / "journal.jsonl")


@pytest.fixture
def rehearse(journal: Journal) -> Iterator[Callable[[Callable[..., Any]], Rehearsal]]:
    """Make a rehearsal of a handler; its runner is closed at the end of the test."""
    rehearsals: list[Rehearsal] = []

    def make(handler: Callable[..., Any]) -> Rehearsal:
        rehearsals.append(Rehearsal(handler, journal))
        return rehearsals[-1]

    yield make
    for rehearsal in rehearsals:
        rehearsal.close()
