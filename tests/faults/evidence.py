"""What the books say of one purchase: the provider's, the shop's, and ours beside them.

The same at every level of the fault machine, whoever keeps the books: a sandbox in this process, or one far away.
"""

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checkout.durable.service import DurableService
from checkout.purchase import books
from checkout.store.models import Intent
from payments.ledger import Entry
from payments.sandbox.money_log import MoneyKind, MoneyLine
from tests.faults.life import QUICK

# So many failures in a row make code give up and ask; fewer never do.
FAULTS_UNTIL_IT_ASKS = min(QUICK.look_up_attempts, QUICK.money_attempts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything promises are judged by. `may_ask`: so much went wrong that an operator may be asked.

    `acknowledged`: how often a client was told that its command is done.
    """

    intent: Intent | None
    entries: Sequence[Entry]
    history: Sequence[Mapping[str, Any]]
    money: Sequence[MoneyLine]
    orders: Sequence[Mapping[str, Any]]
    acknowledged: Mapping[str, int]
    may_ask: bool
    secrets: Sequence[str]

    def moved(self, kind: MoneyKind) -> int:
        """What the provider's log says was moved in this way, in minor units."""
        return sum(line.amount_minor for line in self.money if line.kind is kind)

    @property
    def state(self) -> str:
        """The public state; "absent" where nothing was created."""
        return self.intent.state if self.intent else "absent"

    @property
    def asks(self) -> bool:
        """Whether an operator is asked."""
        return self.intent is not None and self.intent.review_since is not None

    @property
    def told(self) -> str:
        """The whole history as text."""
        return json.dumps(self.history, default=str)


def of_database(
    service: DurableService,
    intent: Intent | None,
    *,
    money: Sequence[MoneyLine],
    orders: Sequence[Mapping[str, Any]],
    may_ask: bool,
    acknowledged: Mapping[str, int],
    secrets: Sequence[str],
) -> Evidence:
    """The evidence on one purchase; the outside books are already its own."""
    entries: Sequence[Entry] = ()
    if intent:
        with service.database.read() as session:
            entries = books.entries_of(session, intent.id)
    return Evidence(
        intent=intent,
        entries=entries,
        history=service.history(intent.id) if intent else [],
        money=money,
        orders=orders,
        acknowledged=acknowledged,
        may_ask=may_ask,
        secrets=(*secrets, "success_token"),
    )


class Book:
    """A file of JSON lines that another process appends to."""

    def __init__(self, path: Path, field_name: str) -> None:
        """`field_name`: what tells purchases apart."""
        self._path, self._field_name = path, field_name
        self._read = 0
        self._by: dict[str, list[Mapping[str, Any]]] = defaultdict(list)

    def of(self, value: str) -> list[Mapping[str, Any]]:
        """The lines whose field has this value, in order."""
        if self._path.exists():
            with self._path.open("rb") as file:
                file.seek(self._read)
                new = file.read()
            whole = new[: new.rfind(b"\n") + 1]
            self._read += len(whole)
            for line in map(json.loads, whole.splitlines()):
                self._by[str(line.get(self._field_name))].append(line)
        return list(self._by[value])


def money_of(lines: Sequence[Mapping[str, Any]]) -> list[MoneyLine]:
    """The provider's log, read back from its file."""
    return [MoneyLine(**{**line, "kind": MoneyKind(line["kind"])}) for line in lines]
