"""Runs every sequence of faults in a purchase and judges each: in this process, or shared out to several.

Knows how much is run, where, and what it cost; what can happen in a run is the world's, and the order the oracle's.
"""

import functools
import logging
import multiprocessing
import os
import time
import zlib
from collections.abc import Callable, Sequence
from dataclasses import astuple
from typing import Any

from tests.faults.invariants import ALL, ALWAYS, broken
from tests.faults.keeping import empty
from tests.faults.oracle import Choice, Oracle, Tally, sequences
from tests.faults.steady import steady
from tests.faults.world import World

# Runs that never come by their prefix's way, of all: none is expected, and a few are no reason to stop a build.
MOST_UNSTABLE = 0.005
# Every process makes the runs of fewer faults than this itself, and of those with so many its own part with all that
# follows from them. What each has seen only it knows, so more processes than cores would only make the same runs.
SHARED_FROM = 2
PARTS = min(2, os.cpu_count() or 1)

Mine = Callable[[Sequence[Choice]], bool]


def violations(
    faults: int,
    *,
    most: int | None = None,
    together: bool = True,
    mine: Mine = lambda _: True,
    **world: Any,
) -> tuple[list[str], Tally]:
    """Run every sequence that is `mine`; each broken promise, with the story that broke it."""
    tally, found = Tally(), []
    begun = time.monotonic()
    database = empty()

    def run(oracle: Oracle) -> None:
        stage = World(oracle, database=database, **world)
        stage.run()
        if not oracle.strayed:
            found.extend(broken(stage.evidence(), oracle.story(), ALWAYS if oracle.cut else ALL))

    logging.disable(logging.CRITICAL)  # every life that dies would have its traceback written
    try:
        with steady(together=together):
            for _ in sequences(faults, run, tally, mine=mine):
                if most is not None and len(found) >= most:
                    break
    finally:
        logging.disable(logging.NOTSET)
    database.close()
    _tell(faults, tally, found, begun)
    return found, tally


def shared_out(faults: int, **world: Any) -> tuple[list[str], Tally]:
    """The same in as many processes as there are cores for: together they run every sequence."""
    begun = time.monotonic()
    with multiprocessing.get_context("spawn").Pool(PARTS) as pool:
        ran = pool.map(functools.partial(_part, faults, world), range(PARTS))
    found = [one for part, _ in ran for one in part]
    tally = Tally(*map(sum, zip(*[astuple(one) for _, one in ran], strict=True)))
    _tell(faults, tally, found, begun)
    return found, tally


def part(number: int, of: int) -> Mine:
    """Which prefixes are this process's: the same ones whatever it has run so far."""

    def mine(prefix: Sequence[Choice]) -> bool:
        taken = [(at, choice.where, choice.mark, choice.taken) for at, choice in enumerate(prefix) if choice.taken]
        return len(taken) != SHARED_FROM or zlib.crc32(repr(taken).encode()) % of == number

    return mine


def _part(faults: int, world: dict[str, Any], number: int) -> tuple[list[str], Tally]:
    return violations(faults, mine=part(number, PARTS), **world)


def _tell(faults: int, tally: Tally, found: Sequence[str], begun: float) -> None:
    print(f"\nat most {faults} faults: {tally}, {len(found)} violations, {time.monotonic() - begun:.0f} s")  # noqa: T201 (the figure people ask for)
    assert tally.unstable <= tally.runs * MOST_UNSTABLE, f"too many runs cannot be repeated: {tally}"
