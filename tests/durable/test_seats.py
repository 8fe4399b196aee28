"""The claim that rides with the write which makes an execution runnable: where a worker is free, and once on disk."""

from pathlib import Path
from typing import Any

import pytest
from aws_durable_execution_sdk_python import DurableContext

from checkout.durable.dispatch.local import LocalDispatcher
from checkout.durable.seats import Claimed, Seat
from checkout.durable.service import DurableService
from checkout.durable.settings import DurableSettings
from checkout.durable.testing import TestBed
from checkout.store.clock import SystemClock
from checkout.store.session import Database

PATIENCE_SECONDS = 20


class Desk:
    """Workers without threads: what sits down is run when the test says so."""

    def __init__(self, service: DurableService, free: int) -> None:
        self.free = free
        self.sitting: list[Claimed] = []
        self._service = service
        service.worker.offer(self)

    def keep(self) -> Seat | None:
        """A free one."""
        if not self.free:
            return None
        self.free -= 1
        return Chair(self)

    def run(self) -> None:
        """Whoever sits works to the end."""
        while self.sitting:
            self._service.worker.run_claimed(self.sitting.pop())
            self.free += 1


class Chair:
    """A kept seat."""

    def __init__(self, desk: Desk) -> None:
        self._desk, self._kept = desk, True

    def take(self, claimed: Claimed) -> None:
        """Sit down."""
        if self._kept:
            self._kept = False
            self._desk.sitting.append(claimed)

    def give_up(self) -> None:
        """Leave it."""
        if self._kept:
            self._kept = False
            self._desk.free += 1


def asks(_event: Any, context: DurableContext) -> Any:
    """A step, and one question."""
    context.step(lambda _: 1, name="before")
    return context.create_callback(name="ask").result()


def desk_of(bed: TestBed, free: int = 1) -> Desk:
    """The bed's service with a function and this many workers."""
    bed.service.register("asks", asks)
    return Desk(bed.service, free)


def test_what_is_started_where_a_worker_is_free_is_claimed_at_once(bed: TestBed) -> None:
    """Nobody else finds it, and it runs from its start through its answer to its end."""
    desk = desk_of(bed)
    bed.service.start("asks", "one", "{}")
    assert [] == bed.service.sweeper.runnable()
    desk.run()
    bed.service.succeed_callback(bed.callback_id("ask", of="one"), "yes")
    assert [] == bed.service.sweeper.runnable()
    desk.run()
    assert '"yes"' == bed.service.get("one").result
    assert 1 == desk.free


def test_what_is_started_where_no_worker_is_free_is_anybodys(bed: TestBed) -> None:
    """It is not claimed, so whoever is free first runs it."""
    desk_of(bed, free=0)
    bed.service.start("asks", "one", "{}")
    (key,) = bed.service.sweeper.runnable()
    bed.service.worker.drive(key)
    bed.service.succeed_callback(bed.callback_id("ask", of="one"), "yes")
    assert [key] == bed.service.sweeper.runnable()


def test_nothing_runs_before_the_transaction_is_on_disk(bed: TestBed) -> None:
    """The claim is written in it, and acted on after it."""
    desk = desk_of(bed)
    with bed.database.transaction() as session:
        bed.service.start("asks", "one", "{}", session=session)
        assert (0, []) == (desk.free, desk.sitting)
    assert ["one"] == [one.execution.name for one in desk.sitting]


def test_a_transaction_that_is_rolled_back_leaves_its_worker_free(bed: TestBed) -> None:
    """Nothing was claimed, and nothing runs."""
    desk = desk_of(bed)

    def starts_and_fails() -> None:
        with bed.database.transaction() as session:
            bed.service.start("asks", "one", "{}", session=session)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        starts_and_fails()
    assert (1, []) == (desk.free, desk.sitting)
    bed.service.start("asks", "one", "{}")
    desk.run()
    bed.service.succeed_callback(bed.callback_id("ask", of="one"), "no")
    desk.run()
    assert '"no"' == bed.service.get("one").result


def test_starting_the_same_again_keeps_no_worker(bed: TestBed) -> None:
    """The first one stands; the second finds it, whether it runs or has ended."""
    desk = desk_of(bed, free=2)
    bed.service.start("asks", "one", "{}")
    bed.service.start("asks", "one", "{}")
    assert (1, 1) == (desk.free, len(desk.sitting))


