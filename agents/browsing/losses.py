"""A request that a connection took down with it is not sent again behind everybody's back.

Where a connection that Chromium has used before ends without an answer, it sends the request once more on another one,
a POST too, and tells nobody: no route sees it and no event. An order would be placed twice. So it is stopped where
every connection passes: while an order's answer is awaited, a new connection waits until it is sure that none was lost,
and where one was, nothing reaches that host until the browser has given the request up. Whether it still waits is the
browser's own word; which connection took the request down is told by byte counts. Must never read what is in them.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

# Inside TLS no answer is shorter, and no farewell (an alert, HTTP/2's GOAWAY) is longer.
ANSWER_BYTES = 100
# Browsers hear of an end inside TLS, and act on it, before its connection ends; that comes within this.
END_SECONDS = 0.1
# What the browser has received it also says, once it is listened to.
HEARD_SECONDS = 5.0
LOOK_SECONDS = 0.01


@dataclass(slots=True, eq=False)
class Connection:
    """One connection through the proxy. `done`: its only answer was read; `left`: it was the browser who ended it."""

    pair: str
    client: asyncio.StreamWriter
    done: bool = False
    left: bool = False
    _said_at: float = 0.0
    _heard_bytes: int = 0
    heard_at: float = 0.0

    def said(self) -> None:
        """The browser said something, and waits for what comes."""
        self._said_at, self._heard_bytes = time.monotonic(), 0

    def heard(self, count: int) -> None:
        """The host said something."""
        self._heard_bytes += count
        self.heard_at = time.monotonic()

    def may_carry(self, since: float) -> bool:
        """Whether something that was sent since then (of `time.monotonic()`) can have gone this way."""
        return not self.done and self._said_at >= since

    def owes(self, since: float) -> bool:
        """Whether the last word was the browser's, and it came since then."""
        return self.may_carry(since) and self._heard_bytes < ANSWER_BYTES

    @property
    def was_cut(self) -> bool:
        """Whether the host ended it, or said farewell."""
        return not self.left or self._heard_bytes > 0


def _nothing(_: str) -> float | None:
    return None


@dataclass(slots=True)
class Losses:
    """The connections of one visit, and the hosts that are shut. All but `watched` belongs to the proxy's thread."""

    _awaited: Callable[[str], float | None] = _nothing
    _open: set[Connection] = field(default_factory=set)
    _judged: Counter[str] = field(default_factory=Counter)
    _arrived: list[tuple[str, float]] = field(default_factory=list)  # what waits to be admitted
    _shut: set[str] = field(default_factory=set)

    @contextmanager
    def watched(self, awaited: Callable[[str], float | None]) -> Iterator[None]:
        """While the block lasts nothing is sent again.

        `awaited`: since when (of `time.monotonic()`) the browser waits for a `host:port`; None: it does not.
        """
        self._awaited = awaited
        try:
            yield
        finally:
            self._awaited = _nothing

    async def admits(self, pair: str, *, tunnels: bool) -> bool:
        """Whether a new connection may reach this host; waits where that is not sure yet.

        `tunnels`: what is said in it is not read here, so an end may have been said before it came.
        """
        arrival = pair, time.monotonic()
        self._arrived.append(arrival)
        try:
            if tunnels and self._awaited(pair) is not None:
                await asyncio.sleep(END_SECONDS)
            while self._judged[pair]:  # noqa: ASYNC110 (several may end at once; an event for each would tell no more)
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            self._arrived.remove(arrival)
        if self._awaited(pair) is None:
            self._shut.discard(pair)
        return pair not in self._shut

    def begun(self, pair: str, client: asyncio.StreamWriter) -> Connection | None:
        """A connection to this host was made; None where an answer was lost meanwhile, and it may not be used."""
        if pair in self._shut and self._awaited(pair) is not None:
            return None
        made = Connection(pair, client)
        self._open.add(made)
        return made

    async def ended(self, connection: Connection) -> None:
        """Before the browser learns that this connection has ended: shut its host if an answer ended with it."""
        pair = connection.pair
        self._open.discard(connection)
        self._judged[pair] += 1
        try:
            if await self._took_down(connection):
                self._shut.add(pair)
                for other in self._open:
                    if other.pair == pair:
                        other.client.transport.abort()
        finally:
            self._judged[pair] -= 1

    async def _took_down(self, connection: Connection) -> bool:
        """Whether the awaited answer was to come this way."""
        latest = time.monotonic() + HEARD_SECONDS
        while (since := self._awaited(connection.pair)) is not None and connection.may_carry(since):
            if connection.owes(since) and connection.was_cut:
                return True
            if self._goes_elsewhere(connection, since):
                return False
            # A single one may have brought other answers after it (HTTP/2), or this one, and the browser says so.
            if time.monotonic() > latest:
                return True
            await asyncio.sleep(LOOK_SECONDS)
        return False

    def _goes_elsewhere(self, connection: Connection, since: float) -> bool:
        """Whether the request has a connection of its own (HTTP/1), or came for one before this one's last answer."""
        pair = connection.pair
        return any(other.pair == pair and other.may_carry(since) for other in self._open) or any(
            asked == pair and at < connection.heard_at for asked, at in self._arrived
        )
