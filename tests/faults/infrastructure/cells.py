"""A trouble while purchases are in the middle of every step: each is a cell of the matrix, judged by the books.

One purchase for each step is brought to where its call is held on the wire; then the trouble comes to all of them at
once, the calls are let through, and each must come to its end within a bound. A purchase knows nothing of the others.
"""

import json
import re
import time
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import AbstractContextManager, ExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Generic, TypeVar

import pytest
from sqlalchemy.exc import OperationalError

from checkout.store.models import Intent
from tests.faults.evidence import Book, money_of, of_database
from tests.faults.infrastructure.buyer import Buyer, CommandRefusedError, Wished
from tests.faults.infrastructure.proxy import Gate, Proxy
from tests.faults.infrastructure.site import Site, nobody
from tests.faults.infrastructure.steps import STEPS, Step
from tests.faults.invariants import broken

S = TypeVar("S", bound=Site)
Trouble = Callable[[S], AbstractContextManager[None]]
# Everything here takes a few leases; a purchase that is not over after this is stuck.
BOUND_SECONDS = 45.0
# It takes well under a second. On a machine so loaded that a held call is given up first, the next one is held.
REACHED_SECONDS = 20.0
LOOK_SECONDS = 0.05
OVER = ("completed", "failed")


def every(troubles: Iterable[str], quick: Collection[tuple[str, bool]]) -> list[Any]:
    """All troubles with the calls held and with the answers held; all but the quick ones in the exhaustive tier."""
    return [
        pytest.param(
            name,
            answered,
            id=f"{name}, {'answers' if answered else 'calls'} held",
            marks=[] if (name, answered) in quick else [pytest.mark.full],
        )
        for name in troubles
        for answered in (False, True)
    ]


@dataclass(slots=True, kw_only=True)
class Cell:
    """One purchase, and where its call is held."""

    step: Step
    one: Wished
    gate: Gate


class Cells(Generic[S]):
    """Plays cells on what is set up."""

    def __init__(self, made: S) -> None:
        self.made = made
        self.played = 0
        self._buyer = Buyer(made.url, made.key("t_cells"))
        self._money = Book(made.folder / "money.jsonl", "reference")
        self._orders = Book(Path(made.shop.said["book"]), "email")
        self._open = ExitStack()
        self._open.callback(self._buyer.close)
        self._beside = self._open.enter_context(made.beside())

    def close(self) -> None:
        """Close its connections."""
        self._open.close()

    def play(self, name: str, trouble: Trouble[S], *, answered: bool, steps: Sequence[Step] = STEPS) -> list[str]:
        """The promises that a trouble breaks. `answered`: the calls arrive, and their answers are held.

        The trouble begins when every call is held; before each is let through it may do something.
        """
        made = self.made
        held = "its answer" if answered else "its call"
        with ExitStack() as when_over:
            made.when_over, made.before_each = when_over, nobody
            when_over.callback(self._hold_nothing)
            cells = self._held(steps, answered=answered)
            for cell in cells:
                assert cell.gate.reached.wait(REACHED_SECONDS), f"it never came to {cell.step}"
            with trouble(made):
                for cell in cells:
                    made.before_each()
                    cell.gate.open()
            self._hold_nothing()
            self._over(cells)
        return [said for cell in cells for said in self._judged(cell, f"{cell.step}, {held} under way: {name}")]

    def _held(self, steps: Sequence[Step], *, answered: bool) -> list[Cell]:
        """Purchases on their way to where their calls will be held."""
        ones = {step: self._wished(step) for step in steps}
        later = [step for step in steps if not step.before_confirmation]
        for step in later:
            self._buyer.create(self.made.product(step.wish.behaviour), ones[step])
        for step in later:
            assert "awaiting_confirmation" == self._buyer.until(ones[step], "awaiting_confirmation", *OVER)
        cells = []
        for step in later:
            request = step.request.replace("INTENT", ones[step].intent_id)
            gate = self._gate(step, request.replace("SESSION", self._session(ones[step])), answered=answered)
            cells.append(Cell(step=step, one=ones[step], gate=gate))
            self._buyer.confirm(ones[step])
        for step in steps:
            if step.before_confirmation:
                cells.append(Cell(step=step, one=ones[step], gate=self._gate(step, step.request, answered=answered)))
                self._buyer.create(self.made.product(step.wish.behaviour), ones[step])
        return cells

    def _wished(self, step: Step) -> Wished:
        self.played += 1
        return Wished(wish=step.wish, email=f"cell{self.played}@example.com")

    def _gate(self, step: Step, request: str, *, answered: bool) -> Gate:
        gate = Gate(request, answered=answered)
        self._proxy(step).gates.append(gate)
        return gate

    def _proxy(self, step: Step) -> Proxy:
        return self.made.to_shop if step.wire == "shop" else self.made.to_provider

    def _hold_nothing(self) -> None:
        for proxy in (self.made.to_shop, self.made.to_provider):
            for gate in proxy.gates:
                gate.open()
            proxy.gates = []

    def _session(self, one: Wished) -> str:
        """The shop's name for what was offered."""
        told = json.dumps(self._beside.durable.history(one.intent_id), default=str)
        found = re.search(r"session_id\W+(\w+)", told)
        assert found, told
        return found[1]

    def _over(self, cells: Sequence[Cell]) -> None:
        """Wait until all are over, or ask an operator, or a bound is reached; confirm what is to be confirmed."""
        deadline = time.monotonic() + BOUND_SECONDS
        left = list(cells)
        while left and time.monotonic() < deadline:
            for cell in list(left):
                intent = self._standing(cell)
                if intent.state in OVER or intent.review_since:
                    left.remove(cell)
                elif intent.state == "awaiting_confirmation" and not cell.one.acknowledged["confirm"]:
                    with suppress(CommandRefusedError):  # too late, by a clock that is wrong; it will end as expired
                        self._buyer.confirm(cell.one)
            time.sleep(LOOK_SECONDS)

    def _standing(self, cell: Cell) -> Intent:
        with suppress(OperationalError), self._beside.database.read() as session:
            return self._beside.purchases.of_operator(session, cell.one.intent_id)
        # The server was killed: the connections of before are noticed, and left, when they are used.
        with self._beside.database.read() as session:
            return self._beside.purchases.of_operator(session, cell.one.intent_id)

    def _judged(self, cell: Cell, story: str) -> list[str]:
        one, intent = cell.one, self._standing(cell)
        if intent.state not in OVER and not intent.review_since:
            story += f"; it waits at {self._last_done(one)}"
        seen = of_database(
            self._beside.durable,
            intent,
            money=money_of(self._money.of(one.intent_id)),
            orders=self._orders.of(one.email),
            may_ask=False,
            acknowledged=one.acknowledged,
            secrets=(one.wish.pays_with,),
        )
        return broken(seen, story)

    def _last_done(self, one: Wished) -> str:
        """What its execution was at last seen to do, and when it goes on: a long pause is not a lost purchase."""
        last = self._beside.durable.operations(one.intent_id)[-1]
        said = f"{last.name} {last.status}, attempt {last.attempt}, next at {last.next_attempt_at}"
        return f"{said}; it is {datetime.now(UTC)}"
