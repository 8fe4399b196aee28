"""The stand-in under the official client: create, stream, count, retry, refuse."""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic
import httpx2
import pytest
from anthropic.types.beta.beta_browser_member_name import BETA_BROWSER_MEMBER_NAME_VALUES

from agents.stand_in.blocks import MEMBERS
from agents.stand_in.troubles import FOR_EVER, Trouble
from tests.agents.stand_in.running import READY, TASK, TOOLSET, Running, first_request, running

ROOT = Path(__file__).parents[3]


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Running]:
    """A stand-in that logs."""
    with running(log=tmp_path / "model.jsonl") as served:
        yield served


def ask(client: anthropic.Anthropic, **changed: Any) -> Any:
    """One message by the official client."""
    return client.beta.messages.create(**first_request(**changed))


def test_an_answer_is_a_message_the_official_client_reads(served: Running) -> None:
    """The first turn opens the product page, with members of the toolset, and says who is answering."""
    with served.client() as client:
        answer = ask(client)
    assert "stand-in-buyer-1" == answer.model
    assert "tool_use" == answer.stop_reason
    text, navigate, read = answer.content
    assert "text" == text.type
    assert ("navigate", "browser", "https://shop.example/mug") == (
        navigate.name,
        navigate.toolset_name,
        navigate.input["url"],
    )
    assert ("read_page", "browser") == (read.name, read.toolset_name)
    assert answer.usage.input_tokens > 50
    assert answer.usage.output_tokens > 10
    assert answer._request_id.startswith("req_")


def test_a_stream_ends_in_the_same_message(served: Running) -> None:
    """What the client gathers from the events is what it gets without streaming."""
    with served.client() as client:
        whole = ask(client)
        with client.beta.messages.stream(**first_request()) as stream:
            kinds = [event.type for event in stream]
            gathered = stream.get_final_message()
    assert "message_start" == kinds[0]
    assert "message_stop" == kinds[-1]
    assert [block.model_dump() for block in whole.content] == [block.model_dump() for block in gathered.content]
    assert (whole.id, whole.stop_reason) == (gathered.id, gathered.stop_reason)
    assert whole.usage.output_tokens == gathered.usage.output_tokens


def test_counted_tokens_are_those_of_the_answers_usage(served: Running) -> None:
    """A quarter of the characters of messages, system and tools."""
    with served.client() as client:
        request = first_request()
        counted = client.beta.messages.count_tokens(
            model=request["model"], messages=request["messages"], tools=[TOOLSET, READY]
        )
        assert counted.input_tokens == ask(client).usage.input_tokens


@pytest.mark.parametrize("kind", ["429", "500", "529", "drop", "half"])
def test_a_passing_trouble_is_retried_by_the_client(served: Running, kind: Any) -> None:
    """The client's own retries get past one bad answer, and the second attempt says that it is one."""
    served.stand_in.troubles.add(Trouble(kind=kind))
    with served.client() as client:
        assert "tool_use" == ask(client).stop_reason
    attempts = [line["retry"] for line in served.stand_in._seen]
    assert ["0", "1"] == attempts


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("429", anthropic.RateLimitError),
        ("500", anthropic.InternalServerError),
        ("529", anthropic.OverloadedError),
        ("drop", anthropic.APIConnectionError),
    ],
)
def test_a_lasting_trouble_is_the_clients_own_error(served: Running, kind: Any, error: type[Exception]) -> None:
    """Each trouble is what the client takes it for."""
    served.stand_in.troubles.add(Trouble(kind=kind, times=FOR_EVER))
    with served.client(max_retries=0) as client, pytest.raises(error):
        ask(client)


def test_retry_after_reaches_the_client(served: Running) -> None:
    """A 429 carries the header by which the client waits."""
    served.stand_in.troubles.add(Trouble(kind="429", retry_after_seconds=7))
    with served.client(max_retries=0) as client, pytest.raises(anthropic.RateLimitError) as refused:
        ask(client)
    assert "7" == refused.value.response.headers["retry-after"]
    assert "rate_limit_error" == refused.value.type


