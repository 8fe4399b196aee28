"""What operators see of agents' tasks: who has each, what it does, what it saw; never a token's hash or a session."""

import json
from datetime import UTC, datetime, timedelta
from io import StringIO
from pathlib import Path
from typing import Any

from rich.console import Console

from checkout.console import agents, runs, screens
from checkout.store.models import AgentTask
from tests.console.seeded import desk

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def task(**columns: Any) -> AgentTask:
    """A task claimed twenty seconds ago."""
    fields: dict[str, Any] = {
        "callback_id": "cb_1",
        "intent_id": "ci_1",
        "tenant": "t_1",
        "kind": "order",
        "status": "claimed",
        "task": {},
        "created_at": NOW - timedelta(seconds=30),
        "deadline": NOW + timedelta(seconds=570),
        "claimed_at": NOW - timedelta(seconds=20),
        "worker": "w1",
        "claims": 1,
        **columns,
    }
    return AgentTask(**fields)


def shown(*tasks: AgentTask) -> str:
    """As it stands in a terminal of 80 columns."""
    console = Console(file=StringIO(), width=80)
    console.print(agents.drawn(tasks, NOW))
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


def test_a_line_says_what_the_worker_does_and_when_it_was_heard() -> None:
    """With its permit's time, once it has one."""
    line = shown(
        task(
            heartbeat_at=NOW - timedelta(seconds=4),
            step="waiting for the merchant's confirmation",
            permitted_at=NOW - timedelta(seconds=5),
            permit_id="prm_1",
        )
    )
    for part in ("order", "claimed", "4.0 s ago", "+25.0 s", "waiting for the merchant's"):
        assert part in line


def test_what_was_seen_after_the_click_comes_first() -> None:
    """Then a look-up's answer; then that nobody came yet."""
    assert "saw order A-1" in shown(task(witnessed={"order_number": "A-1"}, step="turn 3"))
    assert "saw order A-2" in shown(task(witnessed={"order": {"merchant_order_id": "A-2"}}))
    assert "Absent: twice looked" in shown(task(kind="look_up", answer={"type": "Absent", "message": "twice looked"}))
    assert "waits for a worker" in shown(task(status="queued", claimed_at=None))
    assert "turn 2 (worker 3)" in shown(task(kind="offer", claims=3, step="turn 2"))


def test_the_story_holds_the_tasks_and_no_secret_of_theirs(tmp_path: Path) -> None:
    """On the screen and as JSON."""
    with desk(tmp_path) as one:
        intent_id = one.buy()
        with one.bed.database.transaction() as session:
            session.add(
                task(intent_id=intent_id, step="turn 3", token_hash="a-hash", sealed_session=b"a-session", readings={})
            )
        story = one.story(intent_id)
        console = Console(file=StringIO(), width=80)
        console.print(screens.timeline(story, one.bed.clock.now()))
        assert isinstance(console.file, StringIO)
        screen, data = console.file.getvalue(), json.dumps(runs.story_data(story))
    assert "turn 3" in screen
    assert '"step": "turn 3"' in data
    for secret in ("a-hash", "a-session"):
        assert secret not in screen + data
