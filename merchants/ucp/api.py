"""Calls to one business: headers, keys, deadlines, signatures, evidence.

An answer of any HTTP status is a `Reply`; no answer, one that is no JSON, or one whose signature does not hold is an
error of `merchants.errors`. Knows the transport's rules; must never know what an answer means.
"""

import hashlib
import json
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlsplit

from merchants.errors import AnswerLostError, FetchError
from merchants.fetch import Answer, Fetcher
from merchants.sdk import Deadline
from merchants.ucp.discovery import Business
from merchants.ucp.evidence import Evidence
from merchants.ucp.reading import document, mapping
from merchants.ucp.signatures import Signer, content_digest, verify_answer


class AnswerUnreadableError(AnswerLostError):
    """The merchant answered something that is no JSON object; what it did is not known."""

    code = "answer_unreadable"


class MerchantBusyError(AnswerLostError):
    """The merchant answers that it is overloaded or broken; a read may be repeated."""

    code = "merchant_busy"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer: its status and its JSON object (empty when a refusal has no body)."""

    status: int
    body: Mapping[str, Any]

    @property
    def ok(self) -> bool:
        """Whether the protocol, not necessarily the purchase, went well."""
        return 200 <= self.status < 300 and mapping(self.body.get("ucp")).get("status") != "error"  # noqa: PLR2004 (HTTP)

    @property
    def transient(self) -> bool:
        """Whether the same call may go well later."""
        return self.status == 429 or self.status >= 500  # noqa: PLR2004 (HTTP)


@dataclass(slots=True, kw_only=True)
class Api:
    """One act at one business. `key` is the caller's; every changing call's Idempotency-Key derives from it."""

    fetcher: Fetcher
    business: Business
    agent: str
    key: str
    seconds: float
    signer: Signer | None = None
    evidence: Evidence = field(default_factory=Evidence)
    _deadline: float = field(init=False)

    def __post_init__(self) -> None:
        self._deadline = time.monotonic() + self.seconds

    def get(self, *path: str) -> Reply:
        """Read a resource."""
        return self._call("GET", path, None, None, Deadline.CALL_SECONDS)

    def ask(self, *path: str, body: Mapping[str, Any]) -> Reply:
        """A POST that changes nothing (the catalog's); raises `MerchantBusyError` when it may go well later."""
        reply = self._call("POST", path, body, None, Deadline.CALL_SECONDS)
        if reply.transient:
            raise MerchantBusyError(f"the merchant's catalog answered {reply.status}")
        return reply

    def change(
        self,
        method: str,
        *path: str,
        body: Mapping[str, Any],
        salt: str = "",
        seconds: float = Deadline.CALL_SECONDS,
    ) -> Reply:
        """A call that changes something. The same call with the same body and salt has the same key, for ever."""
        key = idempotency_key(self.key, f"{method} {'/'.join(path)} {salt}", body)
        return self._call(method, path, body, key, seconds)

    def _call(
        self, method: str, path: tuple[str, ...], body: Mapping[str, Any] | None, key: str | None, seconds: float
    ) -> Reply:
        where = "/" + "/".join(quote(part, safe="") for part in path)
        content = None if body is None else json.dumps(body, separators=(",", ":")).encode()
        headers = {"Accept": "application/json", "UCP-Agent": self.agent, "Request-Id": str(uuid.uuid4())}
        if content is not None:
            headers["Content-Type"] = "application/json"
        if key is not None:
            headers["Idempotency-Key"] = key
        url = self.business.endpoint + where
        if self.signer:
            headers |= self._signature(self.signer, method, url, headers, content)
        left = max(0.0, self._deadline - time.monotonic())
        try:
            answer = self.fetcher.fetch(
                method, url, headers=headers, content=content, timeout_seconds=min(seconds, left)
            )
            verify_answer(answer.status, answer.headers, answer.body, self.business.keys)
            reply = _reply(answer)
        except FetchError as failure:
            self.evidence.note(method, where, None, f"{failure.code}: {failure}")
            raise
        self.evidence.note(method, where, reply.status, reply.body)
        return reply

    @staticmethod
    def _signature(
        signer: Signer, method: str, url: str, headers: Mapping[str, str], content: bytes | None
    ) -> dict[str, str]:
        parts = urlsplit(url)
        components = {"@method": method, "@authority": parts.netloc, "@path": parts.path}
        extra: dict[str, str] = {}
        if content is not None:
            extra["Content-Digest"] = content_digest(content)
            components |= {"content-digest": extra["Content-Digest"], "content-type": headers["Content-Type"]}
        components["ucp-agent"] = headers["UCP-Agent"]
        if "Idempotency-Key" in headers:
            components["idempotency-key"] = headers["Idempotency-Key"]
        return {**extra, **signer.sign(components)}


def idempotency_key(key: str, call: str, body: Mapping[str, Any]) -> str:
    """A key of 128 bits that names this call of this purchase with this body, and no other."""
    canonical = json.dumps(body, sort_keys=True, separators=(",", ":"))
    return str(uuid.UUID(bytes=hashlib.sha256(f"{key}\n{call}\n{canonical}".encode()).digest()[:16], version=4))


def _reply(answer: Answer) -> Reply:
    refused = answer.status >= 400  # noqa: PLR2004 (HTTP)
    try:
        body = document(answer.body)
    except ValueError as broken:
        if refused:  # a definite status needs no body: a proxy's HTML page says 429 or 503 as well
            return Reply(status=answer.status, body={})
        raise AnswerUnreadableError(f"the merchant answered {answer.status} with something that is no JSON") from broken
    if not isinstance(body, dict) and not refused:
        raise AnswerUnreadableError(f"the merchant answered {answer.status} with JSON that is no object")
    return Reply(status=answer.status, body=mapping(body))