def test_a_hanging_answer_ends_by_the_clients_timeout(served: Running) -> None:
    """The answer comes after the caller's patience."""
    served.stand_in.troubles.add(Trouble(kind="hang", seconds=60))
    with served.client(max_retries=0, timeout=0.3) as client, pytest.raises(anthropic.APITimeoutError):
        ask(client)


@pytest.mark.parametrize(
    ("kind", "error"), [("half", httpx2.RemoteProtocolError), ("error_event", anthropic.APIStatusError)]
)
def test_half_a_stream_is_an_error_and_no_message(served: Running, kind: Any, error: type[Exception]) -> None:
    """A stream that breaks off, or that says it broke, never looks like an answer."""
    served.stand_in.troubles.add(Trouble(kind=kind))
    with served.client(max_retries=0) as client, pytest.raises(error):  # noqa: SIM117 (the stream is what raises)
        with client.beta.messages.stream(**first_request()) as stream:
            stream.get_final_message()


@pytest.mark.parametrize("kind", ["max_tokens", "refusal"])
def test_an_answer_may_stop_for_other_reasons(served: Running, kind: Any) -> None:
    """Cut off or declined: both are answers, and neither has a call in it."""
    served.stand_in.troubles.add(Trouble(kind=kind))
    with served.client() as client:
        answer = ask(client)
    assert kind == answer.stop_reason
    assert ["text"] == [block.type for block in answer.content]


def test_an_answer_longer_than_allowed_is_cut_off(served: Running) -> None:
    """`max_tokens` is kept, and said."""
    with served.client() as client:
        answer = ask(client, max_tokens=10)
    assert "max_tokens" == answer.stop_reason
    assert answer.usage.output_tokens <= 10


def test_threads_are_refused_as_documented_and_the_runner_goes_on_without(served: Running) -> None:
    """The official runner asks for a thread first, is told that there are none, and sends the history instead."""
    with served.client() as client:
        with pytest.raises(anthropic.BadRequestError) as refused:
            ask(client, thread={"type": "create"}, betas=["message-threads-2026-08-12"])
        runner = client.beta.messages.tool_runner(
            model="claude-sonnet-5-5",
            max_tokens=100,
            tools=[READY],
            messages=[{"role": "user", "content": TASK}],
        )
        assert "end_turn" == runner.until_done().stop_reason
    assert "thread_unsupported_request" == refused.value.error_code


def test_the_log_holds_every_request_and_no_key(served: Running, tmp_path: Path) -> None:
    """What was sent can be searched; the caller's key is not part of it."""
    with served.client() as client:
        ask(client)
    text = (tmp_path / "model.jsonl").read_text(encoding="utf-8")
    line = json.loads(text)
    assert TASK == line["body"]["messages"][0]["content"]
    assert "navigate" in line["answer"]
    assert "sk-test-key" not in text


def test_the_members_are_those_of_the_official_client() -> None:
    """Both sides mean the same version of the toolset."""
    assert set(BETA_BROWSER_MEMBER_NAME_VALUES) == MEMBERS


@pytest.mark.processes
def test_the_process_says_where_it_listens_and_what_it_is(tmp_path: Path) -> None:
    """One line on start, and `/` explains that this is no model."""
    command = [sys.executable, "-m", "agents.stand_in", "--log", str(tmp_path / "log" / "model.jsonl")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) as process:
        assert process.stdout
        try:
            started = json.loads(process.stdout.readline())
            with httpx2.Client(trust_env=False) as client:
                said = client.get(started["url"]).json()
        finally:
            process.terminate()
        assert 0 == process.wait(10)
    assert "stand-in-buyer-1" == said["name"]
    assert "no model" in said["is"]
    assert (process.pid, "buyer") == (started["pid"], said["persona"])
