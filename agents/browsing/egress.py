"""A visit's only way out: a forward proxy on loopback that reaches the public Internet and the exact pairs allowed.

Redirects, WebSockets and a page's own tricks end up here whatever the browser thinks of them. Each host is judged by
the rules every other call of the service is judged by (`merchants.fetch`), resolved once, and held to those addresses
for the whole visit, so a name cannot come to mean another machine half-way. `*.localhost` means this machine, and only
for allowed pairs. TLS passes through unopened. Knows hosts and bytes; must never keep a path, a header or a body.
"""

import asyncio
import threading
import time
from collections.abc import Coroutine, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from urllib.parse import urlsplit

from agents.browsing.heads import MAX_HEAD_BYTES, Head, HeadError, response_head
from agents.browsing.losses import Connection, Losses
from merchants.errors import FetchError, UrlError
from merchants.fetch import Fetcher, Resolver, resolve_host
from merchants.urls import Target

# Chromium opens at most 32 connections to a proxy, and as many again for WebSockets; above that it is not Chromium.
MAX_CONNECTIONS = 128
# A shop with every tracker there is asks a few hundred hosts; above that somebody counts through names.
MAX_HOSTS = 1000
# Where a shop does not take a connection in this time, a person would reload.
CONNECT_SECONDS = 10.0
# One dead address of several (IPv6 without a route, mostly) must not use up the time of the next.
ATTEMPT_SECONDS = 3.0
# A browser sends its request at once; only a stranger dawdles.
HEAD_SECONDS = 10.0
# A stream or a kept connection may be silent while the model thinks; longer, and it is forgotten.
IDLE_SECONDS = 300.0
CHUNK_BYTES = 64 * 1024
# The proxy's own loop answers within this, or the machine is unfit for anything.
START_SECONDS = 10.0


@dataclass(slots=True, kw_only=True)
class Reached:
    """One host of the journal: whether it was let through, why not, and how many bytes went each way."""

    pair: str
    allowed: bool
    reason: str = ""
    sent_bytes: int = 0
    received_bytes: int = 0


@dataclass(slots=True)
class Egress:
    """The proxy of one visit. `journal` is by `host:port`, in the order they were first asked for."""

    allowed_private: frozenset[str]
    resolve: Resolver = resolve_host
    journal: dict[str, Reached] = field(default_factory=dict)
    port: int = 0
    losses: Losses = field(default_factory=Losses)
    _guard: Fetcher = field(init=False)
    _pinned: dict[str, Sequence[str]] = field(default_factory=dict)
    _checked: dict[str, Sequence[str]] = field(default_factory=dict)  # by `host:port`
    # Names are looked up aside: the system's resolver blocks.
    _lookups: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(8, "egress-lookup"))
    _connections: set["asyncio.Task[None]"] = field(default_factory=set)
    _stopped: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._guard = Fetcher(allowed=self.allowed_private, resolve=self._resolve_once)

    @contextmanager
    def running(self) -> Iterator["Egress"]:
        """Listen in a thread of its own; every connection is cut when the block ends."""
        ready = threading.Event()
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=partial(_serve, loop, self._run(ready)), name="egress", daemon=True)
        thread.start()
        try:
            if not ready.wait(START_SECONDS) or not self.port:
                raise OSError("the egress proxy did not start")
            yield self
        finally:
            with suppress(RuntimeError):  # the loop ended by itself: it never listened
                loop.call_soon_threadsafe(self._stopped.set)
            thread.join(START_SECONDS)
            self._lookups.shutdown(wait=False, cancel_futures=True)

    @property
    def address(self) -> str:
        """Where it listens, as a browser is told."""
        return f"http://127.0.0.1:{self.port}"

    def judged(self, url: str) -> Reached | None:
        """What the journal says of this address's host; None when nobody asked for it, or it is no web address."""
        with suppress(FetchError, ValueError):
            parts = urlsplit(url)
            return self.journal.get(Target.read(f"{parts.scheme}://{parts.netloc}/").pair)
        return None

    async def _run(self, ready: threading.Event) -> None:
        try:
            server = await asyncio.start_server(self._accept, "127.0.0.1", 0, limit=MAX_HEAD_BYTES)
            self.port = server.sockets[0].getsockname()[1]
        finally:
            ready.set()
        await self._stopped.wait()
        server.close()
        left = asyncio.all_tasks() - {asyncio.current_task()}
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._connections.add(task)
        try:
            # One side hangs up, speaks no HTTP, falls silent, or the visit is over: so connections end, and the page
            # learns it as it would without a proxy.
            with suppress(OSError, HeadError, TimeoutError, asyncio.CancelledError):
                if len(self._connections) > MAX_CONNECTIONS:
                    await _answer(writer, "503 Service Unavailable")
                else:
                    await self._serve_one(reader, writer)
        finally:
            self._connections.discard(task)
            writer.close()

    async def _serve_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One request and what follows it; each connection carries one, so none can be answered by another's host."""
        try:
            async with asyncio.timeout(HEAD_SECONDS):
                head = await Head.read(reader)
            target = Target.read(head.origin)
        except (HeadError, FetchError):
            await _answer(writer, "400 Bad Request")
            return
        if len(self.journal) >= MAX_HOSTS and target.pair not in self.journal:
            await _answer(writer, "503 Service Unavailable")
            return
        if not await self.losses.admits(target.pair, tunnels=head.tunnels):
            return  # without an answer: the browser would take one for the host's own
        reached = self.journal.setdefault(target.pair, Reached(pair=target.pair, allowed=True))
        try:
            there, back = await self._connect(target)
        except UrlError as refused:
            reached.allowed, reached.reason = False, str(refused)
            await _answer(writer, "403 Forbidden")
            return
        except (FetchError, OSError, TimeoutError) as failed:
            reached.reason = str(failed) or "no connection in time"
            await _answer(writer, "502 Bad Gateway")
            return
        reached.reason = ""
        connection = self.losses.begun(target.pair, writer)
        if connection is None:
            back.close()
            return
        carried = _Carried(reached, connection)
        try:
            if head.tunnels:
                writer.write(b"HTTP/1.1 200 Connection Established\r\n\r\n")
                await _tunnel((reader, writer), (there, back), carried)
            else:
                await _forward(head, target, (reader, writer), (there, back), carried)
        finally:
            back.close()
            await self.losses.ended(connection)

    async def _connect(self, target: Target) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """A connection to the first checked address that takes it."""
        self._guard.check_url(target.url)
        deadline = time.monotonic() + CONNECT_SECONDS
        checked = self._checked.get(target.pair)
        if checked is None:
            ask = partial(self._guard.checked_addresses, target, deadline)
            checked = self._checked[target.pair] = await asyncio.get_running_loop().run_in_executor(self._lookups, ask)
        failure: OSError | TimeoutError = OSError("no address")
        for index, address in enumerate(checked, start=1):
            left = deadline - time.monotonic()
            try:
                async with asyncio.timeout(left if index == len(checked) else min(left, ATTEMPT_SECONDS)):
                    return await asyncio.open_connection(address, target.port, limit=MAX_HEAD_BYTES)
            except (OSError, TimeoutError) as refused:
                failure = refused
        raise failure

    def _resolve_once(self, host: str, port: int) -> Sequence[str]:
        """What `host` meant when it was first asked for."""
        if host == "localhost" or host.endswith(".localhost"):
            return ("127.0.0.1",)  # by the name's own definition (RFC 6761); the guard lets only allowed pairs get here
        return self._pinned.get(host) or self._pinned.setdefault(host, tuple(self.resolve(host, port)))


