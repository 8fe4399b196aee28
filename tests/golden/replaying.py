"""Judges this build by what earlier releases recorded: a sentence about what would break, or nothing.

An ended purchase is replayed from its operations: same result, nothing called, nothing new recorded. One that waits is
restored with its whole database, as after an upgrade, answered, and must come to the end it came to then.
"""

import json
import tempfile
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, cast

from checkout.durable.service import DurableService
from checkout.store.clock import ManualClock
from tests.golden.recording import Ending, Recording
from tests.golden.stage import Register, Stage, as_deployed, stage
from tests.purchase import replaying

SENTENCE = (
    "{recording} would break, because {what}: raise VERSION in checkout/purchase/saga.py, keep the saga of version "
    "{recording.version} registered beside it until nothing waits on it, and record the new one with "
    "`python -m tests.golden.record` (docs/adr/0014-golden-histories.md)"
)


@dataclass
class Handlers:
    """Stands where a durable service is registered with, and keeps the handlers by version."""

    by_version: dict[int, Callable[..., Any]] = field(default_factory=dict)

    def register(self, _function: str, handler: Callable[..., Any], *, version: int = 1, **_promises: Any) -> None:
        """Keep it."""
        self.by_version[version] = handler


def judge(recording: Recording, register: Register = as_deployed) -> str | None:
    """One sentence on what this build would break and what to do about it; None if it breaks nothing."""
    what = _resumed(recording, register) if recording.database else _replayed(recording, register)
    return None if what is None else SENTENCE.format(recording=recording, what=what)


def _replayed(recording: Recording, register: Register) -> str | None:
    world, handlers = recording.outside.world(), Handlers()
    register(cast("DurableService", handlers), world, ManualClock(datetime.fromisoformat(recording.now)))
    handler = handlers.by_version.get(recording.version)
    if handler is None:
        return f"no saga of version {recording.version} is registered"
    ended, service = replaying.replay(handler, recording.input, recording.operations)
    if ended["Status"] != recording.then.status:
        return f"its history is not replayed: {(ended.get('Error') or {}).get('ErrorMessage') or ended['Status']}"
    if world.calls:
        return f"{world.calls[0][0]} is called again"
    if service.asked:
        return f"{len(service.asked)} operations would be recorded anew"
    if json.loads(ended["Result"]) != recording.then.result:
        return "it comes to another result"
    return None


def _resumed(recording: Recording, register: Register) -> str | None:
    name, then = str(recording.input["intent_id"]), recording.then
    with tempfile.TemporaryDirectory(prefix="golden-") as folder:
        file = Path(folder) / "checkout.sqlite3"
        recording.restore(file)
        world, now = recording.outside.world(), datetime.fromisoformat(recording.now)
        with stage(file, world, name, now, register) as on:
            if unrunnable := on.bed.service.unrunnable():
                return f"no saga of version {unrunnable[0][1]} is registered"
            for _ in on.go_on(deepcopy(then.answers)):
                pass
            return _differs(on, then)


def _differs(on: Stage, then: Ending) -> str | None:
    """What came of it beside what came of it then."""
    now = on.ending(then.answers)
    if now.status != then.status:
        return f"it ends {now.status}, not {then.status}"
    if now.operations != then.operations:
        changed = next(
            (pair for pair in zip(now.operations, then.operations, strict=False) if pair[0] != pair[1]), None
        )
        return f"its operations differ: {changed or 'one history is longer'}"
    if now.calls != then.calls:
        return f"{now.calls} is called, and not {then.calls}"
    if now.result != then.result:
        return "it comes to another result"
    if now.public != then.public:
        return f"its public state is {now.public}, and not {then.public}"
    return None
