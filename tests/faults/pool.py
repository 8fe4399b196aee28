"""One `checkout worker` on PostgreSQL and Redis, many purchases under way in it, each with the deaths planned for it.

A plan says at which boundaries of its purchase the child that is at it dies, one after the other. Nobody lists the
boundaries: a purchase that was lived to its end tells which it came to after its last death, and each of them is the
next death of a longer plan. The worker's main process lives on and replaces the dead; the purchase waits for its lease
to lapse, and whatever child comes by takes it over.
"""

import json
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from multiprocessing.connection import Connection, Listener
from pathlib import Path
from typing import Any

from sqlalchemy import text

from checkout import children, wiring
from checkout.purchase.commands import Asked, Pays
from checkout.settings import Settings
from checkout.store.models import Intent
from checkout.store.session import connection_of
from tests.faults.evidence import money_of, of_database
from tests.faults.invariants import broken
from tests.faults.killed import Stage
from tests.faults.life import Client
from tests.faults.oracle import BEFORE_COMMIT, COMMIT, CRASH, CRASH_FIRST, OK, READ, TRIES, WRITE
from tests.faults.pooled import ASKS, ENDED, MESSAGE

# Before and after each call that writes, and each commit; a read changes nothing, so a death at it is one before it.
DEATHS: Mapping[str, tuple[str, ...]] = {
    READ: (CRASH_FIRST,),
    WRITE: (CRASH_FIRST, CRASH),
    BEFORE_COMMIT: (CRASH,),
    COMMIT: (CRASH,),
}
# Outside calls are local ones here; a busy machine is far from needing so long for one.
LEASE_SECONDS = 2
CONCURRENCY = 4
# A lease, a turn at sweeping and a look for each death, and the pauses between look-ups, on a machine that does much
# else: it is far less.
BOUND_SECONDS = 240.0
LOOK_SECONDS = 0.05
# Nobody has to wait for a lease to lapse while so many others are under way; more would only queue up.
AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class Point:
    """A boundary, and on which side of it a child dies. `far` and `again` tell those of one name apart."""

    where: str
    fate: str
    far: int
    again: int = 0

    @property
    def differs(self) -> bool:
        """Whether something has happened since the boundary before it."""
        return self.fate != CRASH_FIRST or self.where == MESSAGE

    def __str__(self) -> str:
        return f"{self.where}: {self.fate}"


Plan = tuple[Point, ...]


@dataclass(kw_only=True)
class Course:
    """One purchase under its plan. `since`: the boundaries it came to after its last death."""

    number: int
    plan: Plan
    client: Client
    begun: float = field(default_factory=time.monotonic)
    intent_id: str = ""
    deaths: int = 0
    at_it: int = 0
    since: dict[Point, None] = field(default_factory=dict)
    acknowledged: Counter[str] = field(default_factory=Counter)

    def comes_to(self, where: str, kind: str, far: int) -> str:
        """What happens to the child that has come to this boundary."""
        for fate in DEATHS[kind]:
            point = Point(where, fate, far)
            while kind in (READ, WRITE) and point in self.since:  # the same call once more
                point = replace(point, again=point.again + 1)
            if self.deaths < len(self.plan) and point == self.plan[self.deaths]:
                self.deaths += 1
                self.since.clear()
                return fate
            self.since[point] = None
        return OK

    @property
    def story(self) -> str:
        """Its deaths, in words."""
        return " → ".join(map(str, self.plan)) or "no death"


class Witness:
    """Answers the children, each on a line of its own."""

    def __init__(self, address: Path) -> None:
        self._listener = Listener(str(address), "AF_UNIX", backlog=64)
        self._courses: dict[str, Course] = {}
        self._turn = threading.Lock()
        threading.Thread(target=self._accept, name="witness", daemon=True).start()

    def watch(self, course: Course) -> None:
        """Answer for this purchase from now on."""
        with self._turn:
            self._courses[course.intent_id] = course

    def over(self, course: Course) -> bool:
        """Forget it, if no child is at it."""
        with self._turn:
            return not course.at_it and self._courses.pop(course.intent_id) is course

    def close(self) -> None:
        """Answer no more."""
        self._listener.close()

    def _accept(self) -> None:
        while True:
            try:
                line = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(line,), name="witness-line", daemon=True).start()

    def _answer(self, line: Connection) -> None:
        at: Course | None = None
        while True:
            try:
                name, where, kind, far = line.recv()
            except (EOFError, OSError):
                break
            with self._turn:
                course = self._courses.get(name)
                fate = course.comes_to(where, kind, far) if course and kind != ENDED else OK
                if not where.startswith("sweep"):
                    now = None if kind == ENDED else course
                    at = self._moved(at, now)
            line.send(fate)
        with self._turn:
            self._moved(at, None)

    @staticmethod
    def _moved(before: Course | None, now: Course | None) -> Course | None:
        if before is not now:
            if before:
                before.at_it -= 1
            if now:
                now.at_it += 1
        return now


