"""The wires of one incarnation, and the boundaries on them: database, shop and provider, each of which may be its end.

Knows what a boundary is and whom to ask; must never know what is bought.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Protocol
from urllib.parse import urlsplit

import httpx2
import stripe
from sqlalchemy import text
from sqlalchemy.exc import OperationalError
from sqlmodel import Session

from checkout.store.driver import Driver
from checkout.store.session import Database, connection_of
from tests.faults.oracle import (
    AHEAD,
    BEFORE_COMMIT,
    BEGIN,
    BEHIND,
    COMMIT,
    CRASH,
    CRASH_FIRST,
    FROZEN,
    LOST,
    OK,
    READ,
    REFUSED,
    THAW,
    WRITE,
)


class Life(Protocol):
    """What a boundary needs of the incarnation it belongs to."""

    @property
    def dead(self) -> bool:
        """Whether it can do nothing any more."""
        ...

    def ask(self, where: str, kind: str, mark: int = 0) -> str:
        """What happens at this boundary."""
        ...

    def die(self) -> None:
        """It ends here; a real process does not return."""
        ...

    def freeze(self) -> None:
        """It stands still until others have brought everything to rest."""
        ...

    def thaw(self) -> None:
        """It stands still until whoever froze before has come to its end."""
        ...

    def set_clock(self, fate: str) -> None:
        """Its clock is wrong from now on."""
        ...

    def done(self, where: str) -> None:
        """The deed is done, and nothing happened."""
        ...

    def acknowledged(self, what: str) -> None:
        """The client was told that this is done."""
        ...


class MortalDatabase(Database):
    """The world's database as one incarnation reaches it.

    `history` tells commits apart: the length of this purchase's history.
    """

    history = "SELECT max(e.events) FROM intents i JOIN durable_executions e ON e.name = i.id WHERE i.tenant = :whose"

    def __init__(self, shared: Database, life: Life, tenant: str) -> None:
        vars(self).update(vars(shared))  # the same connections and the same lock, however the store names them
        self._life = life
        self._tenant = tenant

    def whose(self) -> str | None:
        """Whose history `history` asks for."""
        return self._tenant

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Commit, and perhaps die of it; a dead process commits nothing."""
        with self._mortal() as dying, super().transaction() as session:
            yield session
            dying(connection_of(session).execute(text(self.history), {"whose": self.whose()}).scalar())

    @contextmanager
    def single(self) -> Iterator[Driver]:
        """The same for a statement of its own."""
        with self._mortal() as dying, super().single() as driver:
            yield driver
            history = self.history if self.dialect == "sqlite" else self.history.replace(":whose", "%(whose)s")
            row = driver.run(history, {"whose": self.whose()}).fetchone()
            dying(row[0] if row else None, done=self.dialect == "postgresql")

    @contextmanager
    def _mortal(self) -> Iterator[Callable[..., None]]:
        """Around a commit: what is yielded is called right before it, with the length of the history.

        `done`: it is on disk already, because the statement was a transaction.
        """
        self._alive()
        if self._life.ask(BEGIN, BEGIN) == REFUSED:
            # As when it is locked, or its disk is full: nothing is written, and the process lives.
            raise OperationalError("refused", {}, ConnectionError("the database is locked"))
        marks: list[int] = []

        def dying(written: int | None, *, done: bool = False) -> None:
            self._alive()
            marks.append(written or 0)
            if not done and self._life.ask(BEFORE_COMMIT, BEFORE_COMMIT, mark=marks[0]) == CRASH:
                self._life.die()

        yield dying
        if not self._life.dead:
            fate = self._life.ask(COMMIT, COMMIT, mark=marks[0])
            undergo(self._life, COMMIT, fate)
            self._alive()
            if fate == LOST:
                raise OperationalError("lost", {}, ConnectionError("the answer to a commit was lost"))

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A dead process reads nothing."""
        self._alive()
        with super().read() as session:
            yield session

    def bury(self) -> None:
        """Its process is dead. Whatever was acknowledged is on disk."""

    def _alive(self) -> None:
        if self._life.dead:
            raise OperationalError("dead", {}, ConnectionError("this process is dead"))


class MortalShop(httpx2.BaseTransport):
    """The wire to the shop."""

    def __init__(self, shop: httpx2.BaseTransport, life: Life) -> None:
        self._shop = shop
        self._life = life

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        """Carry the request, or lose it, or lose its answer, or die of it."""
        if self._life.dead:
            raise httpx2.ConnectError("this process is dead")
        reads = request.method == "GET"
        where = f"shop {request.method} {_last(request.url.path) if request.method == 'POST' else ''}".strip()
        fate = self._life.ask(where, READ if reads else WRITE)
        if fate == CRASH_FIRST:
            self._life.die()
        if fate == REFUSED:
            raise httpx2.ConnectError("refused")
        answer = self._shop.handle_request(request)
        if undergo(self._life, where, fate) or fate == LOST:
            raise httpx2.ReadError("the answer was lost")
        return answer


class MortalStripe(stripe.HTTPClient):
    """The wire to the provider."""

    name = "mortal"

    def __init__(self, provider: stripe.HTTPClient, life: Life) -> None:
        super().__init__()
        self._provider = provider
        self._life = life

    def request(self, method: str, url: str, headers: Any, post_data: Any = None, **more: Any) -> Any:
        """The same of a call to the provider."""
        if self._life.dead:
            raise _lost("this process is dead")
        reads = method.upper() == "GET"
        where = f"stripe {method.upper()} {'' if reads else _last(urlsplit(url).path)}".strip()
        fate = self._life.ask(where, READ if reads else WRITE)
        if fate == CRASH_FIRST:
            self._life.die()
        if fate == REFUSED:
            raise _lost("refused")
        answer = self._provider.request(method, url, headers, post_data, **more)
        if undergo(self._life, where, fate) or fate == LOST:
            raise _lost("the answer was lost")
        return answer

    def close(self) -> None:
        """Close the connections."""
        self._provider.close()  # type: ignore[no-untyped-call]


def undergo(life: Life, where: str, fate: str) -> bool:
    """What happens once the deed is done; True if the life is over."""
    if fate == CRASH:
        life.die()
    elif fate == FROZEN:
        life.freeze()
    elif fate == THAW:
        life.thaw()
    elif fate in (AHEAD, BEHIND):
        life.set_clock(fate)
    elif fate == OK:
        life.done(where)
    return life.dead


def renewing() -> bool:
    """Whether this is the thread that renews leases: it goes by the real clock, and what it can lose crashes cover."""
    return threading.current_thread().name == "durable-leases"


def _last(path: str) -> str:
    return path.rpartition("/")[2]


def _lost(why: str) -> stripe.APIConnectionError:
    return stripe.APIConnectionError(why, should_retry=True)  # type: ignore[no-untyped-call]
