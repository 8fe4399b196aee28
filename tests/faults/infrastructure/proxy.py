"""A TCP proxy that stands between our processes and what they speak to, and does what networks do.

It passes on, refuses, swallows (the connection stands, nothing comes: half-open), slows down, cuts; and it can lose a
change to a PostgreSQL, before the server heard of it, or its answer when it is done. Knows bytes and connections; what
a change is, `postgresql` knows.
"""

import re
import select
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import Enum

from tests.faults.infrastructure.postgresql import Client, is_ready

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
    LOSE_CHANGE = "loses a change before it arrives"
    LOSE_ANSWER = "loses the answer to a change"


LOSING = (Mode.LOSE_CHANGE, Mode.LOSE_ANSWER)


class Gate:
    """Holds one request that begins like this, or its answer, until it is opened; requests after it pass."""

    def __init__(self, pattern: str, *, answered: bool) -> None:
        """`answered`: the request arrives, and its answer is held."""
        self.answered = answered
        self.reached, self._opened = threading.Event(), threading.Event()
        self._pattern = re.compile(pattern.encode(), re.DOTALL)
        self._used = threading.Lock()

    def takes(self, content: bytes) -> bool:
        """Whether this is the request; only once."""
        return bool(self._pattern.match(content)) and self._used.acquire(blocking=False)

    def hold(self) -> None:
        """Tell that it is reached, and wait."""
        self.reached.set()
        self._opened.wait()

    def open(self) -> None:
        """Let it pass."""
        self._opened.set()


class Proxy:
    """Listens on a loopback port of its own and passes on to `host:port`."""

    def __init__(self, host: str, port: int, *, speaks_postgresql: bool = False) -> None:
        self._to = (host, port)
        self.speaks_postgresql = speaks_postgresql
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.port = int(self._listening.getsockname()[1])
        self.mode = Mode.PASS
        self.lost = 0
        self.gates: list[Gate] = []
        self._to_lose, self._losing = 0, re.compile("")
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

    def turn(self, mode: Mode, *, changes: int = 1, like: str = "") -> None:
        """Be in this mode from now on; of changes with `like` in their statements, lose so many and pass on again."""
        self._to_lose, self._losing = changes, re.compile(like)
        self.mode = mode
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
        self.gates = []
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

    def loses(self, statement: str | None) -> bool:
        """Whether this is a change that is to be lost, or its answer."""
        if self.mode not in LOSING or statement is None or not self._losing.search(statement):
            return False
        with self._lock:
            if self._to_lose == 0:
                return False
            self._to_lose -= 1
            self.lost += 1
        return True


class _Line:
    """One connection, and what is held of it."""

    def __init__(self, proxy: Proxy, near: socket.socket, far: socket.socket) -> None:
        self._proxy, self._near, self._far = proxy, near, far
        self._held: Gate | None = None
        self._client = Client() if proxy.speaks_postgresql else None

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
        if self._client is not None:
            for _, statement in self._client.feed(content):
                if self._proxy.loses(statement):
                    if self._proxy.mode is Mode.LOSE_ANSWER:
                        self._have_it_done(content)
                    return False
        for gate in list(self._proxy.gates):
            if gate.takes(content):
                if gate.answered:
                    self._held = gate
                else:
                    gate.hold()
                break
        self._far.sendall(content)
        return True

    def _have_it_done(self, content: bytes) -> None:
        """Pass on what is left of a change, and keep its answer: it stands, and nobody will hear of it."""
        self._far.sendall(content)
        answers = b""
        while not is_ready(answers):
            readable, _, _ = select.select([self._near, self._far], [], [], _END_SECONDS)
            if not readable:
                return
            for side in readable:
                got = side.recv(_CHUNK)
                if not got:
                    return
                if side is self._near:
                    self._far.sendall(got)
                else:
                    answers += got

    def _answers(self, content: bytes) -> bool:
        held, self._held = self._held, None
        if held:
            held.hold()
        self._near.sendall(content)
        return True
