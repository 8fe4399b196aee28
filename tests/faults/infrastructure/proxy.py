"""A TCP proxy that stands between our processes and what they speak to, and does what networks do.

It passes on, refuses, swallows (the connection stands, nothing comes: half-open), slows down, cuts; and it can lose a
database's answer to COMMIT, before the server heard of it or after. Knows bytes, and of PostgreSQL only that word.
"""

import re
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import Enum

_CHUNK = 65536
# How often a connection looks whether its mode has changed, in seconds.
_LOOK_SECONDS = 0.05
_SLOW_SECONDS = 1.0
# A line whose connection is cut ends with its next look.
_END_SECONDS = 2.0


class Mode(Enum):
    """What happens to connections, those that stand and new ones."""

    PASS = "passes on"
    REFUSE = "refuses"
    SWALLOW = "swallows"
    SLOW = "slows down"
    LOSE_BEFORE_COMMIT = "loses a commit before it arrives"
    LOSE_AFTER_COMMIT = "loses the answer to a commit"


class Gate:
    """Holds one request that begins like this, or its answer, until it is opened; requests after it pass."""

    def __init__(self, pattern: str, *, answered: bool) -> None:
        """`answered`: the request arrives, and its answer is held."""
        self.answered = answered
        self.reached, self._opened = threading.Event(), threading.Event()
        self._pattern = re.compile(pattern.encode())
        self._used = False

    def takes(self, content: bytes) -> bool:
        """Whether this is the request; only once."""
        if self._used or not self._pattern.match(content):
            return False
        self._used = True
        return True

    def hold(self) -> None:
        """Tell that it is reached, and wait."""
        self.reached.set()
        self._opened.wait()

    def open(self) -> None:
        """Let it pass."""
        self._opened.set()


class Proxy:
    """Listens on a loopback port of its own and passes on to `host:port`."""

    def __init__(self, host: str, port: int) -> None:
        self._to = (host, port)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self.mode = Mode.PASS
        self.lost_commits = 0
        self.gate: Gate | None = None
        self._to_lose = 0
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._closing = False
        self._lines: list[threading.Thread] = []
        threading.Thread(target=self._accept, name="proxy", daemon=True).start()

    @contextmanager
    def doing(self, mode: Mode) -> Iterator[None]:
        """Be in this mode until the block ends."""
        self.turn(mode)
        try:
            yield
        finally:
            self.turn(Mode.PASS)

    def turn(self, mode: Mode, *, commits: int = 1) -> None:
        """Be in this mode from now on; of commits, lose so many and pass on again."""
        self.mode, self._to_lose = mode, commits
        if mode is Mode.REFUSE:
            self.cut()

    def cut(self) -> int:
        """Cut every connection that stands; how many there were."""
        with self._lock:
            standing = list(self._open)
        for one in standing:
            with suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        return len(standing) // 2

    def close(self) -> None:
        """Listen no more, and cut what stands."""
        self._closing = True
        self.gate = None
        self._listening.close()
        self.turn(Mode.REFUSE)
        for line in self._lines:
            line.join(_END_SECONDS)

    def _accept(self) -> None:
        while not self._closing:
            try:
                near, _ = self._listening.accept()
            except OSError:
                return
            if self.mode is Mode.REFUSE:
                near.close()
                continue
            line = threading.Thread(target=self._carry, args=(near,), daemon=True)
            self._lines = [one for one in self._lines if one.is_alive()] + [line]
            line.start()

    def _carry(self, near: socket.socket) -> None:
        try:
            far = socket.create_connection(self._to)
        except OSError:
            near.close()
            return
        with near, far:
            with self._lock:
                self._open |= {near, far}
            with suppress(OSError):
                _Line(self, near, far).carry()
            with self._lock:
                self._open -= {near, far}

    def loses(self, content: bytes) -> bool:
        """Whether this is a commit that is to be lost."""
        if self.mode not in (Mode.LOSE_BEFORE_COMMIT, Mode.LOSE_AFTER_COMMIT) or b"COMMIT" not in content:
            return False
        with self._lock:
            if self._to_lose == 0:
                return False
            self._to_lose -= 1
            self.lost_commits += 1
        return True


class _Line:
    """One connection, and what is held of it."""

    def __init__(self, proxy: Proxy, near: socket.socket, far: socket.socket) -> None:
        self._proxy, self._near, self._far = proxy, near, far
        self._held: Gate | None = None

    def carry(self) -> None:
        """Until either side closes, or what it carries is lost."""
        while True:
            readable, _, _ = select.select([self._near, self._far], [], [], _LOOK_SECONDS)
            if self._proxy.mode is Mode.SWALLOW:
                threading.Event().wait(_LOOK_SECONDS)
                continue  # what has arrived stays where it is
            for side in readable:
                content = side.recv(_CHUNK)
                if not content:
                    return
                if self._proxy.mode is Mode.SLOW:
                    threading.Event().wait(_SLOW_SECONDS)
                if not (self._asks(content) if side is self._near else self._answers(content)):
                    return

    def _asks(self, content: bytes) -> bool:
        if self._proxy.loses(content):
            if self._proxy.mode is Mode.LOSE_AFTER_COMMIT:
                self._far.sendall(content)
                self._far.recv(_CHUNK)  # it is committed; nobody will hear of it
            return False
        gate = self._proxy.gate
        if gate and gate.takes(content):
            if gate.answered:
                self._held = gate
            else:
                gate.hold()
        self._far.sendall(content)
        return True

    def _answers(self, content: bytes) -> bool:
        held, self._held = self._held, None
        if held:
            held.hold()
        self._near.sendall(content)
        return True
