"""Private servers for tests: PostgreSQL and Redis on free ports of loopback, to be killed and started again.

A server ends with this process, however it ends: a keeper holds it. PostgreSQL keeps `fsync` on, because what is
acknowledged must be on disk. Where a server cannot be had that is an error that says what to install.
"""

import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from redis import Redis
from redis.exceptions import RedisError

from checkout.demo.stage import free_port

POSTGRES, REDIS = "CHECKOUT_TEST_POSTGRES_URL", "CHECKOUT_TEST_REDIS_URL"
# A cold start on a busy machine.
UP_SECONDS = 60.0
# Enough for a service with workers, a bench and a test beside them.
CONNECTIONS = 300
# Shared memory of a private server; more gains a test nothing.
OWN_SETTINGS = {"max_connections": CONNECTIONS, "listen_addresses": "127.0.0.1", "shared_buffers": "128MB"}
INSTALL = "install it (Debian, Ubuntu: apt-get install {package}; `tools/servers.sh` does), or name a server in {name}"


@dataclass(slots=True)
class Used:
    """Which servers this run used, for its summary; and the one that lasts as long as the run."""

    lines: list[str] = field(default_factory=list)
    servers: list["PostgresServer"] = field(default_factory=list)


USED = Used()


class ServerMissingError(RuntimeError):
    """There is no such server on this machine, and none was given."""


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
        say("Redis: private, on free ports")

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


@dataclass(slots=True, kw_only=True)
class PostgresServer:
    """A private PostgreSQL; to be killed and started again on the same port, with what was on its disk."""

    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="checkout-postgres-")))
    user: str = field(default_factory=lambda: _unprivileged() if os.geteuid() == 0 else "")
    port: int = field(default_factory=free_port)
    keepers: list["subprocess.Popen[bytes]"] = field(default_factory=list)

    @classmethod
    @contextmanager
    def started(cls) -> Iterator["PostgresServer"]:
        """A new one that runs until the block ends."""
        server = cls()
        server.initialise()
        server.start()
        try:
            yield server
        finally:
            server.stop()

    @property
    def url(self) -> str:
        """Its first database."""
        return f"postgresql://checkout@127.0.0.1:{self.port}/postgres"

    def initialise(self) -> None:
        """Make its data."""
        if self.user:
            shutil.chown(self.folder, self.user)
        _initialise(self.folder, self.user)

    def start(self) -> None:
        """Start it, and wait until it answers."""
        settings = [f"-c{name}={value}" for name, value in OWN_SETTINGS.items()]
        where = ["-D", str(self.folder / "data"), "-p", str(self.port), "-k", str(self.folder)]
        keeper = _kept(self.folder, self.user, [postgres_binary("postgres"), *where, *settings])
        self.keepers.append(keeper)
        _wait(lambda: _connects(self.url), keeper, self.folder / "log")

    def kill(self, number: signal.Signals = signal.SIGKILL) -> None:
        """End its main process by a signal, and wait until the last of its processes is gone."""
        main = int((self.folder / "data" / "postmaster.pid").read_text().split()[0])
        family = [main, *map(int, Path(f"/proc/{main}/task/{main}/children").read_text().split())]
        os.kill(main, number)
        # The next one takes this one for running until its keeper has reaped it.
        while Path(f"/proc/{main}").exists() or any(_runs(pid) for pid in family):
            time.sleep(0.01)

    def stop(self) -> None:
        """End it, and forget its data."""
        for keeper in self.keepers:
            _end(keeper)


def _initialise(folder: Path, user: str) -> None:
    command = [postgres_binary("initdb"), "-D", str(folder / "data"), "-U", "checkout", "-A", "trust", "--no-sync"]
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


def _runs(pid: int) -> bool:
    """Whether there is such a process; one that only waits to be reaped is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][:1] not in ("Z", "X")
    except (FileNotFoundError, ProcessLookupError):
        return False


def _unprivileged() -> str:
    """PostgreSQL refuses to run as root."""
    names = {one.pw_name for one in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


def postgres_binary(name: str) -> str:
    """The newest of Debian's, or the one on the path; ServerMissingError."""
    found = sorted(Path("/usr/lib/postgresql").glob(f"*/bin/{name}"), key=lambda one: float(one.parts[-3]))
    return str(found[-1]) if found else _binary(name, package="postgresql", name=POSTGRES)


def _binary(binary: str, *, package: str, name: str) -> str:
    found = shutil.which(binary)
    if not found:
        raise ServerMissingError(f"{binary} is not on this machine: {INSTALL.format(package=package, name=name)}")
    return found


def say(line: str) -> None:
    """Once, for the summary of the run."""
    if line not in USED.lines:
        USED.lines.append(line)
