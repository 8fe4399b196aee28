"""The one guard through which every call to a merchant goes: only to the public Internet, only so long, only so much.

A URL is read once into its one canonical form, so no second parser can read it differently; its host is resolved once,
every answer must be public, and the connection goes to the addresses that were checked. Redirects are checked like
first calls. Exceptions are exact `host:port` pairs given at construction (demo shops, staging), never a switch.
Knows URLs and time; must never know what is asked or answered.
"""

import socket
import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urljoin

import httpcore2
import httpx2

from merchants import addresses
from merchants.errors import AnswerLostError, AnswerRefusedError, NotSentError, UrlForbiddenError
from merchants.urls import Target
from merchants.wire import ADDRESSES, DEADLINE, PinnedTransport

# Where shops are. Any other port is let through as an exact host:port pair only.
SHOP_PORTS = frozenset({80, 443, 8080, 8443})
# A product page with its scripts inlined is one to two megabytes; answers of a shop's API are kilobytes.
MAX_ANSWER_BYTES = 4 * 1024 * 1024
# No call to a merchant lasts longer unless it says so; the contract of adapters allows ten.
DEFAULT_TIMEOUT_SECONDS = 10.0
# http to https, bare domain to www, tracking hop: three; one to spare.
MAX_REDIRECTS = 4
USER_AGENT = "agentic-checkout/0.1"

Resolver = Callable[[str, int], Sequence[str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What the server answered. `url` is where the answer came from, after redirects."""

    url: str
    status: int
    headers: httpx2.Headers
    body: bytes


class Fetcher:
    """Calls merchants' servers. Safe to share between threads; holds no state of a call."""

    def __init__(
        self,
        *,
        allowed: Iterable[str] = (),
        wire: httpx2.BaseTransport | None = None,
        resolve: Resolver | None = None,
    ) -> None:
        """`allowed`: exact `host:port` pairs that may be private, on any port. `wire` carries checked requests."""
        self._allowed = frozenset(pair.lower() for pair in allowed)
        self._wire = wire or PinnedTransport()
        self._resolve = resolve or resolve_host

    def check_url(self, url: str) -> Target:
        """Refuse what can be refused without asking DNS: no web address, a private address or name, a strange port."""
        target = Target.read(url)
        if target.pair in self._allowed:
            return target
        if target.is_literal:
            if not addresses.is_public(ip_address(target.host)):
                raise UrlForbiddenError(f"{target.host} is not on the public Internet; give a public address")
        elif not addresses.is_public_name(target.host):
            raise UrlForbiddenError(f"{target.host} is a name of a private network; give a public address")
        if target.port not in SHOP_PORTS:
            ports = ", ".join(str(port) for port in sorted(SHOP_PORTS))
            raise UrlForbiddenError(f"port {target.port} is not let through; shops answer on {ports}")
        return target

    def fetch(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        content: bytes | None = None,
        timeout_seconds: float = DEFAULT_TIMEOUT_SECONDS,
        max_bytes: int = MAX_ANSWER_BYTES,
        redirects: int = 0,
    ) -> Answer:
        """Make one call and read the whole answer. Raises `FetchError`; any HTTP status is an answer."""
        deadline = time.monotonic() + timeout_seconds
        target = self.check_url(url)
        for _ in range(min(redirects, MAX_REDIRECTS) + 1):
            answer = self._call(method, target, headers or {}, content, deadline, max_bytes)
            location = answer.headers.get("location")
            if redirects == 0 or not location or answer.status not in (301, 302, 303, 307, 308):
                return answer
            following = self.check_url(urljoin(target.url, location))
            if target.scheme == "https" and following.scheme == "http":
                raise UrlForbiddenError(f"{target.host} redirects from https to http")
            target = following
        raise AnswerRefusedError(f"{target.host} redirects without end")

    def _call(
        self,
        method: str,
        target: Target,
        headers: Mapping[str, str],
        content: bytes | None,
        deadline: float,
        max_bytes: int,
    ) -> Answer:
        checked = self.checked_addresses(target, deadline)
        request = httpx2.Request(
            method,
            target.url,
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "identity", **headers},
            content=content,
            extensions={ADDRESSES: checked, DEADLINE: deadline},
        )
        try:
            response = self._wire.handle_request(request)
            try:
                body = _read(response, deadline, max_bytes)
            finally:
                response.close()
        except _NOT_SENT as failure:
            raise NotSentError(f"{target.host} cannot be reached: {failure}") from failure
        except _LOST as failure:
            raise AnswerLostError(f"{target.host} did not answer: {failure}") from failure
        return Answer(url=target.url, status=response.status_code, headers=response.headers, body=body)

    def checked_addresses(self, target: Target, deadline: float) -> Sequence[str]:
        """The addresses to connect to, each checked; a literal is its own. Raises `FetchError`.

        `deadline` is of `time.monotonic()`. For whoever makes connections of another kind to the same rules.
        """
        if target.is_literal:
            return (target.host,)
        try:
            found = _within(deadline, lambda: self._resolve(target.host, target.port))
        except OSError as unknown:
            raise NotSentError(f"{target.host} has no address: {unknown}") from unknown
        if not found:
            raise NotSentError(f"{target.host} has no address")
        if target.pair not in self._allowed:
            for answer in found:
                if not addresses.is_public(ip_address(answer)):
                    raise UrlForbiddenError(f"{target.host} resolves to {answer}, which is not on the public Internet")
        return found


_NOT_SENT = (httpx2.ConnectError, httpx2.ConnectTimeout, httpcore2.ConnectError, httpcore2.ConnectTimeout)
_LOST = (httpx2.TransportError, httpcore2.TimeoutException, httpcore2.NetworkError, httpcore2.ProtocolError)


def resolve_host(host: str, port: int) -> Sequence[str]:
    """Every address the system's resolver knows for `host`, in its order; raises `OSError`."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return tuple(dict.fromkeys(str(entry[4][0]) for entry in found))


def _within(deadline: float, resolve: Callable[[], Sequence[str]]) -> Sequence[str]:
    """What the resolver answers before the deadline: the system's own has no timeout to set."""
    found: list[Sequence[str]] = []
    failed: list[OSError | UnicodeError] = []

    def ask() -> None:
        try:
            found.append(resolve())
        except (OSError, UnicodeError) as unknown:
            failed.append(unknown)

    thread = threading.Thread(target=ask, name="resolve", daemon=True)
    thread.start()
    thread.join(max(0.0, deadline - time.monotonic()))
    if failed:
        raise OSError(str(failed[0]))
    if not found:
        raise OSError("the resolver did not answer in time")
    return found[0]


def _read(response: httpx2.Response, deadline: float, max_bytes: int) -> bytes:
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        # An encoded answer can be a thousand times its size; we asked for none.
        raise AnswerRefusedError("the merchant sent an encoded answer although none was asked for")
    body = bytearray()
    for chunk in response.iter_bytes():
        body += chunk
        if len(body) > max_bytes:
            raise AnswerRefusedError(f"the merchant's answer is over {max_bytes} bytes")
        if time.monotonic() > deadline:
            raise AnswerLostError("the answer did not arrive in time")
    return bytes(body)
