"""`kill -9` of the children of a `checkout worker`, at each boundary of a purchase and at each after the take-over.

On PostgreSQL and Redis, with Celery's own pool: the worker lives on, replaces the dead, goes on with what they left.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack

import pytest

from tests.faults.killed import stage
from tests.faults.pool import Course, Plan, Pool, pool
from tests.servers import postgres_url, redis_url

pytestmark = pytest.mark.processes

# So far apart are the boundaries of the bounded tier: they fall on calls and commits, before them and after them.
STRIDE = 7
# Of all plans, those whose boundary was come to by chance, and not again in four tries: a shop's profile is read by a
# child that does not know it yet, and on a busy machine a lease may lapse under a child that lives.
MOST_UNREACHED = 0.03


@pytest.fixture
def worker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pool]:
    """A worker at work."""
    with ExitStack() as stack:
        made = stack.enter_context(stage(tmp_path_factory.mktemp("pool"), stack.enter_context(postgres_url())))
        yield stack.enter_context(pool(made, stack.enter_context(redis_url())))


def each(course: Course) -> Iterable[Plan]:
    """Every plan of one death, and of two that differ from all others.

    A death before a call leaves the same behind as one after whatever came before it; so it is tried alone.
    """
    if not course.plan:
        return [(point,) for point in course.since]
    if len(course.plan) == 1 and course.plan[0].differs:
        return [(*course.plan, point) for point in course.since if point.differs]
    return []


def some(course: Course) -> Iterable[Plan]:
    """A few of the single deaths, and one more for each of them, ever later; none that only chance leads to."""
    points = [point for point in course.since if not point.where.endswith("GET")]
    if not course.plan:
        return [(point,) for point in points[::STRIDE]]
    if len(course.plan) == 1 and points:
        return [(*course.plan, points[course.number * STRIDE % len(points)])]
    return []


def live(worker: Pool, then: Callable[[Course], Iterable[Plan]]) -> None:
    """Live them all, and judge."""
    begun = time.monotonic()
    try:
        worker.run([()], then)
    finally:  # also of a run that somebody ended early
        print(f"\nchildren of a worker's pool: {worker}; {time.monotonic() - begun:.0f} s")  # noqa: T201 (the figures people ask for)
    assert [] == worker.found
    assert len(worker.unreached) <= 1 + worker.purchases * MOST_UNREACHED, worker.unreached


@pytest.mark.timeout(300)
def test_no_death_of_a_pool_s_child_breaks_a_promise_and_no_second_one_after_it(worker: Pool) -> None:
    """Killed at some boundary, and whoever takes over is killed too; the worker goes on, and so does the purchase."""
    live(worker, some)
    assert worker.deaths > 2 * STRIDE


@pytest.mark.full
@pytest.mark.timeout(7200)
def test_no_pair_of_deaths_in_a_pool_breaks_a_promise(worker: Pool) -> None:
    """Every boundary, and every ordered pair of them."""
    live(worker, each)
    assert worker.deaths > 1000
