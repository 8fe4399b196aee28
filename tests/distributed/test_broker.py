"""Redis as one process speaks to it: what a message holds, what is sent again, whose turn it is, and being away."""

import base64
import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest

from checkout.distributed.app import DRIVE, queue_of
from checkout.distributed.broker import Broker
from tests.api.standing import eventually
from tests.servers import RedisServer

QUEUE = queue_of("purchase", 1)


@pytest.fixture
def broker(redis_server: RedisServer) -> Iterator[Broker]:
    """A process's connection."""
    with closing(Broker(redis_server.url)) as opened:
        yield opened


def messages(broker: Broker, queue: str = QUEUE) -> list[Any]:
    """The arguments of every message that waits in a queue."""
    waiting: Any = broker.redis.lrange(queue, 0, -1)
    bodies = [base64.b64decode(json.loads(message)["body"]) for message in waiting]
    return [json.loads(body)[:2] for body in bodies]


def test_a_message_carries_one_id_and_nothing_else(broker: Broker) -> None:
    """As JSON, in the queue of its version."""
    assert broker.send(DRIVE, QUEUE, 17)
    assert [[[17], {}]] == messages(broker)
    (message,) = broker.redis.lrange(QUEUE, 0, -1)
    assert ("application/json", DRIVE) == tuple(
        (json.loads(message) | json.loads(message)["headers"])[name] for name in ("content-type", "task")
    )


def test_what_was_hinted_at_lately_is_not_sent_again_until_it_was_taken_up(broker: Broker) -> None:
    """By nobody's sweeper: the mark is in Redis, and goes with it."""
    assert broker.send(DRIVE, QUEUE, 1)
    assert [2] == broker.unsent(DRIVE, [1, 2])
    broker.taken_up(DRIVE, 1)
    assert [1, 2] == broker.unsent(DRIVE, [1, 2])
    assert broker.send(DRIVE, QUEUE, 1)
    broker.redis.flushall()
    assert [1, 2] == broker.unsent(DRIVE, [1, 2])


def test_one_of_all_sweepers_has_its_turn_and_keeps_it_while_it_lives(broker: Broker) -> None:
    """When it no longer asks, the turn lapses and another one's begins."""
    assert broker.my_turn("first")
    assert broker.my_turn("second") is False
    assert broker.my_turn("first")
    assert 0 < broker.redis.pttl("checkout:sweeper") <= 2500
    broker.redis.delete("checkout:sweeper")
    assert broker.my_turn("second")
    assert broker.my_turn("first") is False


def test_with_redis_gone_every_question_has_the_answer_that_nobody_knows(
    broker: Broker, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No error reaches whoever asks, and after the first one nothing is asked for a moment; then it is back."""
    redis_server.stop()
    assert not broker.send(DRIVE, QUEUE, 1)
    assert broker.away
    with monkeypatch.context() as closed:
        closed.setattr(broker, "redis", None)  # would fail if it were asked
        closed.setattr(broker, "_app", None)
        assert broker.my_turn("first") is None
        assert [] == broker.unsent(DRIVE, [1])
        assert not broker.send(DRIVE, QUEUE, 1)
        broker.taken_up(DRIVE, 1)
        broker.tell(["ci_1"])
    redis_server.start()
    eventually(lambda: broker.send(DRIVE, QUEUE, 1))
    assert [[[1], {}]] == messages(broker)


def test_a_redis_that_refuses_to_write_is_away_too(broker: Broker) -> None:
    """As one whose disk is full, or that is a replica, does."""
    broker.redis.config_set("maxmemory", "1")
    try:
        assert not broker.send(DRIVE, QUEUE, 1)
        assert broker.away
    finally:
        broker.redis.config_set("maxmemory", "0")
