"""The outbox: an event is written in the transaction that changes the state it tells of, or not at all.

Knows endpoints and what each wants to be told. Must never call outside, and must never fail for reasons of its own: it
runs inside a purchase's checkpoint.
"""

import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlmodel import Session, col, select

from checkout.store.session import after_commit
from checkout.store.webhooks import WebhookDelivery, WebhookEndpoint

# Rye's names: the thing, then the state it has come to.
TYPE = "checkout_intent.{}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Happened:
    """A checkout intent of a tenant's has come to `state`; `sequence` grows with every change of this intent."""

    tenant: str
    intent_id: str
    state: str
    sequence: int
    at: datetime


def record(session: Session, happened: Happened, woken: Callable[[], None] | None = None) -> None:
    """Keep the event for every endpoint that wants it; after the commit `woken` is called, if there is something."""
    event_type = TYPE.format(happened.state)
    places = session.exec(
        select(WebhookEndpoint.id, WebhookEndpoint.event_types).where(
            WebhookEndpoint.tenant == happened.tenant, col(WebhookEndpoint.disabled_at).is_(None)
        )
    ).all()
    wanted = [endpoint_id for endpoint_id, types in places if types is None or event_type in types]
    if not wanted:
        return
    event_id = f"evt_{secrets.token_hex(16)}"
    for endpoint_id in wanted:
        session.add(
            WebhookDelivery(
                id=f"whd_{secrets.token_hex(16)}",
                event_id=event_id,
                endpoint_id=endpoint_id,
                tenant=happened.tenant,
                intent_id=happened.intent_id,
                type=event_type,
                state=happened.state,
                sequence=happened.sequence,
                created_at=happened.at,
                due_at=happened.at,
            )
        )
    if woken is not None:
        after_commit(session, woken)


def body(row: WebhookDelivery) -> str:
    """What is sent: thin, the same bytes at every attempt, and nothing in it that a poll would have to hide."""
    return json.dumps(
        {
            "id": row.event_id,
            "type": row.type,
            "createdAt": row.created_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
            "sequence": row.sequence,
            "data": {"id": row.intent_id, "state": row.state},
        },
        separators=(",", ":"),
    )
