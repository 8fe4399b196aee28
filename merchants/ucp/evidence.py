"""Evidence: what was asked and answered, kept with the purchase, without secrets and within bounds.

A dispute is settled by what the merchant's server really said, so answers are kept as they came, not as we read them.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

# The purchase's whole history has 256 KiB per step; an answer of a checkout is two to six.
MAX_BODY_CHARACTERS = 6_000
MAX_EXCHANGES = 8
REDACTED = "[redacted]"
_SECRET_FIELDS = frozenset({"credential", "credentials", "token", "payment_data", "cryptogram", "number", "cvc"})


class Evidence:
    """The exchanges of one act, in order; the last ones are kept."""

    def __init__(self) -> None:
        self._exchanges: list[dict[str, Any]] = []
        self._secrets: tuple[str, ...] = ()

    def hide(self, secrets: Iterable[str]) -> None:
        """Never keep these, wherever a merchant repeats them."""
        self._secrets = tuple(secret for secret in secrets if secret)

    def note(self, method: str, path: str, status: int | None, body: object) -> None:
        """Keep an exchange; `body` is the answer's JSON, or a sentence about why there is none."""
        self._exchanges.append(
            {"method": method, "path": path, "status": status, "answer": self._bounded(self._clean(body))}
        )
        del self._exchanges[:-MAX_EXCHANGES]

    def as_mapping(self) -> Mapping[str, Any]:
        """For `Order.evidence` and its kin: JSON."""
        return {"exchanges": list(self._exchanges)}

    def _clean(self, value: object) -> object:
        if isinstance(value, dict):
            return {
                str(name): REDACTED if name in _SECRET_FIELDS else self._clean(inner) for name, inner in value.items()
            }
        if isinstance(value, list):
            return [self._clean(inner) for inner in value]
        if isinstance(value, str):
            for secret in self._secrets:
                value = value.replace(secret, REDACTED)
        return value

    @staticmethod
    def _bounded(value: object) -> object:
        written = json.dumps(value, default=str)
        return value if len(written) <= MAX_BODY_CHARACTERS else written[:MAX_BODY_CHARACTERS] + "…"
