"""A request and an answer as the demo shop sees them, before and after any socket.

Knows HTTP's words; must never open a connection.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from merchants.ucp.reading import document
from merchants.ucp.versions import WireVersion


class Fate(StrEnum):
    """What becomes of an answer on its way."""

    ANSWERED = "answered"
    LATE = "late"  # sent after a pause
    DROPPED = "dropped"  # the connection closes instead
    STALLED = "stalled"  # not even acted upon yet


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request to the shop. `headers` in lower case; `wire` is the protocol version of the door it came through."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    wire: WireVersion

    @property
    def host(self) -> str:
        """The host and port the client called."""
        return self.headers.get("host", "localhost")

    @property
    def base(self) -> str:
        """The shop's own URL, as the client knows it."""
        return f"http://{self.host}"

    @property
    def document(self) -> Mapping[str, Any] | None:
        """The JSON object in the body; empty for none, None for anything else."""
        if not self.body.strip():
            return {}
        try:
            read = document(self.body)
        except ValueError:
            return None
        return read if isinstance(read, dict) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """An answer, and what becomes of it."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    fate: Fate = Fate.ANSWERED


def json_response(status: int, document: Any, *, headers: Mapping[str, str] | None = None) -> Response:
    """An answer of JSON."""
    return Response(
        status=status,
        body=json.dumps(document, separators=(",", ":")).encode(),
        headers={"Content-Type": "application/json", **(headers or {})},
    )
