"""From a commit to a message: what has become runnable is told, by a thread that nobody waits for."""

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from checkout.distributed.app import AGENTS, queue_of
from checkout.distributed.connected import Connected
from checkout.durable.testing import TestBed
from tests.api.standing import eventually
from tests.distributed.test_broker import messages
from tests.servers import RedisServer

QUEUE = queue_of("function", 2)


@pytest.fixture
def bed() -> Iterator[TestBed]:
    """A service whose one function ends at once."""
    with TestBed() as made:
        made.service.register("function", lambda _event, _context: "done", version=2)
        yield made


def test_what_a_commit_makes_runnable_is_told_to_workers_of_its_version(
    redis_server: RedisServer, bed: TestBed
) -> None:
    """Once; what has ended is not."""
    with closing(Connected(redis_server.url)) as process, process.telling(bed.service):
        bed.service.start("function", "execution", "{}")
        (key,) = bed.service.sweeper.runnable()
        eventually(lambda: messages(process.broker, QUEUE) == [[[key], {}]])
        bed.service.run_until_idle()
    assert [[[key], {}]] == messages(process.broker, QUEUE)


def test_agent_tasks_are_told_to_agent_workers(redis_server: RedisServer) -> None:
    """By their id, in the queue of agents."""
    with closing(Connected(redis_server.url)) as process, process.outbox:
        process.outbox.agent_task("cb_1")
    assert [[["cb_1"], {}]] == messages(process.broker, AGENTS)


def test_what_cannot_be_sent_is_said_and_forgotten(redis_server: RedisServer, bed: TestBed) -> None:
    """Whoever commits notices nothing; the sweeper is told to look."""
    told: list[Any] = []
    redis_server.stop()
    with closing(Connected(redis_server.url)) as process, process.telling(bed.service):
        process.outbox.undelivered = lambda: told.append(True)
        assert "RUNNING" == bed.service.start("function", "execution", "{}").status
        eventually(lambda: bool(told))
