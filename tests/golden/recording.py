"""A recorded execution as a JSON file: what a release wrote, and what must come of it on every later one.

Named by release and version of the saga: `0.1.0/saga-1/lost-answer-order-found.json`. Where it still waits, the file
holds the whole database as that release left it, the world outside, and how it went on then.
"""

import json
import re
import sqlite3
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from checkout.purchase import codec
from payments.money import Money
from tests.purchase.scripted import QUICK, World

FOLDER = Path(__file__).parent
# Limits that had another name when they were recorded.
RENAMED = {"release_attempts": "settling_attempts"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """The world at a moment: its books, and what its script has left to happen."""

    held: dict[str, dict[str, Any]]
    captured: dict[str, dict[str, Any]]
    orders: dict[str, dict[str, Any]]
    script: dict[str, list[Any]]
    limits: dict[str, Any]
    seconds_left: int
    amount: dict[str, Any] | None

    @classmethod
    def of(cls, world: World) -> Self:
        """As it is. What the script still holds must be outcomes, because a function cannot be written down."""
        amount = getattr(world, "amount", None)
        return cls(
            held={name: asdict(money) for name, money in world.held.items()},
            captured={name: asdict(money) for name, money in world.captured.items()},
            orders={name: asdict(money) for name, money in world.orders.items()},
            script={name: [codec.to_json(one) for one in left] for name, left in world.script.items() if left},
            limits=asdict(world.limits),
            seconds_left=world.seconds_left,
            amount=asdict(amount) if amount else None,
        )

    def world(self) -> World:
        """The same world again, with nothing called yet. Limits a later release added have its defaults."""
        named = {RENAMED.get(name, name): value for name, value in self.limits.items()}
        known = {name: value for name, value in named.items() if name in QUICK.__slots__}
        world = World(
            script={name: [codec.from_json(one) for one in left] for name, left in self.script.items()},
            limits=type(QUICK)(**known),
            seconds_left=self.seconds_left,
            orders={name: Money(**money) for name, money in self.orders.items()},
            held={name: Money(**money) for name, money in self.held.items()},
        )
        world.captured.update({name: Money(**money) for name, money in self.captured.items()})
        if self.amount:
            world.amount = Money(**self.amount)
        return world


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """How it went on: what was answered, which ports were called, the operations and the public state at the end.

    `answers`: callback → what was answered, in turn; one without an answer is left to time out.
    """

    answers: dict[str, list[Any]]
    calls: list[list[str]]
    operations: list[list[str | None]]
    status: str
    result: Any
    public: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Recording:
    """One file. `waits_for` is what it waits for, None once it has ended; `database` is empty where it has a result."""

    release: str
    version: int
    name: str
    now: str
    waits_for: str | None
    input: dict[str, Any]
    operations: list[dict[str, Any]]
    then: Ending
    outside: Outside
    database: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        waiting = f", waiting for {self.waits_for}" if self.waits_for else ""
        return f"{self.release}/saga-{self.version}: {self.name}{waiting}"

    @property
    def path(self) -> Path:
        """Where it is kept."""
        what = f"{self.name} waiting for {self.waits_for}" if self.waits_for else self.name
        slug = re.sub(r"[^a-z0-9]+", "-", what.lower()).strip("-")
        return FOLDER / self.release / f"saga-{self.version}" / f"{slug}.json"

    def save(self) -> None:
        """Write it, unless it is there: what a release recorded is never changed."""
        if not self.path.exists():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.write_text(json.dumps(asdict(self), indent=1, ensure_ascii=False) + "\n")

    @classmethod
    def load(cls, path: Path) -> Self:
        """Read it."""
        kept = json.loads(path.read_text())
        return cls(**{**kept, "then": Ending(**kept["then"]), "outside": Outside(**kept["outside"])})

    def restore(self, file: Path) -> None:
        """The database as the release left it."""
        database = sqlite3.connect(file)
        database.executescript("\n".join(self.database))
        database.close()


def all_recordings() -> list[Recording]:
    """Every recording of every release."""
    return [Recording.load(path) for path in sorted(FOLDER.glob("*/saga-*/*.json"))]


def dump(file: Path) -> list[str]:
    """A database as the statements that make it."""
    database = sqlite3.connect(file)
    try:
        return list(database.iterdump())
    finally:
        database.close()
