"""When two worlds are equal: everything that can make them go on differently, as one digest.

Left out, because nothing that follows depends on it: times (a run takes seconds, and a confirmation or a hold minutes
or days), numbers that only count (invocations, checkpoints, events), copies of what is kept elsewhere (a provider's
events, the evidence beside an order), and where an order was found.
"""

import hashlib
import json
import re
from typing import Any

from sqlalchemy import text
from sqlmodel import Session

from checkout.store.session import connection_of
from merchants.demo.shop import Shop
from payments.sandbox.core import Sandbox

ROWS = (
    "SELECT status, parked, failures, lease_until IS NULL, wake_at IS NULL FROM durable_executions",
    "SELECT name, status, attempt, payload, error FROM durable_operations ORDER BY ordinal",
    "SELECT state, payment_id, review_since IS NULL FROM intents",
    "SELECT kind, account, amount_minor FROM ledger ORDER BY id",
)
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00)")
_TIMES = frozenset({"created", "created_at", "canceled_at", "available_on", "capture_before", "evidence"})
_COPIES = frozenset({"event", "balance_transaction"})


def fingerprint(session: Session, sandbox: Sandbox, shop: Shop) -> str:
    """Equal for worlds that go on alike."""
    connection = connection_of(session)
    rows = [[_row(row) for row in connection.execute(text(query))] for query in ROWS]
    state = sandbox.state()
    records = [record for record in state["records"] if record["object"] not in _COPIES]
    moved = [(line.kind, line.amount_minor, line.payment_intent) for line in sandbox.money]
    world = [rows, records, state["keys"], state["faults"], moved, shop.snapshot()]
    plain = json.dumps(_lean(world), default=str, sort_keys=True)
    return hashlib.sha256(_MOMENT.sub("T", plain).encode()).hexdigest()


def _row(row: Any) -> list[Any]:
    return [json.loads(value) if isinstance(value, str) and value[:1] in "{[" else value for value in row]


def _lean(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _lean(one) for key, one in value.items() if key not in _TIMES}
    if isinstance(value, list | tuple):
        return [_lean(one) for one in value]
    return value
