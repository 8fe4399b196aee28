"""The local dispatcher: woken by commits and timers, of this process and of others; idle it holds nothing."""

import gc
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from aws_durable_execution_sdk_python import DurableContext
from aws_durable_execution_sdk_python.config import Duration

from checkout.durable.dispatch.local import LocalDispatcher
from checkout.durable.service import DurableService
from checkout.durable.settings import DurableSettings
from checkout.store.clock import SystemClock
from checkout.store.session import Database

# Far more than anything here takes; a test that waits this long has failed.
PATIENCE_SECONDS = 20


def open_service(path: Path, **settings: Any) -> DurableService:
    """A service in real time on a file."""
    database = Database.open(f"sqlite:///{path}/d.sqlite3")
    database.create_tables()
    return DurableService(database, clock=SystemClock(), settings=DurableSettings(**settings))


@pytest.fixture
def service(tmp_path: Path) -> Iterator[DurableService]:
    """A service with threads of its own."""
    made = open_service(tmp_path, threads=2)
    with LocalDispatcher(made):
        yield made
    made.database.close()


def asks(_event: Any, context: DurableContext) -> Any:
    """Waits for one answer."""
    return context.create_callback(name="ask").result()


def callback_id(service: DurableService, name: str) -> str:
    """The id of the callback `ask`, once it is there."""
    service.wait_for(name, lambda _: bool(service.operations(name)), timeout_seconds=PATIENCE_SECONDS)
    return service.operations(name)[0].callback_id or ""


def test_a_started_execution_runs_by_itself_and_an_answer_wakes_it(service: DurableService) -> None:
    """Nobody drives it."""
    service.register("asks", asks)
    service.start("asks", "one", "{}")
    service.succeed_callback(callback_id(service, "one"), "yes")
    assert '"yes"' == service.wait_for("one", timeout_seconds=PATIENCE_SECONDS).result


def test_timers_fire_by_themselves(service: DurableService) -> None:
    """A wait of a second ends, in real time."""
    service.register("naps", lambda _event, context: context.wait(Duration.from_seconds(1), name="nap"))
    service.start("naps", "one", "{}")
    assert "SUCCEEDED" == service.wait_for("one", timeout_seconds=PATIENCE_SECONDS).status


def test_what_another_process_commits_is_noticed(service: DurableService, tmp_path: Path) -> None:
    """An execution started, and a callback answered, through another service on the same file."""
    service.register("asks", asks)
    other = open_service(tmp_path)
    other.register("asks", asks)
    other.start("asks", "one", "{}")
    other.succeed_callback(callback_id(other, "one"), "from outside")
    assert '"from outside"' == other.wait_for("one", timeout_seconds=PATIENCE_SECONDS).result
    other.database.close()


def test_what_was_left_is_found_at_the_start(tmp_path: Path) -> None:
    """Started while nobody was running: the first look finds it."""
    service = open_service(tmp_path)
    service.register("echo", lambda event, _context: event)
    service.start("echo", "one", '"left"')
    with LocalDispatcher(service):
        assert '"left"' == service.wait_for("one", timeout_seconds=PATIENCE_SECONDS).result
    service.database.close()


def test_many_executions_share_few_threads(service: DurableService) -> None:
    """Sixty executions on two threads, each answered once, all end."""
    service.register("asks", asks)
    names = [f"n{number}" for number in range(60)]
    for name in names:
        service.start("asks", name, "{}")
    for name in names:
        service.succeed_callback(callback_id(service, name), name)
    for name in names:
        assert f'"{name}"' == service.wait_for(name, timeout_seconds=PATIENCE_SECONDS).result


def test_suspended_executions_hold_no_thread(service: DurableService) -> None:
    """Forty of them wait, and there are as many threads as with none."""
    service.register("asks", asks)
    service.start("asks", "first", "{}")
    callback_id(service, "first")
    _at_rest(service)
    before = threading.active_count()
    for number in range(40):
        service.start("asks", f"n{number}", "{}")
    for number in range(40):
        callback_id(service, f"n{number}")
    _at_rest(service)
    gc.collect()
    assert before == threading.active_count()


def _at_rest(service: DurableService) -> None:
    """Nothing runs any more: every lease is given up."""
    pause = threading.Event()
    for _ in range(PATIENCE_SECONDS * 50):
        if service.sweeper.next_moment() is None:
            return
        pause.wait(0.02)


def test_a_stopped_dispatcher_claims_nothing_more(tmp_path: Path) -> None:
    """What is under way ends, what waits is left for the next process."""
    service = open_service(tmp_path)
    service.register("echo", lambda event, _context: event)
    dispatcher = LocalDispatcher(service)
    dispatcher.start()
    dispatcher.stop()
    service.start("echo", "one", '"left"')
    assert "RUNNING" == service.wait_for("one", timeout_seconds=0.1).status
    service.database.close()


def test_a_backlog_does_not_keep_the_pacer_busy(tmp_path: Path) -> None:
    """What waits for a worker is sent out once; then the pacer sleeps like any other time."""
    service = open_service(tmp_path)
    service.register("echo", lambda event, _context: event)
    dispatcher = LocalDispatcher(service)
    for number in range(150):
        service.start("echo", f"n{number}", "1")
    seen = dispatcher._look(None)
    assert 150 == dispatcher._waiting.qsize()
    assert service.settings.poll_seconds == dispatcher._pause_seconds()
    dispatcher._look(seen)
    assert 150 == dispatcher._waiting.qsize()
    service.database.close()


def test_a_worker_thread_survives_whatever_a_claim_meets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one execution is found again by the next look, and the others run."""
    service = open_service(tmp_path, threads=2)
    drive, met = service.worker.drive, []

    def breaks_twice(execution_id: int) -> bool:
        met.append(execution_id)
        if len(met) <= 2:  # as often as there are threads
            raise ZeroDivisionError
        return drive(execution_id)

    monkeypatch.setattr(service.worker, "drive", breaks_twice)
    service.register("echo", lambda event, _context: event)
    for name in ("one", "two", "three"):
        service.start("echo", name, "1")
    with LocalDispatcher(service):
        for name in ("one", "two", "three"):
            assert "SUCCEEDED" == service.wait_for(name, timeout_seconds=PATIENCE_SECONDS).status
    service.database.close()


def test_subscribers_are_told_by_name_after_each_commit(service: DurableService) -> None:
    """A long poll can sleep until its execution changes; after it unsubscribes it hears nothing."""
    told: list[str] = []
    end = service.subscribe(told.append)
    service.register("echo", lambda event, _context: event)
    service.start("echo", "one", "1")
    service.wait_for("one", timeout_seconds=PATIENCE_SECONDS)
    assert {"one"} == set(told)
    end()
    heard = len(told)
    service.start("echo", "two", "1")
    service.wait_for("two", timeout_seconds=PATIENCE_SECONDS)
    assert heard == len(told)
