"""What goes over the wire: a request, a response, and Stripe's form encoding. Knows no resource and no rule."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl

_KEY = re.compile(r"[^\[\]]+|\[\]")


class AnswerDroppedError(ConnectionError):
    """The connection ended without an answer; whether the request was executed, the caller cannot see."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """An HTTP request; `path` has no query, header names are in lower case."""

    method: str
    path: str
    query: str = ""
    body: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def idempotency_key(self) -> str | None:
        """The key the caller gave, if any."""
        return self.headers.get("idempotency-key")

    @property
    def form(self) -> dict[str, Any]:
        """Every parameter, from the query and the body, as a tree."""
        return decode("&".join(part for part in (self.query, self.body) if part))


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """An HTTP response; the body is JSON text."""

    status: int
    body: str
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def json(self) -> Any:
        """The body, parsed."""
        return json.loads(self.body)


def answer(status: int, content: Any, **headers: str) -> Response:
    """A response with `content` as JSON; header names are given with underscores."""
    named = {name.replace("_", "-").title(): value for name, value in headers.items()}
    return Response(status=status, body=json.dumps(content), headers=named)


def decode(form: str) -> dict[str, Any]:
    """`card[token]=tok_visa&expand[0]=x` as `{"card": {"token": "tok_visa"}, "expand": ["x"]}`."""
    tree: dict[str, Any] = {}
    for name, value in parse_qsl(form, keep_blank_values=True):
        parts = _KEY.findall(name) or [name]
        node = tree
        for part in parts[:-1]:
            inner = node.setdefault(part, {})
            if not isinstance(inner, dict):  # `a=1&a[b]=2` says two things; the later one stands
                inner = node[part] = {}
            node = inner
        last = parts[-1] if parts[-1] != "[]" else str(len(node))
        node[last] = value
    return {name: _with_lists(value) for name, value in tree.items()}


def _with_lists(node: Any) -> Any:
    if not isinstance(node, dict):
        return node
    if node and all(name.isdecimal() for name in node):
        return [_with_lists(node[name]) for name in sorted(node, key=int)]
    return {name: _with_lists(value) for name, value in node.items()}
