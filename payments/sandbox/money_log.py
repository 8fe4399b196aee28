"""The money log: one line for every movement of money, and for every refusal of a bank. Append-only; the truth.

Lines are written in the order things happened and never changed. A line: `at` (ISO 8601), `kind`, `payment_intent`,
`amount_minor`, `currency`, `reference` (the payment's metadata), `idempotency_key` (None: the provider did it itself).
A restarted sandbox replays its history and appends only what a crash kept from being written.
"""

import json
import os
from dataclasses import asdict, dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any


class MoneyKind(StrEnum):
    """What happened to the money."""

    HOLD = "hold"
    CAPTURE = "capture"
    RELEASE = "release"  # of a hold, or of the part of it that was not captured
    REFUND = "refund"  # accepted; it may still be pending
    REFUND_FAILED = "refund_failed"  # a refund came back, and is the merchant's money again
    DECLINE = "decline"


@dataclass(frozen=True, slots=True, kw_only=True)
class MoneyLine:
    """One line of the log."""

    at: str
    kind: MoneyKind
    payment_intent: str
    amount_minor: int
    currency: str
    reference: str | None
    idempotency_key: str | None


class MoneyLog:
    """The log in memory, and in a file when there is one."""

    def __init__(self, path: Path | None = None) -> None:
        self._lines: list[MoneyLine] = []
        self._path = path
        self._already_written = _whole_lines(path) if path else 0

    @property
    def lines(self) -> tuple[MoneyLine, ...]:
        """Everything that happened, in order."""
        return tuple(self._lines)

    def append(self, line: MoneyLine) -> None:
        """Write a line, unless an earlier life of this sandbox wrote it."""
        self._lines.append(line)
        if self._path and len(self._lines) > self._already_written:
            append_line(self._path, asdict(line))


def read_money_log(path: Path) -> list[MoneyLine]:
    """The lines of a log on disk; one that is still being written is left out."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    return [MoneyLine(**_typed(json.loads(line))) for line in text.splitlines(keepends=True) if line.endswith("\n")]


def append_line(path: Path, content: dict[str, Any]) -> None:
    """Append one JSON line and put it on disk before going on: a killed process takes nothing back."""
    with path.open("ab") as file:
        file.write(json.dumps(content).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def cut_torn_line(path: Path) -> None:
    """Remove what a crash left behind the last whole line."""
    if path.exists() and not (content := path.read_bytes()).endswith(b"\n") and content:
        with path.open("r+b") as file:
            file.truncate(content.rfind(b"\n") + 1)


def _whole_lines(path: Path) -> int:
    cut_torn_line(path)
    return path.read_bytes().count(b"\n") if path.exists() else 0


def _typed(line: dict[str, Any]) -> dict[str, Any]:
    return {**line, "kind": MoneyKind(line["kind"])}
