"""The durable service over a scripted world, with time and answers in the hands of whoever records or replays."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from math import ceil
from pathlib import Path
from typing import Any

from sqlmodel import select

from checkout import wiring
from checkout.durable import store
from checkout.durable.service import DurableService
from checkout.durable.testing import TestBed
from checkout.settings import Settings
from checkout.store.clock import Clock, ManualClock
from checkout.store.models import Intent, LedgerRow
from tests.golden.recording import Ending
from tests.purchase.scripted import World

# Retries, look-ups and timeouts of the recorded purchases last a second each; what waits longer waits for ever.
MOST_SECONDS = 60
Register = Callable[[DurableService, World, Clock], None]
# What a developer can see of a purchase, and what an operator can.
PUBLIC = ("state", "failure", "order_id", "payment_id", "unclear")


def as_deployed(service: DurableService, world: World, clock: Clock) -> None:
    """Register every version of the saga that this build runs, the way it does."""
    wiring.register(service, world, clock, Settings())


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """One purchase on one database."""

    bed: TestBed
    world: World
    name: str
    file: Path

    @property
    def running(self) -> bool:
        """Whether it has not ended."""
        return self.bed.service.get(self.name).status == "RUNNING" and self.bed.service.get(self.name).parked is None

    def waits_for(self) -> str:
        """The operation it waits for: the last that is open."""
        is_open = [one for one in self.bed.service.operations(self.name) if one.status in ("STARTED", "PENDING")]
        return str(next(one.name for one in reversed(is_open) if one.type in ("CALLBACK", "STEP", "WAIT")))

    def answer(self, left: dict[str, list[Any]]) -> bool:
        """Complete one open callback that has an answer."""
        for operation in self.bed.service.operations(self.name):
            waits = operation.type == "CALLBACK" and operation.status == "STARTED"
            if waits and operation.callback_id and left.get(operation.name or ""):
                self.bed.service.succeed_callback(operation.callback_id, json.dumps(left[operation.name or ""].pop(0)))
                return True
        return False

    def go_on(self, left: dict[str, list[Any]]) -> Iterator[None]:
        """Run to its end, answering what can be answered; comes back at every rest on the way."""
        for _ in range(MOST_SECONDS):
            self.bed.service.run_until_idle()
            if not self.running:
                return
            yield
            if not self.answer(left):
                self.bed.clock.advance(seconds=1)

    def commands(self) -> list[list[str | None]]:
        """Its operations as what a replay must repeat: names, kinds, order, ends."""
        return [
            [one.id, one.type, one.sub_type, one.name, one.parent_id, one.status]
            for one in self.bed.service.operations(self.name)
        ]

    def wire(self) -> list[dict[str, Any]]:
        """Its operations as the SDK is handed them."""
        with self.bed.database.read() as session:
            execution = store.read_named(session, self.name)
            assert execution is not None
            found = store.operations_page(session, execution.id, after=0, count=1000)
        return [one.wire(lambda moment: ceil(moment.timestamp() * 1000)) for one in found]

    def ending(self, answers: dict[str, list[Any]], *, calls_before: int = 0) -> Ending:
        """How it stands now."""
        view = self.bed.service.get(self.name)
        with self.bed.database.read() as session:
            intent = session.get_one(Intent, self.name)
            rows = session.exec(select(LedgerRow).where(LedgerRow.intent_id == self.name)).all()
            moved = [[row.movement_id, row.account, row.amount_minor, row.currency] for row in rows]
            public = {name: getattr(intent, name) for name in PUBLIC}
        return Ending(
            answers=answers,
            calls=[list(call) for call in self.world.calls[calls_before:]],
            operations=self.commands(),
            status=view.status if view.parked is None else f"PARKED: {view.parked}",
            result=json.loads(view.result) if view.result else None,
            public={**public, "ledger": moved},
        )


@contextmanager
def stage(file: Path, world: World, name: str, now: datetime, register: Register = as_deployed) -> Iterator[Stage]:
    """A stage on a database file, there or not, at a moment."""
    with TestBed(f"sqlite:///{file}", clock=ManualClock(now)) as bed:
        register(bed.service, world, bed.clock)
        yield Stage(bed=bed, world=world, name=name, file=file)
