"""Each step of a purchase against each trouble, on API, workers, PostgreSQL and Redis as they run for real.

The steps' calls are held on the wire, before they arrive or before their answers do, while the trouble happens; then
each purchase must come to its end within a bound, and the provider's log and the shop's book must agree with it.
"""

import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from checkout.store.session import Database
from tests.faults.infrastructure.cells import Cells, every
from tests.faults.infrastructure.stand import Stand, stand
from tests.faults.infrastructure.steps import STEPS
from tests.faults.infrastructure.troubles import TROUBLES
from tests.own_servers import PostgresServer

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]
# One of each kind, on every push.
QUICK = {
    ("provider unreachable", True),
    ("frozen past its lease, thawed at once", True),
    ("database killed", True),
    ("checkpoint lost before it arrives", False),
    ("checkpoint's answer lost", True),
    ("Redis gone", False),
    ("a worker's clock 25 h ahead", False),
}


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cells[Stand]]:
    """One stand for all: an API, and a worker that is replaced when it is killed."""
    with PostgresServer.started() as server, stand(tmp_path_factory.mktemp("cells"), server.url, server) as made:
        with closing(Database.open(server.url)) as database:
            database.create_tables()
        made.concurrency = len(STEPS)
        made.serve()
        made.hire()
        played, begun = Cells(made), time.monotonic()
        yield played
        played.close()
        print(f"\n{played.played} cells, {time.monotonic() - begun:.0f} s")  # noqa: T201 (the figures people ask for)


@pytest.mark.parametrize(("trouble", "answered"), every(TROUBLES, QUICK))
def test_no_trouble_breaks_a_promise(cells: Cells[Stand], trouble: str, *, answered: bool) -> None:
    """Each trouble at every step."""
    assert [] == cells.play(trouble, TROUBLES[trouble], answered=answered)
