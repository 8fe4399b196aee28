"""An agent's order whose worker fell silent: what the rows say of it, moment by moment, with the clock in hand."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest
from sqlmodel import Session, col, select

from checkout.purchase import codec, policies, tasks
from checkout.purchase.agent_orders import LostOrder
from checkout.purchase.ports import Limits
from checkout.purchase.terms import TaskKind
from checkout.store.clock import ManualClock
from checkout.store.models import AgentTask
from checkout.store.session import Database
from merchants.sdk import Absent, Order, Unclear
from payments.money import Money
from tests.purchase.scripted import OFFER, TOTAL, request
from tests.stores import store_url

LIMITS = Limits(permit_margin_seconds=10, agent_heartbeat_seconds=60, look_up_task_seconds=180, look_up_tasks=2)
ORDER = Order(merchant_order_id="A-1", total=TOTAL)
STILL_THERE = Absent(message="the item is still in the basket")
NOBODY_KNOWS = Unclear(message="the shop shows neither")


@dataclass
class Desk:
    """One purchase's tasks, workers and look-ups."""

    database: Database
    clock: ManualClock = field(default_factory=ManualClock)

    def given(self, *, claimed: bool = True, permitted: bool = False) -> None:
        """An order task, as far as its worker came before it fell silent."""
        now = self.clock.now()
        with self.database.transaction() as session:
            tasks.give(session, "cb_1", TaskKind.ORDER, request("lost"), OFFER, now=now, seconds=600)
            session.flush()
            if claimed:
                self._claim(session)
            if permitted:
                row = session.get_one(AgentTask, "cb_1")
                row.permit_id, row.permitted_at = "prm_1", now
                row.permit_expires_at = now + timedelta(seconds=10)
                row.sealed_session = b"sealed"

    def claim(self) -> AgentTask | None:
        """What a worker that asks now is given."""
        with self.database.transaction() as session:
            return self._claim(session)

    def _claim(self, session: Session) -> AgentTask | None:
        return tasks.claim(session, None, worker="w", token_hash="h", now=self.clock.now(), heartbeat_seconds=60)

    def changed(self, task_id: str, **columns: Any) -> None:
        """What a request of a worker leaves in the row."""
        with self.database.transaction() as session:
            row = session.get_one(AgentTask, task_id)
            for name, value in columns.items():
                setattr(row, name, value)
            session.add(row)

    def looked_up(self, outcome: Order | Absent | Unclear) -> AgentTask:
        """A worker takes the look-up and answers."""
        row = self.claim()
        assert row is not None
        assert TaskKind.LOOK_UP.value == row.kind
        self.changed(row.callback_id, status="done", answer=codec.to_json(outcome))
        return row

    def find(self) -> Order | Absent | Unclear:
        """What the purchase is told now."""
        with self.database.transaction() as session:
            return LostOrder(
                session=session, request=request("lost"), offer=OFFER, limits=LIMITS, now=self.clock.now()
            ).find()

    def rows(self, kind: TaskKind) -> list[AgentTask]:
        """The tasks there are."""
        with self.database.read() as session:
            query = select(AgentTask).where(AgentTask.kind == kind.value).order_by(col(AgentTask.callback_id))
            return list(session.exec(query).all())


@pytest.fixture
def desk() -> Iterator[Desk]:
    """An empty desk."""
    with store_url() as url:
        database = Database.open(url)
        database.create_tables()
        yield Desk(database)
        database.close()


@pytest.mark.parametrize("claimed", [False, True])
def test_an_order_without_a_permit_is_absent_and_its_task_can_no_longer_be_done(desk: Desk, *, claimed: bool) -> None:
    """Claimed or not: cancelled in the transaction that says so, and no worker gets it."""
    desk.given(claimed=claimed)
    assert isinstance(desk.find(), Absent)
    assert [tasks.CANCELLED] == [row.status for row in desk.rows(TaskKind.ORDER)]
    assert desk.claim() is None
    assert [] == desk.rows(TaskKind.LOOK_UP)


