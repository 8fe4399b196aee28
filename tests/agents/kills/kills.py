"""One purchase by a browser, one `kill -9` in the middle of its order, and what became of it by the outside's books.

The shop's book and the payment sandbox's log are the truth. Knows how to bring a kill about at a named moment; must
never ask the service what happened but for the purchase's public state.
"""

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import httpx2

from checkout import children
from tests.agents.kills.tap import Passage, Side, Tap, Trap, tapped
from tests.agents.worker.whole import CREATE, PERSON, VISA, Whole, whole
from tests.agents.world import lines
from tests.e2e.served import POLL_SECONDS, gone, offspring

# A purchase takes seconds; one whose worker died waits for its permit to lapse and for another look at the shop.
PATIENCE_SECONDS = 200.0
# A dead worker is noticed in seconds, and its permit soon over.
HASTE = {
    "CHECKOUT_AGENT_EMBEDDED": "false",
    "CHECKOUT_AGENT_HEARTBEAT_SECONDS": "6",
    "CHECKOUT_AGENT_PERMIT_SECONDS": "6",
    "CHECKOUT_AGENT_PERMIT_MARGIN_SECONDS": "0",
    "CHECKOUT_LOOK_UP_ATTEMPTS": "100",
    "CHECKOUT_LOOK_UP_MAX_DELAY_SECONDS": "1",
}


class Victim(StrEnum):
    """Who is killed."""

    WORKER = "worker"
    BROWSER = "browser"
    DRIVER = "driver"
    SERVICE = "service"


@dataclass(frozen=True, slots=True, kw_only=True)
class At:
    """A moment of the order: a passage on the wire, the so-manieth page the shop serves, or the order in its book."""

    passage: Passage | None = None
    side: Side = Side.BEFORE
    page: int = 0

    def __str__(self) -> str:
        if self.passage:
            return f"{self.side} {self.passage}"
        return f"page {self.page}" if self.page else "order in the book"


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """Who dies when, buying what; the order by another worker than the quote's, the whole way, or by the same one."""

    victim: Victim
    at: At
    product: str = "sells"
    elsewhere: bool = False

    def __str__(self) -> str:
        return f"{self.victim} {self.at} ({self.product}{', elsewhere' if self.elsewhere else ''})"


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How a case ended: the public state, the shop's orders, and the money, all of this purchase alone."""

    state: str
    asks: bool
    orders: list[dict[str, Any]]
    money: Counter[str]
    seconds: float

    def broken(self) -> list[str]:
        """The promises this end breaks."""
        placed, held, taken = len(self.orders), self.money["hold"], self.money["capture"]
        charged = sum(int(order["total_minor"]) for order in self.orders)
        wrong = {
            "more than one order": placed > 1,
            # With no order there is nothing that only a person could find out: the shop shows its orders.
            "it asks an operator about nothing": self.asks and not placed,
            "it is not over, and asks nobody": self.state not in ("completed", "failed") and not self.asks,
            "an order that nobody knows of": placed and self.state == "failed",
            "completed without an order": not placed and self.state == "completed",
            "captured is not what was charged": taken and taken != charged,
            "completed and not captured": self.state == "completed" and not taken,
            "captured and not completed": taken and self.state != "completed",
            "failed and still held": self.state == "failed" and held != self.money["release"],
            "an order without a hold": placed and held < charged,
        }
        return [sentence for sentence, is_so in wrong.items() if is_so]


