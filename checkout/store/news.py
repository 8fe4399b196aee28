"""Word between processes that share a PostgreSQL and no Redis: these names have changed. LISTEN and NOTIFY.

A hint and no more: it may come late, twice or never, and whoever needs it looks into the database now and then. It is
sent after the commit and by a thread of its own, because a transaction that notifies waits at its end for every other
one that does. Its two connections are none of the pool's, so that hints never keep money waiting. Must never carry
anything but a name.
"""

import json
import queue
import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
import structlog
from sqlalchemy.engine import make_url

from checkout.store.postgres import PATIENCE

log = structlog.get_logger(__name__)

CHANNEL = "checkout_news"
# How these connections are told from others on the server.
APPLICATION = "agentic-checkout news"
# A lost connection is made again after this; until then whoever waits looks for himself.
AGAIN_SECONDS = 1.0
# How soon the listening thread notices that it is to end.
LISTEN_SECONDS = 0.5
# More than waits in any burst we expect; what is beyond it is forgotten.
LARGEST_QUEUE = 10_000
# Told in one statement, as far as they are there.
BATCH = 100
# A stop waits this long for what is still to be told, and for a connection that is being made.
STOP_SECONDS = 6.0
_TELL = f"SELECT pg_notify('{CHANNEL}', name) FROM json_array_elements_text(%s::json) AS name"  # noqa: S608 (a constant)


class News:
    """One process's ear and mouth. Nothing is connected before `running`, so it may be made before a fork."""

    def __init__(self, url: str) -> None:
        self._url = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
        # What this process says it knows already: its own word is not passed on to its own listeners.
        self._me = secrets.token_hex(4)
        self._listeners: list[Callable[[str], None]] = []
        self._waiting: queue.Queue[str | None] = queue.Queue(LARGEST_QUEUE)
        self._unsaid: list[str] = []
        self._ending = threading.Event()

    def subscribe(self, listener: Callable[[str], None]) -> None:
        """Call `listener(name)` when another process tells of it; it must be quick and must not raise."""
        self._listeners.append(listener)

    def tell(self, name: str) -> None:
        """Tell the other processes; returns at once. After the commit, never before it."""
        try:
            self._waiting.put_nowait(name)
        except queue.Full:
            return  # they find it by looking

    @contextmanager
    def running(self) -> Iterator[None]:
        """Hear and tell until the block ends."""
        threads = [
            threading.Thread(target=self._connected, args=(use,), name=name, daemon=True)
            for name, use in (("news-listen", self._listen), ("news-tell", self._say))
        ]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self._ending.set()
            self._tell_no_more()
            for thread in threads:
                thread.join(STOP_SECONDS)

    def _tell_no_more(self) -> None:
        """End the telling thread once it has told what waits."""
        try:
            self._waiting.put(None, timeout=AGAIN_SECONDS)
        except queue.Full:
            return  # nobody takes it: the server is away, and the thread ends by itself

    def _connected(self, use: Callable[["psycopg.Connection"], None]) -> None:
        """A connection as long as this runs, made again when it is lost."""
        while not self._ending.is_set():
            try:
                with psycopg.connect(
                    self._url, autocommit=True, application_name=APPLICATION, **PATIENCE
                ) as connection:
                    use(connection)
            except (psycopg.Error, OSError) as trouble:
                log.warning("news.away", why=type(trouble).__name__)
                self._ending.wait(AGAIN_SECONDS)

    def _listen(self, connection: "psycopg.Connection") -> None:
        connection.execute(f"LISTEN {CHANNEL}")
        while not self._ending.is_set():
            for notice in connection.notifies(timeout=LISTEN_SECONDS):
                sender, _, name = notice.payload.partition(" ")
                if sender != self._me:
                    for listener in tuple(self._listeners):
                        listener(name)

    def _say(self, connection: "psycopg.Connection") -> None:
        while self._unsaid or self._more():
            said = [f"{self._me} {name}" for name in dict.fromkeys(self._unsaid)]
            connection.execute(_TELL, [json.dumps(said)])
            self._unsaid.clear()

    def _more(self) -> bool:
        """Wait for something to tell; False when there will be no more."""
        name = self._waiting.get()
        while name is not None:
            self._unsaid.append(name)
            if len(self._unsaid) >= BATCH:
                return True
            try:
                name = self._waiting.get_nowait()
            except queue.Empty:
                return True
        self._waiting.put(None)  # seen again once the last ones are told
        return bool(self._unsaid)