def test_a_permitted_order_is_looked_up_only_once_its_worker_can_do_nothing_more(desk: Desk) -> None:
    """Not before the permit and its margin are over, nor before the worker was silent for a heartbeat."""
    desk.given(permitted=True)
    desk.clock.advance(30)
    desk.changed("cb_1", heartbeat_at=desk.clock.now())
    desk.clock.advance(59)
    assert isinstance(desk.find(), Unclear)
    assert [] == desk.rows(TaskKind.LOOK_UP)
    desk.clock.advance(2)
    assert isinstance(desk.find(), Unclear)
    (asked,) = desk.rows(TaskKind.LOOK_UP)
    assert ("lku_lost_1", b"sealed", tasks.QUEUED) == (asked.callback_id, asked.sealed_session, asked.status)
    assert codec.to_json(OFFER) == asked.task["offer"]


def test_a_worker_that_said_unclear_is_not_waited_for_beyond_its_permit(desk: Desk) -> None:
    """It ended by itself, so its heartbeat tells nothing more."""
    desk.given(permitted=True)
    desk.changed("cb_1", status=tasks.DONE, answer_hash="h")
    desk.clock.advance(19)
    desk.find()
    assert [] == desk.rows(TaskKind.LOOK_UP)
    desk.clock.advance(2)
    desk.find()
    assert 1 == len(desk.rows(TaskKind.LOOK_UP))


@pytest.mark.parametrize("found", [ORDER, STILL_THERE])
def test_what_a_look_up_finds_is_the_answer_and_stays_it(desk: Desk, found: Order | Absent) -> None:
    """However often it is asked, one look-up was made."""
    desk.given(permitted=True)
    desk.clock.advance(61)
    desk.find()
    desk.looked_up(found)
    assert [found, found] == [desk.find(), desk.find()]
    assert 1 == len(desk.rows(TaskKind.LOOK_UP))


def test_an_unclear_look_up_is_repeated_a_number_of_times_and_then_left_to_a_person(desk: Desk) -> None:
    """Each has an id of its own; the last answer is what the person is told."""
    desk.given(permitted=True)
    desk.clock.advance(61)
    for _ in range(LIMITS.look_up_tasks):
        assert isinstance(desk.find(), Unclear)
        desk.looked_up(NOBODY_KNOWS)
    last = desk.find()
    assert isinstance(last, Unclear)
    assert "looked up 2 times: the shop shows neither" == last.message
    assert ["lku_lost_1", "lku_lost_2"] == [row.callback_id for row in desk.rows(TaskKind.LOOK_UP)]


def test_a_look_up_that_no_worker_took_waits_on_and_one_that_died_is_repeated(desk: Desk) -> None:
    """An hour without workers uses nothing up."""
    desk.given(permitted=True)
    desk.clock.advance(61)
    desk.find()
    desk.clock.advance(3600)
    assert desk.claim() is None
    desk.find()
    assert desk.claim() is not None
    desk.clock.advance(3600)
    desk.find()
    assert 2 == len(desk.rows(TaskKind.LOOK_UP))


def test_a_look_up_that_waits_for_a_busy_worker_uses_nothing_up_until_a_person_should_be_asked(desk: Desk) -> None:
    """Its own time begins with its worker; while it waits or works nobody counts; in the end an operator hears."""
    desk.given(permitted=True)
    desk.clock.advance(61)
    waits = policies.look_up(LIMITS).wait_strategy

    def goes_on(attempts: int = 100) -> bool:
        return bool(waits(desk.find(), attempts).should_continue)

    assert goes_on()
    desk.clock.advance(LIMITS.look_up_wait_seconds - 1)
    assert goes_on()
    desk.clock.advance(2)
    assert not goes_on()
    assert goes_on(1)
    row = desk.claim()
    assert row is not None
    assert desk.clock.now() + timedelta(seconds=LIMITS.look_up_task_seconds) == row.deadline
    assert goes_on()
    desk.clock.advance(LIMITS.look_up_task_seconds)
    assert goes_on()  # it said nothing in time; another one is asked for
    assert 2 == len(desk.rows(TaskKind.LOOK_UP))


SAID = {"amount_minor": TOTAL.amount_minor, "currency": TOTAL.currency}


