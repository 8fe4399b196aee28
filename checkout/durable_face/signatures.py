"""Signature Version 4, AWS's way of signing a request, from the side that verifies it.

Knows the published algorithm and one pair of credentials. Must never log a secret or say which part was wrong.
"""

import hashlib
import hmac
import ipaddress
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

from fastapi import Request

from checkout.durable_face.faults import AwsError
from checkout.durable_face.requests import RawBody

_ALGORITHM = "AWS4-HMAC-SHA256"
_AUTHORIZATION = re.compile(
    _ALGORITHM + r" Credential=(?P<key_id>[^/,\s]+)/(?P<scope>(?P<day>\d{8})/(?P<region>[^/,\s]+)/lambda/aws4_request),"
    r"\s*SignedHeaders=(?P<headers>[a-z0-9;-]+),\s*Signature=(?P<signature>[0-9a-f]{64})"
)
# AWS's patience with clocks that differ; an older request may be somebody's recording.
FRESH = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Who may call."""

    access_key_id: str
    secret_access_key: str = field(repr=False)


def signed(request: Request, body: RawBody) -> None:
    """Let a request pass if it is signed; with credentials, only if they signed exactly this one, just now.

    Without credentials the header is still required: a page in somebody's browser cannot send it.
    """
    credentials: Credentials | None = request.app.state.credentials
    claim = _AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
    if claim is None:
        raise AwsError("MissingAuthenticationTokenException", "the request is not signed by Signature Version 4")
    if credentials is None:
        if not is_loopback(request.url.hostname or ""):  # a page whose name was turned to this machine could send it
            raise AwsError(
                "InvalidSignatureException", "without credentials only this machine's own names are answered"
            )
        return
    if not hmac.compare_digest(claim["key_id"].encode(), credentials.access_key_id.encode()):
        raise AwsError("UnrecognizedClientException", "the access key is unknown")
    at = request.headers.get("x-amz-date", "")
    names = claim["headers"].split(";")
    meaningful = {"host", "x-amz-date", *(name for name in request.headers if name.startswith("x-amz-"))}
    if not meaningful <= set(names) or not _fresh(at, claim["day"], request.app.state.service.clock.now):
        raise AwsError(
            "InvalidSignatureException", "the signature has expired, or leaves out a header that it must sign"
        )
    expected = _signature(credentials.secret_access_key, claim["scope"], at, _canonical(request, names, body))
    if not hmac.compare_digest(claim["signature"], expected):
        raise AwsError("InvalidSignatureException", "the signature is not the one these credentials give this request")


def is_loopback(host: str) -> bool:
    """Whether only this machine is reached by this name or address."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _fresh(at: str, day: str, now: Callable[[], datetime]) -> bool:
    try:
        signed_at = datetime.strptime(at, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    except ValueError:
        return False
    return at.startswith(day) and abs(now() - signed_at) <= FRESH


def _canonical(request: Request, names: list[str], body: bytes) -> str:
    """The request as both sides write it down. The path is encoded once more than it was sent, the query sorted."""
    path = quote(request.scope["raw_path"].decode().partition("?")[0], safe="/-_.~")
    pairs = sorted(pair.partition("=")[::2] for pair in request.scope["query_string"].decode().split("&") if pair)
    query = "&".join(f"{name}={value}" for name, value in pairs)
    headers = "".join(f"{name}:{' '.join(','.join(request.headers.getlist(name)).split())}\n" for name in names)
    digest = hashlib.sha256(body).hexdigest()
    return "\n".join((request.method, path, query, headers, ";".join(names), digest))


def _signature(secret: str, scope: str, at: str, canonical: str) -> str:
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = _hmac(key, part)
    text = "\n".join((_ALGORITHM, at, scope, hashlib.sha256(canonical.encode()).hexdigest()))
    return _hmac(key, text).hex()


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()
