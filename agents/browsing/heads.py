"""The heads of HTTP/1 messages, as far as a forward proxy must read them: where to, how long, and what ends at a hop.

Knows syntax; must never know which host is allowed, and keeps nothing.
"""

import asyncio
import re
from dataclasses import dataclass
from typing import Self

from merchants.urls import Target

# Chromium itself gives up on answers with more than 256 KB of headers; cookies make large requests.
MAX_HEAD_BYTES = 256 * 1024
END = b"\r\n\r\n"
# Of this hop only (RFC 9110, section 7.6.1), with what browsers say to proxies.
HOP = frozenset({b"connection", b"keep-alive", b"proxy-connection", b"proxy-authorization", b"te", b"upgrade"})
PAIR = re.compile(rb"(\[[0-9A-Fa-f:.]+\]|[^\s/?#@:]+):[0-9]+")
UPGRADE = [b"Connection: Upgrade", b"Upgrade: websocket"]
CLOSE = [b"Connection: close"]


class HeadError(Exception):
    """This is no head of a message we carry."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """A request to a proxy. `origin` is where it goes, `path` the rest of its address, raw."""

    method: bytes
    origin: str
    path: bytes
    headers: list[bytes]
    body_bytes: int
    upgrades: bool

    @property
    def tunnels(self) -> bool:
        """Whether it asks for a tunnel, not for an answer."""
        return self.method == b"CONNECT"

    @classmethod
    async def read(cls, reader: asyncio.StreamReader) -> Self:
        """Read one; `HeadError` for anything a browser would not send."""
        first, headers = _split(await _until_end(reader))
        words = first.split(b" ")
        if len(words) != 3 or not words[2].startswith(b"HTTP/1."):  # noqa: PLR2004 (method, address, version)
            raise HeadError("no request line")
        method, address = words[0], words[1]
        if method == b"CONNECT":
            if not PAIR.fullmatch(address):
                raise HeadError("no host and port")
            origin, path = f"https://{_ascii(address)}/", b""
        else:
            scheme, _, rest = address.partition(b"://")
            if scheme != b"http":
                raise HeadError("no http address")
            cut = min((at for at in (rest.find(b"/"), rest.find(b"?")) if at >= 0), default=len(rest))
            origin, path = f"http://{_ascii(rest[:cut])}/", rest[cut:] or b"/"
        if _value(headers, b"transfer-encoding"):
            raise HeadError("browsers do not send chunks over HTTP/1")
        length = _value(headers, b"content-length") or b"0"
        if not length.isdigit():
            raise HeadError("no length")
        return cls(
            method=method,
            origin=origin,
            path=path if path.startswith(b"/") or not path else b"/" + path,
            headers=[header for header in headers if _name(header) not in HOP | {b"host"}],
            body_bytes=int(length),
            upgrades=(_value(headers, b"upgrade") or b"").lower() == b"websocket",
        )

    def forwarded(self, target: Target) -> bytes:
        """The same request, for the server itself. Its Host is what was checked, whatever the client wrote."""
        host = target.origin.partition("://")[2].encode()
        first = self.method + b" " + self.path + b" HTTP/1.1"
        ending = UPGRADE if self.upgrades else CLOSE
        return b"\r\n".join([first, b"Host: " + host, *self.headers, *ending]) + END


async def response_head(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """An answer's status and its head as the client gets it; any but an upgrade ends the connection."""
    raw = await _until_end(reader)
    first, headers = _split(raw)
    words = first.split(b" ", 2)
    if len(words) < 2 or not words[0].startswith(b"HTTP/1.") or not words[1].isdigit():  # noqa: PLR2004 (version, status)
        raise HeadError("no status line")
    status = int(words[1])
    if status < 200:  # noqa: PLR2004 (interim answers are passed on as they are; 101 opens a tunnel)
        return status, raw
    kept = [header for header in headers if _name(header) not in HOP]
    return status, b"\r\n".join([first, *kept, *CLOSE]) + END


async def _until_end(reader: asyncio.StreamReader) -> bytes:
    try:
        return await reader.readuntil(END)
    except asyncio.LimitOverrunError as long:
        raise HeadError("the head is too long") from long
    except asyncio.IncompleteReadError as broken:
        raise HeadError("the head broke off") from broken


def _split(raw: bytes) -> tuple[bytes, list[bytes]]:
    first, *headers = raw[: -len(END)].split(b"\r\n")
    return first, headers


def _name(header: bytes) -> bytes:
    return header.partition(b":")[0].strip().lower()


def _value(headers: list[bytes], name: bytes) -> bytes | None:
    return next((header.partition(b":")[2].strip() for header in headers if _name(header) == name), None)


def _ascii(word: bytes) -> str:
    if not word.isascii():
        raise HeadError("an address is ASCII")
    return word.decode()
