"""What was seen around a commit, kept so that it can be shown later and not be changed unnoticed.

One folder for each intent, one numbered set of files for each moment: the page's text (redacted), its picture (masked),
and a record that names both by their hash and carries the record before it as a hash. Nothing is ever written twice.
Knows files; must never be given a secret: its callers redact.
"""

import hashlib
import json
import os
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

# What goes along with an outcome; the whole text stays in the file.
EXCERPT_CHARACTERS = 1200
_UNSAFE = re.compile(r"[^A-Za-z0-9_.-]|^\.+")


class Evidence:
    """One intent's evidence under `folder`. Several workers of one intent continue one chain."""

    def __init__(self, folder: Path, intent_id: str) -> None:
        self._folder = folder / _UNSAFE.sub("_", intent_id)

    def keep(
        self, name: str, snapshot_text: str, png: bytes, *, url: str = "", facts: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Write one moment down; its files, their hashes and an excerpt, small enough to travel with an outcome.

        OSError when it cannot be written: without evidence there is no commit.
        """
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        records = sorted(self._folder.glob("*.json"))
        stem = f"{len(records) + 1:03d}-{_UNSAFE.sub('_', name)}"
        contents = {f"{stem}.txt": snapshot_text.encode(), **({f"{stem}.png": png} if png else {})}
        record = {
            "name": name,
            "kept_at": datetime.now(UTC).isoformat(),
            "url": url,
            "facts": dict(facts or {}),
            "sha256": {file: hashlib.sha256(content).hexdigest() for file, content in contents.items()},
            "previous": hashlib.sha256(records[-1].read_bytes()).hexdigest() if records else "",
        }
        for file, content in contents.items():
            self._write(file, content)
        line = json.dumps(record, ensure_ascii=False, indent=1).encode()
        self._write(f"{stem}.json", line)
        return {
            "files": [*contents, f"{stem}.json"],
            "sha256": hashlib.sha256(line).hexdigest(),
            "url": url,
            "excerpt": snapshot_text[:EXCERPT_CHARACTERS],
        }

    def _write(self, file: str, content: bytes) -> None:
        """Once: a file that is there already is an error, never overwritten. On disk when this returns."""
        descriptor = os.open(self._folder / file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            out.write(content)
            out.flush()
            os.fsync(out.fileno())
