"""Of everything a model is sent, the page is the largest part; only its newest view goes out."""

from typing import Any

from agents.messages import REPLACED, with_one_page


def _view(name: str) -> dict[str, Any]:
    return {"type": "text", "text": f'page "{name}" · phase browse\n# {name}'}


def _turn(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": list(parts)}]}


def _texts(messages: list[Any]) -> list[str]:
    return [part["text"] for message in messages for block in message["content"] for part in block["content"]]


def test_only_the_newest_view_of_the_page_is_sent() -> None:
    """Older views are named as such, whatever else their results said stays."""
    said = {"type": "text", "text": "Clicked."}
    sent = with_one_page([_turn(_view("Mug")), _turn(said, _view("Basket")), _turn(said)])

    assert [REPLACED, "Clicked.", _view("Basket")["text"], "Clicked."] == _texts(sent)


def test_trimming_changes_no_message_that_is_kept() -> None:
    """The conversation itself stays whole: it is trimmed anew for every request."""
    messages = [_turn(_view("Mug")), _turn(_view("Basket"))]
    with_one_page(messages)

    assert [_view("Mug")["text"], _view("Basket")["text"]] == _texts(messages)


def test_plain_texts_and_error_results_pass_as_they_are() -> None:
    """The first message is text, and an error result may be."""
    messages = [
        {"role": "user", "content": "Task: quote"},
        {"role": "assistant", "content": [{"type": "text", "text": 'page "mine"'}]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": "t", "content": "no", "is_error": True}]},
    ]

    assert messages == with_one_page(messages)
