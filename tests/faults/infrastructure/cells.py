"""A cell of the matrix: one purchase, one step held on the wire, one trouble meanwhile; then the books are judged."""

import time
from contextlib import ExitStack
from pathlib import Path

from tests.faults.evidence import Book, money_of, of_database
from tests.faults.infrastructure.buyer import Buyer, Wished
from tests.faults.infrastructure.proxy import Gate
from tests.faults.infrastructure.stand import Stand
from tests.faults.infrastructure.steps import Step
from tests.faults.infrastructure.troubles import TROUBLES
from tests.faults.invariants import broken

# Everything here takes a few leases; a purchase that is not over after this is stuck.
BOUND_SECONDS = 45.0


class Cells:
    """Plays cells on a stand, one purchase each."""

    def __init__(self, made: Stand) -> None:
        self._stand = made
        self._buyer = Buyer(made.url, made.key("t_cells"))
        self._money = Book(made.folder / "money.jsonl", "reference")
        self._orders = Book(Path(made.shop.said["book"]), "email")
        self.played = 0

    def close(self) -> None:
        """Close the buyer's connections."""
        self._buyer.close()

    def play(self, step: Step, trouble: str, *, answered: bool) -> list[str]:
        """The promises that this cell breaks. `answered`: the call arrives, and its answer is held meanwhile."""
        self.played += 1
        made, one = self._stand, Wished(wish=step.wish, email=f"cell{self.played}@example.com")
        story = f"{step}, {'its answer' if answered else 'its call'} under way: {trouble}"
        proxy = made.to_shop if step.wire == "shop" else made.to_provider
        gate = Gate(step.request, answered=answered)
        with ExitStack() as when_over:
            made.when_over = when_over
            if step.before_confirmation:
                proxy.gate = gate
            self._buyer.create(made.product(step.wish.behaviour), one)
            if not step.before_confirmation:
                self._buyer.until(one, "awaiting_confirmation", "failed")
                proxy.gate = gate
                self._buyer.confirm(one)
            assert gate.reached.wait(BOUND_SECONDS), f"it never came to {story}"
            with TROUBLES[trouble](made):
                gate.open()
            proxy.gate = None
            deadline = time.monotonic() + BOUND_SECONDS
            if step.before_confirmation:
                self._buyer.until(one, "awaiting_confirmation", "failed", seconds=BOUND_SECONDS)
                self._buyer.confirm(one)
            self._over(one, deadline)
        return self._judged(one, story)

    def _over(self, one: Wished, deadline: float) -> None:
        with self._stand.beside() as beside:
            while time.monotonic() < deadline:
                with beside.database.read() as session:
                    intent = beside.purchases.of_operator(session, one.intent_id)
                if intent.state in ("completed", "failed") or intent.review_since:
                    return
                time.sleep(0.05)

    def _judged(self, one: Wished, story: str) -> list[str]:
        with self._stand.beside() as beside:
            with beside.database.read() as session:
                intent = beside.purchases.of_operator(session, one.intent_id)
            seen = of_database(
                beside.durable,
                intent,
                money=money_of(self._money.of(one.intent_id)),
                orders=self._orders.of(one.email),
                may_ask=False,
                acknowledged=one.acknowledged,
                secrets=(one.wish.pays_with,),
            )
        return broken(seen, story)
