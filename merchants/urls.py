"""Reading a URL once, into its one canonical form, so that no second parser can read it differently.

Knows syntax only: what a URL is, never whether it may be called.
"""

from dataclasses import dataclass
from typing import Self
from urllib.parse import quote, urlsplit

import idna

from merchants import addresses
from merchants.errors import UrlInvalidError

# The public API's own limit for a product URL.
MAX_URL_LENGTH = 2048
DEFAULT_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A URL in its one canonical form. `host` is ASCII and lower case, without brackets; a literal is an address."""

    scheme: str
    host: str
    port: int
    path: str
    is_literal: bool

    @property
    def pair(self) -> str:
        """`host:port`, as exceptions are written."""
        return f"{self.host}:{self.port}"

    @property
    def origin(self) -> str:
        """Scheme, host, and the port unless it is the scheme's own."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.port == DEFAULT_PORTS[self.scheme] else f":{self.port}")

    @property
    def url(self) -> str:
        """The whole URL; a fragment never leaves the machine, so it is not here."""
        return self.origin + self.path

    @classmethod
    def read(cls, url: str) -> Self:
        """Read `url`, or raise `UrlInvalidError`."""
        if not 0 < len(url) <= MAX_URL_LENGTH:
            raise UrlInvalidError(f"a URL has 1 to {MAX_URL_LENGTH} characters")
        if any(ord(character) <= ord(" ") or ord(character) == 0x7F or character == "\\" for character in url):  # noqa: PLR2004 (DEL)
            raise UrlInvalidError("a URL holds no spaces, control characters or backslashes; percent-encode them")
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError as broken:
            raise UrlInvalidError(f"this is no URL: {broken}") from broken
        if parts.scheme not in DEFAULT_PORTS:
            raise UrlInvalidError("a URL begins with https:// or http://")
        if "@" in parts.netloc:
            raise UrlInvalidError("a URL carries no user name or password; remove everything before the @")
        if port == 0:
            raise UrlInvalidError("port 0 is no port")
        host, is_literal = _canonical_host(parts.hostname or "", bracketed="[" in parts.netloc)
        path = quote(parts.path or "/", safe="/%:@!$&'()*+,;=-._~")
        query = quote(parts.query, safe="/%:@!$&'()*+,;=-._~?")
        return cls(
            scheme=parts.scheme,
            host=host,
            port=port or DEFAULT_PORTS[parts.scheme],
            path=f"{path}?{query}" if query else path,
            is_literal=is_literal,
        )


def _canonical_host(host: str, *, bracketed: bool) -> tuple[str, bool]:
    if not host:
        raise UrlInvalidError("a URL names a host")
    if "%" in host and not bracketed:
        raise UrlInvalidError("a host is not percent-encoded")
    if not host.isascii():
        try:
            host = idna.encode(host, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError) as broken:
            raise UrlInvalidError(f"the host {host!r} is no domain name: {broken}") from broken
    try:
        address = addresses.literal(host)
    except ValueError as broken:
        raise UrlInvalidError(f"{broken}; write the host as a name, or as an ordinary address") from broken
    if address is not None:
        return str(address), True
    if not addresses.is_host_name(host):
        raise UrlInvalidError(f"the host {host!r} is no domain name; a trailing dot is none either")
    return host, False
