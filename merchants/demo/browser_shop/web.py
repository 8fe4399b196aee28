"""A request and an answer as the shop's sites see them, before and after any socket.

Knows HTTP's words, forms and cookies; must never open a connection.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Fate(StrEnum):
    """What becomes of an answer on its way."""

    ANSWERED = "answered"
    DROPPED = "dropped"  # the connection closes instead
    HANGS = "hangs"  # nothing ever comes


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request to one of the sites. Query and form hold the last value of each name."""

    method: str
    host: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict, repr=False)
    cookies: Mapping[str, str] = field(default_factory=dict, repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """An answer, and what becomes of it after how many seconds."""

    status: int = 200
    body: bytes = b""
    headers: Sequence[tuple[str, str]] = ()
    fate: Fate = Fate.ANSWERED
    pause_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Sites:
    """The origins of the four sites. `outside` is a host no buyer has any business with; it only counts visitors."""

    shop: str
    pay: str
    bank: str
    outside: str


def html(page: str, *, status: int = 200) -> Response:
    """A page."""
    return Response(
        status=status,
        body=page.encode(),
        headers=(("Content-Type", "text/html; charset=utf-8"), ("Cache-Control", "no-store")),
    )


def see_other(url: str) -> Response:
    """Go and GET that instead."""
    return Response(status=303, headers=(("Location", url),))


def answer_json(document: Any, *, status: int = 200) -> Response:
    """An answer of JSON."""
    return Response(status=status, body=json.dumps(document).encode(), headers=(("Content-Type", "application/json"),))


def text(body: str, content_type: str) -> Response:
    """A script or a style sheet, which browsers keep for a while, as with other shops."""
    return Response(
        body=body.encode(),
        headers=(("Content-Type", f"{content_type}; charset=utf-8"), ("Cache-Control", "public, max-age=3600")),
    )
