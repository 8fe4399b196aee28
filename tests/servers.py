"""PostgreSQL and Redis for tests: given by URL, else private ones on free ports that end with the test run.

`CHECKOUT_TEST_POSTGRES_URL` and `CHECKOUT_TEST_REDIS_URL` name servers that need not be clean: every database made on
one has a name of its own and is dropped. Where no server can be had that is an error that says what to install, never a
skip. Loopback only; PostgreSQL keeps `fsync` on, because what is acknowledged must be on disk.
"""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import psycopg
from psycopg import sql
from redis import Redis
from redis.exceptions import RedisError
from sqlalchemy.engine import make_url

from checkout.demo.stage import free_port
from checkout.durable import store_tables
from checkout.store import models, tenants
from checkout.store.session import Database

POSTGRES, REDIS = "CHECKOUT_TEST_POSTGRES_URL", "CHECKOUT_TEST_REDIS_URL"
# Tables are known once their modules are imported.
TABLES = (models, tenants, store_tables)
# A cold start on a busy machine.
UP_SECONDS = 60.0
# Enough for a service with workers, a bench and a test beside them.
CONNECTIONS = 300
# Shared memory of a private server; more gains a test nothing.
OWN_SETTINGS = {"max_connections": CONNECTIONS, "listen_addresses": "127.0.0.1", "shared_buffers": "128MB"}
INSTALL = "install it (Debian, Ubuntu: apt-get install {package}; `tools/servers.sh` does), or name a server in {name}"


class ServerMissingError(RuntimeError):
    """There is no such server on this machine, and none was given."""


@dataclass(slots=True)
class Used:
    """Which servers this run used, for its summary; and the keeper of the one that lasts as long as the run."""

    lines: list[str] = field(default_factory=list)
    keepers: list["subprocess.Popen[bytes]"] = field(default_factory=list)


USED = Used()


@contextmanager
def postgres_url(*, tables: bool = True) -> Iterator[str]:
    """A fresh database, with the tables of this release unless told otherwise; dropped afterwards."""
    server = make_url(_postgres())
    name = f"checkout_test_{uuid.uuid4().hex[:12]}"
    template = _template() if tables else "template1"
    _on_server(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(sql.Identifier(name), sql.Identifier(template)))
    try:
        yield server.set(database=name).render_as_string(hide_password=False)
    finally:
        _drop(name)


@contextmanager
def redis_url() -> Iterator[str]:
    """A Redis: the one that is given, emptied of nothing, else one of its own that is ended afterwards."""
    if given := os.environ.get(REDIS):
        _say(f"Redis: the one in {REDIS}")
        yield given
        return
    with RedisServer.started() as server:
        yield server.url


