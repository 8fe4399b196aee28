"""Requests that race on PostgreSQL, each on a connection of its own: one wins, the other is told so, nobody hangs."""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy.exc import IntegrityError, OperationalError
from sqlmodel import Session, col, func, select, text

from checkout.api.failures import problem_of
from checkout.api.idempotency import Done, Idempotency, identify
from checkout.api.requests import ConfirmCheckoutIntent
from checkout.purchase import tasks
from checkout.store.clock import SystemClock
from checkout.store.models import AgentTask, Intent, LedgerRow
from checkout.store.postgres import Limits
from checkout.store.session import Database
from tests.api.agent import CREATE, OFFER, Task
from tests.api.standing import VISA, Standing, standing, until, wanted
from tests.stores import STORE

# Enough to meet each order of two requests several times.
ROUNDS = 8
PATIENCE_SECONDS = 30.0


@pytest.fixture(scope="module")
def stand(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Standing]:
    """A whole service on PostgreSQL, wherever the other tests of this run are."""
    folder: Path = tmp_path_factory.mktemp("race")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(STORE, "postgresql")
        with standing(folder) as service:
            yield service


@pytest.fixture
def database(postgres_url: str) -> Iterator[Database]:
    """A database of its own."""
    made = Database.open(postgres_url)
    yield made
    made.close()


def at_once(*acts: Callable[[], Any]) -> list[Any]:
    """What each came to, all begun at one moment: a value, or the error it raised."""
    gate = threading.Barrier(len(acts))

    def run(act: Callable[[], Any]) -> Any:
        gate.wait(PATIENCE_SECONDS)
        try:
            return act()
        except Exception as error:  # noqa: BLE001 (what each one came to is what is judged)
            return error

    with ThreadPoolExecutor(len(acts)) as threads:
        return [done.result(PATIENCE_SECONDS) for done in [threads.submit(run, act) for act in acts]]


def test_one_key_at_two_processes_does_the_work_once(database: Database) -> None:
    """The second one waits for the first one's record, and gives its answer."""
    processes = [Idempotency(database, SystemClock()) for _ in range(2)]
    for number in range(ROUNDS):
        worked: list[int] = []

        def work(_: Session, worked: list[int] = worked) -> Done:
            worked.append(1)
            return Done(status=201, body={"number": len(worked)})

        identity = identify("t_1", "POST", "/things", f"key-{number}")
        answers = at_once(*(partial(one.once, identity, {"a": 1}, work) for one in processes))
        assert [201, 201] == [answer.status_code for answer in answers], answers
        assert 1 == len({answer.body for answer in answers})
        assert 1 == sum("idempotent-replayed" in answer.headers for answer in answers)
        assert [1] == worked


def test_a_purchase_is_confirmed_once_whoever_asks_together(stand: Standing) -> None:
    """One hold at most: the other one is told where the purchase stands."""
    with stand.client("t_1") as ada, stand.client("t_1") as twin:
        for _ in range(ROUNDS):
            intent = ada.post(CREATE, json=wanted()).json()["id"]
            until(ada, intent, "awaiting_confirmation")
            answers = at_once(partial(confirm, ada, intent), partial(confirm, twin, intent))
            assert [200, 409] == sorted(answer.status_code for answer in answers), answers
            refused = next(answer.json() for answer in answers if answer.status_code == 409)
            assert "invalid_checkout_intent_state" == refused["code"]
            assert refused["state"] in ("placing_order", "completed")
            until(ada, intent, "completed")
            assert 1 == holds(stand, intent)


def test_a_purchase_is_confirmed_or_cancelled_and_never_both(stand: Standing) -> None:
    """Cancelled means that nothing is held; confirmed means that it can no longer be cancelled."""
    with stand.client("t_1") as ada, stand.client("t_1") as twin:
        for _ in range(ROUNDS):
            intent = ada.post(CREATE, json=wanted()).json()["id"]
            until(ada, intent, "awaiting_confirmation")
            yes, no = at_once(partial(confirm, ada, intent), partial(twin.post, f"{CREATE}/{intent}/cancel"))
            assert {200, 409} == {yes.status_code, no.status_code}, (yes.text, no.text)
            ended = until(ada, intent, "completed", "failed")
            assert ("completed" if yes.status_code == 200 else "failed") == ended["state"]
            assert (1 if yes.status_code == 200 else 0) == holds(stand, intent)


def test_every_change_is_counted_whoever_makes_it(stand: Standing) -> None:
    """A long poll sees a number twice only if nothing changed: no change may take another one's number."""
    with stand.client("t_1") as ada:
        intent = ada.post(CREATE, json=wanted()).json()["id"]
        until(ada, intent, "awaiting_confirmation")
        body = ConfirmCheckoutIntent.model_validate({"paymentMethod": VISA})
        database, purchases = stand.services.database, stand.services.purchases

        def say_yes() -> int:
            with database.transaction() as session:
                return purchases.confirm(session, "t_1", intent, body.payment_method.pays()).seq

        with ThreadPoolExecutor(1) as threads:
            with database.transaction() as session:
                stand.services.durable.lock(intent, session=session)
                row = session.get_one(Intent, intent)
                row.seq = before = row.seq + 1
                waits = threads.submit(say_yes)
                somebody_waits(database)
            assert before + 1 == waits.result(PATIENCE_SECONDS)
        until(ada, intent, "completed")


