"""The tests' own servers: what they promise to everybody who uses them."""

import os
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from redis import Redis
from redis.exceptions import ConnectionError as NobodyThereError

from tests import own_servers, servers


def test_every_database_is_fresh_and_gone_afterwards() -> None:
    """Nothing of one test is seen by another."""
    with servers.postgres_url() as one, servers.postgres_url() as other:
        with psycopg.connect(one, autocommit=True) as first, psycopg.connect(other) as second:
            first.execute("CREATE TABLE mine (id int)")
            found = second.execute("SELECT count(*) FROM pg_tables WHERE tablename IN ('mine', 'intents')").fetchone()
        assert (1,) == found
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(one)


def test_what_is_acknowledged_is_on_disk() -> None:
    """The server is not made faster by promising less."""
    with servers.postgres_url() as url, psycopg.connect(url) as connection:
        assert [("on",), ("on",)] == [
            connection.execute(f"SHOW {one}").fetchone() for one in ("fsync", "synchronous_commit")
        ]


def test_redis_loses_everything_when_it_ends() -> None:
    """As a cache does."""
    with servers.RedisServer.started() as server:
        with Redis(port=server.port) as client:
            client.set("here", "now")
        server.stop()
        server.start()
        with Redis(port=server.port) as client:
            assert 0 == client.dbsize()


@pytest.mark.processes
@pytest.mark.skipif(own_servers.REDIS in os.environ, reason="a Redis is given, and is not ours to end")
def test_servers_end_with_a_run_that_is_killed() -> None:
    """Nothing is left behind by `kill -9`."""
    code = (
        "import tests.servers as s, time; r = s.RedisServer(); r.start(); print(r.port, r.keeper.pid, flush=True);"
        "time.sleep(60)"
    )
    root = Path(__file__).parents[2]
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True, cwd=root) as run:
        assert run.stdout
        port, keeper = (int(number) for number in run.stdout.readline().split())
        run.kill()
    deadline = time.monotonic() + 20
    while Path(f"/proc/{keeper}").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    with pytest.raises(NobodyThereError), Redis(port=port) as client:
        client.ping()


def test_a_missing_server_is_an_error_that_says_what_to_install() -> None:
    """Never a skip."""
    with pytest.raises(servers.ServerMissingError, match="apt-get install postgresql"):
        own_servers._binary("no-such-postgres", package="postgresql", name=own_servers.POSTGRES)
