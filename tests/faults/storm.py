"""`python -m tests.faults.storm --checkouts 5000 --seed 7`: checkouts by the thousand while everything is killed.

Buyers use the public API and nothing else; a `Weather` of their own kills workers, pool children, the API, Redis and
database connections at random, by a printed seed. When all have bought, everything is left in peace, and each purchase
is judged by the provider's log and the shop's book. Prints the verdict: violations, purchases that got stuck, states,
kills by kind, time.
"""

import argparse
import random
import sys
import tempfile
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from tests.faults.evidence import Book, money_of, of_database
from tests.faults.infrastructure.buyer import Buyer, Wish, Wished
from tests.faults.infrastructure.stand import Stand, stand
from tests.faults.infrastructure.weather import Weather
from tests.faults.invariants import broken
from tests.servers import postgres_url

# What the buyers want, and how often of ten: most buy what sells, some what fails in each of the ways a shop has.
WISHES = (
    *[Wish("sells", "tok_visa")] * 6,
    Wish("sells", "tok_chargeDeclined"),
    Wish("declines", "tok_visa"),
    Wish("drops_answer", "tok_visa"),
    Wish("completes_later", "tok_visa"),
)
# Buyers at once: more than the workers can do, so that there is always something under way to kill.
BUYERS = 12
# After the storm: leases lapse, look-ups go through their pauses, and nothing may take longer.
CALM_SECONDS = 240.0
LOOK_SECONDS = 0.5


@dataclass(kw_only=True)
class Verdict:
    """What the books say."""

    seed: int
    violations: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    states: Counter[str] = field(default_factory=Counter)
    kills: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0

    def __str__(self) -> str:
        return "\n".join(
            [
                f"seed {self.seed}: {self.states.total()} checkouts, {self.kills.total()} kills, {self.seconds:.0f} s",
                f"violations: {len(self.violations)}   stuck: {len(self.stuck)}",
                "states: " + ", ".join(f"{count} {state}" for state, count in sorted(self.states.items())),
                "kills: " + ", ".join(f"{count} {kind}" for kind, count in sorted(self.kills.items())),
                *self.violations[:20],
                *self.stuck[:20],
            ]
        )


def storm(
    made: Stand, *, checkouts: int, seed: int, kills: int, workers: int = 2, pause_seconds: float = 1.5
) -> Verdict:
    """Let it rage until every checkout is bought, and at least `kills` things were killed; then judge."""
    begun, chance = time.monotonic(), random.Random(seed)  # noqa: S311 (a storm that can be had again)
    made.serve()
    for _ in range(workers):
        made.hire()
    wishes = [chance.choice(WISHES) for _ in range(checkouts)]
    weather = Weather(made, random.Random(seed + 1), longest_pause_seconds=pause_seconds)  # noqa: S311 (same)
    bought: list[Wished] = []
    buyer = Buyer(made.url, made.key("t_storm"))
    raging = threading.Event()
    raging.set()
    thread = threading.Thread(target=weather.rage, args=(raging, kills), name="weather")
    thread.start()
    try:
        with ThreadPoolExecutor(BUYERS) as pool:
            bought = list(
                pool.map(lambda one: buyer.buy(made.product(one[1].behaviour), one[1], one[0]), enumerate(wishes))
            )
    finally:
        raging.clear()
        thread.join()
        buyer.close()
    weather.calm()
    verdict = Verdict(seed=seed, kills=weather.done)
    _judge(made, bought, verdict)
    verdict.seconds = time.monotonic() - begun
    return verdict


def _judge(made: Stand, bought: list[Wished], verdict: Verdict) -> None:
    money, orders = Book(made.folder / "money.jsonl", "reference"), Book(Path(made.shop.said["book"]), "email")
    deadline = time.monotonic() + CALM_SECONDS
    with made.beside() as beside:
        for one in bought:
            while True:
                with beside.database.read() as session:
                    intent = beside.purchases.of_operator(session, one.intent_id)
                if intent.state in ("completed", "failed") or intent.review_since or time.monotonic() > deadline:
                    break
                time.sleep(LOOK_SECONDS)
            seen = of_database(
                beside.durable,
                intent,
                money=money_of(money.of(one.intent_id)),
                orders=orders.of(one.email),
                may_ask=True,
                acknowledged=one.acknowledged,
                secrets=(one.wish.pays_with,),
            )
            state = "needs_review" if seen.asks else seen.state
            verdict.states[state] += 1
            if state not in ("completed", "failed", "needs_review"):
                verdict.stuck.append(f"{one.intent_id} stays {state}")
            verdict.violations += broken(seen, one.intent_id)


def main() -> int:
    """Read the options, rage, and say what came of it."""
    parser = argparse.ArgumentParser(prog="tests.faults.storm", description=__doc__)
    parser.add_argument("--checkouts", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--kills", type=int, default=200, help="at least so many")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--pause", type=float, default=1.5, help="at most so many seconds between two kills")
    options = parser.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="storm-")))
        made = stack.enter_context(stand(folder, stack.enter_context(postgres_url())))
        verdict = storm(
            made,
            checkouts=options.checkouts,
            seed=options.seed,
            kills=options.kills,
            workers=options.workers,
            pause_seconds=options.pause,
        )
    sys.stdout.write(f"{verdict}\n")
    return 1 if verdict.violations or verdict.stuck else 0


if __name__ == "__main__":
    sys.exit(main())
