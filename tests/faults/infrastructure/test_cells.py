"""Each step of a purchase against each trouble, on API, workers, PostgreSQL and Redis as they run for real.

The step's call is held on the wire, before it arrives or before its answer does, while the trouble happens; then the
purchase must come to its end within a bound, and the provider's log and the shop's book must agree with it.
"""

import time
from collections.abc import Iterator

import pytest

from tests.faults.infrastructure.cells import Cells
from tests.faults.infrastructure.stand import stand
from tests.faults.infrastructure.steps import STEPS, Step
from tests.faults.infrastructure.troubles import TROUBLES
from tests.servers import postgres_url

pytestmark = pytest.mark.processes


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cells]:
    """One stand for all: an API, and a worker that is replaced when it is killed."""
    with postgres_url() as url, stand(tmp_path_factory.mktemp("cells"), url) as made:
        made.serve()
        made.hire()
        played, begun = Cells(made), time.monotonic()
        yield played
        played.close()
        print(f"\n{played.played} cells, {time.monotonic() - begun:.0f} s")  # noqa: T201 (the figures people ask for)


@pytest.mark.parametrize(("number", "trouble"), list(enumerate(TROUBLES)), ids=list(TROUBLES))
def test_no_trouble_breaks_a_promise(cells: Cells, number: int, trouble: str) -> None:
    """Each trouble at one step: the next one in turn, its call and its answer by turns."""
    assert [] == cells.play(STEPS[number % len(STEPS)], trouble, answered=bool(number % 2))


@pytest.mark.full
@pytest.mark.timeout(300)
@pytest.mark.parametrize("answered", [False, True], ids=["call held", "answer held"])
@pytest.mark.parametrize("step", STEPS, ids=str)
@pytest.mark.parametrize("trouble", list(TROUBLES))
def test_no_trouble_at_any_step_breaks_a_promise(cells: Cells, step: Step, trouble: str, *, answered: bool) -> None:
    """Every cell."""
    assert [] == cells.play(step, trouble, answered=answered)
