"""A purchase by an agent, from both of its sides: a buyer at the public API, and a scripted worker that calls back.

The worker keeps a book of its own of what it ordered at the shop; with the provider's log it is what a purchase is
judged by. It orders only with a permit, as real workers do.
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx2

from checkout import wiring
from tests.api.agent import OFFER, ORDER, SOLD_OUT, TOTAL, Task
from tests.faults.evidence import Book, money_of, of_database
from tests.faults.infrastructure.buyer import CREATE, Buyer, Wish, Wished
from tests.faults.infrastructure.proxy import Gate
from tests.faults.infrastructure.stand import Stand
from tests.faults.invariants import broken

PAYS = Wish("unsold", "tok_visa")
OVER = ("completed", "failed")
# What a worker says of a task of either kind.
SAYS: dict[tuple[str, str], Any] = {
    ("offer", "succeed"): OFFER,
    ("order", "succeed"): ORDER,
    ("offer", "fail"): SOLD_OUT,
    ("order", "fail"): SOLD_OUT,
    ("offer", "heartbeat"): None,
    ("order", "heartbeat"): None,
}


@dataclass(kw_only=True)
class House:
    """A stand with agents, and everybody's clients."""

    made: Stand
    beside: wiring.Deployment
    ada: Buyer
    bob: Buyer
    worker: httpx2.Client
    money: Book
    dealt: int = 0

    def suspending(self) -> Gate:
        """Hold what will write that the purchase waits, until it is opened."""
        gate = Gate(".*InvocationCompleted", answered=False)
        self.made.to_database.gates.append(gate)
        return gate


@contextmanager
def house(made: Stand) -> Iterator[House]:
    """Until the block ends."""
    with ExitStack() as stack:
        ada, bob = (Buyer(made.url, made.key(tenant)) for tenant in ("t_ada", "t_bob"))
        stack.callback(ada.close)
        stack.callback(bob.close)
        yield House(
            made=made,
            beside=stack.enter_context(made.beside()),
            ada=ada,
            bob=bob,
            worker=stack.enter_context(calling(made, made.key("operator", "agent"))),
            money=Book(made.folder / "money.jsonl", "reference"),
        )


def calling(made: Stand, key: str) -> httpx2.Client:
    """Somebody with this key, or with none."""
    headers = {"Authorization": f"Bearer {key}"} if key else {}
    return httpx2.Client(base_url=made.url, headers=headers, timeout=30, verify=False, trust_env=False)


@dataclass(kw_only=True)
class Deal:
    """One purchase that no adapter takes."""

    house: House
    buyer: Buyer
    one: Wished = field(default_factory=lambda: Wished(wish=PAYS, email=""))
    orders: list[dict[str, Any]] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)

    @classmethod
    def begun(cls, house: House, buyer: Buyer | None = None) -> "Deal":
        """Asked for."""
        house.dealt += 1
        deal = cls(house=house, buyer=buyer or house.ada)
        deal.one.email = f"dealt{house.dealt}@example.com"
        deal.buyer.create(f"http://127.0.0.1:{house.made.to_provider.port}/products/lamp", deal.one)
        return deal

    def task(self, kind: str) -> Task:
        """What is asked of an agent, once it is: in the worker's hands."""
        task = Task(self.house.worker, kind)
        assert self.one.intent_id == task.data["task"]["request"]["intent_id"]
        self.tokens.append(task.token)
        return task

    def confirmed(self) -> None:
        """Offered, and taken."""
        assert "awaiting_confirmation" == self.buyer.until(self.one, "awaiting_confirmation", *OVER)
        self.buyer.confirm(self.one)

    def at(self, kind: str) -> Task:
        """Led to where a task of this kind is in the worker's hands."""
        task = self.task("offer")
        if kind == "order":
            assert 200 == task.say("succeed", OFFER).status_code
            self.confirmed()
            task = self.task("order")
        return task

    def ordered(self, task: Task) -> None:
        """The worker places the order: with leave, and once."""
        assert 200 == task.permit().status_code
        self.orders.append({"total_minor": TOTAL.amount_minor})

    def say(self, task: Task, verb: str, token: str | None = None) -> httpx2.Response:
        """What is to be said with this verb; what was ordered before it is said."""
        kind = task.data["kind"]
        if (kind, verb) == ("order", "succeed") and not self.orders:
            self.ordered(task)
        return task.say(verb, SAYS[kind, verb], token)

    def ends(self, kind: str, verb: str, task: Task) -> list[str]:
        """Bring it to its end after this was said of this task; the promises that are broken then."""
        if verb == "heartbeat":
            verb = "succeed"
            assert 200 == self.say(task, verb).status_code
        if (kind, verb) == ("offer", "succeed"):
            self.confirmed()
            assert 200 == self.say(self.task("order"), "succeed").status_code
        return self.judged("failed" if verb == "fail" else "completed")

    def judged(self, state: str) -> list[str]:
        """The promises that are broken when it is over, and it must end like this."""
        assert state == self.buyer.until(self.one, *OVER, seconds=30)
        with self.house.beside.database.read() as session:
            intent = self.house.beside.purchases.of_operator(session, self.one.intent_id)
        seen = of_database(
            self.house.beside.durable,
            intent,
            money=money_of(self.house.money.of(self.one.intent_id)),
            orders=self.orders,
            may_ask=False,
            acknowledged=self.one.acknowledged,
            secrets=(PAYS.pays_with, *self.tokens),
        )
        return broken(seen, self.one.intent_id)

    def cancel(self) -> None:
        """The buyer no longer wants it."""
        self.buyer.command(f"{CREATE}/{self.one.intent_id}/cancel", {})
