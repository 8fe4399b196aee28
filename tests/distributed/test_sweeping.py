"""The net under the messages: who looks, what is sent again, and who drives when no message comes."""

import threading
from collections.abc import Iterator
from contextlib import closing

import pytest

from checkout.distributed.app import queue_of
from checkout.distributed.broker import Broker
from checkout.distributed.sweeping import OVERDUE_SECONDS, Sweeping
from checkout.durable.testing import TestBed
from tests.distributed.test_broker import messages
from tests.servers import RedisServer

QUEUE = queue_of("function", 1)


@pytest.fixture
def bed() -> Iterator[TestBed]:
    """A service with one execution that waits for a worker."""
    with TestBed() as made:
        made.service.register("function", lambda _event, _context: "done")
        made.service.start("function", "execution", "{}")
        yield made


@pytest.fixture
def broker(redis_server: RedisServer) -> Iterator[Broker]:
    """A child's connection."""
    with closing(Broker(redis_server.url)) as opened:
        yield opened


def sweeping(bed: TestBed, broker: Broker, name: str = "first", driving: "threading.Lock | None" = None) -> Sweeping:
    """A child's thread, which the test plays."""
    return Sweeping(bed.service, broker, name=name, driving=driving or threading.Lock())


def test_a_lost_hint_is_sent_again_once_by_whose_turn_it_is(bed: TestBed, broker: Broker) -> None:
    """However often all of them look; after FLUSHALL once more."""
    first, second = sweeping(bed, broker), sweeping(bed, broker, "second")
    for _ in range(3):
        first._look()
        second._look()
    (key,) = bed.service.sweeper.runnable()
    assert [[[key], {}]] == messages(broker, QUEUE)
    broker.redis.flushall()
    first._look()
    assert [[[key], {}]] == messages(broker, QUEUE)


def test_with_redis_away_whoever_looks_drives(bed: TestBed, broker: Broker, redis_server: RedisServer) -> None:
    """Timers too."""
    redis_server.stop()
    sweeping(bed, broker)._look()
    assert "SUCCEEDED" == bed.service.get("execution").status


def test_an_idle_child_drives_what_no_message_brought_in_time(bed: TestBed, broker: Broker) -> None:
    """Redis answers, and messages do not arrive: so it is whoever's turn it is or not."""
    first, second = sweeping(bed, broker), sweeping(bed, broker, "second")
    first._look()
    second._look()
    assert "RUNNING" == bed.service.get("execution").status
    bed.clock.advance(OVERDUE_SECONDS)
    second._look()
    assert "SUCCEEDED" == bed.service.get("execution").status


def test_whoever_gets_the_turn_of_one_that_died_takes_over_its_lapsed_lease(bed: TestBed, broker: Broker) -> None:
    """It looked while it was not its turn, and nobody has committed since; a lease lapses without a commit."""
    first, second = sweeping(bed, broker), sweeping(bed, broker, "second")
    (key,) = bed.service.sweeper.runnable()
    assert bed.service.worker.claim(key)
    first._look()
    second._look()
    broker.redis.flushall()  # the first is dead, and its turn over
    for _ in range(2):
        bed.clock.advance(bed.service.settings.lease_seconds + OVERDUE_SECONDS)
        second._look()
    assert "SUCCEEDED" == bed.service.get("execution").status


def test_a_busy_child_drives_nothing_besides(bed: TestBed, broker: Broker) -> None:
    """One at a time: what waits behind it is another child's."""
    driving = threading.Lock()
    busy = sweeping(bed, broker, driving=driving)
    bed.clock.advance(OVERDUE_SECONDS)
    with driving:
        busy._look()
        assert "RUNNING" == bed.service.get("execution").status
    busy._look()
    assert "SUCCEEDED" == bed.service.get("execution").status


def test_a_child_sends_only_what_it_can_run(bed: TestBed, broker: Broker) -> None:
    """An execution of a version it does not know is left to those who do."""
    bed.service.register("function", lambda _event, _context: "done", version=2)
    bed.service.start("function", "newer", "{}")
    with TestBed() as older:
        older.service._core.database = bed.database
        older.service.register("function", lambda _event, _context: "done", version=1)
        sweeping(older, broker)._look()
    assert 1 == len(messages(broker, QUEUE))
    assert [] == messages(broker, queue_of("function", 2))
