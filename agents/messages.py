"""A conversation as the next request carries it: redacted, the answers as they were, of the page only its newest view.

Knows message shapes; must never know a tool or a page.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

# How a page's view begins, as `observe` writes it.
PAGE = 'page "'
REPLACED = "(an earlier view of the page; a newer one follows)"


def sent_back(block: Any) -> dict[str, Any]:
    """An answer's block as the next request carries it."""
    return cast("dict[str, Any]", block.model_dump(mode="json", exclude_none=True))


def redacted(messages: Sequence[Any], redact: Callable[[str], str]) -> list[Any]:
    """The messages with everything anybody said redacted; what the protocol itself needs (ids, kinds) stays as it is.

    An id is random and may look like a card's number; changed, it would belong to nothing.
    """

    def clean(value: Any) -> Any:
        if isinstance(value, str):
            return redact(value)
        if isinstance(value, Mapping):
            return value if value.get("type") == "image" else {**value, **_said(value, clean)}
        return [clean(part) for part in value] if isinstance(value, Sequence) else value

    return [{**message, "content": clean(message["content"])} for message in messages]


# Where, in a block of a message, somebody speaks.
SPOKEN = frozenset({"text", "input", "content", "tabs", "state_changes", "title", "url", "message"})


def _said(block: Mapping[str, Any], clean: Callable[[Any], Any]) -> dict[str, Any]:
    if "type" not in block and "tab_id" not in block:  # a tool's input: all of it is the model's
        return {name: clean(value) for name, value in block.items()}
    return {name: clean(value) for name, value in block.items() if name in SPOKEN}


def with_one_page(messages: Sequence[Any]) -> list[Any]:
    """The messages, with every view of a page but the newest left out: what is gone cannot be acted on."""
    views = [part for message in messages for part in _parts(message) if _is_page(part)]
    newest = views[-1] if views else None

    def trimmed(block: Any) -> Any:
        if _is_page(block):
            return block if block is newest else {**block, "text": REPLACED}
        if isinstance(block, str) or isinstance(block.get("content"), str):
            return block
        parts = [
            {**part, "text": REPLACED} if _is_page(part) and part is not newest else part for part in _inside(block)
        ]
        return {**block, "content": parts} if parts else block

    return [
        {**message, "content": [trimmed(block) for block in message["content"]]}
        if message["role"] == "user" and not isinstance(message["content"], str)
        else message
        for message in messages
    ]


def _parts(message: Mapping[str, Any]) -> list[Any]:
    if message["role"] != "user" or isinstance(message["content"], str):
        return []
    return [part for block in message["content"] for part in (block, *_inside(block))]


def _inside(block: Any) -> list[Any]:
    content = block.get("content", []) if isinstance(block, Mapping) else []
    return [] if isinstance(content, str) else list(content)


def _is_page(part: Any) -> bool:
    return isinstance(part, Mapping) and part.get("type") == "text" and str(part.get("text", "")).startswith('page "')
