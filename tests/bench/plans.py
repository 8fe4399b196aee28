"""What the server did for the statements of a block: which tables it read from end to end, and how many rows it read.

PostgreSQL says so itself: its `auto_explain` sends the plan of every statement, with the rows each part of it has seen,
as a notice on the connection that ran it. That needs a superuser, as the tests' own servers have.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import event
from sqlalchemy.pool import ConnectionPoolEntry

from checkout.store.session import Database

_SETTINGS = (
    "LOAD 'auto_explain'",
    "SET auto_explain.log_level = notice",
    "SET auto_explain.log_format = json",
    "SET auto_explain.log_analyze = on",
    "SET auto_explain.log_timing = off",
    "SET auto_explain.log_min_duration = 0",
)


@dataclass(slots=True)
class Read:
    """What was read. `rows` counts also those that a filter then left out; `plans` are the server's own words."""

    rows: int = 0
    scanned: set[str] = field(default_factory=set)
    plans: list[dict[str, Any]] = field(default_factory=list)

    def add(self, said: str) -> None:
        """One notice of the server's."""
        _, plan, text = said.partition("plan:")
        if plan:
            whole = json.loads(text)
            self.plans.append(whole)
            self._add(whole["Plan"])

    def _add(self, node: dict[str, Any]) -> None:
        if node["Node Type"] == "Seq Scan":
            self.scanned.add(node["Relation Name"])
        if "Relation Name" in node or "Index Name" in node:
            seen = node["Actual Rows"] + node.get("Rows Removed by Filter", 0)
            self.rows += int(seen * node["Actual Loops"])
        for part in node.get("Plans", ()):
            self._add(part)


class Explained:
    """A PostgreSQL database whose statements are explained. Nothing may have been asked of it before."""

    def __init__(self, database: Database) -> None:
        self._read = Read()
        event.listen(database._writer, "connect", self._connected)

    @contextmanager
    def reading(self) -> Iterator[Read]:
        """What is read until the block ends, on whichever connection."""
        read = self._read = Read()
        yield read
        self._read = Read()

    def _connected(self, connection: Any, _entry: ConnectionPoolEntry) -> None:
        for setting in _SETTINGS:
            connection.execute(setting)
        connection.add_notice_handler(lambda notice: self._read.add(notice.message_primary or ""))