@dataclass(slots=True)
class Scene:
    """A whole product that outlives its purchases; each has workers of its own."""

    product: Whole
    tap: Tap
    client: httpx2.Client
    number: int = 0

    def play(self, case: Case) -> End:
        """Quote, confirm, kill, put right what an operator's supervisor would, and wait for the end."""
        begun, self.number = time.monotonic(), self.number + 1
        person = {**PERSON, "email": f"ada+{self.number}@example.org"}
        with ExitStack() as workers:
            worker = workers.enter_context(self._worker())
            asked = {"productUrl": self.product.shop["products"][case.product], "quantity": 1, "buyer": person}
            intent_id = self.client.post(CREATE, json=asked).json()["id"]
            offered = self._until(intent_id, "awaiting_confirmation", "failed")
            assert "awaiting_confirmation" == offered["state"], offered
            if case.elsewhere:
                workers.close()
                worker = workers.enter_context(self._worker())
            killed = self._armed(case, worker)
            with suppress(httpx2.TransportError):  # the service may be killed before it has answered this
                self.client.post(f"{CREATE}/{intent_id}/confirm", json={"paymentMethod": VISA})
            killed()
            if case.victim is Victim.SERVICE:
                self.product.service.start()
            if case.victim is Victim.WORKER:
                workers.enter_context(self._worker())
            ended = self._until(intent_id, "completed", "failed", asking=True)
        moved: Counter[str] = Counter()
        for kind, amount in self.product.service.money(intent_id):
            moved[kind] += amount
        return End(
            state=ended["state"],
            asks=ended["asks"],
            orders=[order for order in self.product.orders() if person["email"] in str(order)],
            money=moved,
            seconds=time.monotonic() - begun,
        )

    def _armed(self, case: Case, worker: children.Child) -> Callable[[], None]:
        """Set the trap; the answer waits until it has sprung."""
        kills: dict[Victim, Callable[[], None]] = {
            Victim.WORKER: worker.kill,
            Victim.SERVICE: self.product.service.kill,
            Victim.BROWSER: lambda: kill_browser(worker.process.pid),
            Victim.DRIVER: lambda: kill_driver(worker.process.pid),
        }
        kill = kills[case.victim]
        if case.at.passage:
            trap = Trap(
                passage=case.at.passage,
                side=case.at.side,
                spring=kill,
                hangs_up=case.victim in (Victim.WORKER, Victim.SERVICE),
            )
            self.tap.trap = trap
            return lambda: self._expect(str(case), trap.sprung.is_set)
        seen, placed = len(self._pages()), len(self.product.orders())

        def comes() -> bool:
            if case.at.page:
                return len(self._pages()) >= seen + case.at.page
            return len(self.product.orders()) > placed

        def wait_and_kill() -> None:
            self._expect(str(case), comes)
            kill()

        return wait_and_kill

    def _pages(self) -> list[dict[str, Any]]:
        requests = lines(Path(self.product.shop["log"]))
        return [one for one in requests if one["method"] == "GET" and "." not in one["path"].rpartition("/")[2]]

    @staticmethod
    def _expect(what: str, happened: Callable[[], bool]) -> None:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not happened():
            assert time.monotonic() < deadline, f"{what}: the moment never came"
            time.sleep(POLL_SECONDS)

    def _until(self, intent_id: str, *states: str, asking: bool = False) -> dict[str, Any]:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            intent: dict[str, Any] = self.client.get(f"{CREATE}/{intent_id}", params={"wait": 2}).json()
            asks = asking and self._asks(intent_id)
            if intent["state"] in states or asks or time.monotonic() > deadline:
                return intent | {"asks": asks}

    def _asks(self, intent_id: str) -> bool:
        """Whether an operator is asked about it."""
        listed = self.product.service.command("runs", "list", "--review", "--json").json()
        return intent_id in [row["id"] for row in listed]

    @contextmanager
    def _worker(self) -> Iterator[children.Child]:
        """A worker that is at work: an order that no living worker may take is given up within a heartbeat."""
        self.tap.trap = None
        service, before = self.product.service, self.tap.claims
        child = children.start(
            *(f"worker-{self.number}", "checkout", "agent-worker", "--service", self.tap.url),
            folder=self.product.folder,
            environment={**service.environment, "CHECKOUT_AGENT_KEY": service.key("operator", "agent")},
        )
        try:
            self._expect("a worker at work", lambda: self.tap.claims > before)
            yield child
        finally:
            browsers = offspring(child.process.pid)
            child.stop()
            gone(browsers)  # nobody is left to use it, however the worker ended


def kill_browser(worker: int) -> None:
    """`kill -9` of every process of the worker's browser, and not of the driver between them."""
    for pid in offspring(worker):
        with suppress(OSError):
            if b"--remote-debugging" in Path(f"/proc/{pid}/cmdline").read_bytes():
                os.kill(pid, signal.SIGKILL)


def kill_driver(worker: int) -> None:
    """`kill -9` of what stands between the worker and its browser."""
    for pid in offspring(worker):
        with suppress(OSError):
            if b"run-driver" in Path(f"/proc/{pid}/cmdline").read_bytes():
                os.kill(pid, signal.SIGKILL)


@contextmanager
def scene(folder: Path) -> Iterator[Scene]:
    """A product to buy with, ended with the block."""
    with (
        whole(folder, **HASTE) as product,
        tapped(product.service.url) as tap,
        product.service.client("t_1") as client,
    ):
        yield Scene(product, tap, client)
