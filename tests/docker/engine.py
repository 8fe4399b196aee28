"""The services of compose.yaml run without an engine: the very commands, each boxed as its service says.

One network namespace stands for the composition's networks, apart from this machine's; a service knows the names of
those it shares a network with, and no others. Images are this checkout's environment and this machine's servers.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import playwright

from tests.docker.composition import ROOT, Service
from tests.docker.dockerfile import environment_of

BOX = Path(__file__).with_name("box.py")
SERVERS = "/usr/lib/postgresql/15/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# A user with a number, as our images say.
OURS = (10001, 10001)
# Where this machine has what is in the images: our environment, and the servers of others.
_SERVERS = [str(folder) for folder in sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)]
PATHS = ":".join([str(Path(sys.executable).parent), *_SERVERS, "/usr/sbin", "/usr/bin", "/sbin", "/bin"])
# What the images of others say.
THEIRS = {"PGDATA": "/var/lib/postgresql/data"}
# What the slim image lacks.
DRIVER = Path(playwright.__file__).parent / "driver"
PEOPLE = "root:x:0:0::/root:/bin/sh\npostgres:x:999:999::/tmp:/bin/sh\ncheckout:x:10001:10001::/tmp:/bin/sh\n"
GROUPS = "root:x:0:\npostgres:x:999:\ncheckout:x:10001:\n"
READY_SECONDS = 90.0
LOOK_SECONDS = 0.5


class EngineError(AssertionError):
    """A service did not do what it must; its last words are in the message."""


@dataclass(kw_only=True)
class Engine:
    """What runs. `folder` holds volumes and logs."""

    services: Mapping[str, Service]
    folder: Path
    holder: "subprocess.Popen[bytes]"
    running: dict[str, "subprocess.Popen[bytes]"] = field(default_factory=dict)

    def start(self, *names: str) -> None:
        """`up` some services at once, and wait until each one's health check says that it is well."""
        for name in names:
            service = self.services[name]
            with self.log(name).open("ab") as log:
                self.running[name] = subprocess.Popen(
                    self._boxed(service, service.command), stdin=subprocess.DEVNULL, stdout=log, stderr=log
                )
        for name in names:
            self.until(name, partial(self.healthy, name))

    def healthy(self, name: str) -> bool:
        """What the service's own health check says now."""
        return self.asked(name).returncode == 0

    def asked(self, name: str) -> "subprocess.CompletedProcess[str]":
        """Its health check, beside it in its box."""
        return self.run(name, *self.services[name].health)

    def run(self, name: str, *command: str) -> "subprocess.CompletedProcess[str]":
        """`exec` in the service that runs, or `run --rm` where it does not: a command to its end."""
        boxed = self._boxed(self.services[name], command)
        return subprocess.run(boxed, capture_output=True, text=True, timeout=READY_SECONDS, check=False)

    def stop(self, name: str) -> tuple[int, float]:
        """`stop`: its signal, and what came of it within the service's own grace: exit code and seconds."""
        process, began = self.running.pop(name), time.monotonic()
        process.send_signal(signal.Signals[self.services[name].stop_signal])
        try:
            code = process.wait(self.services[name].stop_seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
            raise EngineError(f"{name} did not stop within its grace:\n{self.last_words(name)}") from None
        return code, time.monotonic() - began

    def until(self, name: str, true: Callable[[], bool], seconds: float = READY_SECONDS) -> None:
        """Wait for something of a service that runs."""
        deadline = time.monotonic() + seconds
        while not true():
            ended = self.running[name].poll() is not None
            if ended or time.monotonic() > deadline:
                raise EngineError(f"{name} {'ended' if ended else 'is not well'}:\n{self.last_words(name)}")
            time.sleep(LOOK_SECONDS)

    def log(self, name: str) -> Path:
        """What it printed."""
        return self.folder / f"{name}.log"

    def last_words(self, name: str) -> str:
        """The end of what it printed."""
        return self.log(name).read_text(errors="replace")[-3000:]

    def said(self, name: str) -> Any:
        """The first JSON line it printed."""
        lines = self.log(name).read_text().splitlines()
        return next(json.loads(line) for line in lines if line.startswith("{") and '"event"' not in line)

    def close(self) -> None:
        """End what is left, by its own number."""
        for process in (*reversed(self.running.values()), self.holder):
            process.kill()
            process.wait()

    def _boxed(self, service: Service, command: Sequence[str]) -> Sequence[str]:
        uid, gid = service.user or OURS
        image = environment_of(service.build) if service.build else THEIRS
        volumes = [(inside, str(self._volume(name, uid, gid))) for inside, name in service.volumes.items()]
        spec = {
            "fresh": service.name not in self.running,
            "uid": uid,
            "gid": gid,
            "environment": {**image, "PATH": PATHS, **service.environment},
            "seccomp": service.seccomp.read_text() if service.seccomp else None,
            "files": {"/etc/hosts": self._hosts(service), "/etc/passwd": PEOPLE, "/etc/group": GROUPS},
            "tmpfs": [*service.tmpfs, ("/dev/shm", f"size={service.shm_size},mode=1777")],  # noqa: S108 (inside the box)
            "binds": [
                (str(ROOT), str(ROOT), "ro"),
                *(
                    [(str(DRIVER), str(self._volume("no-driver", uid, gid)), "ro")]
                    if service.build == "service"
                    else []
                ),
                *volumes,
                *((inside, str(outside), "ro") for inside, outside in service.secrets.items()),
            ],
        }
        box = [sys.executable, str(BOX), json.dumps(spec), *command]
        if not spec["fresh"]:
            return ["nsenter", f"--target={self.running[service.name].pid}", "--net", "--mount", *box]
        return ["nsenter", f"--net=/proc/{self.holder.pid}/ns/net", "unshare", "--mount", *box]

    def _volume(self, name: str, uid: int, gid: int) -> Path:
        """A named volume, which takes over the image's owner when it is made."""
        volume = self.folder / "volumes" / name
        if not volume.exists():
            volume.mkdir(parents=True)
            os.chown(volume, uid, gid)
        return volume

    def _hosts(self, service: Service) -> str:
        """The names this service can look up: of those on its networks."""
        lines = ["127.0.0.1 localhost"]
        for number, other in enumerate(self.services.values(), 1):
            shared = set(other.networks) & set(service.networks)
            names = sorted({alias for network in shared for alias in other.networks[network]})
            if names:
                lines.append(f"127.0.1.{number} {' '.join(names)}")
        return "\n".join(lines) + "\n"


@contextmanager
def engine(services: Mapping[str, Service], folder: Path) -> Iterator[Engine]:
    """A network with nobody on it yet; whatever is started in it ends with the block."""
    holder = subprocess.Popen(
        ["unshare", "--net", "sh", "-c", "ip link set lo up && echo up && exec sleep infinity"],  # noqa: S607
        stdout=subprocess.PIPE,
    )
    assert holder.stdout
    assert holder.stdout.readline() == b"up\n"
    holder.stdout.close()
    made = Engine(services=services, folder=folder, holder=holder)
    try:
        yield made
    finally:
        made.close()