def _serve(loop: asyncio.AbstractEventLoop, work: Coroutine[None, None, None]) -> None:
    try:
        loop.run_until_complete(work)
    finally:
        loop.close()


_Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@dataclass(frozen=True, slots=True)
class _Carried:
    """What one connection carries, counted for the journal and for whoever asks whether an answer is missing."""

    reached: Reached
    connection: Connection

    def sent(self, count: int) -> None:
        self.reached.sent_bytes += count
        self.connection.said()

    def received(self, count: int) -> None:
        self.reached.received_bytes += count
        self.connection.heard(count)


async def _forward(head: Head, target: Target, client: _Ends, server: _Ends, carried: _Carried) -> None:
    """A plain http request: on with its path, back with an answer that ends the connection, or opens a tunnel."""
    request = head.forwarded(target)
    server[1].write(request)
    carried.sent(len(request))

    async def asking() -> None:
        await _upload(None if head.upgrades else head.body_bytes, client[0], server[1], carried)
        await _gone(client[0])
        carried.connection.left = True

    async def answering() -> None:
        status = 100
        while status < 200 and status != 101:  # noqa: PLR2004 (interim answers; 101 is the last of them)
            async with asyncio.timeout(IDLE_SECONDS):
                status, answer = await response_head(server[0])
            carried.received(len(answer))
            client[1].write(answer)
        carried.connection.done = True
        await _download(server[0], client[1], carried)

    await _first_of(asking(), answering())


async def _tunnel(client: _Ends, server: _Ends, carried: _Carried) -> None:
    """Bytes both ways, unread, until one side ends."""
    await _first_of(_upload(None, client[0], server[1], carried), _download(server[0], client[1], carried))


async def _upload(
    length: int | None, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, carried: _Carried
) -> None:
    """From the page: exactly `length` bytes, or all there is."""
    while length != 0 and (chunk := await _read(reader, CHUNK_BYTES if length is None else min(length, CHUNK_BYTES))):
        length = length if length is None else length - len(chunk)
        carried.sent(len(chunk))
        writer.write(chunk)
        await writer.drain()
    carried.connection.left |= length is None


async def _download(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, carried: _Carried) -> None:
    """To the page: all there is."""
    while chunk := await _read(reader, CHUNK_BYTES):
        carried.received(len(chunk))
        writer.write(chunk)
        await writer.drain()


async def _gone(reader: asyncio.StreamReader) -> None:
    """Until the page hangs up; what it says after its request is for nobody."""
    while await reader.read(CHUNK_BYTES):
        pass


async def _read(reader: asyncio.StreamReader, size: int) -> bytes:
    async with asyncio.timeout(IDLE_SECONDS):
        return await reader.read(size)


async def _first_of(*works: Coroutine[None, None, None]) -> None:
    """Until one is done; the other is stopped with it."""
    tasks = {asyncio.create_task(work) for work in works}
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _answer(writer: asyncio.StreamWriter, status: str) -> None:
    """An answer of the proxy's own; it says nothing a page could learn from."""
    writer.write(f"HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
    await writer.drain()
