"""What a tenant may use: counted where it is used, kept exactly however many ask at once, given back when unused."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlmodel import Session

from checkout.purchase import tasks
from checkout.purchase.allowances import UNLIMITED, Allowances, give_back_spend
from checkout.purchase.errors import AllowanceError, DailyIntentsReachedError, DailySpendReachedError
from checkout.purchase.terms import TaskKind
from checkout.store.models import AgentTask
from checkout.store.session import Database
from payments.money import Money
from tests.purchase.scripted import request
from tests.servers import postgres_url

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LIMITED = Allowances(intents_per_day=3, spend_per_day_minor={"USD": 1000}, agents_at_once=2)


@contextmanager
def opened(kind: str, folder: Path) -> Iterator[Database]:
    """A database with tables."""
    with ExitStack() as stack:
        url = f"sqlite:///{folder}/a.sqlite3" if kind == "sqlite" else stack.enter_context(postgres_url())
        database = Database.open(url)
        database.create_tables()
        yield database
        database.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Each of the two."""
    with opened(request.param, tmp_path) as made:
        yield made


def spend(database: Database, intent_id: str, minor: int, currency: str = "USD", at: datetime = NOW) -> bool:
    """Whether a purchase may set this much aside."""
    try:
        with database.transaction() as session:
            LIMITED.count_spend(session, "t_1", intent_id, Money(minor, currency), at)
    except DailySpendReachedError:
        return False
    return True


def test_a_tenant_starts_as_many_purchases_a_day_as_it_may(database: Database) -> None:
    """The next day it starts as many again, and another tenant is not concerned."""

    def start(tenant: str, at: datetime = NOW) -> None:
        with database.transaction() as session:
            LIMITED.count_intent(session, tenant, at)

    for _ in range(3):
        start("t_1")
    with pytest.raises(DailyIntentsReachedError) as reached:
        start("t_1")
    assert 12 * 3600 < reached.value.seconds + 1 <= 12 * 3600 + 2
    start("t_2")
    start("t_1", NOW + timedelta(hours=12))


def test_money_is_set_aside_once_and_given_back_when_nothing_was_bought(database: Database) -> None:
    """A replay of the same purchase counts nothing; what one did not spend another one may."""
    assert spend(database, "ci_1", 700)
    assert spend(database, "ci_1", 700)
    assert not spend(database, "ci_2", 301)
    assert spend(database, "ci_2", 300)
    with database.transaction() as session:
        give_back_spend(session, "ci_1")
        give_back_spend(session, "ci_1")
    assert spend(database, "ci_3", 700)
    assert not spend(database, "ci_4", 1)
    assert spend(database, "ci_4", 1000, at=NOW + timedelta(days=1))


def test_a_currency_without_a_limit_of_its_own_may_not_be_spent_once_money_is_limited(database: Database) -> None:
    """An amount in yen must not slip by a limit in dollars."""
    assert not spend(database, "ci_1", 1, "EUR")


def test_however_many_ask_at_once_the_limit_is_never_passed(database: Database) -> None:
    """Twenty at a time, for a hundred each: ten get it."""
    with ThreadPoolExecutor(8) as pool:
        got = list(pool.map(lambda number: spend(database, f"ci_{number}", 100), range(20)))
    assert 10 == sum(got)


def test_a_refusal_leaves_nothing_behind(database: Database) -> None:
    """It ends the transaction it was asked in."""

    def both() -> None:
        with database.transaction() as session:
            LIMITED.count_intent(session, "t_1", NOW)
            LIMITED.count_spend(session, "t_1", "ci_1", Money(5000, "USD"), NOW)

    with pytest.raises(AllowanceError):
        both()
    with database.transaction() as session:
        for _ in range(3):
            LIMITED.count_intent(session, "t_1", NOW)


def give(session: Session, number: int, kind: TaskKind = TaskKind.OFFER, tenant: str = "t_1") -> None:
    """A task waits."""
    tasks.give(session, f"cb_{number}", kind, request(f"i_{number}"), None, now=NOW, seconds=300)
    session.get_one(AgentTask, f"cb_{number}").tenant = tenant


def claim(database: Database, worker: str = "w") -> str | None:
    """What a worker gets."""
    with database.transaction() as session:
        got = tasks.claim(
            session, None, worker=worker, token_hash="h", now=NOW, heartbeat_seconds=60, allowances=LIMITED
        )
        return got.callback_id if got else None


def test_quotes_beyond_the_agents_a_tenant_may_have_wait_and_orders_do_not(database: Database) -> None:
    """Another tenant's quote passes by; when an agent is done, the next one is begun."""
    with database.transaction() as session:
        for number in range(3):
            give(session, number)
        give(session, 7, tenant="t_2")
    assert ["cb_0", "cb_1", "cb_7", None] == [claim(database) for _ in range(4)]
    with database.transaction() as session:
        give(session, 8, TaskKind.ORDER)
    assert ["cb_8", None] == [claim(database) for _ in range(2)]
    with database.transaction() as session:
        for done in ("cb_0", "cb_1", "cb_8"):
            session.get_one(AgentTask, done).status = tasks.DONE
    assert "cb_2" == claim(database)


def test_agents_that_ask_at_once_never_get_more_quotes_than_the_tenant_may_have(database: Database) -> None:
    """And no task is given to two of them."""
    with database.transaction() as session:
        for number in range(8):
            give(session, number)
    with ThreadPoolExecutor(8) as pool:
        got = [one for one in pool.map(lambda number: claim(database, f"w_{number}"), range(16)) if one]
    assert len(set(got)) == len(got) <= 2
    assert len(got) + len([one for one in (claim(database), claim(database)) if one]) == 2


def test_nothing_is_counted_where_nothing_is_limited(database: Database) -> None:
    """No row, no lock."""
    with database.transaction() as session:
        UNLIMITED.count_intent(session, "t_1", NOW)
        UNLIMITED.count_spend(session, "t_1", "ci_1", Money(10**9, "JPY"), NOW)
        assert UNLIMITED.may_take(session, "t_1")
    assert spend(database, "ci_1", 1000)