def test_a_process_that_dies_between_commit_and_run_is_taken_over(bed: TestBed) -> None:
    """The lease lapses like any other, the late one writes nothing, and the answer is not lost."""
    desk = desk_of(bed, free=2)
    bed.service.start("asks", "one", "{}")
    (died,) = desk.sitting
    bed.service.worker.offer(None)
    bed.clock.advance(bed.service.settings.lease_seconds + 1)
    bed.service.run_until_idle()
    callback_id = bed.callback_id("ask", of="one")
    bed.service.worker.run_claimed(died)  # it was only asleep
    bed.service.succeed_callback(callback_id, "yes")
    bed.service.run_until_idle()
    assert '"yes"' == bed.service.get("one").result
    assert 1 == bed.event_types(of="one").count("CallbackStarted")


def test_an_answer_claims_only_what_nobody_runs(bed: TestBed) -> None:
    """While the handler runs, its own end finds the answer; no second worker is kept."""
    desk = desk_of(bed, free=2)
    answered: list[str] = []

    def answers_itself(_event: Any, context: DurableContext) -> Any:
        callback = context.create_callback(name="ask")
        if not answered:
            answered.append(callback.callback_id)
            bed.service.succeed_callback(callback.callback_id, "early")
        return callback.result()

    bed.service.register("self", answers_itself)
    bed.service.start("self", "one", "{}")
    (claimed,) = desk.sitting
    bed.service.worker.run_claimed(claimed)
    assert (1, 1) == (desk.free, len(desk.sitting)), "the answer must keep no seat"
    assert '"early"' == bed.service.get("one").result


def test_who_is_to_end_claims_nothing_more(bed: TestBed) -> None:
    """What it starts, and what it answers, is another's."""
    desk = desk_of(bed)
    bed.service.worker.hand_over()
    bed.service.start("asks", "one", "{}")
    assert 1 == desk.free
    assert 1 == len(bed.service.sweeper.runnable())


def test_a_version_that_is_not_registered_here_is_left_to_others(tmp_path: Path) -> None:
    """Its answer is taken, and whoever can run it does."""
    url = f"sqlite:///{tmp_path}/d.sqlite3"
    with TestBed(url) as newer, TestBed(url, clock=newer.clock) as bed:
        newer.service.register("asks", asks, version=2)
        newer.service.start("asks", "one", "{}")
        newer.service.run_until_idle()
        desk = desk_of(bed)
        bed.service.succeed_callback(bed.callback_id("ask", of="one"), "yes")
        assert (1, []) == (desk.free, desk.sitting)
        newer.service.run_until_idle()
        assert '"yes"' == newer.service.get("one").result


def test_what_came_while_it_was_running_is_claimed_with_its_end(bed: TestBed) -> None:
    """One write ends the invocation and begins the next: nothing is left to be found."""
    bed.service.register("asks", asks)
    bed.service.start("asks", "one", "{}")
    (key,) = bed.service.sweeper.runnable()
    invocation = bed.service.worker.claim(key)
    assert invocation is not None
    output = invocation.registration.decorated(invocation.event, None)
    bed.service.succeed_callback(bed.callback_id("ask", of="one"), "early")
    again = bed.service.worker.finish(invocation, output, goes_on=True)
    assert again is not None
    assert [] == bed.service.sweeper.runnable()
    bed.service.worker.run_claimed(again)
    assert '"early"' == bed.service.get("one").result


def test_a_dispatcher_that_stops_gives_back_what_nobody_sat_down_for(tmp_path: Path) -> None:
    """Another process runs it at once, not after a lease."""
    database = Database.open(f"sqlite:///{tmp_path}/d.sqlite3")
    database.create_tables()
    service = DurableService(database, clock=SystemClock(), settings=DurableSettings(threads=1))
    service.register("asks", asks)
    dispatcher = LocalDispatcher(service)
    service.worker.offer(dispatcher)  # without threads: as when it is stopped before one has looked
    service.start("asks", "one", "{}")
    assert [] == service.sweeper.runnable()
    dispatcher.stop()
    assert 1 == len(service.sweeper.runnable())
    database.close()


def test_a_busy_dispatcher_keeps_no_seat(tmp_path: Path) -> None:
    """As many as it has threads, and again when one is free."""
    service = DurableService(
        Database.open(f"sqlite:///{tmp_path}/d.sqlite3"), clock=SystemClock(), settings=DurableSettings(threads=2)
    )
    dispatcher = LocalDispatcher(service)
    first, second = dispatcher.keep(), dispatcher.keep()
    assert first
    assert second
    assert dispatcher.keep() is None
    first.give_up()
    first.give_up()
    assert dispatcher.keep()
    assert dispatcher.keep() is None
    service.database.close()
