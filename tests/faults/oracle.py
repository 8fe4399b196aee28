"""The choice oracle: what happens at each boundary of a purchase, enumerated.

A run asks `choose` at every boundary it reaches; the first alternative is always "nothing happens", the others are
faults. The run itself numbers its choices, so a new step or a new outside call enlarges the matrix by itself: there is
no list of cells to keep. Runs are replayed from a prefix of choices, those with fewer faults first; a run whose state
was already reached with at least as many faults left is cut off, because everything it could still do was done there.

Where no process remembers anything (a crash, the end of an invocation) a run may leave its whole world with the oracle;
runs that differ only later begin there, instead of at the beginning.

A prefix knows what it chose among, and where. A run that comes by another way than its prefix did is no run of that
prefix: it is repeated, and counted as unstable if it never does.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

# The kinds of boundary. A level of the fault machine says what can happen at each.
READ, WRITE, BEGIN, BEFORE_COMMIT, COMMIT = "read", "write", "begin", "before commit", "commit"
# What can happen. A process that freezes goes on once others have brought everything to rest.
OK, REFUSED, LOST, CRASH, FROZEN = "ok", "refused", "answer lost", "crash after", "frozen"
# Offered only where nothing can be said to equal anything else: before a call, and not after whatever came before it.
CRASH_FIRST = "crash before"
# Whoever took over stands still while the one that froze goes on to its end.
THAW = "the frozen one goes on"
# Our clock is wrong from now on; the world's is not.
AHEAD, BEHIND = "clock 25 hours ahead", "clock an hour behind"
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

    @property
    def fate(self) -> str:
        """What did happen."""
        return self.alternatives[self.taken]

    def is_at(self, where: str, alternatives: Sequence[str], mark: int) -> bool:
        """Whether this is the same boundary."""
        return (self.where, tuple(self.alternatives), self.mark) == (where, tuple(alternatives), mark)


@dataclass(frozen=True, slots=True)
class Kept:
    """A world as it was after `number` choices, when no process remembered anything; `state`: what is equal there."""

    number: int
    world: bytes
    state: str


@dataclass(slots=True)
class Oracle:
    """Replays `prefix`, then lets nothing happen. With `start`, the run is to begin with that world.

    `cut` is set where nothing new can follow, and whoever drives the run ends it: the run has reached a state that was
    explored before with as many faults left, or, with `strayed`, a boundary that is not its prefix's.
    """

    prefix: Sequence[Choice]
    faults: int
    seen: dict[str, int]
    start: Kept | None = None
    fingerprint: Callable[[], str] | None = None
    choices: list[Choice] = field(default_factory=list)
    cut: bool = False
    strayed: bool = False
    between: list[Kept] = field(default_factory=list)
    crashed: dict[int, Kept] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.start:
            self.between.append(self.start)
            self.choices = list(self.prefix[: self.start.number])

    @property
    def faults_left(self) -> int:
        """How many more faults this run may still have."""
        return self.faults - sum(1 for choice in self.choices if choice.taken)

    @property
    def branches(self) -> bool:
        """Whether other runs will begin with what this one has just chosen."""
        return not self.cut and len(self.choices) > len(self.prefix) and self.faults_left > 0

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
            self.cut = explored(self.seen, f"{where}|{self._trail()}|{self.fingerprint()}", self.faults_left)
        if self.cut:
            return alternatives[0]
        self.choices.append(Choice(where, alternatives, taken, mark))
        return alternatives[taken]

    def keep(self, world: bytes, state: str, *, crashed: bool) -> None:
        """The world as it is now: if the last choice were a crash, or because no process remembers anything."""
        kept = Kept(len(self.choices), world, state)
        if crashed:
            self.crashed[len(self.choices) - 1] = kept
        else:
            self.between.append(kept)

    def others(self) -> Iterator[tuple[Sequence[Choice], Kept | None]]:
        """Every prefix that differs from this run in one later choice, and the world to begin with."""
        for number in range(len(self.prefix), len(self.choices)):
            chosen = self.choices[number]
            before = next((kept for kept in reversed(self.between) if kept.number <= number), None)
            for other, fate in enumerate(chosen.alternatives[1:], 1):
                start = self.crashed.get(number) if fate == CRASH else None
                yield (*self.choices[:number], replace(chosen, taken=other)), start or before

    def _trail(self) -> str:
        """What happened since the last commit or crash: with the world, all that a process at this point can know.

        Whoever froze knows what it knew then, and never forgets it.
        """
        trail, frozen = "", ""
        for choice in reversed(self.choices):
            if choice.where == COMMIT or choice.fate == CRASH:
                break
            trail += f"{choice.where}: {choice.fate}; "
        for number, choice in enumerate(self.choices):
            if choice.fate == FROZEN:
                frozen += "".join(f"{one.where}: {one.fate}; " for one in self.choices[: number + 1])
        return trail + frozen

    def story(self) -> str:
        """The faults of this run, in words."""
        return " → ".join(f"{choice.where}: {choice.fate}" for choice in self.choices if choice.taken)


def explored(seen: dict[str, int], state: str, left: int) -> bool:
    """Whether this state was reached before with as many faults left; it is from now on."""
    if seen.get(state, -1) >= left:
        return True
    seen[state] = left
    return False


@dataclass(slots=True)
class Tally:
    """How much was explored."""

    runs: int = 0
    equal: int = 0
    pruned: int = 0
    choices: int = 0
    repeated: int = 0
    unstable: int = 0

    def __str__(self) -> str:
        return (
            f"{self.runs} runs, {self.choices} choices, {self.pruned} cut off as already seen, "
            f"{self.equal} crashes into worlds already seen, {self.repeated} repeated, {self.unstable} unstable"
        )


def sequences(
    faults: int,
    run: Callable[[Oracle], None],
    tally: Tally,
    *,
    mine: Callable[[Sequence[Choice]], bool] = lambda _: True,
) -> Iterator[Oracle]:
    """Every sequence of at most `faults` faults; yields the oracle of each run, with `cut` if another run goes on.

    `run` drives one purchase to its end with the oracle it is given; it may set the oracle's `fingerprint`. A run that
    strays is never yielded. Prefixes that are not `mine` are another process's to go on with.
    """
    seen: dict[str, int] = {}
    waiting: deque[tuple[Sequence[Choice], Kept | None]] = deque([((), None)])
    while waiting:
        # The oldest first: a state is reached with few faults before it is with many, and so explored once.
        prefix, start = waiting.popleft()
        if not mine(prefix):
            continue
        oracle = _steady(prefix, start, faults, seen, run, tally)
        if oracle is None:
            continue
        tally.choices += len(oracle.choices)
        tally.pruned += oracle.cut
        if oracle.faults_left:
            waiting.extend(oracle.others())
        yield oracle


def _steady(
    prefix: Sequence[Choice],
    start: Kept | None,
    faults: int,
    seen: dict[str, int],
    run: Callable[[Oracle], None],
    tally: Tally,
) -> Oracle | None:
    """A run that came by its prefix's way; None if none did, or if it begins where another went on."""
    left = faults - sum(1 for choice in prefix if choice.taken)
    if start and start.number == len(prefix) and explored(seen, start.state, left):
        tally.equal += 1
        return None
    for _ in range(TRIES):
        oracle = Oracle(prefix=prefix, faults=faults, seen=seen, start=start)
        run(oracle)
        tally.runs += 1
        if not oracle.strayed:
            return oracle
        tally.repeated += 1
    tally.unstable += 1
    return None
