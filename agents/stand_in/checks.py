"""What must hold of a request before it is answered: its shape, its tools, and that calls and results pair up.

As strict as the servers, in their words where they are known: a worker that gets by here gets by there. Knows the
request alone; must never know who answers.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from pydantic import ValidationError

from agents.stand_in.blocks import (
    MEMBERS,
    TOOLSET_NAME,
    TOOLSET_TYPE,
    BrowserStateBlock,
    BrowserToolset,
    CustomTool,
    Message,
    Request,
    TextBlock,
    ToolResultBlock,
    ToolUseBlock,
)
from agents.stand_in.errors import ApiError

# Names of models that are answered; the answer says who it really came from.
MODELS = ("claude-", "stand-in-")


def checked(body: dict[str, Any], *, counting: bool = False) -> Request:
    """The request, or ApiError as the servers would answer it."""
    try:
        request = Request.model_validate(body)
    except ValidationError as invalid:
        raise ApiError(_sentence(invalid)) from invalid
    if request.max_tokens is None and not counting:
        raise ApiError("max_tokens: Field required")
    if not request.model.startswith(MODELS):
        raise ApiError(f"model: {request.model}", status=404)
    if request.thread is not None:
        details = {"error_code": "thread_unsupported_request", "unsupported": []}
        raise ApiError("thread: this server holds no threads; send the full conversation", details=details)
    _check_tools(request)
    _check_messages(request)
    return request


def members_on(request: Request) -> BrowserToolset | None:
    """The browser toolset as the request sets it up, if it does."""
    entry = next((tool for tool in request.tools if tool.get("type") == TOOLSET_TYPE), None)
    return BrowserToolset.model_validate(entry) if entry is not None else None


def _check_tools(request: Request) -> None:
    names: list[str] = []
    for index, tool in enumerate(request.tools):
        kind = tool.get("type")
        if kind not in (None, "custom", TOOLSET_TYPE):
            raise ApiError(
                f"tools.{index}: Input tag {kind!r} found using 'type' does not match any of the expected tags: "
                f"'custom', '{TOOLSET_TYPE}'"
            )
        try:
            if kind == TOOLSET_TYPE:
                BrowserToolset.model_validate(tool)
                names.append(TOOLSET_NAME)
            else:
                names.append(CustomTool.model_validate(tool).name)
        except ValidationError as invalid:
            raise ApiError(f"tools.{index}.{kind or 'custom'}.{_sentence(invalid)}") from invalid
        if kind != TOOLSET_TYPE and tool["input_schema"].get("type") != "object":
            raise ApiError(f"tools.{index}.custom.input_schema.type: Input should be 'object'")
    if any(count > 1 for count in Counter(names).values()):
        raise ApiError("tools: Tool names must be unique.")
    choice = request.tool_choice or {}
    if choice and choice.get("type") not in ("auto", "any", "tool", "none"):
        raise ApiError("tool_choice.type: Input should be 'auto', 'any', 'tool' or 'none'")
    if choice.get("type") == "tool" and choice.get("name") not in names:
        raise ApiError(f"tool_choice.name: Tool '{choice.get('name')}' not found in provided tools")


def _check_messages(request: Request) -> None:
    """Turns of one role in a row are one turn; calls are answered in the very next turn, and nothing else is."""
    if request.messages[0].role != "user":
        raise ApiError('messages: first message must use the "user" role')
    if request.messages[-1].role != "user":
        raise ApiError(
            "This model does not support assistant message prefill. The conversation must end with a user message."
        )
    open_calls: dict[str, ToolUseBlock] = {}
    for index, role, blocks in _turns(request.messages):
        where = f"messages.{index}"
        if not blocks:
            raise ApiError(f"{where}: {role} messages must have non-empty content")
        for block in blocks:
            if isinstance(block, TextBlock) and not block.text.strip():
                raise ApiError(f"{where}: text content blocks must contain non-whitespace text")
        if role == "assistant":
            open_calls = _calls(where, blocks, request)
        else:
            _check_results(where, blocks, open_calls)
            open_calls = {}


def _calls(where: str, blocks: Sequence[object], request: Request) -> dict[str, ToolUseBlock]:
    calls: dict[str, ToolUseBlock] = {}
    for block in blocks:
        if not isinstance(block, ToolUseBlock):
            continue
        if block.id in calls:
            raise ApiError(f"{where}: `tool_use` ids must be unique")
        if block.toolset_name not in (None, TOOLSET_NAME):
            raise ApiError(f"{where}: unknown toolset_name '{block.toolset_name}' for `tool_use` {block.id}")
        if block.toolset_name and (members_on(request) is None or block.name not in MEMBERS):
            raise ApiError(f"{where}: `tool_use` {block.id} names no member of a toolset in `tools`")
        calls[block.id] = block
    return calls


def _check_results(where: str, blocks: Sequence[object], calls: dict[str, ToolUseBlock]) -> None:
    answered: set[str] = set()
    for index, block in enumerate(blocks):
        if not isinstance(block, ToolResultBlock):
            continue
        call = calls.get(block.tool_use_id)
        if call is None:
            raise ApiError(
                f"{where}.content.{index}: unexpected `tool_use_id` found in `tool_result` blocks: "
                f"{block.tool_use_id}. "
                "Each `tool_result` block must have a corresponding `tool_use` block in the previous message."
            )
        if block.tool_use_id in answered:
            raise ApiError(f"{where}.content.{index}: each `tool_use` must have a single result")
        answered.add(block.tool_use_id)
        if block.is_error and not block.content:
            raise ApiError(f"{where}.content.{index}.tool_result: content cannot be empty if `is_error` is true")
        if (block.toolset_name or None) != call.toolset_name:
            raise ApiError(f"{where}.content.{index}.tool_result: toolset_name does not match its `tool_use`")
        _check_state(f"{where}.content.{index}.tool_result", block, call)
    if missing := [name for name in calls if name not in answered]:
        raise ApiError(
            f"{where}: `tool_use` ids were found without `tool_result` blocks immediately after: {', '.join(missing)}. "
            "Each `tool_use` block must have a corresponding `tool_result` block in the next message."
        )
    first_other = next((index for index, block in enumerate(blocks) if not isinstance(block, ToolResultBlock)), None)
    if first_other is not None and any(isinstance(block, ToolResultBlock) for block in blocks[first_other:]):
        raise ApiError(f"{where}: `tool_result` blocks must come before all other content")


def _check_state(where: str, block: ToolResultBlock, call: ToolUseBlock) -> None:
    states = [part for part in block.content if isinstance(part, BrowserStateBlock)]
    if states and (block.is_error or call.toolset_name != TOOLSET_NAME):
        raise ApiError(f"{where}: browser_state is only permitted on a non-error result of a browser toolset member")
    if len(states) > 1:
        raise ApiError(f"{where}: at most one browser_state block is permitted")


def _turns(messages: Sequence[Message]) -> Iterator[tuple[int, str, list[object]]]:
    for role, run in groupby(enumerate(messages), key=lambda numbered: numbered[1].role):
        numbered = list(run)
        blocks: list[object] = []
        for _, message in numbered:
            content = message.content
            plain = isinstance(content, str)
            blocks += ([TextBlock(type="text", text=str(content))] if content else []) if plain else list(content)
        yield numbered[-1][0], role, blocks


def _sentence(invalid: ValidationError) -> str:
    first = invalid.errors()[0]
    message = "Field required" if first["type"] == "missing" else first["msg"].removeprefix("Value error, ")
    return f"{'.'.join(str(part) for part in first['loc'])}: {message}"
