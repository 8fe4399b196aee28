"""The stand-in without its socket: a request in, a response out.

POST /v1/messages                  an answer, as JSON or as a stream
POST /v1/messages/count_tokens     what a request would cost to read
GET  /                             what this is
GET, POST, DELETE /_stand_in/troubles   what is still to go wrong; see `troubles.Trouble`
GET  /_stand_in/requests           every request for a message so far: time, model, turn, status, seconds

The persona is the process's own, or the one the model's name asks for: `stand-in-obeying-1`. Knows the wire and the
personas; must never know a shop.
"""

import json
import secrets
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from agents.stand_in import answers, conversation, troubles
from agents.stand_in.blocks import Request
from agents.stand_in.checks import checked, members_on
from agents.stand_in.errors import ApiError
from agents.stand_in.personas import PERSONAS
from agents.stand_in.turns import Turn

# As the real servers: a request larger than this is not read.
MAX_BODY_BYTES = 32_000_000
STREAM = "text/event-stream; charset=utf-8"
JSON = "application/json"
IS = {
    "name": answers.MODEL,
    "is": "a stand-in for Anthropic's servers: a rule set that reads pages as text, and no model",
    "for": "trying and testing agentic-checkout without an API key",
    "speaks": ["POST /v1/messages", "POST /v1/messages/count_tokens"],
    "personas": sorted(PERSONAS),
    "control": ["/_stand_in/troubles", "/_stand_in/requests"],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A request as it came in. `body` is None where it was too large to read."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """What goes out. `cut`: the connection ends after the parts, though more was announced."""

    status: int = 200
    kind: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    parts: tuple[bytes, ...] = ()
    cut: bool = False
    delay_seconds: float = 0.0


class StandIn:
    """Answers requests. Keeps a log and the troubles to come, and nothing of any conversation."""

    def __init__(self, *, persona: str = "buyer", log: Path | None = None) -> None:
        self.persona = persona
        self.troubles = troubles.Troubles()
        self._log = log
        self._lock = threading.Lock()
        self._seen: list[dict[str, Any]] = []

    def handle(self, incoming: Incoming) -> Outgoing:
        """Answer one request."""
        began = time.monotonic()
        request_id = f"req_{secrets.token_hex(12)}"
        body: dict[str, Any] = {}
        try:
            if incoming.path.startswith("/_stand_in/") or incoming.path == "/":
                return self._control(incoming)
            body = _body(incoming)
            out = self._api(incoming, body)
        except ApiError as refused:
            content = json.dumps(refused.body(request_id)).encode()
            out = Outgoing(status=refused.status, headers=refused.headers, parts=(content,))
        self._note(incoming, body, out, request_id, time.monotonic() - began)
        headers = {"request-id": request_id} | out.headers
        return Outgoing(
            status=out.status,
            kind=out.kind,
            headers=headers,
            parts=out.parts,
            cut=out.cut,
            delay_seconds=out.delay_seconds,
        )

    def _api(self, incoming: Incoming, body: dict[str, Any]) -> Outgoing:
        if incoming.method != "POST" or incoming.path not in ("/v1/messages", "/v1/messages/count_tokens"):
            raise ApiError(f"Not found: {incoming.method} {incoming.path}", status=404)
        if incoming.path.endswith("/count_tokens"):
            checked(body, counting=True)
            return Outgoing(parts=(json.dumps({"input_tokens": answers.input_tokens(body)}).encode(),))
        request = checked(body)
        trouble = self.troubles.take()
        if trouble and (early := _refused(trouble)):
            return early
        answer = answers.message(body, request, self._turn(body, request, trouble))
        return _sent(answer, request, trouble)

    def _turn(self, body: dict[str, Any], request: Request, trouble: troubles.Trouble | None) -> Turn:
        if trouble and trouble.kind == "refusal":
            return Turn("I will not do this.", stop="refusal")
        if trouble and trouble.kind == "max_tokens":
            return Turn("Let me think about this page at length.", stop="max_tokens")
        named = request.model.removeprefix("stand-in-").removesuffix("-1")
        decide = PERSONAS.get(named) or PERSONAS[self.persona]
        if members_on(request) is None:
            return Turn("I can do nothing without a browser: the request has no browser toolset.")
        return decide(conversation.read(body["messages"]))

    def _control(self, incoming: Incoming) -> Outgoing:
        at = (incoming.method, incoming.path)
        if at == ("GET", "/"):
            return Outgoing(parts=(json.dumps(IS | {"persona": self.persona}).encode(),))
        if at == ("GET", "/_stand_in/requests"):
            return Outgoing(parts=(json.dumps(self._seen).encode(),))
        if incoming.path != "/_stand_in/troubles":
            raise ApiError(f"Not found: {incoming.path}", status=404)
        if incoming.method == "POST":
            try:
                self.troubles.add(troubles.Trouble.model_validate_json(incoming.body or b""))
            except ValidationError as invalid:
                raise ApiError(str(invalid)) from invalid
        elif incoming.method == "DELETE":
            self.troubles.clear()
        waiting = [trouble.model_dump() for trouble in self.troubles.waiting]
        return Outgoing(parts=(json.dumps(waiting).encode(),))

    def _note(self, incoming: Incoming, body: dict[str, Any], out: Outgoing, request_id: str, seconds: float) -> None:
        """Log what was asked, as it was asked; of the headers nothing, since they carry the key."""
        said = {
            "at": time.time(),
            "request_id": request_id,
            "path": incoming.path,
            "model": body.get("model"),
            "turn": len(body.get("messages", ())) // 2 + 1,
            "retry": incoming.headers.get("x-stainless-retry-count"),
            "status": out.status,
            "input_tokens": answers.input_tokens(body),
            "seconds": round(seconds, 6),
        }
        with self._lock:
            self._seen.append(said)
            if self._log:
                answered = b"".join(out.parts).decode(errors="replace")
                with self._log.open("a", encoding="utf-8") as log:
                    log.write(json.dumps(said | {"body": body, "answer": answered}, ensure_ascii=False) + "\n")


def _body(incoming: Incoming) -> dict[str, Any]:
    if incoming.body is None:
        raise ApiError("Request exceeds the maximum size", status=413)
    bearer = incoming.headers.get("authorization", "").removeprefix("Bearer").strip()
    if not (bearer or incoming.headers.get("x-api-key")):
        raise ApiError("x-api-key header is required", status=401)
    if "anthropic-version" not in incoming.headers:
        raise ApiError("anthropic-version: header is required")
    if incoming.method != "POST":
        return {}
    try:
        body = json.loads(incoming.body)
    except ValueError as invalid:
        raise ApiError(f"The request body is not valid JSON: {invalid}") from invalid
    if not isinstance(body, dict):
        raise ApiError("Input should be a valid dictionary")
    return body


def _refused(trouble: troubles.Trouble) -> Outgoing | None:
    """The troubles that come instead of an answer."""
    if trouble.kind == "429":
        after = {"retry-after": f"{trouble.retry_after_seconds:g}"}
        raise ApiError("This request would exceed your rate limit.", status=429, headers=after)
    if trouble.kind == "529":
        raise ApiError("Overloaded", status=529)
    if trouble.kind == "500":
        raise ApiError("Internal server error", status=500)
    return Outgoing(cut=True) if trouble.kind == "drop" else None


def _sent(answer: dict[str, Any], request: Request, trouble: troubles.Trouble | None) -> Outgoing:
    parts = tuple(answers.events(answer)) if request.stream else tuple(_halves(json.dumps(answer).encode()))
    kind = STREAM if request.stream else JSON
    if trouble and trouble.kind == "half":
        return Outgoing(kind=kind, parts=parts[: len(parts) // 2], cut=True)
    if trouble and trouble.kind == "error_event" and request.stream:
        error = answers.event("error", error={"type": "overloaded_error", "message": "Overloaded"})
        return Outgoing(kind=kind, parts=(*parts[: len(parts) // 2], error))
    delay = trouble.seconds if trouble and trouble.kind == "hang" else 0.0
    return Outgoing(kind=kind, parts=parts, delay_seconds=delay)


def _halves(content: bytes) -> Iterator[bytes]:
    middle = len(content) // 2
    yield content[:middle]
    yield content[middle:]
