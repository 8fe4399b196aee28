"""The API under load, beside a bare FastAPI app that writes the same rows: requests per second and how long each takes.

Each is one process on a database of its own on the same server, equally filled, and they never work at once. Ours is a
real `checkout serve` as it runs with Redis: it drives no purchases, and nobody does, so that the API alone is measured;
every request is authenticated, counted against its key's limit in Redis, checked, recorded under its idempotency key
and told to workers that are not there.
"""

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psycopg
from cryptography.fernet import Fernet
from psycopg import sql
from sqlalchemy.engine import make_url

from checkout import children
from checkout.children import Child
from tests import servers
from tests.bench import machine
from tests.bench.filled import Filled, fill
from tests.bench.load import PURCHASE, Burst

CONNECTIONS = 16
BURST_SECONDS = 3.0
ALONE_SECONDS = 1.0
# No new round after this: on a machine that is busy with other things a round takes minutes.
SECONDS = 120.0
# Each burst confirms a few hundred; those that are left over are polled.
WAITING = 20_000
UNLIMITED = "100000"
Figures = dict[str, dict[str, list[float]]]
Clients = subprocess.Popen[str]


@dataclass(slots=True, kw_only=True)
class Server:
    """One of the two."""

    name: str
    child: Child
    filled: Filled
    confirmed: int = 0
    figures: dict[str, list[float]] = field(default_factory=dict)

    def note(self, measure: str, value: float) -> None:
        """One more figure."""
        self.figures.setdefault(measure, []).append(value)


def run(rounds: int) -> Figures:
    """Per server and measure one figure a round."""
    with ExitStack() as stack:
        clients = stack.enter_context(_clients())
        both = stack.enter_context(_both(clients))
        for server in both:
            _mixed(clients, server, CONNECTIONS, 1.0)  # warm
            server.figures.clear()
        for number in machine.rounds(rounds, SECONDS):
            for server in both if number % 2 == 0 else reversed(both):
                _mixed(clients, server, CONNECTIONS, BURST_SECONDS)
                for kind in dict.fromkeys(PURCHASE):
                    _alone(clients, server, kind)
        return {server.name: server.figures for server in both}


def _mixed(clients: Clients, server: Server, connections: int, seconds: float) -> None:
    """A purchase's requests, in any order, as fast as they are answered."""
    with machine.Spent.by(server.child.process.pid) as spent:
        said = _send(clients, server, PURCHASE, connections, seconds)
    took = said["took"]
    total = sum(len(times) for times in took.values())
    server.note("requests per second, mixed", total / said["seconds"])
    server.note("CPU ms per request in the process", spent.cpu_seconds * 1000 / total)
    server.note("the machine was busy, %", spent.busy_percent)
    for kind, times in took.items():
        server.note(f"{kind}: per second", len(times) / said["seconds"])
        for percent in (50, 95, 99):
            server.note(f"{kind}: ms, p{percent}", quantile(times, percent))


def _alone(clients: Clients, server: Server, kind: str) -> None:
    """One kind, one request after the other."""
    said = _send(clients, server, (kind,), 1, ALONE_SECONDS)
    server.note(f"{kind} alone, one by one: ms", statistics.median(said["took"][kind]))


def _send(clients: Clients, server: Server, kinds: tuple[str, ...], connections: int, seconds: float) -> dict[str, Any]:
    burst = Burst(
        port=int(server.child.url.rpartition(":")[2]),
        keys=list(server.filled.keys),
        kinds=list(kinds),
        connections=connections,
        seconds=seconds,
        waiting=server.filled.waiting,
        first_to_confirm=server.confirmed,
    )
    assert clients.stdin is not None
    assert clients.stdout is not None
    clients.stdin.write(json.dumps(asdict(burst)) + "\n")
    clients.stdin.flush()
    said: dict[str, Any] = json.loads(clients.stdout.readline())
    server.confirmed += said["confirmed"]
    return said


def quantile(values: list[float], percent: int) -> float:
    """The value that so many percent do not exceed."""
    return sorted(values)[max(0, -(-len(values) * percent // 100) - 1)]


@contextmanager
def _clients() -> Iterator[Clients]:
    command = [sys.executable, "-m", "tests.bench.load"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            assert process.stdin is not None
            process.stdin.close()
            process.wait(30)


@contextmanager
def _both(clients: Clients) -> Iterator[list[Server]]:
    """Ours and the bare one, on databases with the same rows, after one create and one confirm by ours in each."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        url = stack.enter_context(servers.postgres_url())
        redis = stack.enter_context(servers.redis_url())
        filled = fill(url, waiting=WAITING, ended=WAITING // 10, callers=CONNECTIONS)
        with _serving(folder, url, redis) as child:
            first = Server(name="first", child=child, filled=filled)
            for kind in ("create", "confirm"):
                _send(clients, first, (kind,), 1, 0.01)
        copy = stack.enter_context(_copied(url))
        ours = Server(
            name="ours",
            child=stack.enter_context(_serving(folder, url, redis)),
            filled=filled,
            confirmed=first.confirmed,
        )
        child = children.start("bare", "tests.bench.bare", copy, _created(copy), Filled.name(0), folder=folder)
        stack.callback(child.stop)
        yield [ours, Server(name="bare", child=child, filled=filled, confirmed=first.confirmed)]


@contextmanager
def _serving(folder: Path, url: str, redis: str) -> Iterator[Child]:
    """`checkout serve`, with limits that nobody reaches."""
    environment = {
        "CHECKOUT_DATABASE_URL": url,
        "CHECKOUT_REDIS_URL": redis,
        "CHECKOUT_SECRET_KEY": Fernet.generate_key().decode(),
        "CHECKOUT_PAYMENT_SANDBOX_URL": "http://127.0.0.1:1",  # nobody pays here
        "CHECKOUT_WRITES_PER_SECOND": UNLIMITED,
        "CHECKOUT_READS_PER_SECOND": UNLIMITED,
        "STRIPE_API_KEY": "",
    }
    child = children.start("serve", "checkout", "serve", "--port", "0", folder=folder, environment=environment)
    try:
        yield child
    finally:
        child.stop()


@contextmanager
def _copied(url: str) -> Iterator[str]:
    """A database with the same rows, files copied by the server."""
    with servers.postgres_url(tables=False) as copy:
        name, target = make_url(url).database or "", make_url(copy).database or ""
        server = make_url(url).set(database="postgres").render_as_string(hide_password=False)
        with psycopg.connect(server, autocommit=True) as connection:
            connection.execute(sql.SQL("DROP DATABASE {}").format(sql.Identifier(target)))
            connection.execute(
                sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(target), sql.Identifier(name))
            )
        yield copy


def _created(url: str) -> str:
    """The intent that was created over HTTP."""
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT id FROM intents WHERE state = 'retrieving_offer' LIMIT 1").fetchone()
    assert row is not None
    return str(row[0])
