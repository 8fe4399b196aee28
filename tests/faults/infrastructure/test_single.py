"""Each step of a purchase against each trouble of the smallest set-up: one process, a SQLite file, a disk, a clock.

The steps' calls are held on the wire, before they arrive or before their answers do, while the trouble happens; then
each purchase must come to its end within a bound, and the provider's log and the shop's book must agree with it.
"""

import time
from collections.abc import Iterator

import pytest

from tests.faults.infrastructure.cells import Cells, every
from tests.faults.infrastructure.single import Single, single
from tests.faults.infrastructure.single_troubles import TROUBLES
from tests.faults.infrastructure.steps import STEPS

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]
# What only this set-up has, on every push.
QUICK = {("disk full", False), ("files cannot be written", True)}


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


@pytest.mark.parametrize(("trouble", "answered"), every(TROUBLES, QUICK))
def test_no_trouble_breaks_a_promise(cells: Cells[Single], trouble: str, *, answered: bool) -> None:
    """Each trouble at every step."""
    if trouble == "disk full" and not cells.made.fillable:
        pytest.skip("a disk that can be filled up is mounted, and only root may mount one")
    assert [] == cells.play(trouble, TROUBLES[trouble], answered=answered)