@pytest.mark.parametrize(
    "seen",
    [
        {"order_number": "A-1", "total": SAID, "url": ""},
        {"order": codec.to_json(ORDER)},
    ],
)
@pytest.mark.parametrize("permitted", [False, True])
def test_an_order_on_record_is_an_order_at_once(desk: Desk, seen: dict[str, Any], *, permitted: bool) -> None:
    """By heartbeat right after the click, or by an answer that came too late: no look-up is needed."""
    desk.given(permitted=permitted)
    desk.changed("cb_1", witnessed=seen)
    found = desk.find()
    assert isinstance(found, Order)
    assert ("A-1", TOTAL) == (found.merchant_order_id, found.total)
    assert [] == desk.rows(TaskKind.LOOK_UP)


@pytest.mark.parametrize(
    "seen",
    [
        {"order_number": "A-1", "total": str(TOTAL)},
        {"order_number": "A-1", "total": {"amount_minor": "2100", "currency": "USD"}},
        {"order_number": "A-1"},
        {"order_number": "", "total": SAID},
        {"total": SAID},
        {"order_number": 17, "total": SAID},
    ],
)
def test_a_record_that_does_not_say_it_all_is_looked_up(desk: Desk, seen: dict[str, Any]) -> None:
    """A number without an amount, or an amount in words, is read again by a worker, never assumed."""
    desk.given(permitted=True)
    desk.changed("cb_1", witnessed=seen)
    desk.clock.advance(61)
    assert isinstance(desk.find(), Unclear)
    assert 1 == len(desk.rows(TaskKind.LOOK_UP))


def test_a_charge_above_the_offer_is_told_as_it_was_seen(desk: Desk) -> None:
    """What a merchant really charged goes on to the capture, which never takes more than was held."""
    charged = Money(TOTAL.amount_minor + 500, TOTAL.currency)
    said = {"amount_minor": charged.amount_minor, "currency": charged.currency}
    desk.given(permitted=True)
    desk.changed("cb_1", witnessed={"order_number": "A-1", "total": said})
    found = desk.find()

    assert isinstance(found, Order)
    assert charged == found.total


def test_a_look_up_goes_before_a_quote_and_an_order_before_both(desk: Desk) -> None:
    """Whoever holds the buyer's money waits least."""
    now = desk.clock.now()
    with desk.database.transaction() as session:
        for kind in (TaskKind.OFFER, TaskKind.LOOK_UP, TaskKind.ORDER):
            tasks.give(session, f"t_{kind.value}", kind, request("lost"), OFFER, now=now, seconds=600)
    claimed = [desk.claim() for _ in range(4)]
    assert ["order", "look_up", "offer", None] == [row.kind if row else None for row in claimed]


def test_a_database_of_an_earlier_release_gets_the_columns_it_lacks(tmp_path: Any) -> None:
    """The table as it was; what stood in it stays, and the new columns can be used."""
    database = Database.open(f"sqlite:///{tmp_path / 'old.sqlite3'}")
    with database._writer.begin() as connection:
        connection.exec_driver_sql(
            "CREATE TABLE agent_tasks (callback_id VARCHAR NOT NULL PRIMARY KEY, intent_id VARCHAR NOT NULL,"
            " tenant VARCHAR NOT NULL, kind VARCHAR NOT NULL, status VARCHAR NOT NULL, task JSON NOT NULL,"
            " created_at DATETIME NOT NULL, deadline DATETIME NOT NULL, claimed_at DATETIME, worker VARCHAR,"
            " token_hash VARCHAR, answer_hash VARCHAR)"
        )
        connection.exec_driver_sql(
            "INSERT INTO agent_tasks VALUES ('cb_0', 'ci_o', 't_1', 'offer', 'done', '{}', '2026-01-01', '2026-01-01',"
            " NULL, NULL, NULL, NULL)"
        )
    database.create_tables()
    database.create_tables()
    desk = Desk(database)
    desk.given(permitted=True)
    with database.read() as session:
        assert 0 == session.get_one(AgentTask, "cb_0").claims
    assert isinstance(desk.find(), Unclear)
    database.close()
