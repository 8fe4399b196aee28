"""Lives that are processes: forked from one that has everything imported and compiled, each ended by a true `kill -9`.

A life asks at each boundary over a pipe, and where the answer is a crash it kills itself there: nothing of it runs on,
no `finally`, no rollback, no goodbye to the database. The process it is forked from has no connection and no thread of
its own; it says how each life ended. A fork costs a millisecond, a process of its own a second.
"""

import logging
import multiprocessing
import os
import signal
import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from multiprocessing.connection import Connection
from typing import Self

from checkout.store.clock import ManualClock
from checkout.store.session import Database
from checkout.store.vault import Vault
from merchants.wire import PinnedTransport
from payments.stripe_http import BoundedClient
from tests.faults.life import Client, Wires, live
from tests.faults.mortal import renewing
from tests.faults.oracle import BEFORE_COMMIT, BEGIN, COMMIT, CRASH, OK, READ, WRITE
from tests.faults.steady import steady

# A read changes nothing, so a kill at one equals the kill before it. One in the middle of a transaction does not: what
# was written so far must be gone.
CAN_HAPPEN: Mapping[str, tuple[str, ...]] = {
    READ: (OK,),
    WRITE: (OK, CRASH),
    BEGIN: (OK,),
    BEFORE_COMMIT: (OK, CRASH),
    COMMIT: (OK, CRASH),
}
# A life takes a fraction of a second; one that says nothing for so long hangs.
PATIENCE_SECONDS = 60
_SPAWN = multiprocessing.get_context("spawn")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where lives are lived: the world's addresses."""

    database_url: str
    provider_url: str
    shop_pairs: tuple[str, ...]
    secret_key: bytes


class Killable:
    """A life that is a process: it asks over a pipe; without one, nothing happens to it."""

    dead = False

    def __init__(self, pipe: Connection | None) -> None:
        self._pipe = pipe
        self._turn = threading.Lock()

    def ask(self, where: str, kind: str, mark: int = 0) -> str:
        """What happens at this boundary."""
        if self._pipe is None or renewing() or len(CAN_HAPPEN[kind]) == 1:
            return OK
        with self._turn:
            self._pipe.send(("ask", where, kind, mark))
            return str(self._pipe.recv())

    def die(self) -> None:
        """Here, now, and with nothing tidied up."""
        os.kill(os.getpid(), signal.SIGKILL)

    def freeze(self) -> None:
        """Not offered: who freezes is enumerated in one process."""
        raise NotImplementedError

    def thaw(self) -> None:
        """Nor thawed."""
        raise NotImplementedError

    def set_clock(self, fate: str) -> None:
        """Not offered either."""
        raise NotImplementedError

    def done(self, where: str) -> None:
        """Nobody keeps this world."""

    def acknowledged(self, what: str) -> None:
        """The client will rely on it, and lives on."""
        if self._pipe:
            with self._turn:
                self._pipe.send(("acknowledged", what, "", 0))


class Cradle:
    """Forks the lives of one place, one after the other."""

    def __init__(self, place: Place, first: Client) -> None:
        """`first` buys something undisturbed, so that every statement of the lives to come is compiled once."""
        self._pipe, theirs = _SPAWN.Pipe()
        self._process = _SPAWN.Process(target=rock, args=(theirs, place, first), daemon=True)
        self._process.start()
        theirs.close()

    def live(self, client: Client, now: datetime, answer: Callable[[str, str, int], str | None]) -> int:
        """A life from its beginning to its end; its exit code, negative for a signal.

        `answer(where, kind, mark)` says what happens at a boundary; None: nothing new can follow, end it.
        """
        self._pipe.send((client, now))
        pid = self._told()[3]
        while (told := self._told())[0] != "ended":
            fate = answer(told[1], told[2], told[3]) if told[0] == "ask" else self._noted(told[1])
            if fate is None:
                os.kill(pid, signal.SIGKILL)
            elif fate:
                self._pipe.send(fate)
        return told[3]

    def __enter__(self) -> Self:
        self.acknowledged: Counter[str] = Counter()
        self._told()  # the first purchase is made
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.join()
        self._pipe.close()

    def _told(self) -> tuple[str, str, str, int]:
        assert self._pipe.poll(PATIENCE_SECONDS), "a life hangs"
        told: tuple[str, str, str, int] = self._pipe.recv()
        return told

    def _noted(self, what: str) -> str:
        self.acknowledged[what] += 1
        return ""


def rock(pipe: Connection, place: Place, first: Client) -> None:
    """The process that lives are forked from."""
    logging.disable(logging.CRITICAL)
    database, vault = Database.open(place.database_url), Vault(place.secret_key)

    def wires(now: datetime, provider: BoundedClient) -> Wires:
        return Wires(
            database=database,
            provider=provider,
            provider_url=place.provider_url,
            shop=PinnedTransport(),
            shop_pairs=place.shop_pairs,
            clock=ManualClock(now),
            vault=vault,
        )

    with steady(named=False):
        warm = BoundedClient(proxied=False)
        live(Killable(None), wires(datetime.now().astimezone(), warm), first)
        warm.close()
        database.close()  # it opens again when it is used
        provider = BoundedClient(proxied=False)
        pipe.send(("ready", "", "", os.getpid()))
        while True:
            client, now = pipe.recv()
            if (pid := os.fork()) == 0:
                pipe.send(("born", "", "", os.getpid()))
                try:
                    live(Killable(pipe), wires(now, provider), client)
                    os._exit(0)
                except BaseException:  # noqa: BLE001 (a life's end is its exit code; nothing else may run here)
                    os._exit(1)
            _, status = os.waitpid(pid, 0)
            pipe.send(("ended", "", "", os.waitstatus_to_exitcode(status)))