@dataclass(kw_only=True)
class Pool:
    """A worker, and whoever buys from it."""

    stage: Stage
    worker: children.Child
    deployment: wiring.Deployment
    witness: Witness
    found: list[str] = field(default_factory=list)
    unreached: list[str] = field(default_factory=list)
    states: Counter[str] = field(default_factory=Counter)
    purchases: int = 0
    deaths: int = 0
    slowest: float = 0.0

    def run(self, plans: Iterable[Plan], then: Callable[[Course], Iterable[Plan]] = lambda _: ()) -> None:
        """Live every plan, and those that `then` makes of a course that has come to its end."""
        waiting: deque[tuple[Plan, int]] = deque((plan, 0) for plan in plans)
        under_way: dict[str, tuple[Course, int]] = {}
        while waiting or under_way:
            while waiting and len(under_way) < AT_ONCE:
                plan, tried = waiting.popleft()
                course = self._begin(plan)
                under_way[course.intent_id] = (course, tried)
            for course in self._over([course for course, _ in under_way.values()]):
                _, tried = under_way.pop(course.intent_id)
                self._judge(course)
                assert self.worker.process.poll() is None, "the worker itself has ended"
                if course.deaths == len(course.plan):
                    waiting.extend((plan, 0) for plan in then(course))
                elif tried + 1 < TRIES:
                    waiting.append((course.plan, tried + 1))
                else:
                    self.unreached.append(course.story)
            time.sleep(LOOK_SECONDS)

    def _begin(self, plan: Plan) -> Course:
        client = self.stage.client()
        course = Course(number=self.stage.purchases, plan=plan, client=client)
        asked = Asked(
            product_url=course.client.product_url,
            quantity=1,
            buyer=course.client.buyer,
            wire={"buyer": {}, "productUrl": "x"},
        )
        with self.deployment.database.transaction() as session:
            course.intent_id = self.deployment.purchases.create(session, course.client.tenant, asked).id
            self.witness.watch(course)
        course.acknowledged["create"] += 1
        return course

    def _over(self, courses: Sequence[Course]) -> Iterator[Course]:
        """Those that have come to their end; the others are brought on."""
        query = text(
            "SELECT i.id, i.state, e.status <> 'RUNNING' OR i.review_since IS NOT NULL AS over"
            " FROM intents i JOIN durable_executions e ON e.name = i.id WHERE i.id = ANY(:ids)"
        )
        with self.deployment.database.read() as session:
            rows = connection_of(session).execute(query, {"ids": [course.intent_id for course in courses]}).all()
        stands: dict[str, Any] = {row[0]: row for row in rows}
        for course in courses:
            _, state, over = stands[course.intent_id]
            if over and self.witness.over(course):
                yield course
            elif state == "awaiting_confirmation" and not course.acknowledged["confirm"]:
                self._confirm(course)
            elif time.monotonic() - course.begun > BOUND_SECONDS:
                yield course  # it is judged as it stands

    def _confirm(self, course: Course) -> None:
        pays = Pays(method="stripe_token", token=course.client.pays_with, echo={})
        with self.deployment.database.transaction() as session:
            self.deployment.purchases.confirm(session, course.client.tenant, course.intent_id, pays)
        course.acknowledged["confirm"] += 1

    def _judge(self, course: Course) -> None:
        with self.deployment.database.read() as session:
            intent = session.get_one(Intent, course.intent_id)
        seen = of_database(
            self.deployment.durable,
            intent,
            money=money_of(self.stage.money.of(intent.id)),
            orders=self.stage.orders.of(course.client.buyer.email),
            may_ask=False,  # two deaths are too few to give up
            acknowledged=course.acknowledged,
            secrets=(course.client.pays_with,),
        )
        self.found += broken(seen, course.story)
        self.states["needs_review" if seen.asks else seen.state] += 1
        self.purchases += 1
        self.deaths += course.deaths
        self.slowest = max(self.slowest, time.monotonic() - course.begun)

    def __str__(self) -> str:
        return (
            f"{self.purchases} purchases, {self.deaths} deaths, {len(self.found)} violations, "
            f"{len(self.unreached)} unreached, the slowest took {self.slowest:.0f} s; "
            + ", ".join(f"{count} {state}" for state, count in sorted(self.states.items()))
        )


@contextmanager
def pool(made: Stage, redis_url: str) -> Iterator[Pool]:
    """A worker with everything around it; `made` is set on PostgreSQL."""
    settings = {
        "CHECKOUT_DATABASE_URL": made.database_url,
        "CHECKOUT_REDIS_URL": redis_url,
        "CHECKOUT_SECRET_KEY": made.secret_key.decode(),
        "CHECKOUT_PAYMENT_SANDBOX_URL": made.provider.url,
        "CHECKOUT_ALLOWED_PRIVATE_HOSTS": json.dumps(made.shop.said["hosts"]),
        "CHECKOUT_DEMO_INSTRUMENTS": "true",
        "CHECKOUT_LEASE_SECONDS": str(LEASE_SECONDS),
        "CHECKOUT_LOOK_UP_MAX_DELAY_SECONDS": "2",
        "STRIPE_API_KEY": "",
    }
    address = made.folder / "asks"
    with ExitStack() as stack:
        witness = Witness(address)
        stack.callback(witness.close)
        worker = children.start(
            "worker",
            "tests.faults.pooled",
            "worker",
            "--concurrency",
            str(CONCURRENCY),
            folder=made.folder,
            environment={**settings, ASKS: str(address)},
        )
        stack.callback(worker.stop)
        ours = Settings(database_url=made.database_url, secret_key=made.secret_key.decode(), redis_url=redis_url)
        deployment = stack.enter_context(wiring.opened(ours))
        assert deployment.connected
        stack.enter_context(deployment.connected.telling(deployment.durable))
        yield Pool(stage=made, worker=worker, deployment=deployment, witness=witness)
