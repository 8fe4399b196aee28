"""The requests that changed something, in order, on disk before they are executed: replaying them makes the same world.

Knows lines and moments; must never know what a request means.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from payments.sandbox.faults import Fault
from payments.sandbox.money_log import append_line, cut_torn_line
from payments.sandbox.wire import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One executed request: when, under which name, and what was made to go wrong with it."""

    at: datetime
    request_id: str
    request: Request
    fault: Fault | None = None


class Journal:
    """The journal in a file; without one it keeps nothing, and neither does the sandbox."""

    def __init__(self, path: Path | None = None) -> None:
        self._path = path

    def namespace(self, fresh: str) -> str:
        """The first line's namespace; a new journal starts with `fresh`."""
        if self._path is None:
            return fresh
        cut_torn_line(self._path)
        first = next(self._lines(), None)
        if first is None:
            append_line(self._path, {"namespace": fresh})
            return fresh
        return str(first["namespace"])

    def append(self, entry: Entry) -> None:
        """Write an entry; it is on disk when this returns."""
        if self._path is None:
            return
        request = entry.request
        line = {"at": entry.at.isoformat(), "request_id": entry.request_id, "path": request.path, "body": request.body}
        if request.idempotency_key is not None:
            line["key"] = request.idempotency_key
        fault = {"fault": entry.fault.model_dump(mode="json")} if entry.fault else {}
        append_line(self._path, line | fault)

    def entries(self) -> Iterator[Entry]:
        """Every entry of earlier lives, in order."""
        for line in self._lines():
            if "path" in line:
                headers = {"idempotency-key": line["key"]} if "key" in line else {}
                yield Entry(
                    at=datetime.fromisoformat(line["at"]),
                    request_id=line["request_id"],
                    request=Request(method="POST", path=line["path"], body=line["body"], headers=headers),
                    fault=Fault(**line["fault"]) if "fault" in line else None,
                )

    def _lines(self) -> Iterator[dict[str, Any]]:
        if self._path is not None and self._path.exists():
            for line in self._path.read_text(encoding="utf-8").splitlines():
                yield json.loads(line)
