"""What a proxy reads of PostgreSQL's protocol: which of a client's messages makes a change that will stand.

Knows frames, prepared statements by name, and where a transaction begins and ends. A change stands with its own
statement outside a transaction, and with COMMIT inside one; so a lost answer is the answer to one of these two.
"""

import re
import struct
from dataclasses import dataclass, field

WRITES = r"\b(INSERT INTO|UPDATE \w+ SET|DELETE FROM)\b"
# A frame is a letter, a length that counts itself, and content; the first ones of a connection have no letter.
_HEAD_BYTES = 5
_NO_LETTER = frozenset({80877103, 80877104, 80877102})  # asks for TLS, for GSS encryption, for a cancellation
# The server's last word on a batch.
_READY = b"Z\x00\x00\x00\x05"
_READY_BYTES = 6


@dataclass(slots=True)
class Client:
    """One client's side of a connection, frame by frame."""

    _rest: bytes = b""
    _started: bool = False
    _prepared: dict[bytes, str] = field(default_factory=dict)
    _in_transaction: bool = False
    _changed: list[str] = field(default_factory=list)

    def feed(self, content: bytes) -> list[tuple[bytes, str | None]]:
        """The whole frames so far, in order: each with the statement it makes stand, None for all the others.

        For COMMIT that is the text of all statements of the transaction.
        """
        self._rest += content
        found = []
        while (frame := self._next()) is not None:
            found.append((frame, self._stands(frame)))
        return found

    def _next(self) -> bytes | None:
        head = 1 if self._started else 0
        if len(self._rest) < head + 4:
            return None
        (length,) = struct.unpack_from("!i", self._rest, head)
        if len(self._rest) < head + length:
            return None
        frame, self._rest = self._rest[: head + length], self._rest[head + length :]
        if not self._started:
            (code,) = struct.unpack_from("!i", frame, 4)
            self._started = code not in _NO_LETTER
            return frame
        if frame[:1] == b"P":  # Parse: a name, a statement
            name, text = frame[_HEAD_BYTES:].split(b"\0", 2)[:2]
            self._prepared[name] = text.decode(errors="replace")
        return frame

    def _stands(self, frame: bytes) -> str | None:
        match frame[:1]:
            case b"Q":
                return self._ran(frame[_HEAD_BYTES:-1].decode(errors="replace"))
            case b"B":  # Bind: a portal, the name of what was prepared
                return self._ran(self._prepared.get(frame[_HEAD_BYTES:].split(b"\0", 2)[1], ""))
        return None

    def _ran(self, text: str) -> str | None:
        word = text.lstrip().partition(" ")[0].rstrip(";").upper()
        match word:
            case "BEGIN":
                self._in_transaction, self._changed = True, []
            case "COMMIT" | "ROLLBACK":
                changed, self._changed, self._in_transaction = self._changed, [], False
                return "\n".join(changed) if word == "COMMIT" and changed else None
            case _ if re.search(WRITES, text):
                if not self._in_transaction:
                    return text
                self._changed.append(text)
        return None


def is_ready(answers: bytes) -> bool:
    """Whether the server has said its last word on what it was sent."""
    return answers[-_READY_BYTES:-1] == _READY
