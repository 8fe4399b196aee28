"""A small storm on every push, a large one in the exhaustive tier."""

from pathlib import Path

import pytest

from tests.faults.infrastructure.stand import stand
from tests.faults.storm import storm
from tests.servers import postgres_url

pytestmark = pytest.mark.processes


@pytest.mark.parametrize(
    ("checkouts", "kills"),
    [
        pytest.param(30, 10, id="small", marks=pytest.mark.timeout(600)),
        pytest.param(5000, 200, id="large", marks=[pytest.mark.full, pytest.mark.timeout(10_000)]),
    ],
)
def test_no_storm_breaks_a_promise(tmp_path: Path, checkouts: int, kills: int) -> None:
    """Workers, pool children, API, Redis and connections die at random; the books agree, and nothing is stuck."""
    with postgres_url() as url, stand(tmp_path, url) as made:
        verdict = storm(made, checkouts=checkouts, seed=7, kills=kills)
    print(f"\n{verdict}")  # noqa: T201 (the verdict people ask for)
    assert ([], []) == (verdict.violations, verdict.stuck)
    assert (checkouts, True) == (verdict.states.total(), verdict.kills.total() >= kills)
