"""The floor of the API: FastAPI with nothing but the same rows, `python -m tests.bench.bare URL CREATED CONFIRMED`.

CREATED and CONFIRMED are intents of the database at URL. A create writes the rows that CREATED's create wrote, a
confirm those of CONFIRMED's confirm, each in one transaction by plain prepared statements; a poll reads one row. No
keys, no limits, no checks of what was sent, no states, nobody told. Prints where it listens.
"""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
import uvicorn
from fastapi import FastAPI
from fastapi.responses import JSONResponse, Response
from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Json
from psycopg_pool import ConnectionPool

from checkout.listening import listening
from tests.bench.filled import unique
from tests.bench.load import ROOT

# As many connections as the service has by default.
CONNECTIONS = 16
Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Write:
    """One statement and its values, as they were once; a request changes a few."""

    statement: sql.Composed
    values: Mapping[str, Any]

    def run(self, connection: psycopg.Connection[Row], **own: Any) -> None:
        """Run it."""
        connection.execute(self.statement, {**self.values, **own}, prepare=True)


def _insert(table: str, row: Row) -> Write:
    names, places = sql.SQL(", ").join(map(sql.Identifier, row)), sql.SQL(", ").join(map(sql.Placeholder, row))
    statement = sql.SQL("INSERT INTO {} ({}) VALUES ({})").format(sql.Identifier(table), names, places)
    return Write(statement, _plain(row))


def _update(table: str, row: Row, key: str, *columns: str) -> Write:
    changes = [sql.SQL("{} = {}").format(sql.Identifier(name), sql.Placeholder(name)) for name in columns]
    statement = sql.SQL("UPDATE {} SET {} WHERE {} = {}").format(
        sql.Identifier(table), sql.SQL(", ").join(changes), sql.Identifier(key), sql.Placeholder("key")
    )
    return Write(statement, _plain({name: row[name] for name in columns}))


def _plain(row: Row) -> Row:
    return {name: Json(value) if isinstance(value, dict) else value for name, value in row.items()}


class Bare:
    """What each request does."""

    def __init__(self, url: str, created: str, confirmed: str) -> None:
        self._pool = ConnectionPool(
            url,
            connection_class=psycopg.Connection[Row],
            min_size=CONNECTIONS,
            max_size=CONNECTIONS,
            kwargs={"autocommit": True, "row_factory": dict_row},
        )
        self._pool.wait()
        with self._pool.connection() as connection:
            self._learn(connection, created, confirmed)

    def _learn(self, connection: psycopg.Connection[Row], created: str, confirmed: str) -> None:
        def rows(table: str, column: str, value: Any) -> list[Row]:
            words = sql.SQL("SELECT * FROM {} WHERE {} = %s").format(sql.Identifier(table), sql.Identifier(column))
            return connection.execute(words, [value]).fetchall()

        def request(name: str) -> Row:
            found = "SELECT * FROM idempotency WHERE body->>'id' = %s"
            return next(iter(connection.execute(found, [name])))

        (intent,), (execution,) = rows("intents", "id", created), rows("durable_executions", "name", created)
        (event,), answered = rows("durable_events", "execution_id", execution["id"]), request(created)
        self._create = (_insert("idempotency", answered), _insert("intents", intent))
        self._execution, self._event = _insert("durable_executions", execution), _insert("durable_events", event)
        self._created: Any = answered["body"]
        (intent,), (execution,) = rows("intents", "id", confirmed), rows("durable_executions", "name", confirmed)
        answered, (token,) = request(confirmed), rows("payment_tokens", "intent_id", confirmed)
        event = max(rows("durable_events", "execution_id", execution["id"]), key=lambda one: int(one["event_id"]))
        callback = next(
            one for one in rows("durable_operations", "execution_id", execution["id"]) if one["callback_id"]
        )
        self._confirmed: Any = answered["body"]
        self._answered, self._token = _insert("idempotency", answered), _insert("payment_tokens", token)
        changed = ("state", "seq", "updated_at", "payment_method")
        self._intent = _update("intents", intent, "id", *changed)
        self._waits = _update("durable_executions", execution, "id", "wake_at", "timer_at", "touched", "events")
        self._callback = _update(
            "durable_operations", callback, "callback_id", "status", "ended_at", "payload", "due_at", "touched"
        )
        self._called = _insert("durable_events", event)

    def create(self, _body: dict[str, Any]) -> Response:
        """The rows of a create."""
        name, number = f"bare_{unique()}", int(unique()[:12], 16)
        record, intent = self._create
        with self._pool.connection() as connection, connection.transaction():
            record.run(connection, key=name)
            intent.run(connection, id=name)
            self._execution.run(connection, id=number, name=name)
            self._event.run(connection, execution_id=number)
        return JSONResponse(self._created, status_code=201)

    def poll(self, name: str) -> Response:
        """The row."""
        with self._pool.connection() as connection:
            words = "SELECT id, state, request, offer FROM intents WHERE id = %s"
            found = connection.execute(words, [name], prepare=True).fetchone()
        return JSONResponse(found)

    def confirm(self, name: str, _body: dict[str, Any]) -> Response:
        """The rows of a confirm."""
        number = int(name.removeprefix("ci_"), 16)
        with self._pool.connection() as connection, connection.transaction():
            self._answered.run(connection, key=name)
            self._token.run(connection, id=unique(), intent_id=name)
            self._intent.run(connection, key=name)
            self._waits.run(connection, key=number)
            self._callback.run(connection, key=f"callback-{number}")
            self._called.run(connection, execution_id=number)
        return JSONResponse(self._confirmed)


def main(url: str, created: str, confirmed: str) -> None:
    """Serve as `checkout serve` does."""
    bare, app = Bare(url, created, confirmed), FastAPI()
    app.post(ROOT, response_model=None)(bare.create)
    app.get(ROOT + "/{name}", response_model=None)(bare.poll)
    app.post(ROOT + "/{name}/confirm", response_model=None)(bare.confirm)
    entrance = listening("127.0.0.1", 0)
    print(json.dumps({"url": f"http://127.0.0.1:{entrance.getsockname()[1]}"}), flush=True)  # noqa: T201 (its parent reads it)
    config = uvicorn.Config(app, log_config=None, access_log=False, server_header=False)
    uvicorn.Server(config).run(sockets=[entrance])


if __name__ == "__main__":
    main(*sys.argv[1:])
