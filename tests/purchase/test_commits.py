"""Every commit of a purchase by code, by name: what a deployment pays the disk, as `docs/commits.md` argues for it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlmodel import Session

from checkout import wiring
from checkout.durable.dispatch.local import LocalDispatcher
from checkout.durable.service import DurableService
from checkout.purchase.commands import Asked, Pays, Purchases
from checkout.settings import Settings
from checkout.store.clock import SystemClock
from checkout.store.driver import Driver
from checkout.store.session import Database, driver_of
from checkout.store.vault import Vault
from tests.faults.steady import steady
from tests.purchase.scripted import ADA, World

PATIENCE_SECONDS = 20
PAGE = Path(__file__).parents[2] / "docs" / "commits.md"
# The purchase's promise of what it costs, and the longer shape below.
MOST = 15

CLAIMS = "SELECT coalesce(sum(invocation), 0) FROM durable_executions"

HOLD_ORDER_CAPTURE = [
    "StepStarted authorize-payment",
    "StepSucceeded authorize-payment",
    "StepStarted create-charge",
    "StepSucceeded create-charge",
    "StepStarted place-order",
    "StepSucceeded place-order",
    "StepStarted capture-charge",
    "StepSucceeded capture-charge",
    "StepStarted finalize, StepSucceeded finalize",
    "InvocationCompleted, ExecutionSucceeded",
]


class Ledger(Database):
    """A database that writes down what each of its commits was for."""

    def __init__(self, url: str) -> None:
        super().__init__(url)
        self.commits: list[str] = []
        self._changes = self._events = self._claims = 0

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """Named right before it is committed."""
        with super().transaction() as session:
            yield session
            session.flush()
            self._note(driver_of(session))

    @contextmanager
    def single(self) -> Iterator[Driver]:
        """The same."""
        with super().single() as driver:
            yield driver
            self._note(driver)

    def _note(self, driver: Driver) -> None:
        """One that wrote no row is no commit for the disk."""
        changes = driver.run("SELECT total_changes()").fetchone()[0]
        events = driver.run("SELECT type, body FROM durable_events ORDER BY execution_id, event_id").fetchall()
        claims = driver.run(CLAIMS).fetchone()[0]
        told = [_named(kind, body) for kind, body in events[self._events :]]
        told += ["claim"] * (claims - self._claims)
        if changes != self._changes:
            self.commits.append(", ".join(told) or "something else")
        self._changes, self._events, self._claims = changes, len(events), claims


def _named(kind: str, body: str) -> str:
    """What happened to which operation; the execution's own events need no name."""
    name = json.loads(body)[0].get("Name")
    return kind if kind.startswith("Execution") or not name else f"{kind} {name}"


@contextmanager
def serving(folder: Path) -> Iterator[tuple[Ledger, DurableService, Purchases]]:
    """A process that serves and works, as one without Redis does."""
    database, clock, settings = Ledger(f"sqlite:///{folder}/checkout.sqlite3"), SystemClock(), Settings()
    database.create_tables()
    service = DurableService(database, clock=clock)
    wiring.register(service, World(), clock, settings)
    with steady(named=False), LocalDispatcher(service):
        yield database, service, Purchases(service, Vault.fresh(), clock, settings)
    database.close()


def bought(service: DurableService, purchases: Purchases, *, in_one_call: bool) -> None:
    """One lamp."""
    wire = {"buyer": {"firstName": "Ada"}, "productUrl": "https://shop.example/lamp", "quantity": 1}
    asked = Asked(product_url="https://shop.example/lamp", quantity=1, buyer=ADA, wire=wire)
    visa = Pays(method="stripe_token", token="tok_visa", echo={})
    with service.database.transaction() as session:
        intent_id = purchases.create(session, "t_1", asked, visa if in_one_call else None).id
    if not in_one_call:
        service.wait_for(intent_id, lambda _: suspended(service, intent_id), timeout_seconds=PATIENCE_SECONDS)
        with service.database.transaction() as session:
            purchases.confirm(session, "t_1", intent_id, visa)
    ended = service.wait_for(intent_id, timeout_seconds=PATIENCE_SECONDS)
    assert '"Completed"' in str(ended.result), ended


def suspended(service: DurableService, name: str) -> bool:
    """Whether it waits, and nobody runs it."""
    waits = any(one.type == "CALLBACK" for one in service.operations(name))
    return waits and service.history(name)[-1]["EventType"] == "InvocationCompleted"


def test_a_purchase_in_one_call_is_twelve_commits(tmp_path: Path) -> None:
    """Started and claimed at once; then each outcome, and a START on disk before what may happen at most once."""
    with serving(tmp_path) as (database, service, purchases):
        bought(service, purchases, in_one_call=True)
    begun = ["ExecutionStarted, claim", "StepStarted fetch-offer, StepSucceeded fetch-offer"]
    assert begun + HOLD_ORDER_CAPTURE == database.commits
    assert len(database.commits) <= MOST


def test_a_purchase_confirmed_after_its_offer_is_fifteen_commits(tmp_path: Path) -> None:
    """The same with the question, the suspension, and the answer, which claims it again."""
    with serving(tmp_path) as (database, service, purchases):
        bought(service, purchases, in_one_call=False)
    begun = ["ExecutionStarted, claim", "StepStarted fetch-offer, StepSucceeded fetch-offer"]
    asked = ["CallbackStarted await-confirmation", "InvocationCompleted", "CallbackSucceeded await-confirmation, claim"]
    assert begun + asked + HOLD_ORDER_CAPTURE == database.commits
    assert len(database.commits) <= MOST


def test_the_page_argues_for_as_many_commits_as_there_are() -> None:
    """One row for each, marked in the column of each shape."""
    rows = [line.split("|")[1:-1] for line in PAGE.read_text().splitlines() if line.startswith("|")]
    numbered = [[cell.strip() for cell in row] for row in rows if row[0].strip().isdigit()]
    assert MOST == len(numbered)
    assert len(HOLD_ORDER_CAPTURE) + 2 == sum(row[2] == "yes" for row in numbered)
    assert MOST == sum(row[3] == "yes" for row in numbered)
    assert all(row[4] for row in numbered)
