"""No query reads a table from end to end: a saga among thousands of rows, judged by the server's own count."""

import pytest
from sqlalchemy import text

from checkout.durable import store
from checkout.durable.testing import TestBed
from checkout.store.session import connection_of
from tests.durable.conftest import empty
from tests.durable.test_costs import run, saga

# Enough that the planner would rather use an index, and little enough to be made in a second.
ROWS = 5_000
_MANY = """
    INSERT INTO {table} SELECT r.* FROM {table} o, generate_series(1, :rows) n,
    LATERAL json_populate_record(o, json_build_object({changed})) r WHERE o.{key} =
        (SELECT id FROM durable_executions WHERE name = 'first')
"""
_TABLES = {
    "durable_operations": ("'execution_id', 1000000 + n, 'callback_id', o.callback_id || n", "execution_id"),
    "durable_events": ("'execution_id', 1000000 + n", "execution_id"),
    "durable_executions": ("'id', 1000000 + n, 'name', 'n' || n", "id"),
}


@pytest.fixture
def crowded(emptied: str) -> TestBed:
    """Thousands of suspended executions."""
    bed = TestBed(emptied)
    empty(bed)
    bed.service.register("saga", saga)
    bed.service.start("saga", "first", "{}")
    bed.service.run_until_idle()
    with bed.database.transaction() as session:
        for table, (changed, key) in _TABLES.items():
            many = _MANY.format(table=table, changed=changed, key=key)
            connection_of(session).execute(text(many), {"rows": ROWS})
    with bed.database.single() as driver:
        driver.run("ANALYZE durable_executions, durable_operations, durable_events")
    return bed


def scans(bed: TestBed) -> int:
    """How often one of the service's tables has been read from end to end, this moment included."""
    with bed.database.single() as driver:
        driver.run("SELECT pg_stat_force_next_flush()")
        driver.run("SELECT 1")  # the flush happens at the end of a statement
        found = driver.run("SELECT sum(seq_scan) FROM pg_stat_user_tables WHERE relname LIKE 'durable%'").fetchone()
    return int(found[0])


def test_a_saga_among_thousands_reads_no_table_from_end_to_end(crowded: TestBed) -> None:
    """Start, claim, checkpoint, suspend, answer, sweep, look, end: each finds its rows by an index."""
    with crowded as bed:
        before = scans(bed)
        run(bed, "one")
        bed.service.sweeper.next_moment()
        bed.clock.advance(100)
        bed.service.sweeper.sweep()
        bed.service.list(status="SUCCEEDED", limit=10)
        assert "SUCCEEDED" == bed.service.get("one").status
        assert before == scans(bed)


def test_the_count_of_full_reads_would_tell(crowded: TestBed) -> None:
    """A query no index serves is counted, so the count above means something."""
    with crowded as bed:
        before = scans(bed)
        with bed.database.transaction() as session:
            connection_of(session).execute(text("SELECT count(*) FROM durable_executions WHERE owner = 'nobody'")).all()
        assert before < scans(bed)
        with bed.database.read() as session:
            assert store.read_named(session, "first") is not None
