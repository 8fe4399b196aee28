"""`checkout durable run`: start, suspend, go on, skip time, and what ends up where."""

import json
from pathlib import Path

import pytest

from tests.cli_durable.aws_shapes import faults
from tests.cli_durable.command import Command

FLOWS = "tests.cli_durable.flows"
HUNDRED_DAYS_SECONDS = 8_640_000


def test_a_handler_runs_to_its_end_and_the_answer_is_all_of_standard_output(durable: Command) -> None:
    """Prints and log lines go to standard error, one line each, with the execution's ARN."""
    ran = durable("run", f"{FLOWS}:nap", "--name", "n-1", "--input", '{"seconds": 1}', "--skip-time", "--json")
    assert {"napped": 1} == ran.result()
    assert [] == faults("GetDurableExecution", ran.json())
    assert "about to nap" in ran.err
    arn = ran.json()["DurableExecutionArn"]
    (napping,) = [line for line in ran.err.splitlines() if "napping" in line]
    assert "napping ⏎ for a while" in napping
    assert f"executionArn={arn}" in napping
    (awake,) = [line for line in ran.err.splitlines() if "awake" in line]
    assert f"operationName=wake-up  attempt=1  executionArn={arn}" in awake


def test_skipped_time_passes_at_once_and_in_order(durable: Command) -> None:
    """A hundred days are over in the history, not on the wall; no event is earlier than the one before."""
    seconds = json.dumps({"seconds": HUNDRED_DAYS_SECONDS})
    assert 0 == durable("run", f"{FLOWS}:nap", "--name", "n-1", "--input", seconds, "--skip-time").code
    times = [event["EventTimestamp"] for event in durable.history("n-1")]
    assert sorted(times) == times
    assert HUNDRED_DAYS_SECONDS <= times[-1] - times[0]


def test_without_skipping_a_timer_is_waited_for(durable: Command) -> None:
    """One second on the wall, no less, and the command stays until the end."""
    assert 0 == durable("run", f"{FLOWS}:nap", "--name", "n-1").code
    events = {event["EventType"]: event["EventTimestamp"] for event in durable.history("n-1")}
    assert events["WaitSucceeded"] - events["WaitStarted"] >= 1


def test_skipping_time_for_one_execution_lets_none_pass_for_another(durable: Command) -> None:
    """The other's timer stays in the future, because the clock was moved for one family only."""
    seconds = json.dumps({"seconds": HUNDRED_DAYS_SECONDS})
    durable("run", f"{FLOWS}:nap", "--name", "other", "--input", seconds, "--until-suspended")
    durable("run", f"{FLOWS}:nap", "--name", "mine", "--input", json.dumps({"seconds": 9_000_000}), "--skip-time")
    assert "WaitSucceeded" not in durable.types("other")
    durable("run", f"{FLOWS}:nap", "--name", "other", "--until-suspended")
    assert "WaitSucceeded" not in durable.types("other")


def test_time_once_skipped_stays_skipped_for_the_commands_that_follow(durable: Command) -> None:
    """Answering and going on begin no earlier than the last event, so a history never runs backwards."""
    flags = ("--skip-time", "--until-suspended")
    seconds = json.dumps({"seconds": HUNDRED_DAYS_SECONDS})
    durable("run", f"{FLOWS}:nap_and_ask", "--name", "n-1", "--input", seconds, *flags)
    callback_id = durable.callback_id("n-1")
    assert 0 == durable("callback", "heartbeat", callback_id).code
    assert 0 == durable("callback", "succeed", callback_id, "--payload", "1").code
    assert "1" == durable("run", f"{FLOWS}:nap_and_ask", "--name", "n-1", "--json").result()
    times = [event["EventTimestamp"] for event in durable.history("n-1")]
    assert sorted(times) == times
    assert HUNDRED_DAYS_SECONDS <= times[-1] - times[0]


def test_a_suspended_execution_goes_on_under_the_same_name(durable: Command) -> None:
    """What it waits for is said with the command that answers it; the input need not be repeated."""
    suspended = durable("run", f"{FLOWS}:ask", "--name", "q-1", "--until-suspended")
    assert 0 == suspended.code
    callback_id = durable.callback_id("q-1")
    assert f"question waits: checkout durable callback succeed {callback_id}" in suspended.out.splitlines()
    assert 0 == durable("callback", "succeed", callback_id, "--payload", '{"yes": true}').code
    assert '{"yes": true}' == durable("run", f"{FLOWS}:ask", "--name", "q-1", "--json").result()


def test_skipping_time_leaves_a_question_open(durable: Command) -> None:
    """A callback's timeout limits somebody else's patience; only timers the execution set itself are skipped."""
    limited = json.dumps({"timeout_seconds": 3600})
    flags = ("--skip-time", "--until-suspended", "--json")
    waiting = durable("run", f"{FLOWS}:ask", "--name", "q-1", "--input", limited, *flags)
    assert "RUNNING" == waiting.json()["Status"]


