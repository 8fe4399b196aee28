"""What the real servers reject, the stand-in rejects: a worker that gets by here gets by there."""

from collections.abc import Iterator
from typing import Any

import pytest

from agents.stand_in.core import MAX_BODY_BYTES
from tests.agents.stand_in.running import READY, TOOLSET, Running, first_request, running

CALL: Any = {"type": "tool_use", "id": "toolu_1", "name": "read_page", "input": {}, "toolset_name": "browser"}
OWN_CALL: Any = {"type": "tool_use", "id": "toolu_2", "name": "quote_ready", "input": {}}
RESULT: Any = {"type": "tool_result", "tool_use_id": "toolu_1", "toolset_name": "browser", "content": "seen"}
OWN_RESULT: Any = {"type": "tool_result", "tool_use_id": "toolu_2", "content": "no", "is_error": True}
STATE: Any = {"type": "browser_state", "tabs": [{"tab_id": "t", "title": "", "url": "", "active": True}]}


@pytest.fixture(scope="module")
def served() -> Iterator[Running]:
    """One stand-in for all of these; it keeps nothing between requests."""
    with running() as served:
        yield served


def talk(*later: Any) -> list[Any]:
    """A first message, and turns after it, the model's first."""
    roles = ("assistant", "user")
    turns = [{"role": roles[index % 2], "content": content} for index, content in enumerate(later)]
    return [{"role": "user", "content": "Task: quote"}, *turns]


def test_a_conversation_in_order_is_answered(served: Running) -> None:
    """Calls of the toolset and of the caller's own, each answered once, a state block, and two turns of one role."""
    result = RESULT | {"content": [{"type": "text", "text": "seen"}, STATE]}
    messages = [*talk([CALL, OWN_CALL], [result, OWN_RESULT]), {"role": "user", "content": "Go on."}]
    answer = served.post(first_request(messages=messages))
    assert 200 == answer.status_code, answer.text


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"max_tokens": None}, "max_tokens: Field required"),
        ({"max_tokens": 0}, "max_tokens"),
        ({"messages": []}, "messages"),
        ({"colour": "blue"}, "colour: Extra inputs are not permitted"),
        ({"temperature": 2}, "temperature"),
        ({"tools": [{"type": "browser_toolset_20250101"}]}, "does not match any of the expected tags"),
        ({"tools": [{"type": "web_search_20250305", "name": "web_search"}]}, "does not match any of the expected tags"),
        ({"tools": [READY, READY]}, "Tool names must be unique"),
        ({"tools": [{"name": "a tool", "input_schema": {"type": "object"}}]}, "tools.0.custom.name"),
        ({"tools": [{"name": "tool", "input_schema": {"type": "string"}}]}, "input_schema.type"),
        ({"tools": [{"name": "tool"}]}, "tools.0.custom.input_schema: Field required"),
        ({"tools": [TOOLSET | {"name": "browser"}]}, "name: Extra inputs are not permitted"),
        ({"tools": [TOOLSET | {"configs": {"fly": {"enabled": True}}}]}, "fly: Extra inputs are not permitted"),
        ({"tool_choice": {"type": "tool", "name": "none"}}, "not found in provided tools"),
        ({"messages": [{"role": "assistant", "content": "Hello"}]}, "first message must use"),
        ({"messages": talk("Hello")}, "prefill"),
        ({"messages": [{"role": "user", "content": ""}]}, "non-empty content"),
        ({"messages": [{"role": "user", "content": " \n"}]}, "non-whitespace"),
        ({"messages": [{"role": "user", "content": [{"type": "text", "text": ""}]}]}, "messages.0.user.content"),
        ({"messages": [{"role": "system", "content": "Obey."}]}, "messages.0"),
        ({"messages": talk([CALL], "and?")}, "without `tool_result` blocks immediately after: toolu_1"),
        ({"messages": talk([CALL, OWN_CALL], [RESULT])}, "immediately after: toolu_2"),
        ({"messages": talk([CALL], [RESULT, OWN_RESULT])}, "unexpected `tool_use_id`"),
        ({"messages": talk([CALL], [RESULT, RESULT])}, "single result"),
        ({"messages": talk([CALL], [RESULT], "Yes.", [RESULT])}, "unexpected `tool_use_id`"),
        ({"messages": talk([CALL, CALL], [RESULT])}, "must be unique"),
        ({"messages": talk([CALL], [{**RESULT, "toolset_name": None}])}, "toolset_name does not match"),
        ({"messages": talk([OWN_CALL], [{**OWN_RESULT, "toolset_name": "browser"}])}, "toolset_name does not match"),
        ({"messages": talk([CALL | {"toolset_name": "computer"}], [RESULT])}, "unknown toolset_name"),
        ({"messages": talk([CALL], [RESULT]), "tools": [READY]}, "names no member of a toolset"),
        ({"messages": talk([CALL], [RESULT | {"is_error": True, "content": ""}])}, "content cannot be empty"),
        (
            {"messages": talk([CALL], [RESULT | {"is_error": True, "content": [STATE]}])},
            "browser_state is only permitted",
        ),
        ({"messages": talk([CALL], [RESULT | {"content": [STATE, STATE]}])}, "at most one browser_state"),
        ({"messages": talk([OWN_CALL], [OWN_RESULT | {"is_error": False, "content": [STATE]}])}, "browser_state"),
        ({"messages": talk([CALL], [{"type": "text", "text": "First"}, RESULT])}, "must come before all other"),
    ],
)
def test_a_request_the_servers_would_reject_is_rejected(served: Running, changed: Any, said: str) -> None:
    """400 with the real envelope, and a sentence that says where."""
    body = {name: value for name, value in (first_request() | changed).items() if value is not None}
    answer = served.post(body)
    assert 400 == answer.status_code, answer.text
    envelope = answer.json()
    assert ("error", "invalid_request_error") == (envelope["type"], envelope["error"]["type"])
    assert said in envelope["error"]["message"]
    assert answer.headers["request-id"] == envelope["request_id"]


def test_without_a_key_nothing_is_answered(served: Running) -> None:
    """401; a bearer token will do as well as the older header."""
    refused = served.post(first_request(), **{"x-api-key": ""})
    assert (401, "authentication_error") == (refused.status_code, refused.json()["error"]["type"])
    assert 200 == served.post(first_request(), **{"x-api-key": "", "authorization": "Bearer k"}).status_code


def test_an_unknown_model_or_path_is_not_found(served: Running) -> None:
    """404 for both, as the servers do."""
    assert 404 == served.post(first_request(model="gpt-9")).status_code
    served_elsewhere = Running(served.stand_in, f"{served.url}/elsewhere")
    assert "not_found_error" == served_elsewhere.post(first_request()).json()["error"]["type"]


def test_a_body_too_large_is_not_read(served: Running) -> None:
    """413 before a byte of it is parsed."""
    messages = [{"role": "user", "content": "a" * MAX_BODY_BYTES}]
    answer = served.post(first_request(messages=messages))
    assert (413, "request_too_large") == (answer.status_code, answer.json()["error"]["type"])


def test_a_header_says_which_version_is_meant(served: Running) -> None:
    """Without `anthropic-version` there is no answer."""
    answer = served.post(first_request(), **{"anthropic-version": ""})
    assert (400, "anthropic-version: header is required") == (answer.status_code, answer.json()["error"]["message"])
