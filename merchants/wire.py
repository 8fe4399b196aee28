"""The wire to the Internet: connects only to addresses that were checked, and ends by an absolute deadline.

`PinnedTransport` is told per request which addresses to connect to, so a name is resolved once and cannot come to mean
something else between the check and the connection; TLS and the Host header still carry the name. Timeouts of HTTP
libraries bound single reads, and a server that drips a byte at a time would outlive every one of them: each read here
is bounded by what is left of the whole call. Knows sockets; must never decide which address is allowed.
"""

import ssl
import time
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from typing import Any

import httpcore2
import httpx2

# Keys of `httpx2.Request.extensions` that the guard sets and this transport reads.
ADDRESSES = "merchants.addresses"
DEADLINE = "merchants.deadline"


@cache
def _believed() -> ssl.SSLContext:
    """The system's certificates, read once a process: that takes as long as a whole call on a fast network."""
    return httpx2.create_ssl_context()


class PinnedTransport(httpx2.BaseTransport):
    """One connection per request, to one of the request's checked addresses, over before its deadline."""

    def __init__(self, *, tls: ssl.SSLContext | None = None) -> None:
        """`tls`: which certificates are believed; without it, those the system believes."""
        self._tls = tls or _believed()

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send the request; raises httpcore2's errors, which say whether a connection stood."""
        assert isinstance(request.stream, httpx2.SyncByteStream)
        backend = _PinnedBackend(request.extensions[ADDRESSES], request.extensions[DEADLINE])
        pool = httpcore2.ConnectionPool(ssl_context=self._tls, network_backend=backend)
        try:
            answer = pool.handle_request(
                httpcore2.Request(
                    method=request.method,
                    url=httpcore2.URL(
                        scheme=request.url.raw_scheme,
                        host=request.url.raw_host,
                        port=request.url.port,
                        target=request.url.raw_path,
                    ),
                    headers=request.headers.raw,
                    content=request.stream,
                )
            )
        except BaseException:
            pool.close()
            raise
        assert isinstance(answer.stream, Iterable)
        return httpx2.Response(
            status_code=answer.status, headers=answer.headers, stream=_AnswerStream(answer.stream, pool)
        )


class _AnswerStream(httpx2.SyncByteStream):
    """The body; closing it closes the connection too."""

    def __init__(self, chunks: Iterable[bytes], pool: httpcore2.ConnectionPool) -> None:
        self._chunks = chunks
        self._pool = pool

    def __iter__(self) -> Iterator[bytes]:
        yield from self._chunks

    def close(self) -> None:
        if hasattr(self._chunks, "close"):
            self._chunks.close()
        self._pool.close()


class _PinnedBackend(httpcore2.NetworkBackend):
    """Connects to the given addresses, whatever the host is called."""

    def __init__(self, addresses: Sequence[str], deadline: float) -> None:
        self._addresses = addresses
        self._deadline = deadline
        self._sockets = httpcore2.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ARG002 (the deadline bounds it)
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore2.NetworkStream:
        """Connect to the first checked address that takes the connection."""
        failure: Exception = httpcore2.ConnectError(f"no address for {host}")
        for address in self._addresses:
            left = self._deadline - time.monotonic()
            if left <= 0:
                raise httpcore2.ConnectTimeout(f"{host} took no connection in time")
            try:
                stream = self._sockets.connect_tcp(address, port, left, local_address, socket_options)
            except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as refused:
                failure = refused
            else:
                return _DeadlineStream(stream, self._deadline)
        raise failure


class _DeadlineStream(httpcore2.NetworkStream):
    """A stream whose every read and write ends by the deadline of the whole call."""

    def __init__(self, stream: httpcore2.NetworkStream, deadline: float) -> None:
        self._stream = stream
        self._deadline = deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ARG002 (the deadline bounds it)
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise httpcore2.ReadTimeout("the answer did not arrive in time")
        return self._stream.read(max_bytes, left)

    def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ARG002 (the deadline bounds it)
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise httpcore2.WriteTimeout("the request could not be sent in time")
        self._stream.write(buffer, left)

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ARG002 (the deadline bounds it)
    ) -> httpcore2.NetworkStream:
        left = self._deadline - time.monotonic()
        if left <= 0:
            self._stream.close()
            raise httpcore2.ConnectTimeout("the TLS handshake did not begin in time")
        return _DeadlineStream(self._stream.start_tls(ssl_context, server_hostname, left), self._deadline)

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)