@dataclass(slots=True, kw_only=True)
class RedisServer:
    """A private Redis that keeps nothing on disk; to be killed, emptied and started again on the same port."""

    port: int = field(default_factory=free_port)
    keeper: "subprocess.Popen[bytes] | None" = None

    @classmethod
    @contextmanager
    def started(cls) -> Iterator["RedisServer"]:
        """One that runs until the block ends."""
        server = cls()
        server.start()
        try:
            yield server
        finally:
            server.stop()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        folder = Path(tempfile.mkdtemp(prefix="checkout-redis-"))
        binary = _binary("redis-server", package="redis-server", name=REDIS)
        command = [binary, "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
        self.keeper = _kept(folder, "", [*command, "--pidfile", str(folder / "pid"), "--daemonize", "no"])
        _wait(self._answers, self.keeper, folder / "log")
        _say("Redis: private, on free ports")

    def stop(self) -> None:
        """End it; what was in it is gone."""
        if self.keeper is not None:
            _end(self.keeper)
            self.keeper = None

    def flush(self) -> None:
        """Empty it."""
        with Redis(port=self.port) as client:
            client.flushall()

    def _answers(self) -> bool:
        try:
            with Redis(port=self.port, socket_timeout=1) as client:
                return bool(client.ping())
        except (RedisError, OSError):
            return False


@cache
def _postgres() -> str:
    """The server's address, started once per run if none was given."""
    if given := os.environ.get(POSTGRES):
        _say(f"PostgreSQL: the one in {POSTGRES}")
        return given
    folder = Path(tempfile.mkdtemp(prefix="checkout-postgres-"))
    user = _unprivileged() if os.geteuid() == 0 else ""
    if user:
        shutil.chown(folder, user)
    _initialise(folder, user)
    port = free_port()
    settings = [f"-c{name}={value}" for name, value in OWN_SETTINGS.items()]
    command = [_postgres_binary("postgres"), "-D", str(folder / "data"), "-p", str(port), "-k", str(folder), *settings]
    url = f"postgresql://checkout@127.0.0.1:{port}/postgres"
    keeper = _kept(folder, user, command)
    USED.keepers.append(keeper)
    _wait(lambda: _connects(url), keeper, folder / "log")
    _say(f"PostgreSQL: private, {Path(command[0]).parts[-3]} on port {port}")
    return url


@cache
def _template() -> str:
    """A database with this release's tables; copying it is faster than making them."""
    name = f"checkout_template_{uuid.uuid4().hex[:12]}"
    _on_server(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    database = Database.open(make_url(_postgres()).set(database=name).render_as_string(hide_password=False))
    try:
        database.create_tables()
    finally:
        database.close()
    return name


def finish() -> None:
    """Leave a given server as it was found, and end the private one."""
    if os.environ.get(POSTGRES):
        if _template.cache_info().currsize:
            _drop(_template())
    elif USED.keepers:
        _end(USED.keepers.pop())


def _initialise(folder: Path, user: str) -> None:
    command = [_postgres_binary("initdb"), "-D", str(folder / "data"), "-U", "checkout", "-A", "trust", "--no-sync"]
    made = subprocess.run(
        [*command, "-E", "UTF8", "--locale=C.UTF-8"],
        user=user or None,
        group=pwd.getpwnam(user).pw_gid if user else None,
        extra_groups=[] if user else None,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        raise ServerMissingError(f"PostgreSQL could not be prepared: {made.stderr.strip()[-500:]}")


def _kept(folder: Path, user: str, command: list[str]) -> "subprocess.Popen[bytes]":
    with (folder / "log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, str(Path(__file__).with_name("keeper.py")), str(folder), user, *command],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
        )


def _end(keeper: "subprocess.Popen[bytes]") -> None:
    assert keeper.stdin
    keeper.stdin.close()
    keeper.wait()


def _wait(answers: Callable[[], bool], keeper: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + UP_SECONDS
    while not answers():
        if keeper.poll() is not None or time.monotonic() > deadline:
            said = log.read_text(errors="replace")[-500:] if log.exists() else ""
            raise ServerMissingError(f"a server of the tests did not come up: {said}")
        time.sleep(0.02)


def _connects(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=1).close()
    except psycopg.OperationalError:
        return False
    return True


def _on_server(statement: sql.Composed) -> None:
    with psycopg.connect(_postgres(), autocommit=True) as connection:
        connection.execute(statement)


def _drop(name: str) -> None:
    _on_server(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))


def _unprivileged() -> str:
    """PostgreSQL refuses to run as root."""
    names = {one.pw_name for one in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def _postgres_binary(name: str) -> str:
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda one: float(one.parts[-3]))
    return str(found[-1]) if found else _binary(name, package="postgresql", name=POSTGRES)


def _binary(binary: str, *, package: str, name: str) -> str:
    found = shutil.which(binary)
    if not found:
        raise ServerMissingError(f"{binary} is not on this machine: {INSTALL.format(package=package, name=name)}")
    return found


def _say(line: str) -> None:
    if line not in USED.lines:
        USED.lines.append(line)
