"""The choice oracle on worlds made for it: it finds every sequence, prunes what is equal, and notices who strays."""

from tests.faults.enumerated import Mine, part
from tests.faults.oracle import COMMIT, CRASH, TRIES, Oracle, Tally, sequences


def told(faults: int, boundaries: int = 3, mine: Mine = lambda _: True) -> tuple[list[str], Tally]:
    """The stories of a run of so many boundaries."""
    tally = Tally()

    def run(oracle: Oracle) -> None:
        for number in range(boundaries):
            oracle.choose(f"call {number}", ("ok", "lost"))

    return [oracle.story() for oracle in sequences(faults, run, tally, mine=mine)], tally


def test_every_sequence_is_run_once() -> None:
    """Three boundaries, at most two faults: one run without, three with one, three with two."""
    stories, tally = told(2)
    assert 7 == len(set(stories)) == tally.runs
    assert "call 0: lost → call 2: lost" in stories


def test_the_parts_of_several_processes_are_together_every_sequence() -> None:
    """What one leaves out another runs; with three faults none of them runs all."""
    stories, _ = told(3, 6)
    parts = [set(told(3, 6, part(number, 2))[0]) for number in range(2)]
    assert set(stories) == parts[0] | parts[1]
    assert all(one < set(stories) for one in parts)


def test_a_state_that_was_reached_with_as_many_faults_left_is_cut_off() -> None:
    """A fault that changes nothing leads where the run without it was, and is not followed further."""
    tally = Tally()

    def run(oracle: Oracle) -> None:
        done = 0
        oracle.fingerprint = lambda: str(done)
        while done < 3 and not oracle.cut:
            oracle.choose(COMMIT, ("ok", CRASH))
            done += 1

    ran = list(sequences(2, run, tally))
    assert [False, True, True, False] == [oracle.cut for oracle in ran]
    assert 4 == tally.runs


def test_a_run_that_strays_from_its_prefix_is_repeated_until_it_does_not() -> None:
    """One boundary too many, once, under another name: the run is made again, and no sequence is lost."""
    tally, late = Tally(), iter([0, 0, 1])

    def run(oracle: Oracle) -> None:
        if next(late, 0):
            oracle.choose("extra", ("ok", "lost", "crash after"))
        for number in range(3):
            oracle.choose(f"call {number}", ("ok", "lost"))

    stories = [oracle.story() for oracle in sequences(2, run, tally)]
    assert 7 == len(set(stories)) == len(stories)
    assert (1, 0, 8) == (tally.repeated, tally.unstable, tally.runs)


def test_a_run_that_always_strays_is_counted_as_unstable() -> None:
    """It is tried a few times, never told as if it had been run, and shows in the summary."""
    tally, number = Tally(), 0

    def run(oracle: Oracle) -> None:
        nonlocal number
        number += 1
        oracle.choose("call", ("ok", "lost"), mark=number)

    assert [""] == [oracle.story() for oracle in sequences(1, run, tally)]
    assert (TRIES, 1, 1 + TRIES) == (tally.repeated, tally.unstable, tally.runs)
    assert "1 unstable" in str(tally)
