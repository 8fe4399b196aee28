"""What the service's database says while an agent is at work: who has the task, and which purchases hold a thread.

Reads SQLite from outside, as a debugger would; must never write.
"""

import sqlite3
from dataclasses import dataclass
from pathlib import Path

TASK = "SELECT kind, worker FROM agent_tasks WHERE intent_id = ? AND status = 'claimed'"
# A worker's thread runs an execution as long as it holds the lease on it, and no longer.
HELD = "SELECT count(*) FROM durable_executions WHERE lease_until IS NOT NULL"
SUSPENDED = "SELECT count(*) FROM durable_executions WHERE status = 'RUNNING' AND lease_until IS NULL"


@dataclass(frozen=True, slots=True, kw_only=True)
class AtWork:
    """An agent at work on an intent: its worker, and how many purchases are suspended and how many hold a thread."""

    kind: str
    worker: str
    suspended: int
    held: int


def at_work(database: Path, intent_id: str) -> AtWork | None:
    """Now; None while no worker has a task of this intent."""
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    try:
        connection.execute("BEGIN")  # one moment for all three
        task = connection.execute(TASK, (intent_id,)).fetchone()
        held, suspended = (connection.execute(query).fetchone()[0] for query in (HELD, SUSPENDED))
    finally:
        connection.close()
    return AtWork(kind=task[0], worker=task[1], suspended=suspended, held=held) if task else None
