"""A tap on the wire between a worker and the service: what passes is named, and at one passage somebody is killed.

So a kill comes exactly before the service hears of something, or exactly after it has done it and before the worker
hears: no waiting, no luck. Knows the paths of the internal API and nothing else of it.
"""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx2

# Longer than a killed service takes to come back: a worker whose request waits so long has given it up.
CALL_SECONDS = 15.0


class Passage(StrEnum):
    """What a worker's request is about."""

    CLAIM = "claim"
    PERMIT = "permit"
    HEARTBEAT = "heartbeat"
    WITNESSED = "witnessed"
    SUCCEED = "succeed"


class Side(StrEnum):
    """Before the service hears of it, or once it has answered."""

    BEFORE = "before"
    AFTER = "after"


@dataclass(slots=True, kw_only=True)
class Trap:
    """What happens at one passage. `hangs_up`: the request, or its answer, goes no further."""

    passage: Passage
    side: Side
    spring: Callable[[], None]
    hangs_up: bool
    sprung: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def stops(self, passage: Passage, side: Side, status: int = 200) -> bool:
        """Spring, if this is the passage and the first of its kind; whether the connection is to end here."""
        with self.lock:
            if self.sprung.is_set() or (passage, side) != (self.passage, self.side) or status != 200:
                return False
            self.spring()
            self.sprung.set()
            return self.hangs_up


@dataclass(slots=True)
class Tap:
    """The tap; `trap` may be set at any time. `claims`: how often any worker has asked for a task."""

    url: str
    trap: Trap | None = None
    claims: int = 0

    def stops(self, passage: Passage, side: Side, status: int = 200) -> bool:
        """Whether the connection is to end here."""
        return self.trap is not None and self.trap.stops(passage, side, status)


@contextmanager
def tapped(service_url: str) -> Iterator[Tap]:
    """A tap before the service, until the block ends."""
    # A connection kept to a service that was killed since would end a call that the next service could have answered.
    once = httpx2.Limits(max_keepalive_connections=0)
    with httpx2.Client(
        base_url=service_url, timeout=CALL_SECONDS, trust_env=False, verify=False, limits=once
    ) as onward:
        tap = Tap("")

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                passage = named(self.path, body)
                tap.claims += passage is Passage.CLAIM
                if tap.stops(passage, Side.BEFORE):
                    self._hang_up()
                    return
                headers = {name: value for name, value in self.headers.items() if name.lower() != "host"}
                try:
                    answer = onward.post(self.path, content=body, headers=headers)
                except httpx2.TransportError:
                    self._hang_up()
                    return
                if tap.stops(passage, Side.AFTER, answer.status_code):
                    self._hang_up()
                    return
                self.send_response(answer.status_code)
                self.send_header("Content-Type", answer.headers.get("Content-Type", "application/json"))
                self.send_header("Content-Length", str(len(answer.content)))
                self.end_headers()
                self.wfile.write(answer.content)

            def _hang_up(self) -> None:
                self.close_connection = True
                self.connection.close()

            def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 (the base class's name)
                """Nothing is logged: requests carry tokens."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        server.daemon_threads = True
        server.handle_error = lambda *_: None  # type: ignore[method-assign] # a killed worker hangs up first
        tap.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield tap
        finally:
            server.shutdown()
            server.server_close()


def named(path: str, body: bytes) -> Passage:
    """What a request is about."""
    last = Passage(path.rpartition("/")[2])
    witnesses = last is Passage.HEARTBEAT and "evidence" in json.loads(body or b"{}")
    return Passage.WITNESSED if witnesses else last
