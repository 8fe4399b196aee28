"""Stripe's rules for idempotency keys.

A key belongs to the first endpoint and parameters it was used with. The answer of a request that was executed is kept,
whatever it was, and given again; refused parameters, refused callers and refused rates are not kept. A key is forgotten
24 hours after its first use. While its request is under way, a key is taken. Knows no resource.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from payments.sandbox.errors import KeyInUseError, KeyReusedError, ParameterError
from payments.sandbox.wire import Request, Response

# Stripe: keys may be removed once they are at least this old; here they are removed exactly then.
KEPT_FOR = timedelta(hours=24)
# Stripe's limit.
MAX_KEY_LENGTH = 255


@dataclass(slots=True, kw_only=True)
class Entry:
    """One key: what it was first used for, and the answer once there is one."""

    path: str
    form: dict[str, Any]
    used_at: datetime
    request_id: str
    answer: Response | None = None


class IdempotencyKeys:
    """The keys of one account."""

    def __init__(self) -> None:
        self._entries: dict[str, Entry] = {}

    def begin(self, request: Request, now: datetime, request_id: str) -> Response | None:
        """Take the key for this request; or the answer an earlier request with it got."""
        key = request.idempotency_key
        if key is None:
            return None
        if len(key) > MAX_KEY_LENGTH:
            raise ParameterError(f"Idempotency keys must be at most {MAX_KEY_LENGTH} characters.")
        self._forget(now)
        entry = self._entries.get(key)
        if entry is None:
            self._entries[key] = Entry(path=request.path, form=request.form, used_at=now, request_id=request_id)
            return None
        if entry.path != request.path:
            raise KeyReusedError(
                "Keys for idempotent requests can only be used for the same endpoint they were first used for "
                f"('{request.path}' vs '{entry.path}'). Try using a key other than '{key}' if you meant to execute a "
                "different request."
            )
        if entry.form != request.form:
            raise KeyReusedError(
                "Keys for idempotent requests can only be used with the same parameters they were first used with. "
                f"Try using a key other than '{key}' if you meant to execute a different request."
            )
        if entry.answer is None:
            raise KeyInUseError(
                "There is currently another in-progress request using this Idempotency Key (that probably means you "
                "submitted twice, and the other request is still going through). Please try again later.",
                code="idempotency_key_in_use",
            )
        headers = {**entry.answer.headers, "Idempotent-Replayed": "true", "Original-Request": entry.request_id}
        return Response(status=entry.answer.status, body=entry.answer.body, headers=headers)

    def end(self, request: Request, answer: Response | None) -> None:
        """Keep the answer of an executed request; without one, give the key back."""
        key = request.idempotency_key
        if key is None or key not in self._entries:
            return
        if answer is None:
            del self._entries[key]
        else:
            self._entries[key].answer = answer

    def used(self) -> list[tuple[str, str, int | None]]:
        """Every key known now, with its endpoint and the status it answers with: part of what tells worlds apart."""
        return sorted(
            (key, entry.path, entry.answer.status if entry.answer else None) for key, entry in self._entries.items()
        )

    def _forget(self, now: datetime) -> None:
        gone = [key for key, entry in self._entries.items() if entry.answer and now - entry.used_at >= KEPT_FOR]
        for key in gone:
            del self._entries[key]
