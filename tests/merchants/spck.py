"""The agent lane of `spck-conformance`, as a judge of our adapter: its sandbox, its predicates, our traffic.

Its sandbox speaks version 2026-04-08 and lacks what its own reference agent never calls: it declares no catalog (though
it answers one), cannot read, update or cancel a session, and never reaches `ready_for_complete`. `Judged` supplies just
that, and passes everything else through. It records each call as the predicates want it.
"""

import importlib.util
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx2
import spck_conformance

from merchants.wire import PinnedTransport

BUNDLE = Path(spck_conformance.__file__).parent / "_bundle" / "conformance"


def _load(name: str) -> ModuleType:
    """A module of the bundle, by file: it is no package, and puts itself on the path."""
    spec = importlib.util.spec_from_file_location(f"spck_{name}", BUNDLE / "agent" / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    before = list(sys.path)
    spec.loader.exec_module(module)
    sys.path[:] = before
    return module


checks = _load("agent_checks")
_sandbox = _load("sandbox")
crypto = _sandbox.crypto

ESCALATE_TOKEN: str = _sandbox.ESCALATE_TOKEN
CLEAN: str = checks.CLEAN
HANDLER = "com.spck.sandbox_pay"


@contextmanager
def sandbox(scenario: str, jwks: list[dict[str, str]] | None) -> Iterator[str]:
    """The adversarial merchant on a free loopback port: its URL. With `jwks` it insists on signed requests."""
    with _sandbox.serve(scenario, jwks) as (base, server):
        yield base
    server.server_close()  # the kit leaves its socket to the process's end


Mutation = Callable[[str, dict[str, Any]], Any]


@dataclass(slots=True)
class Judged(httpx2.BaseTransport):
    """Carries our adapter's calls to the sandbox, recording them; `headers` and `body` make the client a sloppy one."""

    product_url: str
    headers: Callable[[dict[str, str]], None] | None = None
    body: Mutation | None = None
    log: list[dict[str, Any]] = field(default_factory=list)
    inner: httpx2.BaseTransport = field(default_factory=PinnedTransport)
    _session: dict[str, Any] = field(default_factory=dict)

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Record, send, supply what is lacking."""
        op = _op(request, self.log)
        sent = {name.decode(): value.decode() for name, value in request.headers.raw}
        content = json.loads(request.content) if request.content else None
        if self.body and isinstance(content, dict):
            content = self.body(op, content)
        if self.headers:
            self.headers(sent)
        raw = json.dumps(content).encode() if content is not None else b""
        if self.body:
            sent["Content-Length"] = str(len(raw))
        else:
            raw = request.content
        again = httpx2.Request(request.method, request.url, headers=sent, content=raw, extensions=request.extensions)
        answer = self._lacking(op) or self.inner.handle_request(again)
        read = answer.read()
        answer.close()
        document = _json(read)
        if op:
            self.log.append(
                {
                    "op": op,
                    "request": {"method": request.method, "path": request.url.path, "headers": sent, "body": content},
                    "response": {
                        "status": answer.status_code,
                        "headers": {name.lower(): value for name, value in answer.headers.items()},
                        "body": document,
                    },
                }
            )
        return self._supplied(op, answer.status_code, dict(answer.headers), read, document)

    def _lacking(self, op: str) -> httpx2.Response | None:
        """Answers to what the sandbox cannot be asked."""
        if op == "cancel":
            self._session["status"] = "canceled"
        if op in ("update", "read", "cancel"):
            return httpx2.Response(200, json=self._session)
        return None

    def _supplied(
        self, op: str, status: int, headers: Mapping[str, str], read: bytes, document: dict[str, Any]
    ) -> httpx2.Response:
        """The sandbox's answer, with what is missing in it. What we touch loses its signature; it is optional."""
        if op == "create_checkout" and "id" in document:
            # What the session becomes once it is read again: the same, and ready.
            self._session = {**document, "status": "ready_for_complete"}
        if op == "complete":
            self._session |= {name: value for name, value in document.items() if name != "ucp"}
        if op == "discover":
            for name in ("search", "lookup"):
                document["ucp"]["capabilities"][f"dev.ucp.shopping.catalog.{name}"] = [{"version": "2026-04-08"}]
        elif op.startswith("search") and document.get("products"):
            for product in document["products"]:
                product |= {"title": "Teapot", "url": self.product_url.replace("teapot-ceramic", product["id"])}
            if document["products"][-1]["id"] == "p4":
                document["products"][-1]["url"] = self.product_url
        else:
            return httpx2.Response(status, headers=headers, content=read)
        return httpx2.Response(status, json=document)


def _op(request: httpx2.Request, log: list[dict[str, Any]]) -> str:
    """The predicates' name of a call; empty for what is none of the protocol's (a product page)."""
    path = request.url.path
    if path == "/.well-known/ucp":
        return "discover"
    if path == "/catalog/search":
        return "search_page" if any(entry["op"] == "search" for entry in log) else "search"
    if path.startswith("/catalog/"):
        return {"product": "get_product"}.get(path.rpartition("/")[2], "lookup")
    if path == "/checkout-sessions":
        return "create_checkout"
    if path.startswith("/checkout-sessions/"):
        last = path.rpartition("/")[2]
        return last if last in ("complete", "cancel") else {"PUT": "update", "GET": "read"}[request.method]
    return ""


def _json(read: bytes) -> dict[str, Any]:
    try:
        document = json.loads(read)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
