"""The SQL is for PostgreSQL too: statements and tables compile there, with row locks where SQLite has one writer."""

from typing import Any

import pytest
from sqlalchemy import Executable, Table
from sqlalchemy.engine.interfaces import Dialect
from sqlalchemy.engine.url import make_url
from sqlalchemy.schema import CreateIndex, CreateTable

from checkout.durable import store, store_write
from checkout.durable.statements import Statement
from checkout.durable.store_tables import EVENTS, EXECUTIONS, OPERATIONS

STATEMENTS: dict[str, Any] = {
    name: value.core if isinstance(value, Statement) else value
    for module in (store, store_write)
    for name, value in vars(module).items()
    if isinstance(value, Statement) or (isinstance(value, Executable) and not isinstance(value, Table))
}


def dialect(name: str) -> Dialect:
    """The dialect without its driver."""
    made: Dialect = make_url(f"{name}://").get_dialect()()
    return made


@pytest.mark.parametrize("name", STATEMENTS)
def test_every_statement_compiles_for_postgresql(name: str) -> None:
    """Nothing of SQLite's own is in them."""
    assert str(STATEMENTS[name].compile(dialect=dialect("postgresql")))


def test_a_claim_skips_locked_rows_on_postgresql_and_says_nothing_of_it_on_sqlite() -> None:
    """`FOR UPDATE SKIP LOCKED` is what makes a claim one worker's."""
    claim = store._BY_ID.with_for_update(skip_locked=True)
    assert str(claim.compile(dialect=dialect("postgresql"))).endswith("FOR UPDATE SKIP LOCKED")
    assert "FOR UPDATE" not in str(claim.compile(dialect=dialect("sqlite")))


@pytest.mark.parametrize("table", [EXECUTIONS, OPERATIONS, EVENTS])
def test_every_table_and_index_compiles_for_postgresql(table: Table) -> None:
    """Partial indexes included."""
    assert "BIGINT" in str(CreateTable(table).compile(dialect=dialect("postgresql")))
    indexes = [str(CreateIndex(one).compile(dialect=dialect("postgresql"))) for one in table.indexes]
    assert all("WHERE" in one for one in indexes if "wake_at" in one)
