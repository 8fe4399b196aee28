"""`checkout durable list | get | history | stop | callback`: for people, and as AWS's API has it."""

import json
from typing import Any

import pytest

from tests.cli_durable.aws_shapes import faults
from tests.cli_durable.command import Command

FLOWS = "tests.cli_durable.flows"


@pytest.fixture
def question(durable: Command) -> str:
    """An execution that waits for an answer."""
    durable("run", f"{FLOWS}:ask", "--name", "q-1", "--until-suspended")
    return durable.callback_id("q-1")


def test_lists_filter_and_page(durable: Command) -> None:
    """The newest first; every page is what AWS's API would answer, and the marker leads to the next one."""
    for number in range(3):
        durable("run", f"{FLOWS}:ask", "--name", f"q-{number}", "--until-suspended")
    durable("run", f"{FLOWS}:fail", "--name", "f-1")

    def names(*arguments: str) -> list[str]:
        answer = durable("list", "--json", *arguments).json()
        assert [] == faults("ListDurableExecutionsByFunction", answer)
        return [one["DurableExecutionName"] for one in answer["DurableExecutions"]]

    assert ["f-1", "q-2", "q-1", "q-0"] == names()
    assert ["f-1"] == names("--status", "failed")
    assert ["q-2", "q-1", "q-0"] == names("--function", "flows-ask")
    assert ["q-2", "q-1", "q-0"] == names("--prefix", "q-", "--status", "RUNNING")
    page = durable("list", "--limit", "3", "--json").json()
    assert ["q-0"] == names("--marker", page["NextMarker"])
    assert "No executions." in durable("list", "--prefix", "none").out


def test_get_and_history_name_the_execution_also_by_its_arn(durable: Command, question: str) -> None:
    """Both names lead to the same answer, which AWS's model accepts."""
    got = durable("get", "q-1", "--json").json()
    assert [] == faults("GetDurableExecution", got)
    assert got == durable("get", got["DurableExecutionArn"], "--json").json()
    assert durable.history("q-1") == durable.history(got["DurableExecutionArn"])
    assert question in durable("history", "q-1").out


def test_a_person_reads_names_marks_and_durations(durable: Command) -> None:
    """The timeline shows each step under its parent, failures in their own words, and no markers of the SDK's."""
    companies = {"companies": ["acme", "nowhere"], "outside": {"fail_times": {"look-up:acme": 1}}}
    story = ("examples/durable/enrichment.py:handler", "--name", "list-1")
    durable("run", *story, "--input", json.dumps(companies), "--skip-time")
    lines = [line.strip("│ ") for line in durable("get", "list-1").out.splitlines()]
    (acme,) = [line for line in lines if "enrich-acme" in line]
    assert acme.startswith("✓    enrich-acme     MapIteration")
    (nowhere,) = [line for line in lines if "UnknownCompanyError" in line]
    assert nowhere.startswith("✗      look-up")
    assert nowhere.endswith("UnknownCompanyError: the directory does not know 'nowhere'")
    assert any('{"country": "US", "employees": 1200, "sector": "anvils"}' in line for line in lines)
    history = durable("history", "list-1").out
    assert "CurrentAttempt=1  NextAttemptDelaySeconds=1  Error=OutsideError: look-up:acme" in history


def test_a_callback_is_answered_once_and_the_first_answer_stands(durable: Command, question: str) -> None:
    """Whatever comes later is told so, and changes nothing."""
    assert 0 == durable("callback", "heartbeat", question).code
    assert 0 == durable("callback", "succeed", question, "--payload", '"first"').code
    before = durable.history("q-1")
    for arguments in (
        ("succeed", question, "--payload", '"second"'),
        ("fail", question, "--message", "no"),
        ("heartbeat", question),
    ):
        refused = durable("callback", *arguments)
        assert 2 == refused.code
        assert refused.err.startswith("callback_already_completed: ")
    assert before == durable.history("q-1")
    assert '"first"' == durable("run", f"{FLOWS}:ask", "--name", "q-1", "--json").result()


