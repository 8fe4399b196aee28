"""Lists by cursor, newest first: `after` a cursor, `before` one, or between two.

Knows how Rye's client walks: it goes on while the page has items and a cursor in its direction, whatever the booleans
say, so the last page's cursor in the direction of travel is null. A cursor names a position, and grants nothing.
"""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from fastapi import Query
from sqlalchemy import tuple_
from sqlmodel import Session, col, select
from sqlmodel.sql.expression import SelectOfScalar

from checkout.api.problems import ProblemError
from checkout.store.models import Intent, OrderRow
from checkout.store.webhooks import WebhookDelivery

MAX_PAGE = 100
MAX_CURSOR_CHARACTERS = 256
Row = TypeVar("Row", Intent, OrderRow, WebhookDelivery)


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Which part of a list is wanted. With both cursors, what lies between, nearest to `before` first."""

    after: str | None
    before: str | None
    limit: int


def page(
    after: Annotated[str | None, Query(max_length=MAX_CURSOR_CHARACTERS, description="An `endCursor`.")] = None,
    before: Annotated[str | None, Query(max_length=MAX_CURSOR_CHARACTERS, description="A `startCursor`.")] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = MAX_PAGE,
) -> Page:
    """The page a request asks for."""
    return Page(after=after, before=before, limit=limit)


def read_page(
    session: Session,
    table: type[Row],
    wanted: Page,
    narrow: Callable[[SelectOfScalar[Row]], SelectOfScalar[Row]],
    render: Callable[[Row], dict[str, Any]],
) -> dict[str, Any]:
    """The page as the wire has it; `narrow` restricts the list to what the caller may see and asked for."""
    backward = wanted.before is not None
    query = narrow(select(table))
    if wanted.after is not None:
        query = query.where(_beyond(table, wanted.after, "after", older=True))
    if wanted.before is not None:
        query = query.where(_beyond(table, wanted.before, "before", older=False))
    rows = list(session.exec(_ordered(query, table, newest_first=not backward).limit(wanted.limit + 1)))
    more = len(rows) > wanted.limit
    rows = rows[: wanted.limit]
    if backward:
        rows.reverse()
    behind = bool(rows) and _exists(session, table, narrow, rows[-1 if backward else 0], older=backward)
    has_next, has_previous = (behind, more) if backward else (more, behind)
    return {
        "data": [render(row) for row in rows],
        "pageInfo": {
            "startCursor": _cursor(rows[0]) if rows and (has_previous or not backward) else None,
            "endCursor": _cursor(rows[-1]) if rows and (has_next or backward) else None,
            "hasNextPage": has_next,
            "hasPreviousPage": has_previous,
        },
    }


def _ordered(query: SelectOfScalar[Row], table: type[Row], *, newest_first: bool) -> SelectOfScalar[Row]:
    created, identity = col(table.created_at), col(table.id)
    if newest_first:
        return query.order_by(created.desc(), identity.desc())
    return query.order_by(created.asc(), identity.asc())


def _past(table: type[Row], moment: datetime, identity: str, *, older: bool) -> Any:
    # As one value of two columns: of an index, that is where to begin; spelled out with AND and OR, it is a filter.
    place = tuple_(col(table.created_at), col(table.id))
    return place < (moment, identity) if older else place > (moment, identity)


def _beyond(table: type[Row], cursor: str, param: str, *, older: bool) -> Any:
    try:
        moment, _, identity = base64.urlsafe_b64decode(cursor.encode()).decode().partition("|")
        created_at = datetime.fromisoformat(moment)
        is_known = created_at.tzinfo is not None and bool(created_at.astimezone(UTC))
    except (binascii.Error, ValueError, OverflowError):  # the last one: a zone that leads out of the calendar
        is_known = False
    if not is_known:
        raise ProblemError(
            code="invalid_request",
            detail=f"`{param}` is no cursor of this list",
            param=param,
            fields={param: "must be a cursor from `pageInfo`, unchanged"},
        )
    return _past(table, created_at, identity, older=older)


def _exists(
    session: Session,
    table: type[Row],
    narrow: Callable[[SelectOfScalar[Row]], SelectOfScalar[Row]],
    edge: Row,
    *,
    older: bool,
) -> bool:
    beyond = narrow(select(table)).where(_past(table, edge.created_at, edge.id, older=older))
    # The nearest: any would do, and be looked for through the whole table.
    return session.exec(_ordered(beyond, table, newest_first=older).limit(1)).first() is not None


def _cursor(row: Intent | OrderRow | WebhookDelivery) -> str:
    return base64.urlsafe_b64encode(f"{row.created_at.isoformat()}|{row.id}".encode()).decode()
