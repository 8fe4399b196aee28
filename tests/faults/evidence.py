"""What the books say of one purchase: the provider's, the shop's, and ours beside them.

The same at every level of the fault machine, whoever keeps the books: a sandbox in this process, or one far away.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from checkout.durable.service import DurableService
from checkout.purchase import books
from checkout.store.models import Intent
from payments.ledger import Entry
from payments.sandbox.money_log import MoneyKind, MoneyLine
from tests.faults.life import QUICK, Client

# So many failures in a row make code give up and ask; fewer never do.
FAULTS_UNTIL_IT_ASKS = min(QUICK.look_up_attempts, QUICK.money_attempts)


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything promises are judged by. `may_ask`: so much went wrong that an operator may be asked."""

    intent: Intent | None
    entries: Sequence[Entry]
    history: Sequence[Mapping[str, Any]]
    money: Sequence[MoneyLine]
    orders: Sequence[Mapping[str, Any]]
    acknowledged: Mapping[str, str]
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
    client: Client,
    *,
    money: Sequence[MoneyLine],
    orders: Sequence[Mapping[str, Any]],
    faults: int,
    acknowledged: Mapping[str, str],
) -> Evidence:
    """The evidence on a client's one purchase; the outside books are already its own."""
    intent = client.found(service.database)
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
        may_ask=faults >= FAULTS_UNTIL_IT_ASKS,
        secrets=(client.pays_with, "success_token"),
    )