def test_tasks_are_claimed_once_each_and_nobody_waits_for_another(stand: Standing) -> None:
    """As many workers as tasks, all at once: each gets one of its own."""
    with stand.client("t_1") as ada, stand.client("operator", "agent") as worker:
        intents = {ada.post(CREATE, json=wanted("/agent")).json()["id"] for _ in range(4)}
        waiting(stand, 4)
        claimed = at_once(*([lambda: Task(worker, "offer")] * 4))
        assert intents == {task.data["task"]["request"]["intent_id"] for task in claimed}, claimed
        ended = at_once(
            *(partial(task.say, "succeed", OFFER) for task in claimed),
            *(partial(ada.post, f"{CREATE}/{one}/cancel") for one in sorted(intents)),
        )
    # An answer and a cancellation lock the same rows: in one order, or they would wait in a circle.
    assert {200} == {answer.status_code for answer in ended[4:]}, ended
    assert {answer.status_code for answer in ended[:4]} <= {200, 410, 409}, ended


def test_a_movement_is_booked_once(database: Database) -> None:
    """The unique constraint ends the second transaction as a whole."""

    def book() -> None:
        with database.transaction() as session:
            session.add(
                LedgerRow(
                    movement_id="m",
                    account="holds",
                    intent_id="ci_1",
                    tenant="t_1",
                    kind="hold",
                    amount_minor=2**40,
                    currency="IDR",
                    payment_id="pi_1",
                    at=SystemClock().now(),
                )
            )

    ended = at_once(book, book)
    assert 1 == sum(isinstance(one, IntegrityError) for one in ended), ended
    with database.read() as session:
        assert [2**40] == [row.amount_minor for row in session.exec(select(LedgerRow))]


def test_what_a_deadlock_ended_is_done_again(database: Database) -> None:
    """Two transactions lock two rows crosswise: the server ends one, and both are done."""
    with database.transaction() as session:
        session.execute(text("CREATE TABLE pairs AS SELECT id, 0 AS n FROM generate_series(1, 2) AS id"))
    both_hold_one = threading.Barrier(2)
    one_is_done = threading.Event()
    runs: list[int] = []

    def crosswise(first: int, second: int) -> Callable[[Session], None]:
        def work(session: Session) -> None:
            runs.append(first)
            # Begun anew before the other has woken up, it could meet it once more.
            assert len(runs) <= 2 or one_is_done.wait(PATIENCE_SECONDS)
            session.execute(text("UPDATE pairs SET n = n + 1 WHERE id = :id"), {"id": first})
            if len(runs) <= 2:
                both_hold_one.wait(PATIENCE_SECONDS)
            session.execute(text("UPDATE pairs SET n = n + 1 WHERE id = :id"), {"id": second})

        return work

    def until_done(first: int, second: int) -> None:
        database.once(crosswise(first, second))
        one_is_done.set()

    assert [None, None] == at_once(*(partial(until_done, *pair) for pair in ((1, 2), (2, 1))))
    assert 3 == len(runs)
    with database.read() as session:
        assert [2, 2] == list(session.execute(text("SELECT n FROM pairs ORDER BY id")).scalars())


def test_what_fails_for_another_reason_is_not_done_again(database: Database) -> None:
    """Only what the server ended for another's sake is."""
    runs: list[int] = []

    def work(session: Session) -> None:
        runs.append(1)
        session.execute(text("SET LOCAL statement_timeout = 1"))
        session.execute(text("SELECT pg_sleep(5)"))

    with pytest.raises(OperationalError):
        database.once(work)
    assert [1] == runs


def confirm(client: httpx2.Client, intent: str) -> httpx2.Response:
    """The buyer says yes."""
    return client.post(f"{CREATE}/{intent}/confirm", json={"paymentMethod": VISA})


def holds(stand: Standing, intent: str) -> int:
    """How many holds were booked for a purchase."""
    with stand.services.database.read() as session:
        held = select(func.count(func.distinct(col(LedgerRow.movement_id)))).where(
            LedgerRow.intent_id == intent, LedgerRow.kind == "hold"
        )
        return session.exec(held).one()


def waiting(stand: Standing, number: int) -> None:
    """Until so many tasks wait."""
    _until(lambda: _count(stand) >= number)


def _count(stand: Standing) -> int:
    with stand.services.database.read() as session:
        queued = select(func.count()).where(AgentTask.status == tasks.QUEUED)
        return session.exec(queued).one()


def somebody_waits(database: Database) -> None:
    """Until somebody waits for a lock."""

    def blocked() -> bool:
        with database.read() as session:
            found = session.execute(
                text(
                    "SELECT count(*) FROM pg_stat_activity "
                    "WHERE datname = current_database() AND wait_event_type = 'Lock'"
                )
            )
            return bool(found.scalar())

    _until(blocked)


def _until(so: Callable[[], bool]) -> None:
    for _ in range(2000):
        if so():
            return
        threading.Event().wait(0.01)
    raise AssertionError("it never came to be so")


def test_nobody_waits_for_a_row_longer_than_the_setting_says(postgres_url: str) -> None:
    """A process that hangs with a row locked costs the others that long, and an answer that may be tried again."""
    hangs, waits = Database.open(postgres_url), Database.open(postgres_url, Limits(lock_seconds=0.1))
    with hangs.transaction() as session:
        session.execute(text("LOCK TABLE idempotency"))
        with pytest.raises(OperationalError) as refused, waits.transaction() as other:
            other.execute(text("DELETE FROM idempotency"))
    assert "unavailable" == problem_of(refused.value).code
    hangs.close()
    waits.close()
