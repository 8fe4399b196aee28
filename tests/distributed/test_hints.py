"""What API processes share: one pace for a key whichever process it calls, and word of what others have committed."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from checkout.api.pacing import Pace
from checkout.distributed.connected import Connected
from tests.api.standing import eventually
from tests.servers import RedisServer


@pytest.fixture
def two(redis_server: RedisServer) -> Iterator[tuple[Connected, Connected]]:
    """Two processes' connections to the same Redis."""
    first, second = Connected(redis_server.url), Connected(redis_server.url)
    with ExitStack() as stack:
        for process in (first, second):
            stack.callback(process.close)
            stack.enter_context(process.hearing())
            stack.enter_context(process.outbox)
        yield first, second


def paces(two: tuple[Connected, Connected]) -> list[Pace]:
    """How two API processes count."""
    return [Pace(reads_per_second=4, writes_per_second=2, shared=process.pace) for process in two]


def test_a_key_has_one_pace_over_all_processes(two: tuple[Connected, Connected]) -> None:
    """Two requests here and two there are four, and the fifth is early wherever it comes; headers as ever."""
    first, second = paces(two)
    counted = [pace.count("key_1", "GET") for pace in (first, second, first, second, first)]
    assert [None] * 4 == [paced.wait_milliseconds for paced in counted[:4]]
    early = counted[4].wait_milliseconds
    assert early is not None
    assert 0 < early <= 1000
    assert ['"reads";r=3;t=1', '"reads";r=2;t=1'] == [paced.headers["RateLimit"] for paced in counted[:2]]
    assert '"reads";q=4;w=1' == counted[0].headers["RateLimit-Policy"]
    assert second.count("key_2", "GET").wait_milliseconds is None
    assert second.count("key_1", "POST").wait_milliseconds is None


def test_without_redis_each_process_counts_for_itself(
    two: tuple[Connected, Connected], redis_server: RedisServer
) -> None:
    """A limit there is, and no error."""
    redis_server.stop()
    first, second = paces(two)
    assert [None, None] == [first.count("key_1", "POST").wait_milliseconds for _ in range(2)]
    assert first.count("key_1", "POST").wait_milliseconds is not None
    assert second.count("key_1", "POST").wait_milliseconds is None


def test_a_commit_in_one_process_is_heard_in_the_others(
    two: tuple[Connected, Connected], redis_server: RedisServer
) -> None:
    """Also after Redis was started again, empty."""
    first, second = two
    heard: list[str] = []
    second.news.subscribe(heard.append)

    def hears(name: str) -> bool:
        first.broker.tell([name])
        return name in heard

    eventually(lambda: hears("ci_1"))
    redis_server.stop()
    redis_server.start()
    eventually(lambda: hears("ci_2"))