def test_a_callback_fails_with_the_words_it_was_given(durable: Command, question: str) -> None:
    """Type, message and data reach the handler as they are."""
    arguments = ("--type", "Declined", "--message", "not today", "--data", '{"retry": false}')
    assert 0 == durable("callback", "fail", question, *arguments).code
    assert 1 == durable("run", f"{FLOWS}:ask", "--name", "q-1").code
    (failed,) = [event for event in durable.history("q-1") if event["EventType"] == "CallbackFailed"]
    assert {"ErrorType": "Declined", "ErrorMessage": "not today", "ErrorData": '{"retry": false}'} == (
        failed["CallbackFailedDetails"]["Error"]["Payload"]
    )


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("callback", "succeed", "no-such-id"), "callback_not_found"),
        (("callback", "fail", "no-such-id", "--message", "no"), "callback_not_found"),
        (("callback", "heartbeat", "no-such-id"), "callback_not_found"),
        (("get", "nobody"), "execution_not_found"),
        (("history", "nobody"), "execution_not_found"),
        (("stop", "nobody"), "execution_not_found"),
        (("resume", "nobody", "--reason", "x"), "execution_not_found"),
        (("resume", "q-1", "--reason", "x"), "execution_not_parked"),
    ],
)
@pytest.mark.usefixtures("question")
def test_what_is_not_there_is_said_in_one_line(durable: Command, arguments: tuple[str, ...], code: str) -> None:
    """Exit code 2 and a stable code; the execution that exists is untouched."""
    before = durable.history("q-1")
    refused = durable(*arguments)
    assert 2 == refused.code
    assert refused.err.startswith(f"{code}: ")
    assert 1 == len(refused.err.splitlines())
    assert before == durable.history("q-1")


def test_a_malformed_answer_leaves_the_question_open(durable: Command, question: str) -> None:
    """A slip of the keyboard must not use up the one answer."""
    refused = durable("callback", "succeed", question, "--payload", "{yes}")
    assert (2, True) == (refused.code, refused.err.startswith("unreadable_json: --payload is not JSON"))
    assert 0 == durable("callback", "succeed", question, "--payload", "true").code


def test_an_answer_after_the_timeout_is_told_that_it_is_late(durable: Command) -> None:
    """The deadline counts, whether or not anybody has noticed it yet."""
    durable("run", f"{FLOWS}:ask", "--name", "q-2", "--input", '{"timeout_seconds": 1}')
    late = durable("callback", "succeed", durable.callback_id("q-2"))
    assert 2 == late.code
    assert late.err.startswith("callback_expired: ")


def test_a_stopped_execution_says_why_and_waits_for_nobody(durable: Command, question: str) -> None:
    """Its question is closed, stopping it again is fine, and running it is a failure."""
    assert 0 == durable("stop", "q-1", "--reason", "asked the wrong person").code
    assert 0 == durable("stop", "q-1").code
    assert "Stopped: asked the wrong person" in durable("get", "q-1").out
    assert durable("callback", "succeed", question).err.startswith("callback_expired: ")
    assert 1 == durable("run", f"{FLOWS}:ask", "--name", "q-1").code


def test_what_has_ended_cannot_be_stopped(durable: Command) -> None:
    """A result stands."""
    durable("run", f"{FLOWS}:fail", "--name", "f-1")
    refused = durable("stop", "f-1")
    assert (2, True) == (refused.code, refused.err.startswith("execution_ended: f-1 has ended FAILED"))


STORIES: list[tuple[str, dict[str, Any], list[str]]] = [
    (
        "order_approval",
        {"order_id": "A-1", "amount_minor": 1, "currency": "EUR", "outside": {"fail_times": {"charge-card": 2}}},
        ['{"approved": true}'],
    ),
    ("support_triage", {"ticket": "T-7", "text": "I was charged twice"}, ['{"details": "x"}', '{"reply": "y"}']),
    ("research_agent", {"topic": "replay", "outside": {"garble_times": {"plan": 1}}}, []),
    ("content_approval", {"brief": "News", "embargo_seconds": 86_400}, ['{"decision": "publish"}']),
    ("enrichment", {"companies": ["acme", "nowhere"], "outside": {"fail_times": {"look-up:acme": 2}}}, []),
]


@pytest.mark.parametrize(("example", "event", "answers"), STORIES, ids=[story[0] for story in STORIES])
def test_every_example_runs_by_command_and_its_history_is_as_awss_model_has_it(
    durable: Command, example: str, event: dict[str, Any], answers: list[str]
) -> None:
    """From start to end by commands alone; every member of every event has AWS's name and type."""
    story = (f"examples/durable/{example}.py:handler", "--name", "x-1")
    durable("run", *story, "--input", json.dumps(event), "--until-suspended")
    questions = [one for one in durable.history("x-1") if one["EventType"] == "CallbackStarted"]
    for one, answer in zip(questions, answers, strict=True):
        callback_id = one["CallbackStartedDetails"]["CallbackId"]
        assert 0 == durable("callback", "succeed", callback_id, "--payload", answer).code
    ended = durable("run", *story, "--skip-time", "--json")
    assert 0 == ended.code
    assert [] == faults("GetDurableExecution", ended.json())
    history = durable("history", "x-1", "--json").json()
    assert [] == faults("GetDurableExecutionHistory", history)
    assert list(range(1, len(history["Events"]) + 1)) == [event["EventId"] for event in history["Events"]]
    assert ("ExecutionStarted", "ExecutionSucceeded") == (
        history["Events"][0]["EventType"],
        history["Events"][-1]["EventType"],
    )
