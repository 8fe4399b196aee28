"""Each step of a purchase against each trouble of the smallest set-up: one process, a SQLite file, a disk, a clock.

The steps' calls are held on the wire, before they arrive or before their answers do, while the trouble happens; then
each purchase must come to its end within a bound, and the provider's log and the shop's book must agree with it.
"""

import time
from collections.abc import Iterator

import pytest

from tests.faults.infrastructure.cells import Cells
from tests.faults.infrastructure.single import Single, single
from tests.faults.infrastructure.single_troubles import OWN, TROUBLES
from tests.faults.infrastructure.steps import STEPS

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]
# Every cell but those that the default tier plays.
LEFT = [(name, answered) for name in TROUBLES for answered in (False, True)]
FIRST = [(name, bool(number % 2)) for number, name in enumerate(OWN)]


@pytest.fixture(scope="module")
def cells(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cells[Single]]:
    """One process for all, replaced when it is ended."""
    threads = {"CHECKOUT_WORKER_THREADS": str(len(STEPS) + 1)}
    with single(tmp_path_factory.mktemp("single"), **threads) as made:
        made.serve(clocked=True)
        played, begun = Cells(made), time.monotonic()
        yield played
        played.close()
        print(f"\n{played.played} cells, {time.monotonic() - begun:.0f} s")  # noqa: T201 (the figures people ask for)


def _fits(made: Single, name: str) -> None:
    if name == "disk full" and not made.fillable:
        pytest.skip("a disk that can be filled up is mounted, and only root may mount one")


@pytest.mark.parametrize(("name", "answered"), FIRST)
def test_no_trouble_breaks_a_promise(cells: Cells[Single], name: str, *, answered: bool) -> None:
    """Each of its own troubles at every step, calls and answers held by turns."""
    _fits(cells.made, name)
    assert [] == cells.play(name, TROUBLES[name], answered=answered)


@pytest.mark.full
@pytest.mark.parametrize(("name", "answered"), [one for one in LEFT if one not in FIRST])
def test_no_trouble_at_any_time_breaks_a_promise(cells: Cells[Single], name: str, *, answered: bool) -> None:
    """All others."""
    _fits(cells.made, name)
    assert [] == cells.play(name, TROUBLES[name], answered=answered)
