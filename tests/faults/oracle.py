"""The choice oracle: what happens at each boundary of a purchase, enumerated depth-first.

A run asks `choose` at every boundary it reaches; the first alternative is always "nothing happens", the others are
faults. The run itself numbers its choices, so a new step or a new outside call enlarges the matrix by itself: there is
no list of cells to keep. Runs are replayed from a prefix of choices; a run whose state was already reached with at
least as many faults left is cut off, because everything it could still do was done from there.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

# Where a process's memory starts again: what it knew before is in the database, or lost with it.
COMMIT, CRASH = "commit", "crash after"
# More boundaries than this in one run mean that the run does not end.
MAX_CHOICES = 400


@dataclass(slots=True)
class Choice:
    """One boundary: where, what could happen, what did."""

    where: str
    alternatives: Sequence[str]
    taken: int


@dataclass(slots=True)
class Oracle:
    """Replays `prefix`, then lets nothing happen.

    `cut` is set where the run reaches a state that was explored before with as many faults left: nothing new can
    follow, and whoever drives the run ends it.
    """

    prefix: Sequence[int]
    faults: int
    seen: dict[str, int]
    fingerprint: Callable[[], str] | None = None
    choices: list[Choice] = field(default_factory=list)
    cut: bool = False

    @property
    def faults_left(self) -> int:
        """How many more faults this run may still have."""
        return self.faults - sum(1 for choice in self.choices if choice.taken)

    def choose(self, where: str, alternatives: Sequence[str]) -> str:
        """What happens here."""
        if self.cut:
            return alternatives[0]
        number = len(self.choices)
        assert number < MAX_CHOICES, f"the run does not end: {self.story()}"
        if number >= len(self.prefix) and self.fingerprint:
            state = f"{where}|{self._trail()}|{self.fingerprint()}"
            left = self.faults_left
            if self.seen.get(state, -1) >= left:
                self.cut = True
                return alternatives[0]
            self.seen[state] = left
        taken = self.prefix[number] if number < len(self.prefix) else 0
        self.choices.append(Choice(where, alternatives, taken))
        return alternatives[taken]

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

    def __str__(self) -> str:
        return f"{self.runs} runs, {self.choices} choices, {self.pruned} cut off as already seen"


def sequences(faults: int, run: Callable[[Oracle], None], tally: Tally) -> Iterator[Oracle]:
    """Every sequence of at most `faults` faults; yields the oracle of each run that was not cut off.

    `run` drives one purchase to its end with the oracle it is given; it may set the oracle's `fingerprint`.
    """
    seen: dict[str, int] = {}
    waiting: list[list[int]] = [[]]
    while waiting:
        prefix = waiting.pop()
        oracle = Oracle(prefix=prefix, faults=faults, seen=seen)
        run(oracle)
        tally.runs += 1
        tally.choices += len(oracle.choices)
        tally.pruned += oracle.cut
        taken = [choice.taken for choice in oracle.choices]
        spent = sum(1 for choice in taken[: len(prefix)] if choice)
        if spent < faults:
            waiting.extend(
                [*taken[:number], other]
                for number in range(len(prefix), len(oracle.choices))
                for other in range(1, len(oracle.choices[number].alternatives))
            )
        if not oracle.cut:
            yield oracle
