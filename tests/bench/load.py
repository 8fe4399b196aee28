"""Many clients of an API in a process of their own: `python -m tests.bench.load`, told by lines what to send.

Each line on standard input is a JSON object with the fields of `Burst`; each answer is one JSON line: the milliseconds
of every request by its kind, and the seconds of all. Each connection sends its next request when the last one is
answered, so there are never more in flight than connections, and nothing is sent after `seconds`. Speaks the little
HTTP it needs itself, because a client's time is taken from the server on a machine they share. Loopback only.
"""

import asyncio
import json
import random
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.bench.filled import PAYS, WIRE, Filled, unique

# What an agent does for one purchase, as long as it waits a little: it creates, polls, confirms.
PURCHASE = ("create", *["poll"] * 8, "confirm")
ROOT = "/api/v1/checkout-intents"
_SUCCESS = range(200, 300)


@dataclass(frozen=True, slots=True, kw_only=True)
class Burst:
    """What to send. Intents `0` to `waiting` are polled; each of `first_to_confirm` and later is confirmed once."""

    port: int
    keys: list[str]
    kinds: list[str]
    connections: int
    seconds: float
    waiting: int
    first_to_confirm: int


@dataclass(slots=True)
class Sender:
    """Sends one burst."""

    burst: Burst
    took: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    confirmed: int = 0

    async def send(self) -> dict[str, Any]:
        """What each request took."""
        begun = time.perf_counter()
        async with asyncio.TaskGroup() as clients:
            for number in range(self.burst.connections):
                clients.create_task(self._client(number, begun + self.burst.seconds))
        return {"took": self.took, "seconds": time.perf_counter() - begun, "confirmed": self.confirmed}

    async def _client(self, number: int, until: float) -> None:
        key = self.burst.keys[number % len(self.burst.keys)]
        reader, writer = await asyncio.open_connection("127.0.0.1", self.burst.port)
        try:
            for kind in _endless(self.burst.kinds, number):
                if (begun := time.perf_counter()) >= until:
                    return
                writer.write(_request(*self._asked(kind), key))
                status, body = await _answer(reader)
                self.took[kind].append((time.perf_counter() - begun) * 1000)
                assert status in _SUCCESS, (kind, status, body)
        finally:
            writer.close()

    def _asked(self, kind: str) -> tuple[str, str, dict[str, Any] | None]:
        match kind:
            case "create":
                return "POST", ROOT, WIRE
            case "confirm":
                number = self.burst.first_to_confirm + self.confirmed
                self.confirmed += 1
                assert number < self.burst.waiting, "no more to confirm: fill in more"
                payment = {"type": PAYS.method, "stripeToken": PAYS.token}
                return "POST", f"{ROOT}/{Filled.name(number)}/confirm", {"paymentMethod": payment}
            case _:
                number = random.randrange(self.burst.waiting)  # noqa: S311 (any of them)
                return "GET", f"{ROOT}/{Filled.name(number)}", None


def _endless(kinds: list[str], seed: int) -> Iterator[str]:
    """Every kind as often as it is named, in an order of its own each time."""
    order = random.Random(seed)  # noqa: S311 (the same each time)
    while True:
        yield from order.sample(kinds, len(kinds))


def _request(method: str, path: str, body: dict[str, Any] | None, key: str) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: 127.0.0.1", f"Authorization: Bearer {key}"]
    sent = b"" if body is None else json.dumps(body).encode()
    if body is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {len(sent)}", f"Idempotency-Key: {unique()}"]
    return "\r\n".join([*lines, "", ""]).encode() + sent


async def _answer(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).lower()
    length = int(head.split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
    return int(head.split(b" ", 2)[1]), await reader.readexactly(length)


def main() -> None:
    """Answer until standard input ends."""
    for line in sys.stdin:
        print(json.dumps(asyncio.run(Sender(Burst(**json.loads(line))).send())), flush=True)  # noqa: T201 (the answer)


if __name__ == "__main__":
    main()
