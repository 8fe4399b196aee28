"""Versions: an execution is run only by the version of its function that began it."""

from typing import Any

from aws_durable_execution_sdk_python import DurableContext

from checkout.durable.testing import TestBed


def version(number: int) -> Any:
    """A handler that tells which version it is, before and after a wait."""

    def handler(_event: Any, context: DurableContext) -> Any:
        first = context.step(lambda _: number, name=f"v{number}")
        context.create_callback(name="ask").result()
        return [first, number]

    return handler


def test_an_execution_goes_on_with_the_version_that_began_it(bed: TestBed) -> None:
    """The newest version takes new executions, the old one keeps its own."""
    bed.service.register("function", version(1), version=1)
    bed.service.start("function", "old", "{}")
    bed.service.run_until_idle()
    bed.service.register("function", version(2), version=2)
    bed.service.start("function", "new", "{}")
    bed.service.run_until_idle()
    for name in ("old", "new"):
        bed.service.succeed_callback(bed.callback_id("ask", of=name), "go")
    bed.service.run_until_idle()
    assert ("[1, 1]", "[2, 2]") == (bed.service.get("old").result, bed.service.get("new").result)
    assert ":1/durable-execution/" in bed.service.get("old").arn


def test_a_process_without_the_version_leaves_the_execution_waiting_and_says_so(tmp_path: Any) -> None:
    """It is neither failed nor parked; the version comes back and it goes on."""
    url = f"sqlite:///{tmp_path}/d.sqlite3"
    with TestBed(url) as old:
        old.run(version(1))
        old.service.succeed_callback(old.callback_id("ask"), "go")
        clock = old.clock
    with TestBed(url, clock=clock) as new:
        new.service.register("function", version(2), version=2)
        new.service.run_until_idle()
        assert ("RUNNING", None) == (new.service.get("execution").status, new.service.get("execution").parked)
        assert [("function", 1, 1)] == new.service.unrunnable()
        new.service.register("function", version(1), version=1)
        assert [] == new.service.unrunnable()
        new.service.run_until_idle()
        assert "[1, 1]" == new.service.get("execution").result
