"""Of everything a model is sent, the page is the largest part; only its newest view goes out."""

from typing import Any

from agents.messages import REPLACED, redacted, with_one_page


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


def test_what_anybody_said_is_redacted_and_ids_stay() -> None:
    """An id that looks like a card's number still names its call; texts, inputs, titles and addresses are cleaned."""
    secret, number = "4242424242424242", "toolu_4242424242424242"
    call = {"type": "tool_use", "id": number, "name": "form_input", "input": {"value": secret}}
    tabs = [{"tab_id": number, "title": secret, "url": secret, "active": True}]
    result = {
        "type": "tool_result",
        "tool_use_id": number,
        "content": [{"type": "text", "text": secret}, {"type": "browser_state", "tabs": tabs}],
    }
    image = {"type": "image", "source": {"type": "base64", "data": secret}}
    sent = redacted(
        [{"role": "assistant", "content": [call]}, {"role": "user", "content": [result, image, secret]}],
        lambda text: text.replace(secret, "***"),
    )

    assert {**call, "input": {"value": "***"}} == sent[0]["content"][0]
    texts, image_sent, plain = sent[1]["content"]
    assert (number, "***") == (texts["tool_use_id"], texts["content"][0]["text"])
    assert {"tab_id": number, "title": "***", "url": "***", "active": True} == texts["content"][1]["tabs"][0]
    assert (image, "***") == (image_sent, plain)