def test_a_failed_execution_is_exit_code_one_now_and_later(durable: Command) -> None:
    """The error is told in the words of whoever raised it; running it again changes nothing."""
    failed = durable("run", f"{FLOWS}:fail", "--name", "f-1")
    assert 1 == failed.code
    assert "ValueError: no such luck" in failed.out
    before = durable.history("f-1")
    assert 1 == durable("run", f"{FLOWS}:fail", "--name", "f-1").code
    assert before == durable.history("f-1")


def test_input_may_come_from_a_file_and_blanks_do_not_make_another_input(durable: Command, tmp_path: Path) -> None:
    """The same JSON, differently written, is the same execution."""
    (tmp_path / "input.json").write_text('{\n  "seconds": 1\n}\n')
    first = durable(
        "run", f"{FLOWS}:nap", "--name", "n-1", "--input", f"@{tmp_path}/input.json", "--skip-time", "--json"
    )
    again = durable("run", f"{FLOWS}:nap", "--name", "n-1", "--input", '{"seconds":1}', "--json")
    assert first.json() == again.json()


def test_an_invoked_handler_runs_in_the_same_command(durable: Command) -> None:
    """The parent waits for a question of the child, whose answer is offered with the parent's state."""
    story = ("examples/durable/research_agent.py:handler", "--name", "r-1")
    child = ("--with", "content_approval=examples/durable/content_approval.py:handler")
    topic = '{"topic": "replay", "publish_with": "content_approval"}'
    waiting = durable("run", *story, *child, "--input", topic, "--until-suspended")
    (hint,) = [line for line in waiting.out.splitlines() if line.startswith("await-decision waits:")]
    assert hint in durable("get", "r-1").out.splitlines()
    durable("callback", "succeed", hint.split()[-1], "--payload", '{"decision": "publish"}')

    helpless = durable("run", *story)
    assert 2 == helpless.code
    assert helpless.err.startswith("missing_handler: r-1 waits for r-1-")
    assert "--with content_approval=MODULE:HANDLER" in helpless.err

    ended = durable("run", *story, *child, "--skip-time", "--json")
    assert "published" == ended.result()["publication"]["status"]


def test_a_changed_handler_parks_the_execution_until_an_operator_looks(durable: Command, tmp_path: Path) -> None:
    """A replay that does not fit is no failure of the execution: nothing is lost, and it can go on."""
    source = tmp_path / "editions.py"
    line = "from tests.cli_durable.flows import {} as handler\n"
    source.write_text(line.format("first_edition"))
    durable("run", f"{source}:handler", "--name", "e-1", "--until-suspended")
    durable("callback", "succeed", durable.callback_id("e-1"))

    source.write_text(line.format("second_edition"))
    parked = durable("run", f"{source}:handler", "--name", "e-1")
    assert 1 == parked.code
    assert "PARKED" in parked.out
    assert "the code does not match this history" in parked.out
    assert "e-1" in durable("list", "--parked").out

    source.write_text(line.format("first_edition"))
    assert 0 == durable("resume", "e-1", "--reason", "the change is undone").code
    assert "first" == durable("run", f"{source}:handler", "--name", "e-1", "--json").result()


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((f"{FLOWS}:nap", "--name", "n-1", "--input", '{"seconds": '), "unreadable_json"),
        ((f"{FLOWS}:nap", "--name", "n-1", "--input", "NaN"), "unreadable_json"),
        ((f"{FLOWS}:nap", "--name", "n-1", "--input", "@/no/such/file"), "unreadable_json"),
        ((f"{FLOWS}:nap", "--name", "n-1", "--input", "[" * 100_000), "unreadable_json"),
        ((f"{FLOWS}:nap", "--name", "no blanks please"), "invalid_name"),
        ((f"{FLOWS}:missing", "--name", "n-1"), "handler_not_found"),
        (("nowhere:handler", "--name", "n-1"), "handler_not_found"),
        ((f"{FLOWS}:nap", "--name", "n-1", "--with", "nameless"), "handler_not_found"),
        ((f"{FLOWS}:nap", "--name", "n-1", "--database", "oracle://db"), "command_refused"),
    ],
)
def test_what_cannot_be_run_is_refused_in_one_sentence_and_starts_nothing(
    durable: Command, arguments: tuple[str, ...], code: str
) -> None:
    """Exit code 2, a stable code, one line, and no execution."""
    refused = durable("run", *arguments)
    assert 2 == refused.code
    assert refused.err.startswith(f"{code}: ")
    assert 1 == len(refused.err.splitlines())
    assert [] == durable("list", "--json").json()["DurableExecutions"]


def test_a_name_belongs_to_its_first_input_and_function(durable: Command) -> None:
    """Another input or another function under the same name is refused, and the first execution is untouched."""
    durable("run", f"{FLOWS}:nap", "--name", "n-1", "--input", '{"seconds": 1}', "--skip-time")
    before = durable.history("n-1")
    for arguments in (
        (f"{FLOWS}:nap", "--input", '{"seconds": 2}'),
        (f"{FLOWS}:ask",),
        (f"{FLOWS}:ask", "--input", "1"),
    ):
        refused = durable("run", *arguments, "--name", "n-1")
        assert 2 == refused.code
        assert refused.err.startswith("execution_name_conflict: ")
    assert before == durable.history("n-1")
