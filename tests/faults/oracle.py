"""The choice oracle: what happens at each boundary of a purchase, enumerated.

A run asks `choose` at every boundary it reaches; the first alternative is always "nothing happens", the others are
faults. The run itself numbers its choices, so a new step or a new outside call enlarges the matrix by itself: there is
no list of cells to keep. Runs are replayed from a prefix of choices, those with fewer faults first; a run whose state
was already reached with at least as many faults left is cut off, because everything it could still do was done there.

A prefix knows what it chose among, and where. A run that comes by another way than its prefix did is no run of that
prefix: it is repeated, and counted as unstable if it never does.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

# Where a process's memory starts again: what it knew before is in the database, or lost with it.
COMMIT, CRASH = "commit", "crash after"
# More boundaries than this in one run mean that the run does not end.
MAX_CHOICES = 400
# How often a run is tried that does not come by its prefix's way: threads may be slow once, hardly four times.
TRIES = 4


@dataclass(frozen=True, slots=True)
class Choice:
    """One boundary: where, what could happen, what did. `mark` tells boundaries of one name apart."""

    where: str
    alternatives: Sequence[str]
    taken: int
    mark: int = 0

    def is_at(self, where: str, alternatives: Sequence[str], mark: int) -> bool:
        """Whether this is the same boundary."""
        return (self.where, tuple(self.alternatives), self.mark) == (where, tuple(alternatives), mark)


@dataclass(slots=True)
class Oracle:
    """Replays `prefix`, then lets nothing happen.

    `cut` is set where nothing new can follow, and whoever drives the run ends it: the run has reached a state that was
    explored before with as many faults left, or, with `strayed`, a boundary that is not its prefix's.
    """

    prefix: Sequence[Choice]
    faults: int
    seen: dict[str, int]
    fingerprint: Callable[[], str] | None = None
    choices: list[Choice] = field(default_factory=list)
    cut: bool = False
    strayed: bool = False

    @property
    def faults_left(self) -> int:
        """How many more faults this run may still have."""
        return self.faults - sum(1 for choice in self.choices if choice.taken)

    def choose(self, where: str, alternatives: Sequence[str], mark: int = 0) -> str:
        """What happens here."""
        if self.cut:
            return alternatives[0]
        number, taken = len(self.choices), 0
        assert number < MAX_CHOICES, f"the run does not end: {self.story()}"
        if number < len(self.prefix):
            meant = self.prefix[number]
            self.cut = self.strayed = not meant.is_at(where, alternatives, mark)
            taken = meant.taken
        elif self.fingerprint:
            self.cut = self._was_here(f"{where}|{self._trail()}|{self.fingerprint()}")
        if self.cut:
            return alternatives[0]
        self.choices.append(Choice(where, alternatives, taken, mark))
        return alternatives[taken]

    def _was_here(self, state: str) -> bool:
        left = self.faults_left
        if self.seen.get(state, -1) >= left:
            return True
        self.seen[state] = left
        return False

    def _trail(self) -> str:
        """What happened since the last commit or crash: with the world, all that a process at this point can know."""
        trail = ""
        for choice in reversed(self.choices):
            fate = choice.alternatives[choice.taken]
            if choice.where == COMMIT or fate == CRASH:
                break
            trail += f"{choice.where}: {fate}; "
        return trail

    def story(self) -> str:
        """The faults of this run, in words."""
        return " → ".join(
            f"{choice.where}: {choice.alternatives[choice.taken]}" for choice in self.choices if choice.taken
        )


@dataclass(slots=True)
class Tally:
    """How much was explored."""

    runs: int = 0
    pruned: int = 0
    choices: int = 0
    repeated: int = 0
    unstable: int = 0

    def __str__(self) -> str:
        return (
            f"{self.runs} runs, {self.choices} choices, {self.pruned} cut off as already seen, "
            f"{self.repeated} repeated, {self.unstable} unstable"
        )


def sequences(faults: int, run: Callable[[Oracle], None], tally: Tally) -> Iterator[Oracle]:
    """Every sequence of at most `faults` faults; yields the oracle of each run, with `cut` if another run goes on.

    `run` drives one purchase to its end with the oracle it is given; it may set the oracle's `fingerprint`. A run that
    strays is never yielded.
    """
    seen: dict[str, int] = {}
    waiting: deque[tuple[Choice, ...]] = deque([()])
    while waiting:
        # The oldest first: a state is reached with few faults before it is with many, and so explored once.
        prefix = waiting.popleft()
        oracle = _steady(prefix, faults, seen, run, tally)
        if oracle is None:
            continue
        tally.choices += len(oracle.choices)
        tally.pruned += oracle.cut
        if oracle.faults_left:
            waiting.extend(
                (*oracle.choices[:number], replace(oracle.choices[number], taken=other))
                for number in range(len(prefix), len(oracle.choices))
                for other in range(1, len(oracle.choices[number].alternatives))
            )
        yield oracle


def _steady(
    prefix: Sequence[Choice], faults: int, seen: dict[str, int], run: Callable[[Oracle], None], tally: Tally
) -> Oracle | None:
    """A run that came by its prefix's way; None if none did."""
    for _ in range(TRIES):
        oracle = Oracle(prefix=prefix, faults=faults, seen=seen)
        run(oracle)
        tally.runs += 1
        if not oracle.strayed:
            return oracle
        tally.repeated += 1
    tally.unstable += 1
    return None
