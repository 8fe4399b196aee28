"""The service as one process on a SQLite file, with a hand on the process, its file, its disk and its clock."""

import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.faults.infrastructure.site import Site, outside, proxied_child

# A disk of its own: the database, a few hundred purchases, and nothing else.
DISK_BYTES = 64 * 2**20
# Says that it holds the file, and holds it until its input ends.
_HOLDER = """
import sqlite3, sys
file = sqlite3.connect(sys.argv[1], isolation_level=None, timeout=30)
file.execute("BEGIN IMMEDIATE")
print("held", flush=True)
sys.stdin.read()
file.execute("ROLLBACK")
"""


@dataclass(kw_only=True)
class Single(Site):
    """What runs."""

    disk: Path
    # Whether the disk is one of its own, that can be filled up.
    fillable: bool

    @property
    def pid(self) -> int:
        """The process."""
        assert self.service
        return self.service.process.pid

    def again(self, number: signal.Signals) -> None:
        """End the process by a signal, and start another."""
        assert self.service
        if number is signal.SIGKILL:
            self.service.kill()
        else:
            self.service.stop()
        self.serve(clocked=True)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Another process is in the middle of writing to the file."""
        command = [sys.executable, "-c", _HOLDER, str(self.disk / "checkout.sqlite3")]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
            assert holder.stdout
            assert b"held\n" == holder.stdout.readline()
            yield
            holder.communicate()

    @contextmanager
    def refusing(self) -> Iterator[None]:
        """No file of the process may be written any more."""
        before = resource.prlimit(self.pid, resource.RLIMIT_FSIZE)
        resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (0, before[1]))
        try:
            yield
        finally:
            resource.prlimit(self.pid, resource.RLIMIT_FSIZE, before)

    @contextmanager
    def full(self) -> Iterator[None]:
        """Not a byte is left on the disk."""
        filler = self.disk / "filler"
        with filler.open("wb", buffering=0) as file:
            for size in (2**20, 2**12, 1):
                _fill(file.fileno(), b"x" * size)
        try:
            yield
        finally:
            filler.unlink()


def _fill(file: int, piece: bytes) -> None:
    try:
        while os.write(file, piece):
            pass
    except OSError:
        return


@contextmanager
def single(folder: Path, **settings: str) -> Iterator[Single]:
    """Provider, shop and proxies run; the service is started by whoever asks. All ends with the block."""
    with ExitStack() as stack:
        provider, shop = outside(folder, stack)
        disk = folder / "disk"
        disk.mkdir()
        fillable = _mounted(disk)
        if fillable:
            stack.callback(subprocess.run, ["umount", "-l", str(disk)], check=False)
        made = Single(
            folder=folder,
            disk=disk,
            fillable=fillable,
            database_url=f"sqlite:///{disk / 'checkout.sqlite3'}",
            provider=provider,
            shop=shop,
            to_provider=proxied_child(stack, provider),
            to_shop=proxied_child(stack, shop),
            stack=stack,
            settings=settings,
        )
        made.set_clocks(0)
        yield made


def _mounted(disk: Path) -> bool:
    """Whether a small disk could be mounted there; only root may."""
    mount = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "none", str(disk)]
    try:
        return subprocess.run(mount, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False
