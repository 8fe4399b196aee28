"""Real processes: the examples survive `kill -9`, and answers come from other processes. The journal is the witness."""

import json
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from checkout.cli.durable.service import LEASE_SECONDS
from tests.cli_durable.command import Command, finished
from tests.examples.journal import Journal, eventually

pytestmark = pytest.mark.processes

RESEARCH = {f"{kind}:{index}": 1 for kind in ("search", "note") for index in range(4)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One example, killed while the outside call `held` does not answer.

    `answers`: what the callbacks are told before, by the call that handed them out. `finished`: how many steps are on
    disk at the kill; `done` is what must have been done in the end, each once.
    """

    example: str
    event: dict[str, Any]
    answers: dict[str, Any] = field(default_factory=dict)
    held: str
    finished: int
    done: dict[str, int]
    status: Any


STORIES = [
    Story(
        example="order_approval",
        event={"order_id": "A-1", "amount_minor": 12_500, "currency": "EUR"},
        answers={"ask-approver": {"approved": True}},
        held="ship-order",
        finished=3,
        done={"ask-approver": 1, "charge-card": 1, "ship-order": 1},
        status="completed",
    ),
    Story(
        example="support_triage",
        event={"ticket": "T-7", "text": "I was charged twice"},
        answers={"ask-customer": {"details": "4242"}, "ask-specialist": {"reply": "Refunded."}},
        held="update-ticket",
        finished=5,
        done=dict.fromkeys(
            ("triage", "ask-specialist", "ask-customer", "send-reply", "update-ticket", "record-metrics"), 1
        ),
        status=None,
    ),
    Story(
        example="research_agent",
        event={"topic": "durable execution"},
        held="note:2",
        finished=8,
        done={"plan": 1, **RESEARCH, "analyse": 1},
        status=None,
    ),
    Story(
        example="content_approval",
        event={"brief": "News", "polls_until_live": 1},
        answers={"ask-editor:1": {"decision": "publish"}},
        held="publish",
        finished=2,
        done={"write:1": 1, "ask-editor:1": 1, "publish": 1, "look-at-page": 1},
        status="published",
    ),
    Story(
        example="enrichment",
        event={"companies": ["acme", "globex", "initech"]},
        held="look-up:globex",
        finished=3,
        done={"look-up:acme": 1, "look-up:globex": 1, "look-up:initech": 1, "file-report": 1},
        status="complete",
    ),
]


@pytest.fixture
def processes() -> Iterator[list[Any]]:
    """Processes of the test, ended with it."""
    started: list[Any] = []
    yield started
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.example)
def test_a_killed_example_goes_on_and_repeats_no_finished_step(
    durable: Command, journal: Journal, processes: list[Any], tmp_path: Path, story: Story
) -> None:
    """The second process takes over, does again only what was under way, and ends as if nothing had happened.

    It is told to return once nothing is left to run: an execution whose worker died must not pass for a suspended one.
    """
    go = tmp_path / "go"
    outside = {"journal": str(journal.path), "hold": {story.held: str(go)}}
    event = json.dumps({**story.event, "outside": outside})
    run = ("run", f"examples/durable/{story.example}.py:handler", "--name", "x-1")
    if story.answers:
        assert 0 == durable(*run, "--input", event, "--until-suspended").code
    for call, answer in story.answers.items():
        payload = json.dumps(answer)
        assert 0 == durable("callback", "succeed", journal.callback_id(call), "--payload", payload).code

    victim = durable.process(*run, "--input", event)
    processes.append(victim)
    eventually(lambda: journal.begun()[story.held], f"{story.held} has begun")
    eventually(lambda: durable.types("x-1").count("StepSucceeded") == story.finished, "the steps before are on disk")
    victim.send_signal(signal.SIGKILL)
    victim.wait()
    before = journal.begun()
    go.touch()

    heir = durable.process(*run, "--skip-time", "--until-suspended", "--json")
    processes.append(heir)
    result = finished(heir).result()
    assert story.status == result.get("status")
    assert story.done == journal.done()
    assert {story.held: 1} == {
        call: count - before[call] for call, count in journal.begun().items() if call in before and count > before[call]
    }
    deaths = [one for one in durable.history("x-1") if one["EventType"] == "InvocationCompleted"]
    errors = [one["InvocationCompletedDetails"]["Error"].get("Payload", {}).get("ErrorType") for one in deaths]
    assert 1 == errors.count("Runtime.ExitError")


def test_an_answer_from_another_process_wakes_the_one_that_waits(
    durable: Command, journal: Journal, processes: list[Any]
) -> None:
    """`run` without flags stays, says how to answer, and ends when somebody has."""
    event = {"order_id": "A-1", "amount_minor": 1, "currency": "EUR", "outside": {"journal": str(journal.path)}}
    waiting = durable.process(
        "run", "examples.durable.order_approval:handler", "--name", "x-1", "--input", json.dumps(event), "--json"
    )
    processes.append(waiting)
    callback_id = journal.callback_id("ask-approver")
    answering = durable.process("callback", "succeed", callback_id, "--payload", '{"approved": true}')
    processes.append(answering)
    assert 0 == finished(answering).code
    ended = finished(waiting)
    assert "completed" == ended.result()["status"]
    assert f"checkout durable callback succeed {callback_id}" in ended.err
    assert {"ask-approver": 1, "charge-card": 1, "ship-order": 1} == journal.done()


def test_two_commands_on_one_execution_do_its_work_once(
    durable: Command, journal: Journal, processes: list[Any], tmp_path: Path
) -> None:
    """The second waits while the first holds the lease, however long a step takes, and reports the same end."""
    go = tmp_path / "go"
    event = {"companies": ["acme"], "outside": {"journal": str(journal.path), "hold": {"look-up:acme": str(go)}}}
    run = ("run", "examples/durable/enrichment.py:handler", "--name", "x-1", "--json")
    first = durable.process(*run, "--input", json.dumps(event))
    processes.append(first)
    eventually(lambda: journal.begun()["look-up:acme"], "the look-up has begun")
    second = durable.process(*run, "--skip-time")
    processes.append(second)
    first_lease_over = durable.history("x-1")[0]["EventTimestamp"] + LEASE_SECONDS + 1
    eventually(lambda: time.time() > first_lease_over, "the first lease would have lapsed unless renewed")
    go.touch()
    assert finished(first).result() == finished(second).result()
    assert {"look-up:acme": 1, "file-report": 1} == journal.begun()


def test_ctrl_c_ends_a_run_at_once_even_inside_a_step(
    durable: Command, journal: Journal, processes: list[Any], tmp_path: Path
) -> None:
    """Nobody has to wait for a step that hangs; what it was is on disk, and the same command goes on."""
    go = tmp_path / "go"
    event = {"companies": ["acme"], "outside": {"journal": str(journal.path), "hold": {"look-up:acme": str(go)}}}
    run = ("run", "examples/durable/enrichment.py:handler", "--name", "x-1")
    hanging = durable.process(*run, "--input", json.dumps(event))
    processes.append(hanging)
    eventually(lambda: journal.begun()["look-up:acme"], "the look-up has begun")
    hanging.send_signal(signal.SIGINT)
    left = finished(hanging, timeout_seconds=10)
    assert (130, "interrupted: the same command goes on from here") == (left.code, left.err.strip().splitlines()[-1])
    go.touch()
    assert "complete" == durable(*run, "--json").result()["status"]
