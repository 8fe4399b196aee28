"""News between processes on one PostgreSQL: heard by the others, also after the connection was lost."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import psycopg
import pytest
from cryptography.fernet import Fernet

from checkout import wiring
from checkout.purchase.commands import Asked
from checkout.settings import Settings
from checkout.store import news
from checkout.store.news import APPLICATION, News
from tests.purchase.scripted import ADA

# A connection is made again within a second; the rest is for a busy machine.
SOON_SECONDS = 20.0


class Heard:
    """What a process has heard."""

    def __init__(self, of: News) -> None:
        self.names: list[str] = []
        self._more = threading.Condition()
        of.subscribe(self._hear)

    def _hear(self, name: str) -> None:
        with self._more:
            self.names.append(name)
            self._more.notify_all()

    def soon(self, name: str, again: Callable[[], None]) -> bool:
        """Whether it hears `name` in time, said again and again: nobody knows when the other one listens."""
        deadline = time.monotonic() + SOON_SECONDS
        with self._more:
            while name not in self.names and time.monotonic() < deadline:
                again()
                self._more.wait(0.05)
            return name in self.names


@pytest.fixture
def two(postgres_url: str) -> Iterator[tuple[News, News]]:
    """Two processes' news on one server."""
    with ExitStack() as stack:
        pair = News(postgres_url), News(postgres_url)
        for one in pair:
            stack.enter_context(one.running())
        yield pair


def test_a_name_is_heard_by_the_other_process_and_not_by_its_own(two: tuple[News, News]) -> None:
    """Who commits tells its own listeners itself."""
    one, other = two
    own, heard = Heard(one), Heard(other)
    assert heard.soon("ci_1", lambda: one.tell("ci_1"))
    assert Heard(one).soon("ci_2", lambda: other.tell("ci_2"))
    assert "ci_1" not in own.names


def test_a_lost_connection_is_made_again(two: tuple[News, News], postgres_url: str) -> None:
    """The server ends every connection, and news come through again."""
    one, other = two
    heard = Heard(other)
    assert heard.soon("before", lambda: one.tell("before"))
    with psycopg.connect(postgres_url, autocommit=True) as operator:
        ended = operator.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = %s "
            "AND datname = current_database()",
            [APPLICATION],
        ).fetchall()
    assert [(True,)] * 4 == ended
    assert heard.soon("after", lambda: one.tell("after"))


def test_what_waits_is_told_before_the_end(postgres_url: str) -> None:
    """A process that stops has said what it had to say."""
    with News(postgres_url).running():
        other = News(postgres_url)
        heard = Heard(other)
        with other.running():
            last = News(postgres_url)
            with last.running():
                assert heard.soon("there", lambda: last.tell("there"))
                for number in range(250):
                    last.tell(f"ci_{number}")
            assert heard.soon("ci_249", lambda: None)
    assert {f"ci_{number}" for number in range(250)} <= set(heard.names)


def test_services_without_redis_tell_each_other_of_purchases(postgres_url: str) -> None:
    """So a long poll at one of them wakes for what another one did."""
    settings = Settings(database_url=postgres_url, secret_key=Fernet.generate_key().decode())
    with wiring.opened(settings) as one, wiring.opened(settings) as other, one.working(), other.working():
        assert one.news
        heard = Heard(one.news)
        mine: list[str] = []

        def create() -> None:
            asked = Asked(product_url="http://127.0.0.1:1/lamp", quantity=1, buyer=ADA, wire={})
            with other.database.transaction() as session:
                mine.append(other.purchases.create(session, "t_1", asked).id)

        create()
        deadline = time.monotonic() + SOON_SECONDS
        while not set(mine) & set(heard.names) and time.monotonic() < deadline:
            create()
            threading.Event().wait(0.1)
        assert set(mine) & set(heard.names)


def test_a_server_that_is_away_costs_the_teller_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Hints are forgotten, and the end does not wait for them."""
    monkeypatch.setattr(news, "LARGEST_QUEUE", 3)
    alone = News("postgresql://checkout@127.0.0.1:1/nowhere")
    with alone.running():
        for number in range(10):
            alone.tell(f"ci_{number}")
