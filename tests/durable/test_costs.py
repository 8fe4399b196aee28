"""What a saga and a waiting execution cost: commits and bytes, which do not depend on the machine."""

import gc
import time
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from aws_durable_execution_sdk_python import DurableContext

from checkout.durable.testing import TestBed

SAGA = ("fetch", "authorize", "charge", "place", "capture", "finalize")


def saga(_event: Any, context: DurableContext) -> Any:
    """Six steps and a callback, as a purchase has them."""
    context.step(lambda _: SAGA[0], name=SAGA[0])
    context.create_callback(name="confirm").result()
    return [context.step(lambda _, name=name: name, name=name) for name in SAGA[1:]]  # type: ignore[misc]


def run(bed: TestBed, name: str) -> None:
    """One saga from start to end."""
    bed.service.start("saga", name, '{"a": 1}')
    bed.service.run_until_idle()
    bed.service.succeed_callback(bed.callback_id("confirm", of=name), "yes")
    bed.service.run_until_idle()


def test_a_saga_costs_thirteen_commits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Start, answer, two claims, two ends, one per operation: history and projection ride with them."""
    commits: list[int] = []
    with TestBed(f"sqlite:///{tmp_path}/d.sqlite3") as bed:
        bed.service.register("saga", saga, projector=lambda _session, _change: None)
        run(bed, "warm-up")
        writer: Any = bed.database._writer.raw_connection()  # the one connection that writes
        writer.driver_connection.set_trace_callback(lambda sql: commits.append(1) if sql == "COMMIT" else None)
        writer.close()
        started, count = time.perf_counter(), 30
        for number in range(count):
            run(bed, f"n{number}")
        took = (time.perf_counter() - started) * 1000 / count
    with capsys.disabled():
        print(f"\n{took:.1f} ms and {len(commits) / count:.1f} commits per saga", end="")  # noqa: T201 (to be known)
    assert 13 * count == len(commits)


@pytest.mark.full
def test_a_waiting_execution_costs_rows_and_no_memory(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two thousand of them leave under 4 KB each behind in memory."""
    path = tmp_path / "d.sqlite3"
    with TestBed(f"sqlite:///{path}") as bed:
        bed.service.register("saga", saga)
        for number in range(20):
            bed.service.start("saga", f"warm-up-{number}", "{}")
        bed.service.run_until_idle()
        gc.collect()
        tracemalloc.start()
        before, _ = tracemalloc.get_traced_memory()
        for number in range(2000):
            bed.service.start("saga", f"n{number}", '{"a": 1}')
        bed.service.run_until_idle()
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    disk = sum(one.stat().st_size for one in tmp_path.glob("d.sqlite3*")) / 2020
    with capsys.disabled():
        print(f"\n{(after - before) / 2000:.0f} bytes of memory, {disk:.0f} bytes of disk each", end="")  # noqa: T201 (same)
    assert (after - before) / 2000 < 4096
