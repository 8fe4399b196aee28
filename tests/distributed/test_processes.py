"""A distributed service of real processes, on PostgreSQL and Redis, whose parts are killed, frozen, ended and emptied.

Judged by the shop's book, the sandbox's money log, and what the history says of leases.
"""

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from checkout.children import Child
from checkout.demo import books
from checkout.demo.buying import Developer
from tests.api.standing import eventually
from tests.distributed.cluster import Cluster, cluster
from tests.e2e.served import alive, offspring
from tests.servers import RedisServer, postgres_url

pytestmark = pytest.mark.processes
BOUGHT = [("hold", 5755), ("capture", 5755)]
# A step is at most as long as a lease, and then the rest is handed over.
EXIT_SECONDS = 30


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory, _redis_server: RedisServer) -> Iterator[Cluster]:
    """An API process and one worker with one child, which a test may replace."""
    folder: Path = tmp_path_factory.mktemp("distributed")
    with postgres_url() as database_url, cluster(folder, database_url, _redis_server.url) as running:
        running.api()
        running.worker()
        yield running


@pytest.fixture
def ada(service: Cluster) -> Iterator[Developer]:
    """An agent developer."""
    with service.developer(service.processes["api"]) as developer:
        yield developer


def asked(service: Cluster, ada: Developer, email: str, product: str = "sells") -> str:
    """An intent that awaits its buyer's word."""
    intent = ada.create(service.product(product), email)
    assert "awaiting_confirmation" == ada.until(intent["id"], "awaiting_confirmation", "failed")["state"]
    return str(intent["id"])


def buys(service: Cluster, ada: Developer, email: str) -> None:
    """A whole purchase: one order, one capture."""
    intent_id = asked(service, ada, email)
    ada.confirm(intent_id, "tok_visa")
    assert "completed" == ada.until(intent_id, "completed", "failed")["state"]
    assert (BOUGHT, 1) == (service.money(intent_id), len(service.orders(email)))


def stalls(service: Cluster, ada: Developer, email: str) -> str:
    """A purchase whose order the shop has been asked for and sits on."""
    before = orders_asked(service)
    intent_id = asked(service, ada, email, "stalls")
    ada.confirm(intent_id, "tok_visa")
    eventually(lambda: orders_asked(service) > before)
    return intent_id


def orders_asked(service: Cluster) -> int:
    """How often the shop was asked for an order of what stalls, by its own log."""
    lines = books.lines(Path(service.shop.said["log"]))
    return sum(line["event"] == "order_requested" and line.get("product") == "stalls" for line in lines)


def invocations(service: Cluster, intent_id: str) -> list[dict[str, Any]]:
    """How each invocation of a purchase ended: {} for well."""
    with service.opened() as beside:
        history = beside.durable.history(intent_id)
    ends = [event for event in history if event["EventType"] == "InvocationCompleted"]
    return [end["InvocationCompletedDetails"].get("Error") or {} for end in ends]


def pool(worker: Child) -> set[int]:
    """The pids of a worker's children."""
    return alive(offspring(worker.process.pid))


def test_api_worker_and_redis_buy(service: Cluster, redis_server: RedisServer, ada: Developer) -> None:
    """One process takes the request, another one buys."""
    assert redis_server.url == service.redis_url
    buys(service, ada, "plain@example.com")


def test_every_message_may_be_lost(service: Cluster, redis_server: RedisServer, ada: Developer) -> None:
    """FLUSHALL while things wait and are bought; a Redis started again, empty; none at all. It goes on each time."""
    for number in range(5):
        ada.create(service.product("sells"), f"flushed-{number}@example.com")
        redis_server.flush()
    buys(service, ada, "flushed@example.com")
    redis_server.stop()
    buys(service, ada, "without@example.com")
    redis_server.start()
    buys(service, ada, "again@example.com")
    listed = [ada.until(one, "awaiting_confirmation") for one in _ids(ada)]
    assert len(listed) >= 5


@pytest.mark.usefixtures("redis_server")
def test_a_killed_child_is_replaced_and_its_purchase_taken_over(service: Cluster, ada: Developer) -> None:
    """`kill -9` while the shop sits on the order: nothing came of it, so nothing is kept."""
    worker = service.processes["worker"]
    intent_id = stalls(service, ada, "killed@example.com")
    (child,) = pool(worker)
    os.kill(child, signal.SIGKILL)
    assert "failed" == ada.until(intent_id, "completed", "failed")["state"]
    assert [] == service.orders("killed@example.com")
    assert ["hold", "release"] == [kind for kind, _ in service.money(intent_id)]
    assert any("Runtime.ExitError" in str(end) for end in invocations(service, intent_id))


@pytest.mark.usefixtures("redis_server")
def test_a_worker_that_is_told_to_end_finishes_its_step_and_hands_the_rest_over(
    service: Cluster, ada: Developer
) -> None:
    """SIGTERM while the order is being placed: it is placed once, another worker captures, and no lease lapses."""
    ending = service.processes["worker"]
    intent_id = stalls(service, ada, "handed@example.com")
    ending.process.terminate()
    httpx2.post(f"{service.shop.url}/_demo/release", trust_env=False, verify=False).raise_for_status()
    assert 0 == ending.process.wait(EXIT_SECONDS)
    service.worker("second")
    assert "completed" == ada.until(intent_id, "completed", "failed")["state"]
    assert ["hold", "capture"] == [kind for kind, _ in service.money(intent_id)]
    assert 1 == len(service.orders("handed@example.com"))
    assert not any(invocations(service, intent_id))


def test_a_worker_that_starts_without_redis_works(service: Cluster, redis_server: RedisServer, ada: Developer) -> None:
    """It is ready, it buys, and ends when it is told to."""
    service.processes["second"].stop()
    redis_server.stop()
    third = service.worker("third")
    assert 1 == third.said["concurrency"]
    buys(service, ada, "alone@example.com")
    third.process.terminate()
    assert 0 == third.process.wait(EXIT_SECONDS)


def _ids(ada: Developer) -> list[str]:
    answer = ada.http.get(
        f"{ada.service_url}/api/v1/checkout-intents",
        params={"state": "awaiting_confirmation"},
        headers={"Authorization": f"Bearer {ada.api_key}"},
    )
    return [intent["id"] for intent in answer.json()["data"]]
